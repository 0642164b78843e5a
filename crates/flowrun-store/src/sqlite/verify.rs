//! Whether a whole store is what was written.

use std::sync::Arc;

use flowrun_core::{RunId, TaskTypes, Timestamp};
use rusqlite::{Connection, params};

use super::format::{State, deleted_sum};
use super::reader::{self, Flows, Found, select_runs};
use super::{SqliteStore, transaction};
use crate::{StoreError, StoredRun, Verified};

/// What must not be there, and how it is called when it is.
const STRAYS: [(&str, &str); 6] = [
    ("decision WHERE run NOT IN (SELECT number FROM run)", "lines without a run"),
    ("state WHERE run NOT IN (SELECT number FROM run)", "states without a run"),
    ("run WHERE number NOT IN (SELECT run FROM state)", "runs without a state"),
    ("run WHERE flow NOT IN (SELECT hash FROM flow)", "runs without a flow"),
    ("flow WHERE hash NOT IN (SELECT flow FROM run)", "flows without a run"),
    ("run WHERE id IN (SELECT run FROM deleted)", "runs that were deleted and are still there"),
];

impl SqliteStore {
    /// Looks at every page and every line: the structure of the file, the hashes, that line follows line, and
    /// that what lists say of a run is what its journal says. A host that keeps tables in the file looks at those
    /// ([`HostTables::on_verify`](crate::HostTables::on_verify)).
    ///
    /// Runs go on meanwhile; what they add is not looked at. Nor is whether a journal is one that its flow could
    /// have written: [`verify_replaying`](Self::verify_replaying) does that too.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] when the store could not be read to the end. What is damaged is no error but
    /// one of the [`problems`](Verified::problems).
    ///
    /// # Complexity
    ///
    /// Reads the whole file; holds one journal in memory at a time.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        self.verified(None)
    }

    /// Does what [`verify`](Self::verify) does, and replays each journal with the flow of its run, which may name
    /// `types`: it has to fit, and the run it gives has to stand as is stored beside it.
    ///
    /// # Errors
    ///
    /// As of [`verify`](Self::verify). A journal that does not fit is one of the
    /// [`problems`](Verified::problems).
    ///
    /// # Complexity
    ///
    /// As above, and O(nodes + edges + lines) for each run.
    ///
    /// # Examples
    ///
    /// ```
    /// use flowrun_core::{Record, RunId, RunSpec, Site, TaskTypes, Timestamp};
    /// use flowrun_store::{NewRun, SqliteStore, Store};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open_file(folder.path().join("runs.flowrun"))?;
    /// let flow = r#"{"nodes":[{"id":"1","data":{"task_type":"scan"}}],"edges":[]}"#;
    /// let spec = RunSpec::new(RunId::from_bytes([1; 16]), Timestamp::default(), Site::new("https://example.com"));
    /// let mut journal = store.create(NewRun::new(spec, flow))?;
    /// for record in [Record::RunStarted, Record::RunStarted] {
    ///     futures::executor::block_on(journal.append(Timestamp::default(), &mut vec![record]).done())?;
    /// }
    ///
    /// // Every byte is what was written; it is what was written that makes no sense.
    /// assert!(store.verify()?.is_sound());
    /// let problems = store.verify_replaying(&TaskTypes::documented())?.problems;
    /// assert!(problems[0].ends_with("record 2 of the journal does not fit: the run has started already"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_replaying(&self, types: &TaskTypes) -> Result<Verified, StoreError> {
        self.verified(Some(types))
    }

    fn verified(&self, types: Option<&TaskTypes>) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let looked = self.shared.pool.read(|connection| look(connection, types, &mut verified));
        let looked = looked.and_then(|()| {
            let Some(tables) = &self.shared.host_tables else { return Ok(()) };
            let problems = self.shared.pool.read(|connection| Ok(tables.verify(connection)))?;
            match problems {
                Ok(problems) => verified.problems.extend(problems),
                Err(error) => verified.problem(format!("the host's tables cannot be looked at: {error}")),
            }
            Ok(())
        });
        match looked {
            Ok(()) => Ok(verified),
            Err(error) => match reader::damage(&error) {
                Some(what) => {
                    verified.problem(what);
                    Ok(verified)
                }
                None => Err(StoreError::Unreadable { action: "verify the store", source: Arc::new(error) }),
            },
        }
    }
}

