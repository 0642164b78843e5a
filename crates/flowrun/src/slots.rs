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
        shares.into_iter().map(|share| (share.name.into(), share.most)).collect()
    }

    /// The nodes of a run that ask for a slot, each with the group that has no more for it, if it is that which it
    /// waits for.
    pub(crate) fn waiting(&self, run: RunId) -> Vec<(NodeIx, Option<Share>)> {
        let table = self.table();
        let first = (run, NodeIx::new(0), Attempt::FIRST);
        let of_run = table.all.range(first..).take_while(|((of, ..), _)| *of == run);
        let waits = |((_, node, _), (keys, number)): (&Holder, &(Keys, Option<u64>))| {
            number.as_ref()?;
            let full = table.ready.full(&keys.path);
            Some((*node, full.map(|(name, most)| Share::new(&**name).most((*most).max(1)))))
        };
        of_run.filter_map(waits).collect()
    }

    /// Which limit keeps an attempt waiting for as long as the runs above its own are at work: those that started it, and
    /// those that started them, hold everything it lets through. If one of them waits for this run, none of them goes on.
    fn held_by_ancestors(&self, table: &Table, holder: Holder) -> Option<String> {
        let (keys, Some(_)) = table.all.get(&holder)? else { return None };
        let ancestors = std::iter::successors(table.parents.get(&holder.0), |run| table.parents.get(run));
        let first = |run: RunId| (run, NodeIx::new(0), Attempt::FIRST);
        let held: Vec<&Keys> = ancestors
            .flat_map(|run| table.all.range(first(*run)..).take_while(move |((of, ..), _)| of == run))
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
            keys.path.iter().enumerate().find(|(depth, (_, most))| of_group(*depth) >= (*most).max(1))
        {
            return Some(format!("all {} of `{}`", (*most).max(1), shown(name)));
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
        let first = (self.run, NodeIx::new(0), Attempt::FIRST);
        let mine = table.all.range(first..).map(|(holder, _)| *holder);
        let mine: Vec<Holder> = mine.take_while(|(run, ..)| *run == self.run).collect();
        for holder in mine {
            self.slots.forget(&mut table, holder);
        }
        self.slots.grant(&mut table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u8) -> RunId {
        RunId::from_bytes([number; 16])
    }

    /// Slots of which a site may have so many.
    fn by_site(most: Option<usize>, most_per_site: usize) -> Arc<Slots> {
        let site = |request: &SlotRequest<'_>| Some(request.site.to_owned());
        Slots::new(most, vec![Limit::new(most_per_site, site)], None)
    }

    /// A plan whose nodes, numbered from 0, are of these types.
    pub(super) fn plan(task_types: &[&str]) -> Arc<Plan> {
        let node = |(id, task_type): (usize, &&str)| flowrun_core::NodeSpec::new(id.to_string(), *task_type);
        let nodes = task_types.iter().enumerate().map(node);
        let flow = nodes.fold(flowrun_core::Flow::builder(), |flow, node| flow.node(node)).build().unwrap();
        let types = task_types.iter().fold(flowrun_core::TaskTypes::default(), |types, name| {
            types.with(*name, flowrun_core::Role::Producer)
        });
        Arc::new(Plan::new(&flow, &types).unwrap())
    }

    /// A run of nine scans.
    fn of_run(slots: &Arc<Slots>, number: u8, site: &str) -> RunSlots {
        slots.of_run(run(number), site, &plan(&["scan"; 9]))
    }

    /// The nodes that were granted a slot since the last look.
    pub(super) fn granted(slots: &mut RunSlots) -> Vec<usize> {
        std::iter::from_fn(|| slots.granted.try_recv().ok()).map(|(node, _)| node.index()).collect()
    }

    pub(super) fn ask(slots: &mut RunSlots, nodes: &[usize]) {
        for node in nodes {
            assert_eq!(slots.acquire(NodeIx::new(*node), Attempt::FIRST, false), None);
        }
    }

    /// Asks for one, and gives what is said of runs above.
    fn told(slots: &mut RunSlots, node: usize) -> Option<String> {
        slots.acquire(NodeIx::new(node), Attempt::FIRST, false)
    }

    #[test]
    fn whoever_waits_for_a_slot_of_a_run_above_its_own_says_so() {
        let slots = by_site(Some(3), 1);
        let plan = plan(&["scan"; 9]);
        let mut above = of_run(&slots, 1, "a");
        let mut below = slots.of_run(run(2), "b", &plan).started_by(Some(run(1)));
        let mut lowest = slots.of_run(run(3), "a", &plan).started_by(Some(run(2)));
        ask(&mut above, &[0]);
        assert_eq!(told(&mut below, 0), None, "another site has room");
        let said = told(&mut lowest, 0).unwrap();
        assert!(said.contains(&run(2).to_string()) && said.contains("all 1 of `a`"), "{said}");
        // Others wait as well, but for somebody who does not wait for them.
        assert_eq!(told(&mut of_run(&slots, 4, "a"), 0), None);
        above.release(NodeIx::new(0), Attempt::FIRST);
        assert_eq!(granted(&mut lowest), [0]);

        let slots = Slots::new(Some(1), vec![], None);
        let mut above = of_run(&slots, 1, "a");
        let mut below = slots.of_run(run(2), "b", &plan).started_by(Some(run(1)));
        ask(&mut above, &[0]);
        assert!(told(&mut below, 0).unwrap().contains("all 1 of the engine"));
        drop(above);
        assert_eq!(granted(&mut below), [0]);
        drop(below);
        let one: Sharing = Box::new(|_| vec![Share::new("ada").most(1)]);
        let slots = Slots::new(None, vec![], Some(one));
        let mut above = of_run(&slots, 1, "a");
        let mut below = slots.of_run(run(2), "b", &plan).started_by(Some(run(1)));
        ask(&mut above, &[0]);
        assert!(told(&mut below, 0).unwrap().contains("all 1 of `ada`"));
        drop((above, below));
        assert!(slots.table().parents.is_empty() && slots.table().all.is_empty());
    }

    #[test]
    fn who_asks_first_is_served_first_over_all_runs() {
        let slots = Slots::new(Some(2), vec![], None);
        let (mut a, mut b) = (of_run(&slots, 1, "a"), of_run(&slots, 2, "b"));
        ask(&mut a, &[0, 1, 2]);
        ask(&mut b, &[7]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![0, 1], vec![]));
        a.release(NodeIx::new(0), Attempt::FIRST);
        a.release(NodeIx::new(1), Attempt::FIRST);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![2], vec![7]));
    }

    #[test]
    fn a_busy_site_does_not_hold_up_the_others() {
        let slots = by_site(Some(3), 1);
        let (mut a, mut b) = (of_run(&slots, 1, "a"), of_run(&slots, 2, "b"));
        ask(&mut a, &[0, 1]);
        ask(&mut b, &[7]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![0], vec![7]));
    }

    /// An attempt that was started only to be dropped with the others could have had an effect, and would be lost.
    #[test]
    fn nobody_has_the_slot_of_a_run_that_is_parked() {
        let slots = Slots::new(Some(1), vec![], None);
        let (mut a, mut b) = (of_run(&slots, 1, "a"), of_run(&slots, 2, "b"));
        ask(&mut a, &[0]);
        ask(&mut b, &[7]);
        a.close_all();
        drop(a);
        assert!(granted(&mut b).is_empty());
    }

    /// Whatever the limits are, and though others have their turn meanwhile.
    #[test]
    fn last_chances_have_their_turn_one_at_a_time_over_all_runs() {
        for slots in [Slots::new(None, vec![], None), Slots::new(Some(5), vec![], None), by_site(None, 2)] {
            let (mut a, mut b) = (of_run(&slots, 1, "a"), of_run(&slots, 2, "b"));
            a.acquire(NodeIx::new(0), Attempt::FIRST, true);
            a.acquire(NodeIx::new(1), Attempt::FIRST, true);
            b.acquire(NodeIx::new(7), Attempt::FIRST, true);
            ask(&mut b, &[8]);
            assert_eq!((granted(&mut a), granted(&mut b)), (vec![0], vec![8]));
            a.release(NodeIx::new(0), Attempt::FIRST);
            assert_eq!((granted(&mut a), granted(&mut b)), (vec![1], vec![]));
            drop(a);
            assert_eq!(granted(&mut b), [7]);
            b.release(NodeIx::new(7), Attempt::FIRST);
            b.release(NodeIx::new(8), Attempt::FIRST);
            let table = slots.table();
            assert!(table.all.is_empty() && table.lines.is_empty() && table.held_by_key.is_empty());
        }
    }

    #[test]
    fn what_is_taken_back_is_not_granted_and_a_run_that_goes_gives_all_back() {
        let slots = Slots::new(Some(1), vec![], None);
        let (mut a, mut b) = (of_run(&slots, 1, "a"), of_run(&slots, 2, "b"));
        ask(&mut a, &[0, 1]);
        ask(&mut b, &[7, 8]);
        b.release(NodeIx::new(7), Attempt::FIRST);
        drop(a);
        assert_eq!(granted(&mut b), [8]);
    }

    /// At most one at work of each type and for each site.
    fn by_type_and_site() -> Arc<Slots> {
        let task_type = |request: &SlotRequest<'_>| Some(request.task_type.to_owned());
        let site = |request: &SlotRequest<'_>| Some(request.site.to_owned());
        Slots::new(None, vec![Limit::new(1, task_type), Limit::new(1, site)], None)
    }

    #[test]
    fn all_slots_come_at_once_or_none_is_held() {
        let (slots, plan) = (by_type_and_site(), plan(&["scan", "mail"]));
        let (mut a, mut b) = (slots.of_run(run(1), "a", &plan), slots.of_run(run(2), "b", &plan));
        // `a` has the scan and its site; its mail waits for the site and does not take the mail.
        ask(&mut a, &[0, 1]);
        ask(&mut b, &[0]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![0], vec![]));
        a.release(NodeIx::new(0), Attempt::FIRST);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![1], vec![0]));
    }

    /// Two lines that always leave one of its keys taken would let who needs both wait for ever.
    #[test]
    fn who_has_waited_longest_is_not_passed_over_for_ever() {
        let (slots, plan) = (by_type_and_site(), plan(&["scan", "mail"]));
        let (mut a, mut b) = (slots.of_run(run(1), "a", &plan), slots.of_run(run(2), "b", &plan));
        let mut waiting = slots.of_run(run(3), "a", &plan);
        ask(&mut a, &[1]);
        ask(&mut b, &[0]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![1], vec![0]));
        ask(&mut waiting, &[0]);
        // Others come for the scan and for the site, and each finds one of them free.
        let mut others = [slots.of_run(run(4), "c", &plan), slots.of_run(run(5), "a", &plan)];
        ask(&mut others[0], &[0]);
        ask(&mut others[1], &[1]);
        b.release(NodeIx::new(0), Attempt::FIRST);
        assert_eq!((granted(&mut waiting), granted(&mut others[0])), (vec![], vec![]));
        a.release(NodeIx::new(1), Attempt::FIRST);
        assert_eq!((granted(&mut waiting), granted(&mut others[1])), (vec![0], vec![]));
        waiting.release(NodeIx::new(0), Attempt::FIRST);
        assert_eq!((granted(&mut others[0]), granted(&mut others[1])), (vec![0], vec![1]));
    }

    #[test]
    fn without_a_key_a_limit_does_not_count() {
        let scans = |request: &SlotRequest<'_>| (request.task_type == "scan").then(String::new);
        let (slots, plan) =
            (Slots::new(None, vec![Limit::new(1, scans)], None), plan(&["scan", "mail", "scan"]));
        let mut a = slots.of_run(run(1), "a", &plan);
        ask(&mut a, &[0, 1, 2]);
        assert_eq!(granted(&mut a), [0, 1]);
    }

    #[test]
    fn whatever_is_asked_for_is_granted_and_no_limit_is_passed() {
        let slots = by_type_and_site();
        let plan = plan(&["scan", "mail", "slack", "scan", "mail"]);
        let sites = ["a", "b", "c"];
        let mut runs: Vec<RunSlots> =
            (0..12).map(|number| slots.of_run(run(number), sites[usize::from(number) % 3], &plan)).collect();
        for run in &mut runs {
            ask(run, &[0, 1, 2, 3, 4]);
        }
        let (mut at_work, mut served) = (Vec::new(), 0);
        for step in 0_usize.. {
            for (number, run) in runs.iter_mut().enumerate() {
                at_work.extend(granted(run).into_iter().map(|node| (number, node)));
            }
            let sharing = |key: &dyn Fn(&(usize, usize)) -> usize| {
                (0..3).all(|value| at_work.iter().filter(|held| key(held) == value).count() <= 1)
            };
            assert!(sharing(&|(number, _)| number % 3), "a site has two: {at_work:?}");
            assert!(sharing(&|(_, node)| node % 3), "a type has two: {at_work:?}");
            if at_work.is_empty() {
                break;
            }
            // Any of them ends, not always the first.
            let (number, node) = at_work.remove(step * 7 % at_work.len());
            runs[number].release(NodeIx::new(node), Attempt::FIRST);
            served += 1;
        }
        assert_eq!(served, 12 * 5);
        let table = slots.table();
        assert!(table.all.is_empty() && table.lines.is_empty() && table.held_by_key.is_empty());
        assert!(table.firsts.is_empty() && table.ready.is_empty() && table.blocked.is_empty());
    }

    /// Two runs for each of so many sites, of which one may work at a time: how often a line is looked at until all
    /// are done.
    fn looks(sites: usize) -> usize {
        let slots = by_site(Some(sites), 1);
        let plan = plan(&["scan"]);
        let site = |number: usize| format!("site {}", number % sites);
        let id = |number: usize| RunId::from_bytes((number as u128).to_be_bytes());
        let of_run = |number| slots.of_run(id(number), &site(number), &plan);
        let mut runs: Vec<RunSlots> = (0..2 * sites).map(of_run).collect();
        runs.iter_mut().for_each(|run| ask(run, &[0]));
        let mut served = 0;
        for run in &mut runs {
            served += granted(run).len();
            run.release(NodeIx::new(0), Attempt::FIRST);
        }
        assert_eq!(served, 2 * sites);
        slots.table().looks
    }

    #[test]
    fn many_keys_cost_each_slot_no_more_than_few_do() {
        for sites in [100, 1_000, 10_000] {
            assert!(looks(sites) <= 5 * sites, "{} looks at {sites} lines", looks(sites));
        }
    }

    /// The rule, worked out the slow way: of all lines the oldest whose keys have room is served.
    fn first_free(slots: &Slots, table: &Table) -> Option<Holder> {
        let firsts =
            table.lines.iter().filter_map(|(keys, line)| Some((line.asking.first_key_value()?, keys)));
        let firsts: Vec<_> = firsts.map(|((number, asking), keys)| (*number, asking.holder, keys)).collect();
        let (oldest, _, kept) = firsts.iter().min_by_key(|(number, ..)| *number)?;
        let has_room = |number: u64, key: &Key| {
            let held = table.held_by_key.get(key).copied().unwrap_or_default();
            held + usize::from(number != *oldest && kept.keys.contains(key)) < slots.most_of(key)
        };
        let free =
            firsts.iter().filter(|(number, _, keys)| keys.keys.iter().all(|key| has_room(*number, key)));
        free.min_by_key(|(number, ..)| *number).map(|(_, holder, _)| *holder)
    }

    #[test]
    fn nobody_who_could_be_served_waits() {
        let mut random = 7_u64;
        let mut below = |most: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % most
        };
        let task_type = |request: &SlotRequest<'_>| Some(request.task_type.to_owned());
        let site = |request: &SlotRequest<'_>| (request.site != "free").then(|| request.site.to_owned());
        let slots = Slots::new(Some(6), vec![Limit::new(3, task_type), Limit::new(2, site)], None);
        let plan = plan(&["scan", "mail", "slack", "scan", "mail", "scan"]);
        let sites = ["a", "b", "c", "free"];
        let mut runs: Vec<RunSlots> =
            (0..20).map(|number| slots.of_run(run(number), sites[usize::from(number) % 4], &plan)).collect();
        for _ in 0..20_000 {
            let (number, node) = (below(20), below(6));
            let holder = (run(number as u8), NodeIx::new(node), Attempt::FIRST);
            let is_known = slots.table().all.contains_key(&holder);
            if is_known {
                runs[number].release(NodeIx::new(node), Attempt::FIRST);
            } else {
                ask(&mut runs[number], &[node]);
            }
            let table = slots.table();
            assert!(table.held <= 6);
            if table.held < 6 {
                assert_eq!(first_free(&slots, &table), None, "somebody could be served");
            }
        }
    }

    #[test]
    fn a_key_function_that_panics_leaves_its_attempts_under_one_limit() {
        let panics = |request: &SlotRequest<'_>| {
            assert_ne!(request.task_type, "mail", "no key for mail");
            Some(request.task_type.to_owned())
        };
        let (slots, plan) =
            (Slots::new(None, vec![Limit::new(1, panics)], None), plan(&["scan", "mail", "mail"]));
        let mut a = slots.of_run(run(1), "a", &plan);
        ask(&mut a, &[0, 1, 2]);
        assert_eq!(granted(&mut a), [0, 1]);
        a.release(NodeIx::new(1), Attempt::FIRST);
        assert_eq!(granted(&mut a), [2]);
    }
}
