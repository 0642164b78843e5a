//! How many attempts of all runs may be at work: slots, given out first come first served or in fair shares.
//!
//! An attempt counts under every key that the limits of the engine give it: its site, and what the host names.
//! It gets all of its slots at once or waits for all of them, so that nobody waits for one while holding another.
//! Those with the same keys stand in one line; a line that has to wait does not hold up the others, but for one
//! slot of each of its keys, which is kept for whoever has waited longest. So nobody waits for ever.
//!
//! Which line is served next where slots are scarce is for [`share`] to say. Where the host names no groups it is the
//! one whose first has waited longest.
//!
//! Last chances of nodes that crashes have cut off count under one more key, of which there is one slot, in every
//! engine: if the process ends once more, it was not two of them.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_core::{Attempt, NodeIx, Plan, RunId, shown};
use tokio::sync::mpsc;
use tracing::error;

use self::share::{Group, Path};

#[cfg(test)]
mod fair;
mod share;
#[cfg(test)]
mod tests;

pub use share::Share;

/// An attempt that is to be at work, as limits see it.
///
/// ```
/// use flowrun::{Engine, SlotRequest};
///
/// fn by_type(request: &SlotRequest<'_>) -> Option<String> {
///     Some(request.task_type.to_owned())
/// }
///
/// let engine = Engine::builder().max_concurrent_per(4, by_type).build()?;
/// # Ok::<(), flowrun::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SlotRequest<'a> {
    /// Its run.
    pub run: RunId,
    /// The address of the run's site.
    pub site: &'a str,
    /// The id of its node.
    pub node: &'a str,
    /// The type of its node.
    pub task_type: &'a str,
}

/// A number of attempts that may be at work under one key.
pub(crate) struct Limit {
    most: usize,
    #[expect(clippy::type_complexity, reason = "it is what a host gives")]
    key: Box<dyn Fn(&SlotRequest<'_>) -> Option<String> + Send + Sync>,
}

impl Limit {
    /// At least one attempt is let through.
    pub(crate) fn new(
        most: usize,
        key: impl Fn(&SlotRequest<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { most: most.max(1), key: Box::new(key) }
    }

    /// The key of an attempt. Those for whom the host's function panics share one, so that the limit holds for them
    /// too: a driver that died of it would do so again each time the run is taken up.
    fn key(&self, request: &SlotRequest<'_>) -> Option<Arc<str>> {
        let key = catch_unwind(AssertUnwindSafe(|| (self.key)(request)));
        match key {
            Ok(key) => key.map(Into::into),
            Err(_) => {
                error!(run = %request.run, node = request.node, "the key function of a limit panicked");
                Some(PANICKED.into())
            }
        }
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("most", &self.most).finish_non_exhaustive()
    }
}

/// The key of attempts whose own cannot be told.
const PANICKED: &str = "\0the key function panicked";

/// Names the groups of an attempt, the outermost first.
pub(crate) type Sharing = Box<dyn Fn(&SlotRequest<'_>) -> Vec<Share> + Send + Sync>;

/// The slots of an engine.
pub(crate) struct Slots {
    /// In all.
    most: usize,
    limits: Vec<Limit>,
    sharing: Option<Sharing>,
    table: Mutex<Table>,
}

type Holder = (RunId, NodeIx, Attempt);

/// A key, with the place of the limit that gave it; last chances have the place behind those.
type Key = (usize, Arc<str>);

/// Everything an attempt counts under. Those with the same stand in one line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claims {
    path: Path,
    keys: Box<[Key]>,
}

impl Claims {
    /// Whether these groups are the outermost ones of it.
    fn is_in(&self, groups: &[(Arc<str>, usize)]) -> bool {
        self.path.len() >= groups.len() && self.path.iter().zip(groups).all(|(own, other)| own.0 == other.0)
    }
}

type Keys = Arc<Claims>;

#[derive(Default)]
struct Table {
    /// Those that hold or ask, with their keys; those that ask with their number.
    all: BTreeMap<Holder, (Keys, Option<u64>)>,
    /// How many are at work, in all and under each key.
    held: usize,
    held_by_key: BTreeMap<Key, usize>,
    /// Those that ask, by their keys.
    lines: BTreeMap<Keys, Line>,
    /// The first one of each line.
    firsts: BTreeMap<u64, Keys>,
    /// Those of them that nothing is known to hold up. The others are looked at when the key has room that they
    /// wait for: whoever frees a slot does not look at every line.
    ready: Group,
    /// The others, by that key.
    blocked: BTreeMap<Key, BTreeMap<u64, Keys>>,
    /// The runs that were started by executors of other runs, with those.
    parents: BTreeMap<RunId, RunId>,
    /// The engine is shut down, and what would start now would be dropped at once.
    is_closed: bool,
    /// Numbers those who ask, to find the first among the lines.
    next: u64,
    /// How many slots were given out.
    turns: u64,
    /// How often a line was looked at.
    #[cfg(test)]
    looks: usize,
}

/// Those that ask with the same keys, by their numbers.
#[derive(Default)]
struct Line {
    asking: BTreeMap<u64, Asking>,
    /// The key that its first one waits for.
    blocked_by: Option<Key>,
}

struct Asking {
    holder: Holder,
    /// Unbounded, because nothing may be awaited here. What bounds it in practice: a run asks once for each of
    /// its nodes.
    granted: mpsc::UnboundedSender<(NodeIx, Attempt)>,
}

impl Slots {
    pub(crate) fn new(most: Option<usize>, limits: Vec<Limit>, sharing: Option<Sharing>) -> Arc<Self> {
        let most = most.map_or(usize::MAX, |most| most.max(1));
        Arc::new(Self { most, limits, sharing, table: Mutex::default() })
    }

