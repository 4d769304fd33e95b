//! Tables whose rows carry checksums.
//!
//! SQLite notices damage to the structure of its pages, not to the values in them. So each row has a
//! checksum over its table's name and its values, in the column `row_checksum`, and the sum of these
//! checksums is in `meta`: a row that is missing, or there twice, shows too.

use std::fmt::{self, Write};
use std::sync::OnceLock;

use libdeflater::Crc;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::error::Fault;

/// A table: its columns without `row_checksum`, of which the first `key` are the primary key.
#[derive(Debug)]
pub(crate) struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    key: usize,
    /// Whether rows are found by another index than the primary key.
    pub(crate) is_indexed: bool,
    select_row: OnceLock<String>,
    insert: OnceLock<String>,
    replace: OnceLock<String>,
}

impl Table {
    pub(crate) const fn new(
        name: &'static str,
        columns: &'static [&'static str],
        key: usize,
    ) -> Self {
        Self {
            name,
            columns,
            key,
            is_indexed: false,
            select_row: OnceLock::new(),
            insert: OnceLock::new(),
            replace: OnceLock::new(),
        }
    }

    /// A table with another index.
    pub(crate) const fn indexed(mut self) -> Self {
        self.is_indexed = true;
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The columns, with commas between them.
    pub(crate) fn columns(&self) -> String {
        self.columns.join(", ")
    }

    /// Selects whole rows, in the order of [`Table::columns`]; `rest` is what follows the name of the table.
    pub(crate) fn select(&self, rest: &str) -> String {
        let Self { name, columns, .. } = self;
        format!(
            "SELECT {}, row_checksum FROM {name} {rest}",
            columns.join(", ")
        )
    }

    /// Selects all rows, in the order of their keys.
    pub(crate) fn select_all(&self) -> String {
        let key = self.columns.iter().take(self.key);
        let key: Vec<&str> = key.copied().collect();
        self.select(&format!("ORDER BY {}", key.join(", ")))
    }

    /// Selects the row with a key: a parameter for each of its columns.
    pub(crate) fn select_row(&self) -> &str {
        self.select_row.get_or_init(|| {
            let key = self.columns.iter().take(self.key);
            let terms: Vec<String> = key.map(|column| format!("{column} = ?")).collect();
            self.select(&format!("WHERE {}", terms.join(" AND ")))
        })
    }

    /// Inserts a row: a parameter for each column and one for the checksum.
    pub(crate) fn insert(&self) -> &str {
        self.insert.get_or_init(|| self.write("INSERT"))
    }

    /// Replaces the row with the same key.
    pub(crate) fn replace(&self) -> &str {
        self.replace.get_or_init(|| self.write("REPLACE"))
    }

    fn write(&self, verb: &str) -> String {
        let Self { name, columns, .. } = self;
        let parameters = vec!["?"; columns.len() + 1].join(", ");
        format!(
            "{verb} INTO {name} ({}, row_checksum) VALUES ({parameters})",
            columns.join(", ")
        )
    }

    /// The checksum of a row with these values: a CRC-32, so that no burst of up to 32 flipped bits goes unnoticed.
    pub(crate) fn checksum<'v>(&self, values: impl IntoIterator<Item = ValueRef<'v>>) -> i64 {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(self.name.as_bytes());
        let mut add = |kind: u8, value: &[u8]| {
            bytes.push(kind);
            bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
            bytes.extend_from_slice(value);
        };
        for value in values {
            match value {
                ValueRef::Null => add(0, &[]),
                ValueRef::Integer(value) => add(1, &value.to_le_bytes()),
                ValueRef::Real(value) => add(2, &value.to_le_bytes()),
                ValueRef::Text(value) => add(3, value),
                ValueRef::Blob(value) => add(4, value),
            }
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        i64::from(crc.sum())
    }

    /// Checks a row that was selected by [`Table::select`], and returns its checksum.
    pub(crate) fn check(&self, row: &Row<'_>) -> Result<i64, Fault> {
        let count = self.columns.len();
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            values.push(row.get_ref(index)?);
        }
        let checksum = self.checksum(values);
        match row.get_ref(count)? {
            ValueRef::Integer(stored) if stored == checksum => Ok(checksum),
            _ => Err(Fault::damaged(format!(
                "the checksum of {} does not match",
                self.describe(row)
            ))),
        }
    }

    /// The error that a row with a valid checksum holds something that this code did not write.
    pub(crate) fn invalid(
        &self,
        row: &Row<'_>,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Fault {
        Fault::damaged_by(self.describe(row), error)
    }

    /// The error that a column of a row holds a value that this version does not know.
    pub(crate) fn unknown(&self, row: &Row<'_>, column: &str, value: impl fmt::Debug) -> Fault {
        let message = format!("{column} is {value:?}, which is not known");
        self.invalid(row, std::io::Error::other(message))
    }

    /// The table and the key of a row, for messages.
    fn describe(&self, row: &Row<'_>) -> String {
        let mut text = format!("the row of table {} with", self.name);
        for (index, column) in self.columns.iter().take(self.key).enumerate() {
            let separator = if index == 0 { ' ' } else { ',' };
            // Writing to a String cannot fail.
            _ = match row.get_ref(index) {
                Ok(ValueRef::Integer(value)) => write!(text, "{separator}{column} {value}"),
                Ok(ValueRef::Text(value)) => {
                    let value = String::from_utf8_lossy(value);
                    write!(text, "{separator}{column} {value:?}")
                }
                _ => write!(text, "{separator}{column} unknown"),
            };
        }
        text
    }
}
