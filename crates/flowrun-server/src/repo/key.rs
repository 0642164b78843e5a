//! Keys of requests that create runs, so that whoever asks twice has one.
//!
//! A key is written in the transaction that stores its run: there is no moment, and no crash, between the two. Of many
//! requests with one key the first to be written has the run, and the others find it.

use std::time::Duration;

use flowrun::{HostError, HostTransaction, RunId, Timestamp};

use super::rows::{self, values};
use super::{AccountId, Repository, RepositoryError};

/// For so long a key is kept at least.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The key of a request, and what it asked for.
#[derive(Clone, Debug)]
pub(crate) struct RequestKey {
    pub(crate) key: String,
    /// A hash of what was asked for.
    pub(crate) asked: [u8; 32],
}

/// What a key stands for already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) run: RunId,
    /// A hash of what was asked for.
    pub(crate) asked: [u8; 32],
}

/// Notes a key down for a run that is being stored at that time. Whether it stood for none.
pub(super) fn note(
    tables: &HostTransaction<'_>,
    of: AccountId,
    RequestKey { key, asked }: &RequestKey,
    run: RunId,
    at: Timestamp,
) -> Result<bool, HostError> {
    // A few for each new one, so that their number stays in proportion to that of requests, and no request pays for many.
    let old = at.as_micros().saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX));
    tables.execute(
        "DELETE FROM server_key WHERE rowid IN (SELECT rowid FROM server_key WHERE created < ? ORDER BY created LIMIT 8)",
        values![old],
    )?;
    let insert =
        "INSERT OR IGNORE INTO server_key (account, key, asked, run, created) VALUES (?, ?, ?, ?, ?)";
    Ok(tables.execute(insert, values![of, key.as_str(), asked.as_slice(), run, at.as_micros()])? > 0)
}

impl Repository {
    /// What the key of an account stands for, if it stands for something.
    pub(crate) fn known_key(&self, of: AccountId, key: &str) -> Result<Option<KnownKey>, RepositoryError> {
        let select = "SELECT run, asked FROM server_key WHERE account = ? AND key = ?";
        self.read(|tables| {
            rows::first(tables, select, values![of, key], |row| {
                Ok(KnownKey { run: row.next()?, asked: row.next()? })
            })
        })
    }
}
