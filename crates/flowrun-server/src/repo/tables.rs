//! The tables, in the file of the runs.
//!
//! The store's writer calls [`follow`](super::run::follow) in the transaction that stores a run, in that of its end and
//! so on: what the lists say of a run, and what its account has of it, is on the disk with it or not at all.

use flowrun::{HostError, HostTables, HostTransaction};

use super::rows::{self, values};
use super::{blocks, run};

/// The steps from each version to the next. A released step never changes; a new one is added at the end.
///
/// Lists are read in the order of `number`, which grows with each new row, and counted from the rows they belong to,
/// so that a page costs the same however long the list is.
const STEPS: &[&str] = &[
    "
    CREATE TABLE server (
        one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL, epoch INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE server_account (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        user TEXT NOT NULL,
        created INTEGER NOT NULL,
        configs TEXT,
        sites INTEGER NOT NULL DEFAULT 0,
        flows INTEGER NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        flowruns INTEGER NOT NULL DEFAULT 0,
        sites_allowed INTEGER,
        pages_allowed INTEGER,
        flowruns_allowed INTEGER,
        nodes_allowed INTEGER,
        conditions_allowed INTEGER,
        concurrency INTEGER
    ) STRICT;
    CREATE TABLE server_token (
        hash BLOB PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        account BLOB NOT NULL,
        scope TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE server_site (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        url TEXT NOT NULL,
        created INTEGER NOT NULL,
        tags TEXT,
        pages INTEGER NOT NULL DEFAULT 0,
        runs INTEGER NOT NULL DEFAULT 0,
        UNIQUE (account, id),
        UNIQUE (account, url)
    ) STRICT;
    CREATE INDEX server_site_listed ON server_site (account, number);
    CREATE TABLE server_page (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        site BLOB NOT NULL,
        url TEXT NOT NULL,
        created INTEGER NOT NULL,
        tags TEXT,
        UNIQUE (account, id),
        UNIQUE (account, site, url)
    ) STRICT;
    CREATE INDEX server_page_listed ON server_page (account, site, number);
    CREATE TABLE server_flow (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL,
        user TEXT NOT NULL,
        created INTEGER NOT NULL,
        title TEXT NOT NULL,
        folded TEXT NOT NULL,
        nodes TEXT NOT NULL,
        edges TEXT NOT NULL,
        last_run INTEGER,
        UNIQUE (account, id)
    ) STRICT;
    CREATE INDEX server_flow_listed ON server_flow (account, number);
    CREATE TABLE server_run (
        number INTEGER PRIMARY KEY,
        account BLOB NOT NULL,
        id BLOB NOT NULL UNIQUE,
        flow BLOB NOT NULL,
        site BLOB NOT NULL,
        title TEXT NOT NULL,
        created INTEGER NOT NULL,
        status TEXT,
        completed INTEGER,
        document TEXT
    ) STRICT;
    CREATE INDEX server_run_listed ON server_run (account, number);
    CREATE INDEX server_run_site ON server_run (account, site, number);
    CREATE INDEX server_run_flow ON server_run (account, flow);
    CREATE INDEX server_run_open ON server_run (number) WHERE status IS NULL;
    CREATE TABLE server_doomed (run BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
",
    blocks::STEP,
    "
    CREATE TABLE server_key (
        account BLOB NOT NULL,
        key TEXT NOT NULL,
        asked BLOB NOT NULL,
        run BLOB NOT NULL,
        created INTEGER NOT NULL,
        UNIQUE (account, key)
    ) STRICT;
    CREATE INDEX server_key_created ON server_key (created);
",
];

/// The tables in which a server keeps accounts and what they have, for whoever opens its store to do something with the
/// runs in it: with [`HostTables::optional`] accounts are kept right, and other stores are left as they are.
#[must_use]
pub fn tables() -> HostTables {
    HostTables::of_steps(STEPS).on_change(run::follow).on_verify(verify)
}

/// Takes the tables over for the opening `epoch` of the store, and gives the key that tokens are hashed with: `new` where
/// there is none yet.
pub(super) fn take_over(
    tables: &HostTransaction<'_>,
    epoch: i64,
    new: [u8; 32],
) -> Result<[u8; 32], HostError> {
    let values = values![new.as_slice(), epoch - 1];
    tables.execute("INSERT OR IGNORE INTO server VALUES (1, ?, ?)", values)?;
    // Whoever opened the store in between may not have known of these tables.
    if rows::value::<i64>(tables, "SELECT epoch FROM server", &[])? != epoch - 1 {
        run::reconcile(tables)?;
    }
    tables.execute("UPDATE server SET epoch = ?", values![epoch])?;
    rows::value(tables, "SELECT key FROM server", &[])
}

/// What must not be there, and how it is called when it is.
const STRAYS: [(&str, &str); 13] = [
    ("server_token WHERE account NOT IN (SELECT id FROM server_account)", "tokens of no account"),
    ("server_site WHERE account NOT IN (SELECT id FROM server_account)", "sites of no account"),
    ("server_flow WHERE account NOT IN (SELECT id FROM server_account)", "flows of no account"),
    (
        "server_page WHERE NOT EXISTS (SELECT 1 FROM server_site
            WHERE server_site.account = server_page.account AND server_site.id = server_page.site)",
        "pages of no site",
    ),
    (
        "server_run WHERE NOT EXISTS (SELECT 1 FROM server_site
            WHERE server_site.account = server_run.account AND server_site.id = server_run.site)",
        "runs of accounts without their site",
    ),
    (
        "server_run WHERE NOT EXISTS (SELECT 1 FROM server_flow
            WHERE server_flow.account = server_run.account AND server_flow.id = server_run.flow)",
        "runs of accounts without their flow",
    ),
    ("server_run WHERE id NOT IN (SELECT id FROM run)", "runs of accounts that the store does not have"),
    (
        "server_run JOIN run ON run.id = server_run.id JOIN state ON state.run = run.number
            WHERE (server_run.status IS NULL) <> (state.status = 'working')",
        "runs of accounts that are over in one list and open in another",
    ),
    (
        "server_account WHERE runs <> (SELECT count(*) FROM server_run WHERE account = server_account.id)
            OR flowruns < runs",
        "accounts with another number of runs than they count",
    ),
    (
        "server_account WHERE sites <> (SELECT count(*) FROM server_site WHERE account = server_account.id)
            OR flows <> (SELECT count(*) FROM server_flow WHERE account = server_account.id)",
        "accounts with another number of sites or flows than they count",
    ),
    (
        "server_site WHERE runs <> (SELECT count(*) FROM server_run
            WHERE account = server_site.account AND site = server_site.id)",
        "sites with another number of runs than they count",
    ),
    (
        "server_site WHERE pages <> (SELECT count(*) FROM server_page
            WHERE account = server_site.account AND site = server_site.id)",
        "sites with another number of pages than they count",
    ),
    (blocks::STRAY, "blocks of runs that count other than their rows"),
];

/// What is wrong with accounts and what they have, and with what is said of runs here and in their journals.
fn verify(tables: &HostTransaction<'_>) -> Result<Vec<String>, HostError> {
    let mut problems = Vec::new();
    for (place, what) in STRAYS {
        let count: u64 = rows::value(tables, &format!("SELECT count(*) FROM {place}"), &[])?;
        if count > 0 {
            problems.push(format!("there are {what}: {count}"));
        }
    }
    Ok(problems)
}
