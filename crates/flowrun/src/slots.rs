//! How many attempts of all runs may be at work: slots, given out first come first served.
//!
//! An attempt counts under every key that the limits of the engine give it: its site, and what the host names.
//! It gets all of its slots at once or waits for all of them, so that nobody waits for one while holding another.
//! Those with the same keys stand in one line; a line that has to wait does not hold up the others, but for one
//! slot of each of its keys, which is kept for whoever has waited longest. So nobody waits for ever.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_core::{Attempt, NodeIx, Plan, RunId};
use tokio::sync::mpsc;

/// An attempt that is to be at work, as limits see it.
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
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("most", &self.most).finish_non_exhaustive()
    }
}

/// The slots of an engine.
pub(crate) struct Slots {
    /// In all.
    most: usize,
    limits: Vec<Limit>,
    table: Mutex<Table>,
}

type Holder = (RunId, NodeIx, Attempt);

/// A key, with the place of the limit that gave it.
type Key = (usize, Arc<str>);

#[derive(Default)]
struct Table {
    /// Those that hold or ask, with their keys.
    all: BTreeMap<Holder, Arc<[Key]>>,
    /// How many are at work, in all and under each key.
    held: usize,
    held_by_key: BTreeMap<Key, usize>,
    /// Those that ask, by their keys.
    lines: BTreeMap<Arc<[Key]>, VecDeque<Asking>>,
    /// Numbers those who ask, to find the first among the lines.
    next: u64,
}

struct Asking {
    number: u64,
    holder: Holder,
    /// Unbounded, because nothing may be awaited here. What bounds it in practice: a run asks once for each of
    /// its nodes.
    granted: mpsc::UnboundedSender<(NodeIx, Attempt)>,
}

impl Slots {
    pub(crate) fn new(most: Option<usize>, limits: Vec<Limit>) -> Arc<Self> {
        let most = most.map_or(usize::MAX, |most| most.max(1));
        Arc::new(Self { most, limits, table: Mutex::default() })
    }

    /// Whether anybody ever has to wait for one.
    pub(crate) fn are_limited(&self) -> bool {
        self.most < usize::MAX || !self.limits.is_empty()
    }

    /// What the driver of a run of this plan for this site asks for its slots.
    pub(crate) fn of_run(self: &Arc<Self>, run: RunId, site: &str, plan: &Arc<Plan>) -> RunSlots {
        let (granted_in, granted) = mpsc::unbounded_channel();
        let (slots, plan) = (Arc::clone(self), Arc::clone(plan));
        RunSlots { slots, run, site: site.into(), plan, granted_in, granted, has_asked: false }
    }

    /// The keys of an attempt, in the order of the limits.
    fn keys(&self, request: &SlotRequest<'_>) -> Arc<[Key]> {
        let key = |(place, limit): (usize, &Limit)| Some((place, (limit.key)(request)?.into()));
        self.limits.iter().enumerate().filter_map(key).collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic elsewhere does not leave the table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out what is free: to the first of those whose keys all have room.
    fn grant(&self, table: &mut Table) {
        while table.held < self.most {
            let Some(keys) = self.next_line(table).map(Arc::clone) else { return };
            let Some(asking) = table.take_first(&keys) else { return };
            let (_, node, attempt) = asking.holder;
            // A driver that is gone has given everything back, or is about to.
            if asking.granted.send((node, attempt)).is_ok() {
                table.hold(&keys);
            } else {
                table.all.remove(&asking.holder);
            }
        }
    }

    /// The line whose first one is to be served next.
    fn next_line<'a>(&self, table: &'a Table) -> Option<&'a Arc<[Key]>> {
        let first = |(keys, line): (&'a Arc<[Key]>, &'a VecDeque<Asking>)| Some((line.front()?.number, keys));
        let (oldest, kept) = table.lines.iter().filter_map(first).min()?;
        let has_room = |number: u64, key: &Key| {
            let held = table.held_by_key.get(key).copied().unwrap_or_default();
            held + usize::from(number != oldest && kept.contains(key)) < self.limits[key.0].most
        };
        let free = |(number, keys): &(u64, &Arc<[Key]>)| keys.iter().all(|key| has_room(*number, key));
        table.lines.iter().filter_map(first).filter(free).min().map(|(_, keys)| keys)
    }
}

