//! From the rows of a statement to what they mean.

use flowrun::{HostError, HostTransaction, RunId, SqlValue, Timestamp};

/// The values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$(flowrun::SqlValue::from($value)),*]
    };
}
pub(super) use values;

/// A row, read from its first column on.
pub(super) struct Row(std::vec::IntoIter<SqlValue>);

impl Row {
    /// The value of the next column.
    pub(super) fn next<T: Column>(&mut self) -> Result<T, HostError> {
        let value = self.0.next().ok_or("a row has fewer columns than are read")?;
        T::of(value).ok_or_else(|| "a column holds what was not written there".into())
    }
}

/// What stands in a column.
pub(super) trait Column: Sized {
    fn of(value: SqlValue) -> Option<Self>;
}

impl Column for i64 {
    fn of(value: SqlValue) -> Option<Self> {
        value.as_integer()
    }
}

impl Column for u64 {
    fn of(value: SqlValue) -> Option<Self> {
        value.as_integer()?.try_into().ok()
    }
}

impl Column for bool {
    fn of(value: SqlValue) -> Option<Self> {
        Some(value.as_integer()? != 0)
    }
}

impl Column for Timestamp {
    fn of(value: SqlValue) -> Option<Self> {
        value.as_integer().map(Self::from_micros)
    }
}

impl Column for String {
    fn of(value: SqlValue) -> Option<Self> {
        if let SqlValue::Text(text) = value { Some(text) } else { None }
    }
}

impl<const BYTES: usize> Column for [u8; BYTES] {
    fn of(value: SqlValue) -> Option<Self> {
        if let SqlValue::Blob(bytes) = value { bytes.try_into().ok() } else { None }
    }
}

impl Column for RunId {
    fn of(value: SqlValue) -> Option<Self> {
        Column::of(value).map(Self::from_bytes)
    }
}

impl<T: Column> Column for Option<T> {
    fn of(value: SqlValue) -> Option<Self> {
        if value == SqlValue::Null { Some(None) } else { T::of(value).map(Some) }
    }
}

/// Every row of a statement.
pub(super) fn all<T>(
    tables: &HostTransaction<'_>,
    sql: &str,
    values: &[SqlValue],
    read: impl Fn(&mut Row) -> Result<T, HostError>,
) -> Result<Vec<T>, HostError> {
    tables.query(sql, values)?.into_iter().map(|row| read(&mut Row(row.into_iter()))).collect()
}

/// The first row of a statement, if it has one.
pub(super) fn first<T>(
    tables: &HostTransaction<'_>,
    sql: &str,
    values: &[SqlValue],
    read: impl Fn(&mut Row) -> Result<T, HostError>,
) -> Result<Option<T>, HostError> {
    let row = tables.query(sql, values)?.into_iter().next();
    row.map(|row| read(&mut Row(row.into_iter()))).transpose()
}

/// The one value of a statement that always has a row.
pub(super) fn value<T: Column>(
    tables: &HostTransaction<'_>,
    sql: &str,
    values: &[SqlValue],
) -> Result<T, HostError> {
    first(tables, sql, values, Row::next)?.ok_or_else(|| "a row that is needed is not there".into())
}

/// Whether a statement has a row.
pub(super) fn exists(
    tables: &HostTransaction<'_>,
    sql: &str,
    values: &[SqlValue],
) -> Result<bool, HostError> {
    Ok(!tables.query(sql, values)?.is_empty())
}
