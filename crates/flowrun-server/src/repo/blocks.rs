//! How many runs stand where in a list, so that a page far down costs about as much as the first one.
//!
//! SQLite finds the place of an offset by stepping over every row before it. Beside the rows their counts are kept for
//! blocks of [`BLOCK`] consecutive numbers, for each account and each of its sites: an offset is found by adding up blocks, and
//! only what is left of it is stepped over. Triggers keep the counts, so that nothing that changes the rows can forget them.

use flowrun::{HostError, HostTransaction, SqlValue};

use super::rows::{self, values};
use super::{AccountId, SiteId};

/// Numbers in a block: a list of a million runs has 489 of them, and stepping over one costs about as much as adding those.
const BLOCK: i64 = 2048;

/// The second step of the tables. The rows of a whole account have an empty site.
pub(super) const STEP: &str = "
    CREATE TABLE server_run_block (
        account BLOB NOT NULL, site BLOB NOT NULL, block INTEGER NOT NULL, runs INTEGER NOT NULL,
        PRIMARY KEY (account, site, block)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO server_run_block
        SELECT account, x'', number / 2048, count(*) FROM server_run GROUP BY account, number / 2048;
    INSERT INTO server_run_block
        SELECT account, site, number / 2048, count(*) FROM server_run GROUP BY account, site, number / 2048;
    CREATE TRIGGER server_run_counted AFTER INSERT ON server_run BEGIN
        INSERT INTO server_run_block VALUES (new.account, x'', new.number / 2048, 1)
            ON CONFLICT DO UPDATE SET runs = runs + 1;
        INSERT INTO server_run_block VALUES (new.account, new.site, new.number / 2048, 1)
            ON CONFLICT DO UPDATE SET runs = runs + 1;
    END;
    CREATE TRIGGER server_run_uncounted AFTER DELETE ON server_run BEGIN
        UPDATE server_run_block SET runs = runs - 1
            WHERE account = old.account AND site IN (x'', old.site) AND block = old.number / 2048;
        DELETE FROM server_run_block
            WHERE account = old.account AND site IN (x'', old.site) AND block = old.number / 2048 AND runs = 0;
    END;
";

/// What must not be there: blocks that count other than their rows.
pub(super) const STRAY: &str = "server_run_block block WHERE runs <> (SELECT count(*) FROM server_run run
    WHERE run.account = block.account AND (block.site = x'' OR run.site = block.site) AND run.number / 2048 = block.block)";

/// Where a page begins that has `offset` runs before it: below which number, and how many rows are still stepped over.
///
/// # Complexity
///
/// The blocks of the list, and at most one of them row by row.
pub(super) fn seek(
    tables: &HostTransaction<'_>,
    of: AccountId,
    site: Option<SiteId>,
    offset: i64,
) -> Result<(i64, i64), HostError> {
    // Nothing is gained below that.
    if offset < BLOCK {
        return Ok((i64::MAX, offset));
    }
    let select =
        "SELECT block, runs FROM server_run_block WHERE account = ? AND site = ? ORDER BY block DESC";
    let site = site.map_or_else(|| SqlValue::Blob(Vec::new()), SqlValue::from);
    let blocks =
        rows::all(tables, select, values![of, site], |row| Ok((row.next::<i64>()?, row.next::<i64>()?)))?;
    let mut left = offset;
    for (block, runs) in blocks {
        if left < runs {
            return Ok(((block + 1) * BLOCK, left));
        }
        left -= runs;
    }
    // Past the end there is nothing.
    Ok((0, 0))
}

#[cfg(test)]
mod tests {
    use super::super::{Made, NewAccount, Repository};
    use super::*;
    use crate::http::page::Window;

    #[test]
    fn the_statements_speak_of_blocks_of_one_size() {
        for sql in [STEP, STRAY] {
            assert_eq!(sql.matches("number / ").count(), sql.matches(&format!("number / {BLOCK}")).count());
        }
    }

    #[tokio::test]
    async fn a_page_far_down_is_the_one_that_stepping_over_every_row_finds() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repository::open(folder.path().join("runs.flowrun")).unwrap();
        let account = repo.create_account(NewAccount::new("a")).await.unwrap().unwrap().id;
        let mut sites = Vec::new();
        for url in ["https://a.example", "https://b.example"] {
            let made = repo.create_site(account, url.to_owned(), None, Vec::new()).await.unwrap();
            let Made::Done(site) = made else { panic!("a site") };
            sites.push(site.id);
        }
        // Rows of two sites in turns, with gaps and whole blocks that are gone.
        let values = values![account, sites[0], sites[1]].to_vec();
        let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
            INSERT INTO server_run (account, id, flow, site, title, created)
            SELECT ?1, randomblob(16), x'', iif(i % 3 = 0, ?2, ?3), '', 0 FROM n";
        let delete = "DELETE FROM server_run WHERE number % 7 = 0 OR number BETWEEN 9000 AND 18000";
        let change = move |tables: &HostTransaction<'_>| {
            tables.execute(insert, &values)?;
            tables.execute(delete, &[])
        };
        repo.write(change).await.unwrap();
        let strays = |repo: &Repository| {
            let count = format!("SELECT count(*) FROM {STRAY}");
            repo.read(|tables| rows::value::<i64>(tables, &count, &[])).unwrap()
        };
        assert_eq!(strays(&repo), 0);

        for site in [None, Some(sites[0]), Some(sites[1])] {
            for offset in [0, 1, 4095, 4096, 4097, 8000, 11_999, 12_000, 17_000, 17_998, 20_000, i64::MAX] {
                let plain = "SELECT id FROM server_run WHERE account = ?1 AND (?2 IS NULL OR site = ?2)
                    ORDER BY number DESC LIMIT 3 OFFSET ?3";
                let expected: Vec<flowrun::RunId> = repo
                    .read(|tables| rows::all(tables, plain, values![account, site, offset], rows::Row::next))
                    .unwrap();
                let window = Window { limit: 3, offset: offset.unsigned_abs() };
                let (_, found) = repo.runs(account, site, window).unwrap();
                let found: Vec<_> = found.into_iter().map(|row| row.id).collect();
                assert_eq!(found, expected, "{site:?} {offset}");
            }
        }
        // A count that is wrong is seen by whoever verifies the store.
        let wrong = "UPDATE server_run_block SET runs = runs + 1 WHERE site = x''";
        assert!(repo.write(move |tables| tables.execute(wrong, &[])).await.unwrap() > 1);
        assert!(strays(&repo) > 1);
    }
}
