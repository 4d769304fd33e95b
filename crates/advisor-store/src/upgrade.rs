//! Upgrades of stores that earlier versions made.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, Transaction};

use crate::error::Fault;
use crate::reports::PackedReport;
use crate::table::Table;
use crate::tables::{JOBS, META, REPORTS, SUMMED};
use crate::transaction::{Reader, Verified, Writer};

const SCHEMA_1_TO_2: &str = include_str!("schema_1_to_2.sql");
const SCHEMA_2_TO_3: &str = include_str!("schema_2_to_3.sql");

/// Upgrades a store from a version, in its transaction, to the schema of this version.
pub(crate) fn upgrade(
    transaction: &Transaction<'_>,
    version: i64,
    schema: &str,
) -> Result<(), Fault> {
    // Rows get checksums from here on: damage that is already there must not get a valid one.
    let soundness: String = transaction.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if soundness != "ok" {
        return Err(Fault::damaged(soundness));
    }
    // Version 4 has this table, whatever the file says.
    let is_later: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'reports')",
        [],
        |row| row.get(0),
    )?;
    if is_later {
        return Err(Fault::damaged(format!(
            "schema version {version} with tables of a later one"
        )));
    }
    if version < 2 {
        transaction.execute_batch(SCHEMA_1_TO_2)?;
    }
    if version < 3 {
        transaction.execute_batch(SCHEMA_2_TO_3)?;
    }
    add_checksums(transaction, schema)
}

/// From version 3 to 4: all rows get checksums, and reports are compressed.
fn add_checksums(transaction: &Transaction<'_>, schema: &str) -> Result<(), Fault> {
    for index in ["pictures_by_export", "jobs_in_progress"] {
        transaction.execute_batch(&format!("DROP INDEX {index}"))?;
    }
    // Those of version 3 that version 4 has too.
    let kept = || {
        SUMMED
            .into_iter()
            .chain([&META])
            .filter(|table| table.name() != REPORTS.name())
    };
    for table in kept() {
        let name = table.name();
        transaction.execute_batch(&format!("ALTER TABLE {name} RENAME TO {name}_3"))?;
    }
    transaction.execute_batch(schema)?;
    let verified = Verified::default();
    let writer = Writer::new(Reader::new(transaction, &verified));
    writer.insert_sums()?;
    for table in kept().filter(|table| ![JOBS.name(), META.name()].contains(&table.name())) {
        let select = format!("SELECT {} FROM {}_3", table.columns(), table.name());
        let mut statement = transaction.prepare(&select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            copy(&writer, table, row)?;
        }
    }
    copy_meta(transaction, &writer)?;
    copy_jobs(transaction, &writer)?;
    writer.finish()?;
    transaction.execute_batch("DROP TABLE job_services")?;
    // A table that another one refers to is dropped after it.
    for table in ["pictures", "activity"] {
        transaction.execute_batch(&format!("DROP TABLE {table}_3"))?;
    }
    for table in kept().filter(|table| !["pictures", "activity"].contains(&table.name())) {
        transaction.execute_batch(&format!("DROP TABLE {}_3", table.name()))?;
    }
    Ok(())
}

fn copy(writer: &Writer<'_>, table: &Table, row: &Row<'_>) -> Result<(), Fault> {
    let mut values = Vec::with_capacity(table.width());
    for index in 0..table.width() {
        values.push(row.get_ref(index)?);
    }
    writer.insert_values(table, &values)
}

fn copy_meta(transaction: &Transaction<'_>, writer: &Writer<'_>) -> Result<(), Fault> {
    let mut statement = transaction.prepare("SELECT name, value FROM meta_3")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        writer.insert_meta(&name, &row.get::<_, Value>(1)?)?;
    }
    Ok(())
}

/// Copies the jobs, and compresses their reports.
fn copy_jobs(transaction: &Transaction<'_>, writer: &Writer<'_>) -> Result<(), Fault> {
    let mut statement = transaction.prepare(
        "SELECT id, owner, account, arn, granularity, created, status, completed, error_code,
                error_message, generation, activity_version, services, entities
         FROM jobs_3",
    )?;
    let mut services = transaction
        .prepare("SELECT namespace, row FROM job_services WHERE job = ?1 ORDER BY position")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let entities: Option<String> = row.get(13)?;
        let mut bytes = 0_usize;
        if let Some(entities) = entities {
            let listed = services.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let listed = listed.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
            let report = PackedReport::of(&listed, &entities);
            bytes = report.size();
            report.insert(writer, id)?;
        }
        let mut values = Vec::with_capacity(JOBS.width());
        for index in 0..13 {
            values.push(row.get_ref(index)?);
        }
        values.push(ValueRef::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)));
        // Version 3 kept neither what was not evaluated nor how many actions are undecided.
        values.extend([ValueRef::Integer(0), ValueRef::Integer(0)]);
        writer.insert_values(&JOBS, &values)?;
    }
    Ok(())
}
