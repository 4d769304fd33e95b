//! What the imported trails cover. Each batch adds a row under the version that it makes, so that a job in progress loads the
//! coverage of its activity. Rows that no job tells apart are merged from time to time.

use std::collections::BTreeSet;

use advisor_core::Coverage;
use rusqlite::Row;
use serde::Deserialize;
use service_catalog::CatalogFingerprint;

use crate::error::Fault;
use crate::job_rows;
use crate::tables::COVERAGE;
use crate::transaction::{Reader, Writer};

/// The number of rows after which they are merged.
const MOST_ROWS: usize = 32;

/// The part of a row's JSON that is read often.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Catalogs {
    catalogs: Vec<String>,
}

/// Loads the coverage as of a version.
pub(crate) fn load(reader: &Reader<'_>, version: i64) -> Result<Coverage, Fault> {
    let mut coverage = Coverage::new();
    reader.each(&COVERAGE, |row| {
        if row.get::<_, i64>(0)? <= version {
            let part: Coverage = json(row)?;
            coverage.merge(&part);
        }
        Ok(())
    })?;
    Ok(coverage)
}

/// The catalogs that credited the activity.
pub(crate) fn catalogs(reader: &Reader<'_>) -> Result<BTreeSet<CatalogFingerprint>, Fault> {
    let mut catalogs = BTreeSet::new();
    reader.each(&COVERAGE, |row| {
        let found: Catalogs = json(row)?;
        for text in found.catalogs {
            catalogs.insert(text.parse().map_err(|error| COVERAGE.invalid(row, error))?);
        }
        Ok(())
    })?;
    Ok(catalogs)
}

fn json<T: for<'a> Deserialize<'a>>(row: &Row<'_>) -> Result<T, Fault> {
    let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text).map_err(|error| COVERAGE.invalid(row, error))
}

/// Adds the coverage of the batch that makes a version.
pub(crate) fn add(writer: &Writer<'_>, version: i64, coverage: &Coverage) -> Result<(), Fault> {
    // Another import may have credited the store by another catalog since this one began.
    for known in catalogs(writer)? {
        coverage.check_catalog(known)?;
    }
    insert(writer, version, coverage)?;
    merge_rows(writer, version)
}

fn insert(writer: &Writer<'_>, version: i64, coverage: &Coverage) -> Result<(), Fault> {
    let json = serde_json::to_string(coverage)
        .map_err(|error| Fault::damaged_by("the coverage of a batch", error))?;
    writer.insert(&COVERAGE, &[&version, &json])
}

/// Merges the rows up to the oldest version that a job in progress needs, if there are many.
fn merge_rows(writer: &Writer<'_>, current: i64) -> Result<(), Fault> {
    let jobs = job_rows::in_progress(writer)?;
    let needed = jobs.iter().map(|row| row.activity_version);
    let version = needed.fold(current, i64::min);
    let condition = "WHERE version <= ?1";
    let rows = writer.rows(&COVERAGE, condition, [version], |_| Ok(()))?;
    if rows.len() > MOST_ROWS {
        let merged = load(writer, version)?;
        writer.delete(&COVERAGE, "version <= ?1", [version])?;
        insert(writer, version, &merged)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use advisor_core::{EventCategory, Granularity, Job, JobState};
    use chrono::DateTime;

    use super::*;
    use crate::database::Database;
    use crate::error::StoreError;
    use crate::job_rows::JobRow;
    use crate::tables::JOBS;

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
        let job = |version: i64| {
            let job = Job {
                id: version.to_string().as_str().into(),
                owner: String::new(),
                account: "111122223333".into(),
                arn: String::new(),
                granularity: Granularity::Service,
                created: DateTime::UNIX_EPOCH,
                state: JobState::InProgress,
            };
            JobRow::new(job, 1, version)
        };
        database
            .write(|writer| {
                for version in 1..=100 {
                    add(writer, version, &day(version))?;
                    if version == 40 || version == 70 {
                        job(version).write(writer, None)?;
                    }
                    for seen in [40, 70, version].into_iter().filter(|it| *it <= version) {
                        let known = load(writer, seen)?;
                        assert_eq!(days(&known), usize::try_from(seen).unwrap());
                    }
                }
                let count = || {
                    writer
                        .rows(&COVERAGE, "", [], |_| Ok(()))
                        .map(|rows| rows.len())
                };
                assert!(count()? < 100);
                writer.delete(&JOBS, "status = 'IN_PROGRESS'", [])?;
                add(writer, 101, &day(101))?;
                assert_eq!(count()?, 1);
                assert_eq!(days(&load(writer, 101)?), 101);
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
            database.write(|writer| super::add(writer, version, coverage))
        };
        add(1, &of_catalog(first)).unwrap();
        let error = add(2, &of_catalog(second)).unwrap_err();
        assert!(matches!(error, StoreError::Catalog { .. }), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(first) && error.contains(second), "{error}");
        // Other engines say nothing.
        add(2, &day(2)).unwrap();
        let known = database.read(catalogs).unwrap();
        assert_eq!(known, BTreeSet::from([first.parse().unwrap()]));
    }
}
