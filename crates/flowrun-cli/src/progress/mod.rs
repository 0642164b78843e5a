//! What people see of a run while it goes on: bars on a terminal, lines elsewhere.

mod bars;

use std::io::IsTerminal as _;

use flowrun::{Plan, Record, RunId, RunUpdate, Skipped};

use bars::Bars;

use crate::render::plain_line;
use crate::screen::Screen;

/// Shows a run as it goes on, on standard error.
pub(crate) struct Progress<'a> {
    show: Show<'a>,
    /// What stands before each line.
    name: String,
}

enum Show<'a> {
    Bars(Bars),
    Lines(&'a Screen),
}

impl<'a> Progress<'a> {
    /// Progress of a run. With `among`, it is one of several that are shown, each by its id.
    pub(crate) fn new(screen: &'a Screen, among: Option<RunId>) -> Self {
        let show = if among.is_none() && std::io::stderr().is_terminal() {
            Show::Bars(Bars::new(screen.has_colour()))
        } else {
            Show::Lines(screen)
        };
        let name = among.map_or_else(String::new, |run| format!("{} ", &run.to_string()[..8]));
        Self { show, name }
    }

    /// Shows what comes next, if it is worth telling. `why` is what decided that a node was skipped.
    pub(crate) fn show(&mut self, update: &RunUpdate, why: Option<&str>) {
        if matches!(update, RunUpdate::Event(event) if !event.record.is_news()) {
            return;
        }
        let why = why.map_or_else(String::new, |why| format!(": {}", plain_line(why)));
        match &mut self.show {
            Show::Bars(bars) => bars.show(update, &why),
            Show::Lines(screen) => screen.note(&format!("{}{update}{why}", self.name)),
        }
    }
}

/// What decided that the node of a record is never going to start; `None` for other records.
pub(crate) fn why_skipped(record: &Record, plan: &Plan, skipped: &Skipped) -> Option<String> {
    let Record::NodeSkipped { node } = record else { return None };
    skipped.why(plan, *node)
}
