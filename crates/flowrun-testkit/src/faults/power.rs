//! What a power cut leaves.

use std::collections::BTreeMap;

use super::disk::{Image, put};
use flowrun_sim::random::Random;

/// The unit a disk writes whole.
const SECTOR: usize = 512;

/// One thing that was done to a disk.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write {
        name: String,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        name: String,
        size: usize,
    },
    Sync {
        name: String,
    },
    Delete {
        name: String,
    },
    /// Something was promised.
    Mark(u64),
}

/// What was done to a disk, in order.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(super) start: Image,
    pub(super) changes: Vec<Change>,
}

/// What chance does with what was not synced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chance {
    AllLost,
    AllKept,
    /// Each write is kept or lost.
    Writes,
    /// Each sector is kept or lost.
    Sectors,
    /// What came first is kept, up to a sector.
    Torn,
}

impl Recording {
    /// How many moments there are to cut the power: before the first change, after each one.
    #[must_use]
    pub fn moments(&self) -> usize {
        self.changes.len() + 1
    }

    /// The same as if no sync had ever reached the disk. For tests that must fail.
    #[must_use]
    pub fn without_syncs(mut self) -> Self {
        self.changes.retain(|change| !matches!(change, Change::Sync { .. }));
        self
    }

    /// What the disk holds after the power was cut at that moment, and the last promise before it. The seed
    /// decides what becomes of what was not synced.
    #[must_use]
    pub fn cut(&self, moment: usize, seed: u64) -> (Image, Option<u64>) {
        let mut random = Random::new(seed ^ ((moment as u64) << 32));
        let chance = [Chance::AllLost, Chance::AllKept, Chance::Writes, Chance::Sectors, Chance::Torn]
            [random.below(5) as usize];
        let mut synced = self.start.0.clone();
        let mut pending: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
        let mut promise = None;
        for change in self.changes.iter().take(moment) {
            match change {
                Change::Mark(mark) => promise = Some(*mark),
                Change::Sync { name } => {
                    let file = synced.entry(name.clone()).or_default();
                    pending
                        .remove(name.as_str())
                        .unwrap_or_default()
                        .into_iter()
                        .for_each(|c| apply(file, c));
                }
                Change::Delete { name } => {
                    pending.remove(name.as_str());
                    // A name that comes back has what was synced under it.
                    if random.below(4) > 0 {
                        synced.remove(name);
                    }
                }
                Change::Write { name, .. } | Change::Truncate { name, .. } => {
                    pending.entry(name).or_default().push(change);
                }
            }
        }
        for (name, changes) in pending {
            let is_there = synced.contains_key(name);
            let mut file = synced.remove(name).unwrap_or_default();
            let kept = keep(&mut file, &changes, chance, &mut random);
            if is_there || kept {
                synced.insert(name.to_owned(), file);
            }
        }
        (Image(synced), promise)
    }
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, data, .. } => put(file, *offset, data),
        Change::Truncate { size, .. } => file.resize(*size, 0),
        Change::Sync { .. } | Change::Delete { .. } | Change::Mark(_) => {}
    }
}

/// Applies what chance keeps. Whether that is anything.
fn keep(file: &mut Vec<u8>, changes: &[&Change], chance: Chance, random: &mut Random) -> bool {
    let last = random.below(changes.len() as u32 + 1) as usize;
    let mut kept = false;
    for (place, change) in changes.iter().enumerate() {
        let is_kept = match chance {
            Chance::AllLost => false,
            Chance::AllKept => true,
            Chance::Writes => random.below(2) == 0,
            Chance::Torn if place > last => false,
            Chance::Torn if place < last => true,
            Chance::Sectors | Chance::Torn => {
                kept |= tear(file, change, chance, random);
                continue;
            }
        };
        if is_kept {
            kept = true;
            apply(file, change);
        }
    }
    kept
}

/// Applies some sectors of a write: any of them, or the first ones.
fn tear(file: &mut Vec<u8>, change: &Change, chance: Chance, random: &mut Random) -> bool {
    let Change::Write { offset, data, .. } = change else {
        let is_kept = random.below(2) == 0;
        if is_kept {
            apply(file, change);
        }
        return is_kept;
    };
    let mut kept = false;
    let mut from = 0;
    while from < data.len() {
        let to = (((offset + from) / SECTOR + 1) * SECTOR - offset).min(data.len());
        if random.below(2) == 0 {
            put(file, offset + from, &data[from..to]);
            kept = true;
        } else if chance == Chance::Torn {
            break;
        }
        from = to;
    }
    kept
}
