//! Nobody gets less than half of a fair share of the slots, counted in turns.

use super::*;

/// How an account asks.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// Attempts that it has asked for at a time, at most. It asks for the next ones as soon as there are fewer.
    at_once: usize,
    /// Turns that each of them takes.
    turns: usize,
    /// Turns that it waits after each attempt before it asks again.
    pause: usize,
    /// Sites that it has.
    sites: usize,
    /// The turn from which on it asks.
    from: usize,
}

const FLOOD: Habit = Habit { at_once: 60, turns: 1, pause: 0, sites: 1, from: 0 };

/// An account at one moment.
#[derive(Default)]
struct Account {
    asked: Vec<(usize, NodeIx)>,
    working: Vec<(usize, NodeIx, usize)>,
    next: usize,
    rests_until: usize,
    /// Attempts that were at work in a turn, over all turns.
    had: usize,
    /// The same if all who wanted something had the same, and nobody more than it wanted.
    fair: f64,
    /// The turn since which its next attempt has waited, and not for one of its own.
    waits_since: Option<usize>,
    /// The longest such wait, in waits that are fair: as many slots as there are accounts have to get free.
    longest: f64,
}

/// What became of accounts.
struct Outcome {
    /// What each had of its fair share of slots; `None` for one that never wanted as much.
    shares: Vec<Option<f64>>,
    /// The longest wait of each, of which one is fair.
    waits: Vec<f64>,
    /// What each site of each account was given.
    served: Vec<Vec<usize>>,
}

impl Outcome {
    /// Whether an account has less than half of its share, or waits for more than twice as long as is fair.
    fn is_unfair(&self) -> bool {
        self.shares.iter().flatten().any(|share| *share < 0.5) || self.waits.iter().any(|wait| *wait > 2.0)
    }
}

impl Account {
    fn pending(&self, site: usize) -> usize {
        let asked = self.asked.iter().filter(|(of, _)| *of == site).count();
        asked + self.working.iter().filter(|(of, ..)| *of == site).count()
    }

    fn wanted(&self) -> usize {
        self.asked.len() + self.working.len()
    }
}

/// Lets accounts work for so many turns on so many slots, and gives what became of each.
fn shares(workers: usize, habits: &[Habit], turns: usize, sharing: Option<Sharing>) -> Outcome {
    let slots = Slots::new(Some(workers), vec![], sharing);
    let scans = vec!["scan"; 1_000];
    let plan = super::tests::plan(&scans);
    let mut runs: Vec<Vec<RunSlots>> = Vec::new();
    for (account, habit) in habits.iter().enumerate() {
        let run = |site: usize| {
            let id = RunId::from_bytes((((account << 16) + site) as u128).to_be_bytes());
            slots.of_run(id, &format!("{account}/{site}"), &plan)
        };
        runs.push((0..habit.sites).map(run).collect());
    }
    let mut accounts: Vec<Account> = habits.iter().map(|_| Account::default()).collect();
    let mut served: Vec<Vec<usize>> = habits.iter().map(|habit| vec![0; habit.sites]).collect();
    for turn in 0..turns {
        for (number, habit) in habits.iter().enumerate() {
            let account = &mut accounts[number];
            let rests = turn < habit.from || turn < account.rests_until;
            for site in (0..habit.sites).filter(|_| !rests) {
                // The first site asks for most of it.
                let at_once = if site == 0 { habit.at_once } else { habit.at_once.div_ceil(10) };
                let pending = account.pending(site);
                for _ in pending..at_once {
                    let node = NodeIx::new(account.next % 1_000);
                    account.next += 1;
                    assert_eq!(runs[number][site].acquire(node, Attempt::FIRST, false), None);
                    account.asked.push((site, node));
                }
            }
        }
        let active = accounts.iter().filter(|account| account.wanted() > 0).count().max(1);
        let longest = habits.iter().map(|habit| habit.turns).max().unwrap_or(1);
        let fair_wait = (active.div_ceil(workers) * longest) as f64;
        for (number, account) in accounts.iter_mut().enumerate() {
            let had = account.working.len();
            for site in 0..habits[number].sites {
                while let Ok((node, _)) = runs[number][site].granted.try_recv() {
                    account.asked.retain(|asked| *asked != (site, node));
                    account.working.push((site, node, turn + habits[number].turns));
                    served[number][site] += 1;
                }
            }
            let since = account.waits_since.unwrap_or(turn);
            account.longest = account.longest.max((turn - since) as f64 / fair_wait);
            let is_served = account.working.len() > had;
            account.waits_since = match (account.asked.is_empty(), is_served) {
                (true, _) => None,
                (false, true) => Some(turn),
                (false, false) => Some(since),
            };
        }
        for account in &mut accounts {
            account.had += account.working.len();
            account.fair += (workers as f64 / active as f64).min(account.wanted() as f64);
        }
        for (number, account) in accounts.iter_mut().enumerate() {
            let (done, working) =
                std::mem::take(&mut account.working).into_iter().partition(|(.., until)| *until <= turn + 1);
            account.working = working;
            for (site, node, _) in done {
                account.rests_until = turn + 1 + habits[number].pause;
                runs[number][site].release(node, Attempt::FIRST);
            }
        }
    }
    // Where there are fewer slots than accounts, whoever takes longer has a slot for longer: nobody can know that before.
    let is_even = habits.len() <= workers || habits.iter().all(|habit| habit.turns == habits[0].turns);
    let share = |(account, habit): (&Account, &Habit)| {
        (is_even && habit.at_once >= workers && habit.pause == 0).then(|| account.had as f64 / account.fair)
    };
    Outcome {
        shares: accounts.iter().zip(habits).map(share).collect(),
        waits: accounts.iter().map(|account| account.longest).collect(),
        served,
    }
}