    /// Whether anybody ever has to wait for one.
    pub(crate) fn are_limited(&self) -> bool {
        self.most < usize::MAX || !self.limits.is_empty() || self.sharing.is_some()
    }

    /// What the driver of a run of this plan for this site asks for its slots.
    pub(crate) fn of_run(self: &Arc<Self>, run: RunId, site: &str, plan: &Arc<Plan>) -> RunSlots {
        let (granted_in, granted) = mpsc::unbounded_channel();
        let (slots, plan) = (Arc::clone(self), Arc::clone(plan));
        RunSlots { slots, run, site: site.into(), plan, granted_in, granted, has_asked: false, parent: None }
    }

    /// What an attempt counts under, keys in the order of the limits.
    fn keys(&self, request: &SlotRequest<'_>, is_last_chance: bool) -> Keys {
        let key = |(place, limit): (usize, &Limit)| Some((place, limit.key(request)?));
        let last_chance = is_last_chance.then(|| (self.limits.len(), "".into()));
        let keys = self.limits.iter().enumerate().filter_map(key).chain(last_chance).collect();
        Arc::new(Claims { path: self.path(request), keys })
    }

    /// The groups of an attempt. Those for whom the host's function panics share one.
    fn path(&self, request: &SlotRequest<'_>) -> Path {
        let Some(sharing) = &self.sharing else { return Path::default() };
        let shares = catch_unwind(AssertUnwindSafe(|| sharing(request))).unwrap_or_else(|_| {
            error!(run = %request.run, node = request.node, "the function that names shares panicked");
            vec![Share::new(PANICKED)]
        });
        shares.into_iter().map(|share| (share.name.into(), share.most.max(1))).collect()
    }

    /// The nodes of a run that ask for a slot, each with the group that has no more for it, if it is that which it
    /// waits for.
    pub(crate) fn waiting(&self, run: RunId) -> Vec<(NodeIx, Option<Share>)> {
        let table = self.table();
        let waits = |((_, node, _), (keys, number)): (&Holder, &(Keys, Option<u64>))| {
            number.as_ref()?;
            let full = table.ready.full(&keys.path);
            Some((*node, full.map(|(name, most)| Share::new(&**name).most(*most))))
        };
        table.of_run(run).filter_map(waits).collect()
    }

    /// Which limit keeps an attempt waiting for as long as the runs above its own are at work: those that started it, and
    /// those that started them, hold everything it lets through. If one of them waits for this run, none of them goes on.
    fn held_by_ancestors(&self, table: &Table, holder: Holder) -> Option<String> {
        let (keys, Some(_)) = table.all.get(&holder)? else { return None };
        let ancestors = std::iter::successors(table.parents.get(&holder.0), |run| table.parents.get(run));
        let held: Vec<&Keys> = ancestors
            .flat_map(|run| table.of_run(*run))
            .filter(|(_, (_, asking))| asking.is_none())
            .map(|(_, (keys, _))| keys)
            .collect();
        if held.is_empty() {
            return None;
        }
        if held.len() >= self.most {
            return Some(format!("all {} of the engine", self.most));
        }
        let of_group = |depth: usize| held.iter().filter(|held| held.is_in(&keys.path[..=depth])).count();
        if let Some((_, (name, most))) =
            keys.path.iter().enumerate().find(|(depth, (_, most))| of_group(*depth) >= *most)
        {
            return Some(format!("all {most} of `{}`", shown(name)));
        }
        let is_full =
            |key: &&Key| held.iter().filter(|held| held.keys.contains(key)).count() >= self.most_of(key);
        let key = keys.keys.iter().find(is_full)?;
        let name = if key.0 < self.limits.len() { &*key.1 } else { "last chances" };
        Some(format!("all {} of `{}`", self.most_of(key), shown(name)))
    }

