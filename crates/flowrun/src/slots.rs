//! How many attempts of all runs may be at work: slots, given out first come first served.
//!
//! Each site has a line of its own, so that those who wait for a busy site do not hold up the others.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_core::{Attempt, NodeIx, RunId};
use tokio::sync::mpsc;

/// The slots of an engine.
pub(crate) struct Slots {
    most: usize,
    most_per_site: usize,
    table: Mutex<Table>,
}

type Holder = (RunId, NodeIx, Attempt);

#[derive(Default)]
struct Table {
    held: BTreeMap<Holder, Arc<str>>,
    sites: BTreeMap<Arc<str>, Line>,
    /// Numbers those who ask, to find the first among the lines.
    next: u64,
}

#[derive(Default)]
struct Line {
    held: usize,
    asking: VecDeque<Asking>,
}

struct Asking {
    number: u64,
    holder: Holder,
    /// Unbounded, because nothing may be awaited here. What bounds it in practice: a run asks once for each of
    /// its nodes.
    granted: mpsc::UnboundedSender<(NodeIx, Attempt)>,
}

impl Slots {
    pub(crate) fn new(most: Option<usize>, most_per_site: Option<usize>) -> Arc<Self> {
        let at_least_one = |most: Option<usize>| most.map_or(usize::MAX, |most| most.max(1));
        let (most, most_per_site) = (at_least_one(most), at_least_one(most_per_site));
        Arc::new(Self { most, most_per_site, table: Mutex::default() })
    }

    /// Whether anybody ever has to wait for one.
    pub(crate) fn are_limited(&self) -> bool {
        self.most < usize::MAX || self.most_per_site < usize::MAX
    }

    /// What the driver of a run for this site asks for its slots.
    pub(crate) fn of_run(self: &Arc<Self>, run: RunId, site: &str) -> RunSlots {
        // Without a limit for a site there is one line.
        let site = if self.most_per_site < usize::MAX { site } else { "" };
        let (granted_in, granted) = mpsc::unbounded_channel();
        RunSlots { slots: Arc::clone(self), run, site: site.into(), granted_in, granted, has_asked: false }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic elsewhere does not leave the table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out what is free: to the first of those whose site has room.
    fn grant(&self, table: &mut Table) {
        while table.held.len() < self.most {
            let open = table.sites.iter().filter(|(_, line)| line.held < self.most_per_site);
            let first = open.filter_map(|(site, line)| Some((line.asking.front()?.number, site))).min();
            let Some(site) = first.map(|(_, site)| Arc::clone(site)) else { return };
            let Some(line) = table.sites.get_mut(&site) else { return };
            let Some(asking) = line.asking.pop_front() else { return };
            let (_, node, attempt) = asking.holder;
            // A driver that is gone has given everything back, or is about to.
            if asking.granted.send((node, attempt)).is_ok() {
                line.held += 1;
                table.held.insert(asking.holder, site);
            }
        }
    }
}

impl Table {
    /// Takes a holder back, or out of the line it stands in.
    fn forget(&mut self, holder: Holder, site: &Arc<str>) {
        let Some(line) = self.sites.get_mut(site) else { return };
        if self.held.remove(&holder).is_some() {
            line.held -= 1;
        } else {
            line.asking.retain(|asking| asking.holder != holder);
        }
        if line.held == 0 && line.asking.is_empty() {
            self.sites.remove(site);
        }
    }
}

/// The slots of one run, in the hands of its driver. Dropping it gives all of them back.
pub(crate) struct RunSlots {
    slots: Arc<Slots>,
    run: RunId,
    site: Arc<str>,
    granted_in: mpsc::UnboundedSender<(NodeIx, Attempt)>,
    pub(crate) granted: mpsc::UnboundedReceiver<(NodeIx, Attempt)>,
    has_asked: bool,
}

impl RunSlots {
    /// Asks for a slot. It comes through [`granted`](Self::granted).
    pub(crate) fn acquire(&mut self, node: NodeIx, attempt: Attempt) {
        self.has_asked = true;
        let mut table = self.slots.table();
        let (number, granted) = (table.next, self.granted_in.clone());
        table.next += 1;
        let asking = Asking { number, holder: (self.run, node, attempt), granted };
        table.sites.entry(Arc::clone(&self.site)).or_default().asking.push_back(asking);
        self.slots.grant(&mut table);
    }

    /// Gives a slot back, or takes back that it was asked for.
    pub(crate) fn release(&self, node: NodeIx, attempt: Attempt) {
        let mut table = self.slots.table();
        table.forget((self.run, node, attempt), &self.site);
        self.slots.grant(&mut table);
    }
}

impl Drop for RunSlots {
    fn drop(&mut self) {
        if !self.has_asked {
            return;
        }
        let mut table = self.slots.table();
        let mine = |holder: &Holder| holder.0 == self.run;
        let mut all: Vec<Holder> = table.held.keys().copied().filter(mine).collect();
        let line = table.sites.get(&self.site).into_iter().flat_map(|line| &line.asking);
        all.extend(line.map(|asking| asking.holder).filter(mine));
        for holder in all {
            table.forget(holder, &self.site);
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

    /// The nodes that were granted a slot since the last look.
    fn granted(slots: &mut RunSlots) -> Vec<usize> {
        std::iter::from_fn(|| slots.granted.try_recv().ok()).map(|(node, _)| node.index()).collect()
    }

    fn ask(slots: &mut RunSlots, nodes: &[usize]) {
        nodes.iter().for_each(|node| slots.acquire(NodeIx::new(*node), Attempt::FIRST));
    }

    #[test]
    fn who_asks_first_is_served_first_over_all_runs() {
        let slots = Slots::new(Some(2), None);
        let (mut a, mut b) = (slots.of_run(run(1), "a"), slots.of_run(run(2), "b"));
        ask(&mut a, &[0, 1, 2]);
        ask(&mut b, &[7]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![0, 1], vec![]));
        a.release(NodeIx::new(0), Attempt::FIRST);
        a.release(NodeIx::new(1), Attempt::FIRST);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![2], vec![7]));
    }

    #[test]
    fn a_busy_site_does_not_hold_up_the_others() {
        let slots = Slots::new(Some(3), Some(1));
        let (mut a, mut b) = (slots.of_run(run(1), "a"), slots.of_run(run(2), "b"));
        ask(&mut a, &[0, 1]);
        ask(&mut b, &[7]);
        assert_eq!((granted(&mut a), granted(&mut b)), (vec![0], vec![7]));
    }

    #[test]
    fn what_is_taken_back_is_not_granted_and_a_run_that_goes_gives_all_back() {
        let slots = Slots::new(Some(1), None);
        let (mut a, mut b) = (slots.of_run(run(1), "a"), slots.of_run(run(2), "b"));
        ask(&mut a, &[0, 1]);
        ask(&mut b, &[7, 8]);
        b.release(NodeIx::new(7), Attempt::FIRST);
        drop(a);
        assert_eq!(granted(&mut b), [8]);
    }
}
