//! The queries of `access-advisor activity sql`, run by the engines they are for, against what the
//! reader makes of the same objects.
//!
//! Needs `.venv`, which `cargo xtask test` makes; without it the tests say that they are skipped.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use access_advisor::activity::{
    Activity, ActivityRow, CreditedAction, DaySet, Evidence, Principal,
};
use access_advisor::catalog::Catalog;
use access_advisor::sql::{ActivityQuery, Dialect, QueryError, Records};
use access_advisor::time;
use access_advisor::trail::TrailReader;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A script of `tests/sql`.
fn script(name: &str) -> PathBuf {
    root()
        .join("crates/access-advisor-cli/tests/sql")
        .join(name)
}

/// `.venv`'s Python, when it has a module.
fn python(module: &str) -> Option<PathBuf> {
    let python = root().join(".venv/bin/python");
    let has_module = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_module {
        println!("skipped: .venv has no {module}; cargo xtask test makes it");
    }
    has_module.then_some(python)
}

fn query(dialect: Dialect, records: Records, catalog: Option<&Catalog>) -> ActivityQuery<'_> {
    ActivityQuery::new(dialect, records).catalog(catalog)
}

fn objects(folder: &Path, glob: &str) -> Records {
    Records::Objects(folder.join(glob).to_str().unwrap().to_owned())
}

/// The answers of a driver of `tests/sql` to some queries.
fn run(python: &Path, driver: &str, queries: &[ActivityQuery<'_>]) -> Vec<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg(script(driver));
    for (number, query) in queries.iter().enumerate() {
        let path = folder.path().join(format!("{number}.sql"));
        std::fs::write(&path, query.to_sql().unwrap()).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{driver}: {said}");
    let answers: Vec<Vec<Value>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), queries.len(), "{driver}: {said}");
    answers
}

/// What the reader makes of the objects below a folder.
fn read(folder: &Path) -> Activity {
    let reader = TrailReader::new(Catalog::shared(), Default::default());
    reader.read(&[folder], &|_| ()).unwrap().activity
}

/// The table's rows as the engines give them, in an order.
///
/// Queries credit calls by their names alone. When the ARN was last seen is null where another record shows it, such as the
/// refusal of a VPC endpoint: [`assert_same`] does not compare it then.
fn rows(activity: &Activity) -> Vec<Value> {
    let by_name = |row: &ActivityRow<'_>| {
        let evidence = row.action.evidence();
        matches!(evidence, Evidence::Event | Evidence::UnresolvedEvent)
    };
    let arn_seen = |row: &ActivityRow<'_>| {
        let mut others = activity.rows().filter(|other| !by_name(other));
        let is_beside = others.any(|other| {
            other.principal == row.principal && Some(other.last_millis) == row.arn_seen_millis
        });
        row.arn_seen_millis.filter(|_| !is_beside)
    };
    let row = |row: ActivityRow<'_>| {
        let (action, event) = match row.action {
            CreditedAction::Event(event) => (None, Some(event)),
            credited => (Some(credited.name()), None),
        };
        json!({
            "account_id": row.principal.account,
            "principal_id": row.principal.unique_id,
            "principal_arn": row.principal.arn,
            "principal_arn_seen": arn_seen(&row),
            "service_namespace": row.service,
            "action_name": action,
            "event_name": event,
            "aws_region": row.region,
            "last_accessed": row.last_millis,
            "last_event_id": row.last_event_id,
            "attempts": row.attempts,
            "denied_attempts": row.denied,
            "first_accessed": row.first_millis,
            "days": dates(row.days),
        })
    };
    sorted(activity.rows().filter(by_name).map(row).collect())
}

fn dates(days: &DaySet) -> Vec<String> {
    let dates = days.iter().filter_map(DaySet::date_of);
    dates.map(|date| date.to_string()).collect()
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_cached_key(ToString::to_string);
    rows
}

