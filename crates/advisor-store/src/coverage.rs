//! What the imported trails cover. Each batch adds a row under the version that it makes, so that a job in progress loads the
//! coverage of its activity. Rows that no job tells apart are merged from time to time.

use std::collections::BTreeSet;

use advisor_core::Coverage;
use rusqlite::{Error, Transaction};
use service_catalog::CatalogFingerprint;

/// The number of rows after which they are merged.
const MOST_ROWS: i64 = 32;

/// Loads the coverage as of a version.
pub(crate) fn load(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<Coverage> {
    let query = "SELECT coverage FROM coverage WHERE version <= ?1";
    let mut statement = transaction.prepare(query)?;
    let mut rows = statement.query([version])?;
    let mut coverage = Coverage::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(0)?.as_str()?;
        let part = serde_json::from_str(json).map_err(|error| invalid(error.into()))?;
        coverage.merge(&part);
    }
    Ok(coverage)
}

/// The catalogs that credited the activity.
pub(crate) fn catalogs(
    transaction: &Transaction<'_>,
) -> rusqlite::Result<BTreeSet<CatalogFingerprint>> {
    let mut statement = transaction.prepare_cached(
        "SELECT DISTINCT value FROM coverage, json_each(coverage.coverage, '$.Catalogs')",
    )?;
    let mut rows = statement.query([])?;
    let mut catalogs = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str()?;
        catalogs.insert(text.parse().map_err(|error| invalid(Box::new(error)))?);
    }
    Ok(catalogs)
}

/// Adds the coverage of the batch that makes a version.
pub(crate) fn add(
    transaction: &Transaction<'_>,
    version: i64,
    coverage: &Coverage,
) -> rusqlite::Result<()> {
    // Another import may have credited the store by another catalog since this one began.
    for known in catalogs(transaction)? {
        let checked = coverage.check_catalog(known);
        checked.map_err(|error| invalid(Box::new(error)))?;
    }
    insert(transaction, version, coverage)?;
    merge_rows(transaction, version)
}

fn insert(
    transaction: &Transaction<'_>,
    version: i64,
    coverage: &Coverage,
) -> rusqlite::Result<()> {
    let json = serde_json::to_string(coverage).map_err(|error| invalid(error.into()))?;
    let insert = "INSERT INTO coverage (version, coverage) VALUES (?1, ?2)";
    transaction.execute(insert, (version, json))?;
    Ok(())
}

/// Merges the rows up to the oldest version that a job in progress needs, if there are many.
fn merge_rows(transaction: &Transaction<'_>, current: i64) -> rusqlite::Result<()> {
    let oldest_needed: Option<i64> = transaction.query_row(
        "SELECT min(activity_version) FROM jobs WHERE status = 'IN_PROGRESS'",
        [],
        |row| row.get(0),
    )?;
    let version = oldest_needed.map_or(current, |oldest| oldest.min(current));
    let count = "SELECT count(*) FROM coverage WHERE version <= ?1";
    let rows: i64 = transaction.query_row(count, [version], |row| row.get(0))?;
    if rows > MOST_ROWS {
        let merged = load(transaction, version)?;
        transaction.execute("DELETE FROM coverage WHERE version <= ?1", [version])?;
        insert(transaction, version, &merged)?;
    }
    Ok(())
}

fn invalid(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::UserFunctionError(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use advisor_core::EventCategory;

    use super::*;
    use crate::database::Database;

    fn day(day: i64) -> Coverage {
        let mut coverage = Coverage::new();
        let day = i32::try_from(day).unwrap();
        coverage.see_record(
            "111122223333",
            "eu-west-1",
            EventCategory::ManagementRead,
            day,
        );
        coverage
    }

    fn days(coverage: &Coverage) -> usize {
        coverage.covered_days("111122223333").len()
    }

    #[test]
    fn a_job_in_progress_never_sees_a_later_batch() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_or_create(&folder.path().join("store.db")).unwrap();
        let job = "INSERT INTO jobs (id, owner, account, arn, granularity, created, status, generation, activity_version)
                   VALUES (?1, '', '', '', '', 0, 'IN_PROGRESS', 1, ?1)";
        database
            .write(|transaction| {
                for version in 1..=100 {
                    add(transaction, version, &day(version))?;
                    if version == 40 || version == 70 {
                        transaction.execute(job, [version])?;
                    }
                    for seen in [40, 70, version].into_iter().filter(|it| *it <= version) {
                        let known = load(transaction, seen)?;
                        assert_eq!(days(&known), usize::try_from(seen).unwrap());
                    }
                }
                let rows = "SELECT count(*) FROM coverage";
                let count = |rows| transaction.query_row(rows, [], |row| row.get::<_, i64>(0));
                assert!(count(rows)? < 100);
                transaction.execute("DELETE FROM jobs", [])?;
                add(transaction, 101, &day(101))?;
                assert_eq!(count(rows)?, 1);
                assert_eq!(days(&load(transaction, 101)?), 101);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_second_catalog_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_or_create(&folder.path().join("store.db")).unwrap();
        let of_catalog = |text: &str| {
            let mut coverage = day(1);
            coverage.see_catalog(text.parse().unwrap());
            coverage
        };
        let (first, second) = ("0000000000000001", "0000000000000002");
        let add = |version, coverage: &Coverage| {
            database.write(|transaction| super::add(transaction, version, coverage))
        };
        add(1, &of_catalog(first)).unwrap();
        let error = add(2, &of_catalog(second)).unwrap_err().to_string();
        assert!(error.contains(first) && error.contains(second), "{error}");
        // Other engines say nothing.
        add(2, &day(2)).unwrap();
        let known = database.read(catalogs).unwrap();
        assert_eq!(known, BTreeSet::from([first.parse().unwrap()]));
    }
}