fn by_account_and_site() -> Option<Sharing> {
    Some(Box::new(|request| {
        let (account, _) = request.site.split_once('/').unwrap();
        vec![Share::new(account), Share::new(request.site)]
    }))
}

/// What accounts do that must not harm the others.
fn habits() -> Vec<(usize, Vec<Habit>)> {
    let trickle = Habit { at_once: 1, ..FLOOD };
    let late = Habit { from: 500, ..FLOOD };
    let slow = Habit { turns: 20, ..FLOOD };
    let mut all = vec![
        (1, vec![FLOOD, trickle]),
        (1, vec![FLOOD, trickle, trickle, trickle, FLOOD]),
        (4, vec![FLOOD, late]),
        (4, vec![slow, FLOOD, trickle]),
        (3, vec![slow, slow, late, trickle, FLOOD]),
        (8, vec![FLOOD, Habit { at_once: 3, pause: 2, ..FLOOD }, late]),
        (2, std::iter::once(FLOOD).chain(vec![Habit { at_once: 1, pause: 1, ..FLOOD }; 12]).collect()),
    ];
    let mut random = 11_u64;
    let mut below = |most: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % most
    };
    for _ in 0..16 {
        let mut habit = || Habit {
            at_once: [1, 2, 5, 20, 60][below(5)],
            turns: [1, 1, 2, 7][below(4)],
            pause: [0, 0, 1, 5][below(4)],
            sites: 1 + below(2),
            from: [0, 0, 300][below(3)],
        };
        let accounts = (0..6).map(|_| habit()).collect();
        all.push((1 + below(9), accounts));
    }
    all
}

#[test]
fn no_account_has_less_than_half_of_its_fair_share_or_waits_twice_as_long() {
    for (workers, habits) in habits() {
        let Outcome { shares, waits, .. } = &shares(workers, &habits, 1_000, by_account_and_site());
        assert!(
            shares.iter().flatten().all(|share| *share >= 0.5),
            "{workers} slots: {shares:.2?} of {habits:?}"
        );
        assert!(waits.iter().all(|wait| *wait <= 2.0), "{workers} slots: {waits:.2?} of {habits:?}");
    }
}

#[test]
fn first_come_first_served_is_found_out() {
    let mut unfair = habits();
    let all = unfair.len();
    unfair.retain(|(workers, habits)| shares(*workers, habits, 1_000, None).is_unfair());
    assert!(unfair.len() * 2 > all, "{} of {all}", unfair.len());
}

