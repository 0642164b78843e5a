//! Who is served next: whoever has the least of what is shared.
//!
//! Those that ask stand in groups, which may stand in groups themselves: an account, and in it a site. Each time a
//! slot is free the group that holds the fewest is served; of several such, the one that was served longest ago. In it
//! the same is done with its own groups, and where there are none left, first come first served.
//!
//! Of groups that hold as many, each is served once before any of them is served twice: a group that is served
//! stands behind all others. One that leaves and comes back is remembered for as long as somebody waits who
//! stands before it, so that nobody gains by asking for one slot at a time. One that was not there before stands beside
//! those that are served now and not before those who wait. This is start-time fair queueing (Goyal, Vin and Cheng,
//! 1996) with a cost of one for each slot, after the number of slots held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::Keys;

/// A group that an attempt belongs to where slots are shared, such as its account.
///
/// ```
/// use flowrun::Share;
///
/// // At most two attempts of this account are at work, and of those at most one for this site.
/// let path = vec![Share::new("account 7").most(2), Share::new("https://example.com").most(1)];
/// assert_eq!(path[0].most, 2);
/// assert_eq!(Share::new("account 8").most, usize::MAX);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// Its name.
    pub name: String,
    /// How many attempts of the group may be at work at the same time, at least 1. The latest attempt that asks says
    /// it for all of them. Default: no limit.
    pub most: usize,
}

impl Share {
    /// The group of this name, without a limit.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), most: usize::MAX }
    }

    /// Sets how many attempts of the group may be at work at the same time, at least 1.
    #[must_use]
    pub const fn most(mut self, attempts: usize) -> Self {
        self.most = attempts;
        self
    }
}

/// The groups that an attempt belongs to, the outermost first, with what each may have, at least 1.
pub(super) type Path = Box<[(Arc<str>, usize)]>;

/// The group that holds lines themselves: below every other one there is one.
static LINES: LazyLock<Arc<str>> = LazyLock::new(Arc::default);

/// What asks and could be served, in groups.
pub(super) struct Group {
    held: usize,
    most: usize,
    /// The turn in which it was served last.
    served: u64,
    /// First come first served.
    lines: BTreeMap<u64, Keys>,
    groups: BTreeMap<Arc<str>, Self>,
    /// Those of the groups that could be served.
    order: BTreeSet<(usize, u64, Arc<str>)>,
    /// Those that hold nothing and ask for nothing, by the turn in which they were served last.
    idle: BTreeSet<(u64, Arc<str>)>,
    /// The turn that the group which is served now was served in before: who comes stands there.
    now: u64,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            held: 0,
            most: usize::MAX,
            served: 0,
            lines: BTreeMap::new(),
            groups: BTreeMap::new(),
            order: BTreeSet::new(),
            idle: BTreeSet::new(),
            now: 0,
        }
    }
}

impl Group {
    /// Who is to be served next.
    pub(super) fn first(&self) -> Option<(u64, Keys)> {
        if let Some((number, keys)) = self.lines.first_key_value() {
            return Some((*number, Arc::clone(keys)));
        }
        let (.., name) = self.order.first()?;
        self.groups.get(name)?.first()
    }

    /// An attempt asks: what it says of its groups counts from now on.
    pub(super) fn limit(&mut self, keys: &Keys) {
        self.at(&keys.path, &mut |_| (), Some(Change::Limited));
    }

    /// One more line could be served.
    pub(super) fn insert(&mut self, number: u64, keys: Keys) {
        self.at(&keys.path, &mut |group| drop(group.lines.insert(number, Arc::clone(&keys))), None);
    }

    /// A line is served, or it cannot be.
    pub(super) fn remove(&mut self, number: u64, keys: &Keys) {
        self.at(&keys.path, &mut |group| drop(group.lines.remove(&number)), None);
    }

    /// An attempt of these groups is at work, in this turn.
    pub(super) fn hold(&mut self, keys: &Keys, turn: u64) {
        self.at(&keys.path, &mut |_| (), Some(Change::Held(turn)));
    }

    /// One of them is done.
    pub(super) fn release(&mut self, keys: &Keys) {
        self.at(&keys.path, &mut |_| (), Some(Change::Released));
    }

    /// The outermost group of an attempt that has as much as it may have.
    pub(super) fn full<'a>(&self, path: &'a [(Arc<str>, usize)]) -> Option<&'a (Arc<str>, usize)> {
        let (first, inner) = path.split_first()?;
        let group = self.groups.get(&first.0)?;
        if group.held >= group.most { Some(first) } else { group.full(inner) }
    }

    /// Changes the group of lines at the end of a path, and every group on the way.
    fn at(&mut self, path: &[(Arc<str>, usize)], lines: &mut dyn FnMut(&mut Self), change: Option<Change>) {
        let (name, most, inner) = match path.split_first() {
            Some(((name, most), inner)) => (Arc::clone(name), *most, Some(inner)),
            None => (Arc::clone(&LINES), usize::MAX, None),
        };
        let new = || Self { most, ..Self::default() };
        let group = self.groups.entry(Arc::clone(&name)).or_insert_with(new);
        if self.idle.remove(&(group.served, Arc::clone(&name))) || group.is_idle() {
            group.served = group.served.max(self.now);
        }
        self.order.remove(&(group.held, group.served, Arc::clone(&name)));
        match inner {
            Some(inner) => group.at(inner, lines, change),
            None => lines(group),
        }
        match change {
            Some(Change::Held(turn)) => {
                group.held += 1;
                self.now = self.now.max(group.served);
                group.served = turn;
            }
            Some(Change::Released) => group.held -= 1,
            Some(Change::Limited) => group.most = most,
            None => {}
        }
        if group.is_ready() {
            self.order.insert((group.held, group.served, name));
        } else if group.is_idle() {
            self.idle.insert((group.served, name));
        }
        if let Some(Change::Held(turn)) = change
            && self.order.is_empty()
        {
            // Nobody waits who could stand before anybody.
            self.now = turn;
        }
        self.forget();
    }

    /// Forgets groups that would stand where they stood, if they came back now.
    fn forget(&mut self) {
        while let Some((served, name)) = self.idle.first()
            && *served <= self.now
        {
            self.groups.remove(name);
            self.idle.pop_first();
        }
    }

    fn is_ready(&self) -> bool {
        self.held < self.most && (!self.lines.is_empty() || !self.order.is_empty())
    }

    /// Whether it has nothing and asks for nothing.
    fn is_idle(&self) -> bool {
        self.held == 0 && self.lines.is_empty() && self.order.is_empty()
    }

    /// How many groups there are.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.groups.len()
    }

    /// Whether nothing is left of those that asked.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.groups.values().all(|group| group.is_idle() && group.is_empty())
    }
}

/// What changes in every group on the way.
#[derive(Clone, Copy)]
enum Change {
    Held(u64),
    Released,
    Limited,
}
