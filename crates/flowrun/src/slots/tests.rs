//! Who is served when, by runs that ask and give back.

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
    let (slots, plan) = (Slots::new(None, vec![Limit::new(1, scans)], None), plan(&["scan", "mail", "scan"]));
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
    let firsts = table.lines.iter().filter_map(|(keys, line)| Some((line.asking.first_key_value()?, keys)));
    let firsts: Vec<_> = firsts.map(|((number, asking), keys)| (*number, asking.holder, keys)).collect();
    let (oldest, _, kept) = firsts.iter().min_by_key(|(number, ..)| *number)?;
    let has_room = |number: u64, key: &Key| {
        let held = table.held_by_key.get(key).copied().unwrap_or_default();
        held + usize::from(number != *oldest && kept.keys.contains(key)) < slots.most_of(key)
    };
    let free = firsts.iter().filter(|(number, _, keys)| keys.keys.iter().all(|key| has_room(*number, key)));
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