/// The table that rows of unresolved events stand for: what a reader of such rows must do.
fn resolved(rows: &[Value]) -> Activity {
    let catalog = Catalog::embedded();
    let mut activity = Activity::new();
    for row in rows {
        let text = |column: &str| row[column].as_str();
        let days = row["days"].as_array().unwrap().iter();
        let days = days.map(|date| DaySet::parse(date.as_str().unwrap()).unwrap());
        let source = text("event_source").unwrap();
        let event = text("event_name").unwrap();
        let found = catalog.resolve_event(source, event);
        let label = source.split('.').next().filter(|label| !label.is_empty());
        let taken = activity.add_row(&ActivityRow {
            principal: Principal {
                unique_id: text("principal_id"),
                arn: text("principal_arn"),
                account: text("account_id"),
            },
            arn_seen_millis: row["principal_arn_seen"].as_i64(),
            service: found.service.map_or(label.unwrap_or(source), |id| {
                catalog.service(id).namespace()
            }),
            action: found.action.map_or(CreditedAction::Event(event), |id| {
                CreditedAction::Action(catalog.action(id).name())
            }),
            region: text("aws_region").unwrap(),
            last_millis: row["last_accessed"].as_i64().unwrap(),
            last_event_id: text("last_event_id").unwrap(),
            first_millis: row["first_accessed"].as_i64().unwrap(),
            attempts: row["attempts"].as_u64().unwrap(),
            denied: row["denied_attempts"].as_u64().unwrap(),
            days: &days.collect(),
            days_complete: true,
        });
        assert!(taken, "nobody's: {row}");
    }
    activity
}

/// Each difference by itself: two tables of hundreds of rows say nothing.
fn assert_same(engine: &str, found: &[Value], expected: &[Value]) {
    let is_unseen = |row: &Value| {
        let same = (expected.iter()).filter(|other| other["principal_id"] == row["principal_id"]);
        same.into_iter()
            .any(|other| other["principal_arn_seen"].is_null())
    };
    let found: Vec<Value> = (found.iter().cloned())
        .map(|mut row| {
            if is_unseen(&row) {
                row["principal_arn_seen"] = Value::Null;
            }
            row
        })
        .collect();
    let missing = expected.iter().filter(|row| !found.contains(row));
    let surplus = found.iter().filter(|row| !expected.contains(row));
    let differences: Vec<String> = missing
        .map(|row| format!("missing {row}"))
        .chain(surplus.map(|row| format!("surplus {row}")))
        .collect();
    assert!(
        differences.is_empty(),
        "{engine}:\n{}",
        differences.join("\n")
    );
    assert_eq!(found.len(), expected.len(), "{engine}: rows that are twice");
}

/// The trails that the engines are asked about, with their globs and the reader's tables.
struct Trails {
    folder: tempfile::TempDir,
    trails: Vec<(PathBuf, &'static str)>,
}

impl Trails {
    /// The trail of `testdata`, one of odd records, and, where the shared folder stands beside the
    /// checkout, a real one.
    fn all(python: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("odd");
        let made = Command::new(python)
            .arg(script("odd_trail.py"))
            .arg(&odd)
            .status();
        assert!(made.unwrap().success());
        let mut trails = vec![
            (
                root().join("testdata/trail/AWSLogs"),
                "*/CloudTrail*/*/*/*/*/*.json*",
            ),
            (odd, "*.json*"),
        ];
        let archive = root().join("../shared/data/cloudtrail-attack-simulation-2023-07.tar.xz");
        if archive.is_file() {
            let status = Command::new("tar")
                .arg("-xJf")
                .arg(&archive)
                .arg("-C")
                .arg(folder.path())
                .status();
            assert!(status.unwrap().success());
            trails.push((folder.path().join("CloudTrail"), "*.json"));
        } else {
            println!("without the real trail: there is no shared/data beside the checkout");
        }
        Self { folder, trails }
    }

