//! A store with many runs. They are made by copying the rows of one that has ended, in minutes instead of hours; what
//! they have not is a journal, which no list reads.

use std::path::Path;

use rusqlite::Connection;

/// Copies the one run in the store in `folder` until there are `runs`.
pub(super) fn fill(folder: &Path, runs: usize) {
    let file = Connection::open(folder.join("runs.flowrun")).expect("the store is there");
    file.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN")
        .expect("nobody else has it");
    let fresh = "CREATE TEMP TABLE fresh AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        SELECT i, randomblob(16) AS id FROM n";
    let more = runs - 1;
    file.execute(fresh, [more as i64]).expect("it is SQL");
    copy(&file, "run", &[("number", "number + i"), ("id", "fresh.id")]);
    copy(&file, "state", &[("run", "run + i")]);
    copy(&file, "server_run", &[("number", "number + i"), ("id", "fresh.id")]);
    let counts = format!(
        "UPDATE server_account SET runs = runs + {more}, flowruns = flowruns + {more};
         UPDATE server_site SET runs = runs + {more}; COMMIT"
    );
    file.execute_batch(&counts).expect("the rows are there");
}

/// Copies the row of a table for each fresh id, with these values changed.
fn copy(file: &Connection, table: &str, changed: &[(&str, &str)]) {
    let mut columns = file.prepare("SELECT name FROM pragma_table_info(?1)").expect("it is SQL");
    let columns = columns.query_map([table], |row| row.get::<_, String>(0)).expect("it is SQL");
    let values: Vec<String> = columns
        .map(|name| {
            let name = name.expect("a name is text");
            let value = changed.iter().find(|(column, _)| *column == name);
            value.map_or_else(|| format!("{table}.{name}"), |(_, value)| (*value).to_owned())
        })
        .collect();
    let insert = format!(
        "INSERT INTO {table} SELECT {} FROM (SELECT * FROM {table} LIMIT 1) AS {table}, fresh",
        values.join(", ")
    );
    file.execute(&insert, []).expect("every copy has an id of its own");
}