fn look(connection: &Connection, types: Option<&TaskTypes>, verified: &mut Verified) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    for said in statement.query_map([], |row| row.get::<_, String>(0))? {
        let said = said?;
        if said != "ok" {
            verified.problem(said);
        }
    }
    transaction::identity(connection)?;
    for (place, what) in STRAYS {
        let count: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {place}"), [], |row| row.get(0))?;
        if count > 0 {
            verified.problem(format!("there are {what}: {count}"));
        }
    }
    let mut statement = connection.prepare("SELECT run, sum FROM deleted")?;
    for row in statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, [u8; 16]>(1)?)))? {
        let (run, sum) = row?;
        if deleted_sum(RunId::from_bytes(run)) != sum {
            verified.problem("the id of a deleted run is not what was written");
        }
    }
    let mut statement = connection.prepare("SELECT number, id FROM run ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (number, id) = (row.get(0)?, row.get(1)?);
        verified.runs += 1;
        let found = look_at_run(connection, number).map(|(state, stored)| {
            verified.lines += state.seq;
            types.map_or(Ok(()), |types| replays(&stored, &state, types))
        });
        let run = RunId::from_bytes(id);
        match found {
            Ok(Ok(())) => {}
            Ok(Err(Unfit::Unknown(why))) => verified.not_replayed.push(format!("run `{run}`: {why}")),
            Ok(Err(Unfit::Problem(what))) => verified.problem(format!("run `{run}`: {what}")),
            Err(error) => {
                let what = reader::damage(&error).ok_or(error)?;
                verified.problem(format!("run `{run}`: {what}"));
            }
        }
    }
    Ok(())
}

/// Reads one run as a reader would, and compares what is kept beside its journal.
fn look_at_run(connection: &Connection, number: i64) -> rusqlite::Result<(State, StoredRun)> {
    let sql = select_runs!("run JOIN state ON state.run = number WHERE number = ?");
    let Found { description, state, .. } =
        connection.prepare_cached(sql)?.query_row(params![number], reader::found)?;
    let new = reader::new_run(connection, &description, &mut Flows::default())?;
    let origin = description.chain();
    let lines = reader::lines(connection, number, &origin, &state, 0, usize::MAX)?.lines;
    let status = lines.iter().rev().find_map(|line| line.record.run_status());
    let told = State {
        status: status.unwrap_or(State::new(origin).status),
        updated: lines.last().map_or(0, |line| line.at.as_micros()),
        ..state
    };
    if told == state {
        Ok((state, StoredRun::new(new, lines)))
    } else {
        Err(reader::column(0, "its state is not what its journal says"))
    }
}

/// Why a run that is what was written does not give the state beside it.
enum Unfit {
    /// Its flow names task types that are not known here.
    Unknown(String),
    /// No run of its flow can have written it.
    Problem(String),
}

/// Replays the journal of a run and compares the run it gives with the state.
fn replays(stored: &StoredRun, state: &State, types: &TaskTypes) -> Result<(), Unfit> {
    let run = stored.replay(types).map_err(|why| match why.is_about_task_types() {
        true => Unfit::Unknown(why.to_string()),
        false => Unfit::Problem(why.problem()),
    })?;
    let completed = state.status.is_over().then(|| Timestamp::from_micros(state.updated));
    if (run.status(), run.completed()) == (state.status, completed) {
        Ok(())
    } else {
        Err(Unfit::Problem("its state is not what a replay of its journal gives".to_owned()))
    }
}
