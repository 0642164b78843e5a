//! A server whose disk loses power: what was acknowledged is there, and accounts count what they have.

use std::collections::BTreeSet;

use flowrun::{FlowRun, RunId, SqliteOptions, TaskTypes};
use flowrun_testkit::faults::{Disk, Recording};

use super::tests::{add, wanted};
use crate::repo::Repository;
use crate::{NewAccount, Server};

const FILE: &str = "store";

fn options(disk: &Disk) -> SqliteOptions {
    SqliteOptions::new(FILE).vfs(disk.name())
}

/// What was acknowledged before each promise.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    accounts: u64,
    /// Runs that were created and not deleted.
    runs: BTreeSet<RunId>,
    /// Runs that are created but may be deleted at this moment.
    going: BTreeSet<RunId>,
    deleted: BTreeSet<RunId>,
    created: u64,
    pages: u64,
}

/// Lets a server work on a disk that writes down what is done to it.
async fn recorded(disk: &Disk) -> (Recording, Vec<Acknowledged>) {
    drop(Repository::open_with(options(disk)).unwrap());
    disk.record();
    let mut promises = vec![Acknowledged::default()];
    let mut now = Acknowledged::default();
    let mut promise = |now: &Acknowledged| {
        disk.mark(promises.len() as u64);
        promises.push(now.clone());
    };
    let server = Server::builder_on(options(disk)).open().await.unwrap();
    let (caller, wanted) = wanted(&server).await;
    now.accounts = 1;
    promise(&now);
    add(&server, &caller, &wanted).await;
    now.pages = 1;
    promise(&now);
    for number in 0..6 {
        let document = server.inner.create_run(&caller, wanted.clone(), None).await.unwrap();
        let run: RunId = FlowRun::from_json(document).unwrap().id().unwrap().parse().unwrap();
        now.runs.insert(run);
        now.created += 1;
        promise(&now);
        if number % 3 == 2 {
            now.runs.remove(&run);
            now.going.insert(run);
            promise(&now);
            assert!(server.repository().delete_run(caller.account, run).await.unwrap());
            now.going.remove(&run);
            now.deleted.insert(run);
            promise(&now);
            server.inner.remove(vec![run]);
        }
    }
    server.repository().create_account(NewAccount::new("b")).await.unwrap().unwrap();
    now.accounts = 2;
    promise(&now);
    server.shutdown(std::time::Duration::from_secs(60)).await;
    (disk.recording(), promises)
}

/// Cuts the power at so many moments, and gives what is not there afterwards, or does not fit.
fn losses(recording: &Recording, promises: &[Acknowledged], images: usize) -> Vec<String> {
    let disk = Disk::new(FILE);
    let mut lost = Vec::new();
    for image in 0..images {
        let moment = image * recording.moments() / images;
        let (left, promise) = recording.cut(moment, image as u64);
        let promised = &promises[promise.unwrap_or_default() as usize];
        disk.load(&left);
        if let Err(how) = check(&disk, promised) {
            lost.push(format!("moment {moment}: {how}"));
        }
    }
    lost
}

fn check(disk: &Disk, promised: &Acknowledged) -> Result<(), String> {
    let repo = Repository::open_with(options(disk)).map_err(|error| format!("{error:?}"))?;
    let problems =
        repo.store().verify_replaying(&TaskTypes::documented()).map_err(|error| error.to_string())?.problems;
    if !problems.is_empty() {
        return Err(problems.join("; "));
    }
    let accounts = repo.accounts().map_err(|error| error.to_string())?;
    if (accounts.len() as u64) < promised.accounts {
        return Err(format!("{} accounts of {promised:?}", accounts.len()));
    }
    let Some(account) = accounts.first() else { return Ok(()) };
    if account.flowruns < promised.created || account.flowruns > promised.created + 1 {
        return Err(format!("it counts {} created runs of {promised:?}", account.flowruns));
    }
    let has = |run: &RunId| repo.run(account.id, *run).is_ok_and(|row| row.is_some());
    if let Some(run) = promised.runs.iter().find(|run| !has(run) || repo.store().stored(**run).is_err()) {
        return Err(format!("{run} was acknowledged"));
    }
    if let Some(run) = promised.deleted.iter().find(|run| has(run)) {
        return Err(format!("{run} was deleted"));
    }
    let pages = repo.site_pages(account.id).map_err(|error| error.to_string())?;
    if pages < promised.pages { Err(format!("{pages} pages of {}", promised.pages)) } else { Ok(()) }
}

impl Repository {
    fn site_pages(&self, of: crate::AccountId) -> Result<u64, crate::RepositoryError> {
        self.pages(of, None, &[], None).map(|(count, _)| count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_no_count_is_wrong() {
    let disk = Disk::new(FILE);
    let (recording, promises) = recorded(&disk).await;
    assert!(recording.moments() > 100 && promises.len() > 10, "{}", recording.moments());
    assert_eq!(losses(&recording, &promises, 300), Vec::<String>::new());
    let lost = losses(&recording.without_syncs(), &promises, 60);
    assert!(!lost.is_empty(), "a sync that does nothing is found out");
}
