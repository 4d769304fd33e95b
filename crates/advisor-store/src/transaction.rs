//! Transactions that check the rows that they read, and keep the sums of the tables' checksums.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Params, Row, Transaction, params_from_iter};

use crate::error::Fault;
use crate::table::Table;
use crate::tables::{META, SUMMED};

/// The name in `meta` of the number of write transactions.
pub(crate) const WRITES: &str = "writes";

/// The tables whose sum of checksums was compared since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Verified(Mutex<Vec<&'static str>>);

/// A transaction that reads.
pub(crate) struct Reader<'t> {
    transaction: &'t Transaction<'t>,
    verified: &'t Verified,
    /// By how much the transaction has changed the sums of tables.
    changes: RefCell<BTreeMap<&'static str, i64>>,
}

/// A transaction that writes.
pub(crate) struct Writer<'t>(Reader<'t>);

impl<'t> Reader<'t> {
    pub(crate) fn new(transaction: &'t Transaction<'t>, verified: &'t Verified) -> Self {
        Self {
            transaction,
            verified,
            changes: RefCell::default(),
        }
    }

    /// Reads the rows that a condition selects; `rest` is what follows the name of the table. The first time, all rows of the
    /// table are checked: a missing row would look as if it had never been there.
    pub(crate) fn rows<T>(
        &self,
        table: &'static Table,
        rest: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.verify(table)?;
        self.unverified_rows(table, rest, params, read)
    }

    /// Reads the row with a key. The first time, all rows of the table are checked.
    pub(crate) fn row<T>(
        &self,
        table: &'static Table,
        key: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.verify(table)?;
        self.unverified_row(table, key, read)
    }

    /// As [`Reader::rows`], for rows whose absence does not matter or shows elsewhere.
    pub(crate) fn unverified_rows<T>(
        &self,
        table: &Table,
        rest: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut statement = self.transaction.prepare_cached(&table.select(rest))?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            table.check(row)?;
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// As [`Reader::row`], for a row whose absence does not matter or shows elsewhere.
    pub(crate) fn unverified_row<T>(
        &self,
        table: &Table,
        key: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut statement = self.transaction.prepare_cached(table.select_row())?;
        let mut rows = statement.query(key)?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        table.check(row)?;
        read(row).map(Some)
    }

    /// Visits all rows of a table in the order of their keys, and checks that none is missing.
    pub(crate) fn each(
        &self,
        table: &'static Table,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.transaction.prepare_cached(&table.select_all())?;
        let mut rows = statement.query([])?;
        let mut sum = 0_i64;
        while let Some(row) = rows.next()? {
            sum = sum.wrapping_add(table.check(row)?);
            visit(row)?;
        }
        let change = self.changes.borrow().get(table.name()).copied();
        let expected = self.number(&sum_name(table.name()))?;
        if sum != expected.wrapping_add(change.unwrap_or(0)) {
            let what = "rows are missing, or are there twice";
            return Err(Fault::damaged(format!("table {}: {what}", table.name())));
        }
        let mut verified = self.verified.lock();
        if !verified.contains(&table.name()) {
            verified.push(table.name());
        }
        Ok(())
    }

    /// The greatest id in a table; 0 when it is empty.
    pub(crate) fn greatest_id(&self, table: &Table) -> Result<i64, Fault> {
        let query = format!("SELECT coalesce(max(id), 0) FROM {}", table.name());
        Ok(self.transaction.query_row(&query, [], |row| row.get(0))?)
    }

    fn verify(&self, table: &'static Table) -> Result<(), Fault> {
        let is_verified = self.verified.lock().contains(&table.name());
        if is_verified {
            return Ok(());
        }
        if table.is_indexed {
            // A row that is missing in an index shows in no sum.
            let check = format!("PRAGMA integrity_check({})", table.name());
            let soundness: String = (self.transaction).query_row(&check, [], |row| row.get(0))?;
            if soundness != "ok" {
                return Err(Fault::damaged(format!(
                    "table {}: {soundness}",
                    table.name()
                )));
            }
        }
        self.each(table, |_| Ok(()))
    }

    /// The value of a name in `meta`.
    pub(crate) fn meta<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<T, Fault> {
        let value = self.unverified_row(&META, [name], |row| {
            row.get(1).map_err(|error| META.invalid(row, error))
        })?;
        value.ok_or_else(|| Fault::damaged(format!("table meta has no row with name {name:?}")))
    }

    /// The number of a name in `meta`.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Fault> {
        self.meta(name)
    }
}