impl Table {
    /// Takes the first one out of the line with these keys.
    fn take_first(&mut self, keys: &Arc<[Key]>) -> Option<Asking> {
        let line = self.lines.get_mut(keys)?;
        let first = line.pop_front();
        if line.is_empty() {
            self.lines.remove(keys);
        }
        first
    }

    /// One more is at work.
    fn hold(&mut self, keys: &[Key]) {
        self.held += 1;
        for key in keys {
            *self.held_by_key.entry(key.clone()).or_default() += 1;
        }
    }

    /// Takes a holder back, or out of the line it stands in.
    fn forget(&mut self, holder: Holder) {
        let Some(keys) = self.all.remove(&holder) else { return };
        if let Some(line) = self.lines.get_mut(&keys)
            && let Some(place) = line.iter().position(|asking| asking.holder == holder)
        {
            line.remove(place);
            if line.is_empty() {
                self.lines.remove(&keys);
            }
            return;
        }
        self.held -= 1;
        for key in &*keys {
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
}

impl RunSlots {
    /// Asks for a slot. It comes through [`granted`](Self::granted).
    pub(crate) fn acquire(&mut self, node: NodeIx, attempt: Attempt) {
        self.has_asked = true;
        let of_plan = self.plan.node(node);
        let (id, task_type) = (of_plan.id(), of_plan.task_type());
        let request = SlotRequest { run: self.run, site: &self.site, node: &id, task_type: &task_type };
        // Before the lock: what a host does to name a key is its own.
        let keys = self.slots.keys(&request);
        let (holder, granted) = ((self.run, node, attempt), self.granted_in.clone());
        let mut table = self.slots.table();
        let number = table.next;
        table.next += 1;
        table.all.insert(holder, Arc::clone(&keys));
        table.lines.entry(keys).or_default().push_back(Asking { number, holder, granted });
        self.slots.grant(&mut table);
    }

    /// Gives a slot back, or takes back that it was asked for.
    pub(crate) fn release(&self, node: NodeIx, attempt: Attempt) {
        let mut table = self.slots.table();
        table.forget((self.run, node, attempt));
        self.slots.grant(&mut table);
    }
}

impl Drop for RunSlots {
    fn drop(&mut self) {
        if !self.has_asked {
            return;
        }
        let mut table = self.slots.table();
        let first = (self.run, NodeIx::new(0), Attempt::FIRST);
        let mine = table.all.range(first..).map(|(holder, _)| *holder);
        let mine: Vec<Holder> = mine.take_while(|(run, ..)| *run == self.run).collect();
        for holder in mine {
            table.forget(holder);
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
        Slots::new(most, vec![Limit::new(most_per_site, site)])
    }

    /// A plan whose nodes, numbered from 0, are of these types.
    fn plan(task_types: &[&str]) -> Arc<Plan> {
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
    fn granted(slots: &mut RunSlots) -> Vec<usize> {
        std::iter::from_fn(|| slots.granted.try_recv().ok()).map(|(node, _)| node.index()).collect()
    }

    fn ask(slots: &mut RunSlots, nodes: &[usize]) {
        nodes.iter().for_each(|node| slots.acquire(NodeIx::new(*node), Attempt::FIRST));
    }

    #[test]
    fn who_asks_first_is_served_first_over_all_runs() {
        let slots = Slots::new(Some(2), vec![]);
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

    #[test]
    fn what_is_taken_back_is_not_granted_and_a_run_that_goes_gives_all_back() {
        let slots = Slots::new(Some(1), vec![]);
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
        Slots::new(None, vec![Limit::new(1, task_type), Limit::new(1, site)])
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
        let (slots, plan) = (Slots::new(None, vec![Limit::new(1, scans)]), plan(&["scan", "mail", "scan"]));
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
    }
}