    /// How many may be at work under the key.
    fn most_of(&self, key: &Key) -> usize {
        self.limits.get(key.0).map_or(1, |limit| limit.most)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic elsewhere does not leave the table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out what is free: to the first of those whose keys all have room.
    fn grant(&self, table: &mut Table) {
        while table.held < self.most && !table.is_closed {
            let Some((number, keys)) = table.ready.first() else { return };
            table.ready.remove(number, &keys);
            #[cfg(test)]
            {
                table.looks += 1;
            }
            match keys.keys.iter().find(|key| !self.has_room(table, number, key)) {
                Some(key) => table.block(number, &keys, key.clone()),
                None => self.serve(table, number, &keys),
            }
            // What has room still is for the next one that waits for it.
            self.wake(table, &keys.keys);
        }
    }

    /// Whether the key has room for that one. The last slot of each of its keys is kept for whoever waits longest.
    fn has_room(&self, table: &Table, number: u64, key: &Key) -> bool {
        let held = table.held_by_key.get(key).copied().unwrap_or_default();
        let oldest = table.firsts.first_key_value();
        let is_kept = oldest.is_some_and(|(oldest, kept)| *oldest != number && kept.keys.contains(key));
        held + usize::from(is_kept) < self.most_of(key)
    }

    /// Gives its slots to the first one of a line.
    fn serve(&self, table: &mut Table, number: u64, keys: &Keys) {
        let Some(asking) = self.take_out(table, number, keys) else { return };
        let (_, node, attempt) = asking.holder;
        // A driver that is gone has given everything back, or is about to.
        if asking.granted.send((node, attempt)).is_ok() {
            table.hold(keys);
            table.all.insert(asking.holder, (Arc::clone(keys), None));
        } else {
            table.all.remove(&asking.holder);
        }
    }

    /// Takes one that asks out of its line.
    fn take_out(&self, table: &mut Table, number: u64, keys: &Keys) -> Option<Asking> {
        let was_oldest = table.firsts.first_key_value().is_some_and(|(oldest, _)| *oldest == number);
        let asking = table.take_out(number, keys);
        if was_oldest {
            // No slot is kept for it any more, and nothing that is kept for itself holds up the next oldest.
            self.wake(table, &keys.keys);
            if let Some((number, keys)) =
                table.firsts.first_key_value().map(|(number, keys)| (*number, Arc::clone(keys)))
            {
                table.unblock(number, &keys);
            }
        }
        asking
    }

    /// Lets the first one be looked at that waits for each of these keys, if it has room.
    fn wake(&self, table: &mut Table, keys: &[Key]) {
        for key in keys {
            let first = table.blocked.get(key).and_then(BTreeMap::first_key_value);
            let Some((number, keys)) = first.map(|(number, keys)| (*number, Arc::clone(keys))) else {
                continue;
            };
            if self.has_room(table, number, key) {
                table.unblock(number, &keys);
            }
        }
    }

    /// Takes a holder back, or out of the line it stands in.
    fn forget(&self, table: &mut Table, holder: Holder) {
        match table.all.remove(&holder) {
            Some((keys, Some(number))) => drop(self.take_out(table, number, &keys)),
            Some((keys, None)) => {
                table.release(&keys);
                self.wake(table, &keys.keys);
            }
            None => {}
        }
    }
}

impl Table {
    /// Those of one run.
    fn of_run(&self, run: RunId) -> impl Iterator<Item = (&Holder, &(Keys, Option<u64>))> {
        let first = (run, NodeIx::new(0), Attempt::FIRST);
        self.all.range(first..).take_while(move |((of, ..), _)| *of == run)
    }

    /// One more asks, behind those with the same keys.
    fn ask(&mut self, holder: Holder, keys: Keys, granted: mpsc::UnboundedSender<(NodeIx, Attempt)>) {
        let number = self.next;
        self.next += 1;
        self.all.insert(holder, (Arc::clone(&keys), Some(number)));
        self.ready.limit(&keys);
        let line = self.lines.entry(Arc::clone(&keys)).or_default();
        line.asking.insert(number, Asking { holder, granted });
        if line.asking.len() == 1 {
            self.come_first(number, keys);
        }
    }

    fn come_first(&mut self, number: u64, keys: Keys) {
        self.firsts.insert(number, Arc::clone(&keys));
        self.ready.insert(number, keys);
    }