impl<'t> Writer<'t> {
    pub(crate) fn new(reader: Reader<'t>) -> Self {
        Self(reader)
    }

    /// Inserts a row, with a value for each column.
    pub(crate) fn insert(&self, table: &Table, values: &[&dyn ToSql]) -> Result<(), Fault> {
        let checksum = self.execute(table, table.insert(), values)?;
        self.change(table, checksum);
        Ok(())
    }

    /// Replaces the row with the same key, which had a checksum.
    pub(crate) fn replace(
        &self,
        table: &Table,
        checksum: i64,
        values: &[&dyn ToSql],
    ) -> Result<(), Fault> {
        let new = self.execute(table, table.replace(), values)?;
        self.change(table, new.wrapping_sub(checksum));
        Ok(())
    }

    /// As [`Writer::insert`], with values of a row.
    pub(crate) fn insert_values(
        &self,
        table: &Table,
        values: &[ValueRef<'_>],
    ) -> Result<(), Fault> {
        let values: Vec<_> = values
            .iter()
            .map(|value| ToSqlOutput::Borrowed(*value))
            .collect();
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        self.insert(table, &values)
    }

    fn execute(&self, table: &Table, sql: &str, values: &[&dyn ToSql]) -> Result<i64, Fault> {
        let values: Vec<ToSqlOutput<'_>> = values
            .iter()
            .map(ToSql::to_sql)
            .collect::<rusqlite::Result<_>>()?;
        let checksum = table.checksum(values.iter().map(|value| match value {
            ToSqlOutput::Borrowed(value) => *value,
            ToSqlOutput::Owned(value) => value.into(),
            _ => ValueRef::Null,
        }));
        let checksum_value = ToSqlOutput::from(checksum);
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.execute(params_from_iter(values.iter().chain([&checksum_value])))?;
        Ok(checksum)
    }

    /// Deletes the rows that a condition selects, and returns their number.
    pub(crate) fn delete(
        &self,
        table: &Table,
        condition: &str,
        params: impl Params,
    ) -> Result<usize, Fault> {
        let name = table.name();
        let delete = format!("DELETE FROM {name} WHERE {condition} RETURNING row_checksum");
        let mut statement = self.transaction.prepare_cached(&delete)?;
        let checksums = statement.query_map(params, |row| row.get::<_, i64>(0))?;
        let mut deleted = 0;
        for checksum in checksums {
            self.change(table, checksum?.wrapping_neg());
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Adds a name to `meta`, which has no sum.
    pub(crate) fn insert_meta(&self, name: &str, value: &dyn ToSql) -> Result<(), Fault> {
        self.execute(&META, META.insert(), &[&name, value])?;
        Ok(())
    }

    /// Adds the sums of the tables, which are empty.
    pub(crate) fn insert_sums(&self) -> Result<(), Fault> {
        for table in SUMMED {
            self.insert_meta(&sum_name(table.name()), &0)?;
        }
        Ok(())
    }

    /// Sets a number in `meta`.
    pub(crate) fn set_number(&self, name: &str, value: i64) -> Result<(), Fault> {
        self.execute(&META, META.replace(), &[&name, &value])?;
        Ok(())
    }

    fn change(&self, table: &Table, by: i64) {
        let mut changes = self.changes.borrow_mut();
        let sum = changes.entry(table.name()).or_default();
        *sum = sum.wrapping_add(by);
    }

    /// Writes the sums, and counts the transaction. Called once, before the transaction is committed.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        for (table, change) in self.changes.take() {
            if change != 0 {
                let name = sum_name(table);
                let sum = self.number(&name)?;
                self.set_number(&name, sum.wrapping_add(change))?;
            }
        }
        let writes = self.unverified_row(&META, [WRITES], |row| Ok(row.get(1)?))?;
        let writes: i64 = writes.unwrap_or_default();
        self.set_number(WRITES, writes.wrapping_add(1))
    }
}

impl<'t> Deref for Writer<'t> {
    type Target = Reader<'t>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Verified {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name in `meta` of a table's sum of checksums.
fn sum_name(table: &str) -> String {
    format!("checksums of {table}")
}
