//! What people see of a run while it goes on: bars on a terminal, lines elsewhere.

mod bars;
mod told;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use flowrun::{Record, RunId};

use bars::Bars;
pub(crate) use told::{News, Teller, What, kinds};

use crate::render::plain_line;
use crate::screen::Screen;

/// Shows a run as it goes on, on standard error.
pub(crate) struct Progress<'a> {
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
    /// Progress of a run whose nodes are of these [kinds]. With `among`, it is one of several that are shown, each by
    /// its id.
    pub(crate) fn new(kinds: BTreeMap<String, String>, screen: &'a Screen, among: Option<RunId>) -> Self {
        let show = if among.is_none() && std::io::stderr().is_terminal() {
            Show::Bars(Bars::new(screen.has_colour()))
        } else {
            Show::Lines(screen)
        };
        let name = among.map_or_else(String::new, |run| format!("{} ", &run.to_string()[..8]));
        Self { teller: Teller::new(kinds), show, name }
    }

    /// Shows that something was decided, perhaps about a node of this id. `why` is what decided that it was skipped.
    pub(crate) fn show(&mut self, node: Option<&str>, record: &Record, why: Option<&str>) {
        let Some(mut news) = self.teller.tell(node, record) else { return };
        if let (What::Skipped(told), Some(why)) = (&mut news.what, why) {
            *told = plain_line(why);
        }
        self.tell(&news);
    }

    /// Shows that so many events are gone.
    pub(crate) fn lagged(&mut self, count: u64) {
        self.tell(&News { node: None, what: What::Lagged(count) });
    }

    fn tell(&mut self, news: &News) {
        match &mut self.show {
            Show::Bars(bars) => bars.show(news),
            Show::Lines(screen) => screen.note(&format!("{}{}", self.name, news.line())),
        }
    }
}