    /// Takes one out of its line, and lets the next one come first if it was the first.
    fn take_out(&mut self, number: u64, keys: &Keys) -> Option<Asking> {
        self.unblock(number, keys);
        self.ready.remove(number, keys);
        let line = self.lines.get_mut(keys)?;
        let asking = line.asking.remove(&number);
        let next = line.asking.first_key_value().map(|(next, _)| *next);
        if next.is_none() {
            self.lines.remove(keys);
        }
        if self.firsts.remove(&number).is_some()
            && let Some(next) = next
        {
            self.come_first(next, Arc::clone(keys));
        }
        asking
    }

    /// The first one of a line waits for a key.
    fn block(&mut self, number: u64, keys: &Keys, key: Key) {
        self.blocked.entry(key.clone()).or_default().insert(number, Arc::clone(keys));
        if let Some(line) = self.lines.get_mut(keys) {
            line.blocked_by = Some(key);
        }
    }

    /// The first one of a line is to be looked at again, if it waits for a key.
    fn unblock(&mut self, number: u64, keys: &Keys) {
        if !self.firsts.contains_key(&number) {
            return;
        }
        let Some(key) = self.lines.get_mut(keys).and_then(|line| line.blocked_by.take()) else { return };
        if let Some(blocked) = self.blocked.get_mut(&key) {
            blocked.remove(&number);
            if blocked.is_empty() {
                self.blocked.remove(&key);
            }
        }
        self.ready.insert(number, Arc::clone(keys));
    }

    /// One more is at work.
    fn hold(&mut self, keys: &Keys) {
        self.held += 1;
        self.turns += 1;
        self.ready.hold(keys, self.turns);
        for key in &keys.keys {
            *self.held_by_key.entry(key.clone()).or_default() += 1;
        }
    }

    /// One fewer is.
    fn release(&mut self, keys: &Keys) {
        self.held -= 1;
        self.ready.release(keys);
        for key in &keys.keys {
            if let Some(held) = self.held_by_key.get_mut(key) {
                *held -= 1;
                if *held == 0 {
                    self.held_by_key.remove(key);
                }
            }
        }
    }
}

/// The slots of one run, in the hands of its driver. Dropping it gives all of them back.
pub(crate) struct RunSlots {
    slots: Arc<Slots>,
    run: RunId,
    site: Box<str>,
    plan: Arc<Plan>,
    granted_in: mpsc::UnboundedSender<(NodeIx, Attempt)>,
    pub(crate) granted: mpsc::UnboundedReceiver<(NodeIx, Attempt)>,
    has_asked: bool,
    parent: Option<RunId>,
}

impl RunSlots {
    /// Says which run has started this one, if one has.
    pub(crate) fn started_by(mut self, parent: Option<RunId>) -> Self {
        if let Some(parent) = parent {
            self.slots.table().parents.insert(self.run, parent);
        }
        self.parent = parent;
        self
    }

    /// Asks for a slot. It comes through [`granted`](Self::granted). Gives what is to be said where it has to wait for
    /// one that the run has which started its own.
    pub(crate) fn acquire(&mut self, node: NodeIx, attempt: Attempt, is_last_chance: bool) -> Option<String> {
        self.has_asked = true;
        let of_plan = self.plan.node(node);
        let (id, task_type) = (of_plan.id(), of_plan.task_type());
        let request = SlotRequest { run: self.run, site: &self.site, node: &id, task_type: &task_type };
        // Before the lock: what a host does to name a key is its own.
        let keys = self.slots.keys(&request, is_last_chance);
        let (holder, granted) = ((self.run, node, attempt), self.granted_in.clone());
        let mut table = self.slots.table();
        table.ask(holder, keys, granted);
        self.slots.grant(&mut table);
        let parent = self.parent?;
        let held = self.slots.held_by_ancestors(&table, holder)?;
        Some(format!(
            "waits for a slot, and run `{parent}`, which started this one, holds {held}: if it waits for this run, \
             neither goes on"
        ))
    }

    /// Nobody gets a slot any more, in no run: what has one gives it up because the engine ends.
    pub(crate) fn close_all(&self) {
        self.slots.table().is_closed = true;
    }

    /// Gives a slot back, or takes back that it was asked for.
    pub(crate) fn release(&self, node: NodeIx, attempt: Attempt) {
        let mut table = self.slots.table();
        self.slots.forget(&mut table, (self.run, node, attempt));
        self.slots.grant(&mut table);
    }
}

impl Drop for RunSlots {
    fn drop(&mut self) {
        if !self.has_asked && self.parent.is_none() {
            return;
        }
        let mut table = self.slots.table();
        table.parents.remove(&self.run);
        let mine: Vec<Holder> = table.of_run(self.run).map(|(holder, _)| *holder).collect();
        for holder in mine {
            self.slots.forget(&mut table, holder);
        }
        self.slots.grant(&mut table);
    }
}
