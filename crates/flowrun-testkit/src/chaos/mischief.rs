//! What goes wrong in a story: a list, drawn before anything happens, so that a shorter story is the same list
//! with entries left out.

use std::fmt;
use std::time::Duration;

use flowrun_core::{ErrorClass, ObjectStatus};

use super::streams::{Stream, draw};
use flowrun_sim::random::Random;

/// One thing out of the ordinary. Turns are those of the driver, counted from the beginning of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mischief {
    /// An attempt does not simply do its work.
    Misdeed {
        /// Place of the node in the flow.
        node: usize,
        /// The visit, from 1.
        visit: u32,
        /// The attempt in that visit, from 1.
        number: u32,
        /// What it does.
        misdeed: Misdeed,
    },
    /// The process ends; another one opens the store.
    Crash {
        /// When.
        turn: u64,
        /// How many transactions that nobody knew to be written are on the disk all the same.
        kept: u32,
        /// Whether executors outlive the process, and answer the next one.
        survivors: bool,
        /// Seconds between its clock and that of the next one; below zero when that one is set back.
        away: i64,
    },
    /// The disk does not simply write.
    Disk {
        /// From when on the next write is meant.
        turn: u64,
        /// What happens.
        fault: DiskFault,
    },
    /// Somebody asks for something.
    Call {
        /// When.
        turn: u64,
        /// What for.
        call: Call,
    },
    /// Once the run is over, what failed is done once more; with a node, all from that one on.
    Rerun {
        /// Place of the node in the flow.
        from: Option<usize>,
    },
}

/// What an attempt does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misdeed {
    /// It fails, with its objects unfinished.
    Fails(ErrorClass),
    /// It never returns; deaf ones do not listen when they are told to stop.
    Hangs {
        /// Whether it does not listen.
        deaf: bool,
    },
    /// It takes longer than most deadlines.
    Dawdles {
        /// How long.
        takes: Duration,
        /// Whether it does not listen.
        deaf: bool,
    },
    /// Its first object ends with this status.
    Yields(ObjectStatus),
    /// It has no objects.
    YieldsNothing,
    /// It says that it passed, whatever became of its first object.
    Insists,
    /// It does its work, and says everything many times.
    Babbles,
    /// It does its work, and says more of an object than a run may have to keep.
    Overstates,
    /// It does its work, and says more than its host lets wait: nothing more is heard of it but its end.
    Overruns,
    /// It never returns, does not listen, and panics when it is dropped.
    PanicsInDrop,
}

/// What the disk does instead of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskFault {
    /// The write takes this long.
    Slow(Duration),
    /// The write fails, with so many of its transactions on the disk all the same.
    Fails {
        /// How many.
        kept: u32,
    },
}

/// What people ask of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// To be cancelled.
    Cancel,
    /// To start nothing new.
    Pause,
    /// To go on.
    Resume,
}

/// The list of a seed whose flow has so many nodes.
pub(super) fn list(seed: u64, nodes: usize) -> Vec<Mischief> {
    let mut list = Vec::new();
    let mut each = |stream, most: u32, make: fn(&mut Random, usize) -> Mischief| {
        let count = draw(seed, stream, 0).below(most + 1);
        list.extend((1..=u64::from(count)).map(|place| make(&mut draw(seed, stream, place), nodes)));
    };
    each(Stream::Misdeeds, 8, misdeed);
    each(Stream::Disk, 2, |random, _| Mischief::Disk { turn: turn(random), fault: fault(random) });
    each(Stream::Crashes, 3, |random, _| Mischief::Crash {
        turn: turn(random),
        kept: random.below(4),
        survivors: random.once_in(2),
        away: random.one_of(&[0, 0, 0, 2, 15, 3_600, 2_592_000, -3_600]),
    });
    each(Stream::Calls, 4, call);
    list
}

/// Most stories are short.
fn turn(random: &mut Random) -> u64 {
    let last = 1 + random.below(120);
    u64::from(1 + random.below(last))
}

