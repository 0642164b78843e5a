//! What people see of a run while it goes on: bars on a terminal, lines elsewhere.

mod bars;
mod told;

use std::io::IsTerminal as _;

use flowrun::{Plan, Watched};

use bars::Bars;
pub(crate) use told::{News, Teller, What};

use crate::screen::Screen;

/// Shows a run as it goes on, on standard error.
pub(crate) struct Progress<'a> {
    teller: Teller,
    show: Show<'a>,
}

enum Show<'a> {
    Bars(Bars),
    Lines(&'a Screen),
}

impl<'a> Progress<'a> {
    /// Progress of a run of `plan`.
    pub(crate) fn new(plan: &Plan, screen: &'a Screen) -> Self {
        let show = if std::io::stderr().is_terminal() {
            Show::Bars(Bars::new(screen.has_colour()))
        } else {
            Show::Lines(screen)
        };
        Self { teller: Teller::new(plan), show }
    }

    /// Shows one more event.
    pub(crate) fn show(&mut self, watched: &Watched) {
        let Some(news) = self.teller.tell(watched) else { return };
        match &mut self.show {
            Show::Bars(bars) => bars.show(&news),
            Show::Lines(screen) => screen.note(&news.line()),
        }
    }
}