#[test]
fn sites_of_an_account_share_what_it_has() {
    let two = Habit { sites: 2, ..FLOOD };
    let of_first = |sharing| shares(4, &[two, FLOOD], 1_000, sharing).served[0].clone();
    let fair = of_first(by_account_and_site());
    assert!(fair[1] * 2 >= fair[0], "{fair:?}");
    let by_account: Sharing = Box::new(|request| vec![Share::new(request.site.split('/').next().unwrap())]);
    let unfair = of_first(Some(by_account));
    assert!(unfair[1] * 2 < unfair[0], "what asks most has most: {unfair:?}");
}

#[test]
fn a_group_has_no_more_than_it_may_have_and_says_so() {
    let may: Sharing =
        Box::new(|request| vec![Share::new(request.site).most(if request.site == "a" { 2 } else { 0 })]);
    let slots = Slots::new(Some(4), vec![], Some(may));
    let plan = super::tests::plan(&["scan"; 9]);
    let run = |number: u8| RunId::from_bytes([number; 16]);
    let of_run = |number: u8, site| slots.of_run(run(number), site, &plan);
    let (mut a, mut b, mut c) = (of_run(1, "a"), of_run(2, "b"), of_run(3, "a"));
    let granted = super::tests::granted;
    super::tests::ask(&mut a, &[0, 1, 2]);
    super::tests::ask(&mut b, &[0, 1]);
    super::tests::ask(&mut c, &[5]);
    assert_eq!((granted(&mut a), granted(&mut b), granted(&mut c)), (vec![0, 1], vec![0], vec![]));
    let full = |name: &str, most| Some(Share::new(name).most(most));
    assert_eq!(slots.waiting(run(1)), [(NodeIx::new(2), full("a", 2))]);
    assert_eq!(slots.waiting(run(2)), [(NodeIx::new(1), full("b", 1))]);
    assert_eq!(slots.waiting(run(3)), [(NodeIx::new(5), full("a", 2))]);
    // What is taken back is not waited for, and leaves room for the next one.
    a.release(NodeIx::new(2), Attempt::FIRST);
    a.release(NodeIx::new(0), Attempt::FIRST);
    assert_eq!((granted(&mut a), granted(&mut c), slots.waiting(run(1))), (vec![], vec![5], vec![]));
    drop((a, b, c));
    let table = slots.table();
    assert!(table.ready.is_empty() && table.all.is_empty() && table.firsts.is_empty());
}

#[test]
fn the_latest_that_asks_says_what_its_group_may_have() {
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(1));
    let said = Arc::clone(&most);
    let may: Sharing =
        Box::new(move |_| vec![Share::new("a").most(said.load(std::sync::atomic::Ordering::Relaxed))]);
    let slots = Slots::new(None, vec![], Some(may));
    let mut run = slots.of_run(RunId::from_bytes([1; 16]), "a", &super::tests::plan(&["scan"; 9]));
    let (ask, granted) = (super::tests::ask, super::tests::granted);
    ask(&mut run, &[0, 1, 2]);
    assert_eq!(granted(&mut run), [0]);
    most.store(3, std::sync::atomic::Ordering::Relaxed);
    ask(&mut run, &[3, 4]);
    assert_eq!(granted(&mut run), [1, 2]);
    // The end of one that asked before does not bring the former limit back.
    run.release(NodeIx::new(0), Attempt::FIRST);
    assert_eq!(granted(&mut run), [3]);
}

#[test]
fn many_groups_leave_nothing_behind() {
    let own: Sharing = Box::new(|request| vec![Share::new(request.site)]);
    let slots = Slots::new(Some(2), vec![], Some(own));
    let plan = super::tests::plan(&["scan"]);
    for round in 0..3_u128 {
        let of_run = |number: u128| {
            slots.of_run(RunId::from_bytes(number.to_be_bytes()), &format!("{round} {number}"), &plan)
        };
        let mut runs: Vec<RunSlots> = (0..1_000).map(of_run).collect();
        runs.iter_mut().for_each(|run| super::tests::ask(run, &[0]));
        drop(runs);
    }
    assert!(slots.table().ready.is_empty());
    assert!(slots.table().ready.remembered() <= 1_000, "{}", slots.table().ready.remembered());
}
