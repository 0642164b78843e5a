//! What people see of a run while it goes on: bars on a terminal, lines elsewhere.

mod bars;
mod told;

use std::io::IsTerminal as _;

use flowrun::{Plan, RunId, RunUpdate, Skipped};

use bars::Bars;
pub(crate) use told::{News, Teller, What};

use crate::render::plain_line;
use crate::screen::Screen;

/// Shows a run as it goes on, on standard error.
pub(crate) struct Progress<'a> {
    plan: &'a Plan,
    teller: Teller,
    show: Show<'a>,
    /// What stands before each line.
    name: String,
}

enum Show<'a> {
    Bars(Bars),
    Lines(&'a Screen),
}

impl<'a> Progress<'a> {
    /// Progress of a run of `plan`. With `among`, it is one of several that are shown, each by its id.
    pub(crate) fn new(plan: &'a Plan, screen: &'a Screen, among: Option<RunId>) -> Self {
        let show = if among.is_none() && std::io::stderr().is_terminal() {
            Show::Bars(Bars::new(screen.has_colour()))
        } else {
            Show::Lines(screen)
        };
        let name = among.map_or_else(String::new, |run| format!("{} ", &run.to_string()[..8]));
        Self { plan, teller: Teller::new(plan), show, name }
    }

    /// Shows one more event.
    pub(crate) fn show(&mut self, watched: &RunUpdate, skipped: &Skipped) {
        let Some(mut news) = self.teller.tell(watched) else { return };
        if let (What::Skipped(why), RunUpdate::Event(event)) = (&mut news.what, watched)
            && let Some(decided) = event.record.node().and_then(|node| skipped.why(self.plan, node))
        {
            *why = plain_line(&decided);
        }
        match &mut self.show {
            Show::Bars(bars) => bars.show(&news),
            Show::Lines(screen) => screen.note(&format!("{}{}", self.name, news.line())),
        }
    }
}