fn misdeed(random: &mut Random, nodes: usize) -> Mischief {
    let misdeed = match random.below(18) {
        0..=2 => Misdeed::Fails(ErrorClass::Transient),
        3 => Misdeed::Fails(ErrorClass::Permanent),
        4 => Misdeed::Fails(ErrorClass::Unknown),
        5 => Misdeed::Fails(ErrorClass::Panic),
        6 => Misdeed::Hangs { deaf: random.once_in(2) },
        7 | 8 => Misdeed::Dawdles {
            takes: Duration::from_secs(1 + u64::from(random.below(14))),
            deaf: random.once_in(2),
        },
        9 => Misdeed::Yields(random.one_of(&[
            ObjectStatus::Failed,
            ObjectStatus::Failed,
            ObjectStatus::Incomplete,
            ObjectStatus::Working,
        ])),
        10 => Misdeed::YieldsNothing,
        11 | 12 => Misdeed::Babbles,
        13 | 14 => Misdeed::Overstates,
        15 => Misdeed::Overruns,
        16 => Misdeed::PanicsInDrop,
        _ => Misdeed::Insists,
    };
    Mischief::Misdeed {
        node: random.below(u32::try_from(nodes).unwrap_or(u32::MAX)) as usize,
        visit: random.one_of(&[1, 1, 1, 2]),
        number: random.one_of(&[1, 1, 1, 2, 3]),
        misdeed,
    }
}

fn fault(random: &mut Random) -> DiskFault {
    if random.once_in(3) {
        DiskFault::Fails { kept: random.below(3) }
    } else {
        DiskFault::Slow(Duration::from_millis(random.one_of(&[5, 200, 3_000, 15_000])))
    }
}

fn call(random: &mut Random, nodes: usize) -> Mischief {
    match random.below(10) {
        0 => Mischief::Call { turn: turn(random), call: Call::Cancel },
        1..=3 => Mischief::Call { turn: turn(random), call: Call::Pause },
        4 | 5 => Mischief::Call { turn: turn(random), call: Call::Resume },
        6 | 7 => Mischief::Rerun { from: None },
        _ => Mischief::Rerun { from: Some(random.below(u32::try_from(nodes).unwrap_or(u32::MAX)) as usize) },
    }
}

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misdeed { node, visit, number, misdeed } => {
                write!(f, "attempt {number} in visit {visit} of node {node} {misdeed}")
            }
            Self::Crash { turn, kept, survivors, away } => {
                let whose = if *survivors { ", executors live on" } else { "" };
                write!(
                    f,
                    "turn {turn}: the process ends, {kept} unacknowledged transactions kept{whose}, {away} s pass"
                )
            }
            Self::Disk { turn, fault: DiskFault::Slow(takes) } => {
                write!(f, "turn {turn}: the next write takes {takes:?}")
            }
            Self::Disk { turn, fault: DiskFault::Fails { kept } } => {
                write!(f, "turn {turn}: the next write fails, {kept} of its transactions kept")
            }
            Self::Call { turn, call: Call::Cancel } => write!(f, "turn {turn}: somebody cancels"),
            Self::Call { turn, call: Call::Pause } => write!(f, "turn {turn}: somebody pauses"),
            Self::Call { turn, call: Call::Resume } => write!(f, "turn {turn}: somebody resumes"),
            Self::Rerun { from: None } => f.write_str("after the end: once more for what failed"),
            Self::Rerun { from: Some(node) } => write!(f, "after the end: once more from node {node}"),
        }
    }
}

impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deafly = |deaf: &bool| if *deaf { " and does not listen" } else { "" };
        match self {
            Self::Fails(class) => write!(f, "fails: {class:?}"),
            Self::Hangs { deaf } => write!(f, "hangs{}", deafly(deaf)),
            Self::Dawdles { takes, deaf } => write!(f, "takes {takes:?}{}", deafly(deaf)),
            Self::Yields(status) => write!(f, "leaves its first object {status:?}"),
            Self::YieldsNothing => f.write_str("has no objects"),
            Self::Babbles => f.write_str("says everything many times"),
            Self::Overstates => f.write_str("says too much of an object"),
            Self::Overruns => f.write_str("says more than its host lets wait"),
            Self::PanicsInDrop => f.write_str("hangs, does not listen, and panics when it is dropped"),
            Self::Insists => f.write_str("passes with an object that failed"),
        }
    }
}