    /// Holds an engine's rows, with the catalog in the query and without it, to the reader's.
    fn agree(&self, engine: Dialect, python: &Path, driver: &str) {
        assert!(self.folder.path().is_dir());
        let catalog = Catalog::embedded();
        let queries: Vec<ActivityQuery<'_>> = self
            .trails
            .iter()
            .flat_map(|(folder, glob)| {
                [Some(catalog), None].map(|catalog| query(engine, objects(folder, glob), catalog))
            })
            .collect();
        let answers = run(python, driver, &queries);
        for ((folder, _), answers) in self.trails.iter().zip(answers.chunks(2)) {
            let expected = rows(&read(folder));
            assert!(expected.len() > 40, "{}", folder.display());
            let name = format!("{engine}, {}", folder.display());
            assert_same(&name, &sorted(answers[0].clone()), &expected);
            assert_same(
                &format!("{name}, by event"),
                &rows(&resolved(&answers[1])),
                &expected,
            );
        }
    }
}

#[test]
fn duckdb_gives_the_same_rows() {
    let Some(python) = python("duckdb") else {
        return;
    };
    Trails::all(&python).agree(Dialect::DuckDb, &python, "run_duckdb.py");
}

#[test]
fn spark_gives_the_same_rows() {
    let Some(python) = python("pyspark") else {
        return;
    };
    Trails::all(&python).agree(Dialect::Spark, &python, "run_spark.py");
}

#[test]
fn the_command_prints_the_query() {
    let ask = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .args(["activity", "sql", "--dialect"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let table = |name: &str| Records::Table(name.into());
    let since = "2026-01-01T00:00:00Z";
    for (arguments, expected) in [
        (
            vec!["duckdb", "--path", "logs/*.json.gz", "--since", since],
            query(
                Dialect::DuckDb,
                Records::Objects("logs/*.json.gz".into()),
                Some(Catalog::embedded()),
            )
            .since(time::parse(since)),
        ),
        (
            vec!["spark", "--table", "logs", "--by-event"],
            query(Dialect::Spark, table("logs"), None),
        ),
        (
            vec!["athena"],
            query(Dialect::Athena, table("cloudtrail_logs"), None),
        ),
        (
            vec!["cloudtrail-lake", "--table", "0233062b-51c6"],
            query(Dialect::CloudTrailLake, table("0233062b-51c6"), None),
        ),
    ] {
        let output = ask(&arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            expected.to_sql().unwrap()
        );
    }
    for wrong in [
        &["duckdb"][..],
        &["spark"],
        &["cloudtrail-lake"],
        &["athena", "--path", "logs"],
        &["duckdb", "--table", "a;b"],
        &["duckdb", "--table", "a", "--path", "b"],
    ] {
        let output = ask(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

/// No engine of Athena's or Lake's is at hand, so their queries are translated for `DuckDB`, with a
/// table as AWS documents it: what they say is tested, how they say it is checked for syntax.
#[test]
fn athena_and_lake_mean_the_same() {
    let Some(python) = python("sqlglot, duckdb") else {
        return;
    };
    let trails = Trails::all(&python);
    let folder = tempfile::tempdir().unwrap();
    for (dialect, layout, table) in [
        (Dialect::Athena, "athena", "cloudtrail_logs"),
        (Dialect::CloudTrailLake, "lake", "event_data_store"),
    ] {
        let path = folder.path().join("query.sql");
        let sql = query(dialect, Records::Table(table.into()), None)
            .to_sql()
            .unwrap();
        std::fs::write(&path, sql).unwrap();
        for (trail, glob) in &trails.trails {
            let output = Command::new(&python)
                .arg(script("run_trino_on_duckdb.py"))
                .arg(&path)
                .arg(layout)
                .arg(table)
                .arg(trail.join(glob))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{dialect}: {said}");
            let answer: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            assert_same(
                &format!("{dialect}, {}", trail.display()),
                &rows(&resolved(&answer)),
                &rows(&read(trail)),
            );
        }
    }
}

#[test]
fn bounds_leave_out_what_is_older_or_newer() {
    let Some(python) = python("duckdb") else {
        return;
    };
    let trail = root().join("testdata/trail/AWSLogs");
    let since = time::parse("2026-01-12T09:00:00Z").unwrap();
    let until = time::parse("2026-03-12T11:00:00Z").unwrap();
    let whole = query(
        Dialect::DuckDb,
        objects(&trail, "*/CloudTrail/*/*/*/*/*.json*"),
        Some(Catalog::embedded()),
    );
    let bounded = whole.clone().since(since).until(until);
    let answers = run(&python, "run_duckdb.py", &[whole, bounded]);
    assert!(!answers[1].is_empty() && answers[1].len() < answers[0].len());
    let bounds = since.timestamp_millis()..=until.timestamp_millis();
    for row in &answers[1] {
        for column in ["first_accessed", "last_accessed"] {
            assert!(bounds.contains(&row[column].as_i64().unwrap()), "{row}");
        }
    }
}

#[test]
fn every_query_is_sound_in_its_dialect() {
    let Some(python) = python("sqlglot") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let columns = |operation: &str| {
        format!(
            "account_id principal_id principal_arn principal_arn_seen {operation} aws_region \
             last_accessed last_event_id attempts denied_attempts first_accessed days"
        )
    };
    let by_event = &columns("event_source event_name");
    let by_action = &columns("service_namespace action_name event_name");
    let table = |name: &str| Records::Table(name.into());
    let objects = || Records::Objects("logs/o'brien/*.json.gz".into());
    let catalog = Some(Catalog::embedded());
    let trino: &[&str] = &["trino", "athena", "presto"];
    for (dialect, records, catalog, columns, dialects) in [
        (
            Dialect::Athena,
            table("logs.cloudtrail_logs"),
            None,
            by_event,
            trino,
        ),
        // The id of an event data store is no name in plain Trino; Lake alone takes it unquoted.
        (
            Dialect::CloudTrailLake,
            table("event_data_store"),
            None,
            by_event,
            trino,
        ),
        (
            Dialect::Spark,
            objects(),
            catalog,
            by_action,
            &["spark", "databricks"],
        ),
        (
            Dialect::Spark,
            table("security.cloudtrail"),
            None,
            by_event,
            &["spark"],
        ),
        (Dialect::DuckDb, objects(), catalog, by_action, &["duckdb"]),
        (
            Dialect::DuckDb,
            table("cloudtrail"),
            None,
            by_event,
            &["duckdb"],
        ),
    ] {
        let path = folder.path().join("query.sql");
        let sql = query(dialect, records, catalog)
            .since(time::parse("2026-01-01T00:00:00Z"))
            .until(time::parse("2026-10-01T00:00:00Z"))
            .to_sql()
            .unwrap();
        std::fs::write(&path, &sql).unwrap();
        let output = Command::new(&python)
            .arg(script("check_syntax.py"))
            .arg(&path)
            .args(dialects)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{dialect}: {said}\n{sql:.3000}");
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            assert_eq!(line, columns, "{dialect}");
        }
    }
}

#[test]
fn what_an_engine_cannot_do_is_said() {
    let catalog = Some(Catalog::embedded());
    let error = |dialect, records, catalog| {
        query(dialect, records, catalog)
            .to_sql()
            .unwrap_err()
            .to_string()
    };
    let table = |name: &str| Records::Table(name.into());
    assert_eq!(
        error(Dialect::Athena, Records::Objects("logs".into()), None),
        "Athena reads a table, not objects by their paths"
    );
    for odd in ["", "logs; DROP TABLE logs", "logs\n--", "a b"] {
        let found = query(Dialect::DuckDb, table(odd), None).to_sql();
        assert_eq!(found, Err(QueryError::TableName(odd.into())));
    }
    for dialect in [Dialect::Athena, Dialect::CloudTrailLake] {
        let said = error(dialect, table("logs"), catalog);
        let limit = dialect.longest_query().unwrap();
        assert!(
            said.starts_with(&format!("{dialect} takes queries of {limit} bytes")),
            "{said}"
        );
    }
    let words = Catalog::parse(
        "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\n\
         service\ta\tA\nR-\tGetThing\nevent\tGet=It\tGetThing\n",
    )
    .unwrap();
    assert_eq!(
        error(Dialect::DuckDb, table("logs"), Some(&words)),
        "the catalog's name \"Get=It\" cannot stand in a query"
    );
}
