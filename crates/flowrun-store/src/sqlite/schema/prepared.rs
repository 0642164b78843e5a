//! Statements that are kept.

use rusqlite::StatementStatus;

use super::*;

#[test]
fn a_kept_statement_is_not_prepared_again_for_other_values() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("runs.flowrun"));
    std::fs::File::create(&options.path).unwrap();
    make(&options.path).unwrap();
    let (writer, reader) = (writer(&options).unwrap(), reader(&options).unwrap());
    for connection in [writer, reader] {
        let mut again = Vec::new();
        for sql in [
            "SELECT number FROM run WHERE id = ?1",
            "SELECT run FROM state WHERE status = ?1",
            "SELECT number FROM run WHERE id = ?1 AND (title IS NULL OR title > ?1)",
            "SELECT seq FROM decision WHERE run = ?1 AND seq > ?1 ORDER BY seq LIMIT ?1",
            "SELECT number FROM run WHERE (?1 IS NULL OR id = ?1)",
            "SELECT number FROM run WHERE created BETWEEN ?1 AND ?1",
            "SELECT number FROM run WHERE created > ?1 ORDER BY created LIMIT ?1 OFFSET ?1",
        ] {
            let mut statement = connection.prepare(sql).unwrap();
            for value in 0..3 {
                assert!(!statement.exists([value]).unwrap());
            }
            if statement.get_status(StatementStatus::RePrepare) > 0 {
                again.push(sql);
            }
        }
        assert_eq!(again, [""; 0]);
    }
}
