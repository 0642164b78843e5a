//! A host's rows stand and fall with the runs they are about.
#![cfg(feature = "sqlite")]

use std::sync::Arc;

use flowrun::{
    Engine, Flow, HostTables, NodeSpec, Outcome, RunChange, RunRequest, Site, SqlValue, SqliteOptions,
    StartError, StoreError,
};

/// An account has credit for so many runs, and one that ended counts as done.
fn accounts() -> HostTables {
    HostTables::new(
        "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, credit INTEGER CHECK (credit >= 0)) STRICT;
         CREATE TABLE IF NOT EXISTS owned (run BLOB PRIMARY KEY, account TEXT, status TEXT) STRICT",
    )
    .on_change(|tables, change| {
        match change {
            RunChange::Created(run) => {
                let account = run.host_data::<String>().ok_or("a run needs an account")?;
                tables.execute("UPDATE account SET credit = credit - 1 WHERE name = ?", &[account.into()])?;
                let row = [run.spec.id.into(), account.into()];
                tables.execute("INSERT INTO owned VALUES (?, ?, NULL)", &row)?;
            }
            RunChange::Ended { run, status, .. } => {
                let row = [SqlValue::from(status.to_string()), (*run).into()];
                tables.execute("UPDATE owned SET status = ? WHERE run = ?", &row)?;
            }
            _ => {}
        }
        Ok(())
    })
}

#[tokio::test]
async fn a_run_over_the_accounts_credit_is_refused_and_the_end_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("runs.flowrun")).reserve(0).host_tables(accounts());
    let store = Arc::new(options.open().unwrap());
    store.write_host_tables(|tables| tables.execute("INSERT INTO account VALUES ('ada', 1)", &[])).unwrap();
    let engine =
        Engine::builder().function("done", |_, _| Outcome::done()).store(Arc::clone(&store)).build().unwrap();
    let start = async || {
        let flow = Flow::builder().node(NodeSpec::new("1", "done")).build().unwrap();
        let request = RunRequest::new(flow, Site::new("https://example.com")).host_data("ada".to_owned());
        engine.start(request).await
    };
    let run = start().await.unwrap();
    run.result().await.unwrap();
    assert!(matches!(start().await, Err(StartError::Store(StoreError::Refused { .. }))));
    let owned = store.read_host_tables(|tables| tables.query("SELECT run, account, status FROM owned", &[]));
    assert_eq!(owned.unwrap(), [[run.id().into(), "ada".into(), SqlValue::from("passed")]]);
}
