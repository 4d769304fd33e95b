//! The report table has the same rows as the reports.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::Path;
use std::sync::Arc;

use advisor_arrow::{
    CATALOG_KEY, ParquetTable, REPORT_COVERAGE_KEY, all_report_batches, report_batches,
    report_schema, write_reports,
};
use advisor_core::{
    AccountData, Activity, Advisor, Attempt, CreditedAction, DaySet, EventCategory, Granularity,
    Principal, Report, ServiceLastAccessed, State, StateReason, TrackedActionLastAccessed,
    Tracking, UniqueId, time,
};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use service_catalog::Catalog;

/// The test account, with attempts of a granted action, of an action that is not granted and of a
/// service that the catalog does not know.
fn advisor() -> Advisor {
    advisor_with(Catalog::shared())
}

fn advisor_with(catalog: Arc<Catalog>) -> Advisor {
    let export = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/account.json");
    let export = std::fs::read_to_string(export).unwrap();
    let account = AccountData::from_export("account.json", &export).unwrap();
    let mut activity = Activity::new();
    for (user, service, action, time) in [
        (
            "erin",
            "rds",
            CreditedAction::Action("DescribeDBInstances"),
            "2026-10-02T09:10:00.250Z",
        ),
        (
            "erin",
            "s3",
            CreditedAction::Action("ListAllMyBuckets"),
            "2026-10-02T09:15:00Z",
        ),
        (
            "erin",
            "brand-new",
            CreditedAction::Event("DoIt"),
            "2026-10-03T00:00:00Z",
        ),
        (
            "legacy-backup",
            "ec2",
            CreditedAction::Action("DescribeInstances"),
            "2026-10-04T00:00:00Z",
        ),
        (
            "legacy-backup",
            "s3",
            CreditedAction::Action("PutObject"),
            "2026-10-05T00:00:00Z",
        ),
    ] {
        let (_, detail) = account
            .entities()
            .find(|(_, it)| *it.name == *user)
            .unwrap();
        activity.record(&Attempt {
            principal: Principal {
                unique_id: detail.unique_id.as_ref().map(UniqueId::as_str),
                arn: Some(&detail.arn),
                account: Some(detail.account.as_str()),
            },
            service,
            action,
            region: "eu-west-1",
            time_millis: time::parse(time).unwrap().timestamp_millis(),
            event_id: "e",
            denied: false,
        });
    }
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let today = DaySet::day_of(now.timestamp_millis());
    for day in today - 100..today {
        for kind in [
            EventCategory::ManagementRead,
            EventCategory::ManagementWrite,
        ] {
            let coverage = activity.coverage_mut();
            coverage.see_record("111122223333", "eu-west-1", kind, day);
        }
    }
    Advisor::new(account, &activity, catalog, Tracking::full(), now).unwrap()
}

/// A table's rows as text; null is `-`.
fn shown(batches: &[RecordBatch]) -> Vec<String> {
    let batch = concat_batches(&batches[0].schema(), batches).unwrap();
    let options = FormatOptions::default().with_null("-");
    // Arrow's formatter does not know time zones by name.
    let instant = DataType::Timestamp(TimeUnit::Millisecond, None);
    let plain = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Timestamp(..) => arrow_cast::cast(column, &instant).unwrap(),
            _ => column.clone(),
        });
    let plain: Vec<_> = plain.collect();
    let columns: Vec<_> = plain
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values: Vec<_> = columns.iter().map(|it| it.value(row).to_string()).collect();
            values.join("|")
        })
        .collect()
}

/// The expected rows, from the values that the JSON is made of.
fn expected(reports: &[Report]) -> Vec<String> {
    fn or_null(value: Option<&str>) -> &str {
        value.unwrap_or("-")
    }
    let instant = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map_or("-".to_owned(), |time| {
            time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
        })
    };
    let mut lines = Vec::new();
    for report in reports {
        let arn = report.arn();
        let last = (report.services())
            .filter(|row| row.last_authenticated.is_some())
            .max_by_key(|row| row.last_authenticated);
        let missing: Vec<_> = report.not_evaluated().iter().map(|it| &*it.name).collect();
        lines.push(format!(
            "{arn}|ENTITY|-|-|-|-|{}|{}|{}|-|{}|-|-|{}",
            instant(last.as_ref().and_then(|row| row.last_authenticated)),
            or_null(last.as_ref().and_then(|row| row.last_authenticated_entity)),
            or_null(last.as_ref().and_then(|row| row.last_authenticated_region)),
            if missing.is_empty() {
                "-".to_owned()
            } else {
                format!("[{}]", missing.join(", "))
            },
            report.undecided(),
        ));
        let ungranted: Vec<_> = report.ungranted_actions_used().collect();
        let mut add = |row: ServiceLastAccessed<'_>, granted: &str| {
            let (namespace, name) = (row.service_namespace, row.service_name);
            let claim = |state: Option<State>, reason: Option<&StateReason>| {
                let text = |value: Option<String>| value.unwrap_or("-".to_owned());
                let state = text(state.map(|it| it.to_string()));
                format!("{state}|{}", text(reason.map(ToString::to_string)))
            };
            lines.push(format!(
                "{arn}|SERVICE|{namespace}|{name}|-|{granted}|{}|{}|{}|{}|-|{}|-",
                instant(row.last_authenticated),
                or_null(row.last_authenticated_entity),
                or_null(row.last_authenticated_region),
                row.total_authenticated_entities,
                claim(row.state, row.state_reason),
            ));
            let mut add_action = |action: &TrackedActionLastAccessed<'_>, granted: &str| {
                lines.push(format!(
                    "{arn}|ACTION|{namespace}|{name}|{}|{granted}|{}|{}|{}|-|-|{}|-",
                    action.action_name,
                    instant(action.last_accessed_time),
                    or_null(action.last_accessed_entity),
                    or_null(action.last_accessed_region),
                    claim(action.state, action.state_reason),
                ));
            };
            for action in &row.tracked_actions_last_accessed {
                add_action(action, granted);
            }
            for action in ungranted
                .iter()
                .filter(|it| it.service_namespace == namespace)
            {
                add_action(&action.action, "false");
            }
        };
        report.services().for_each(|row| add(row, "true"));
        report
            .ungranted_services_used()
            .for_each(|row| add(row, "false"));
        report.unknown_event_sources().for_each(|row| add(row, "-"));
    }
    lines
}

fn all_batches(advisor: &Advisor, granularity: Granularity) -> Vec<RecordBatch> {
    let batches = all_report_batches(advisor, granularity);
    batches.collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_table_has_the_rows_of_the_reports() {
    let advisor = advisor();
    for granularity in [Granularity::Service, Granularity::Action] {
        let reports: Vec<Report> = advisor.reports(granularity).collect();
        let expected = expected(&reports);
        let tables = report_batches(&reports).unwrap();
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].schema(), report_schema());
        assert_eq!(shown(&tables), expected);
        assert_eq!(shown(&all_batches(&advisor, granularity)), expected);
        let has = |part: &str| expected.iter().any(|line| line.contains(part));
        assert!(has("|SERVICE|brand-new|brand-new|-|-|2026-10-03T00:00:00|"));
        assert!(has("|used|event source brand-new is not in the catalog"));
        for state in ["|unused|", "|unobservable|", "|used|"] {
            assert!(has(state), "{state}");
        }
        assert!(has("|2026-10-02T09:10:00.250|"));
        assert!(has("|[arn:aws:iam::aws:policy/SecurityAudit]"));
        assert_eq!(has("|ACTION|s3|"), granularity == Granularity::Action);
    }
}

/// Its services and actions have the same names.
fn small_catalog() -> Arc<Catalog> {
    let table = "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\nservice\trds\tOne\nL+\tListThem\nR+\tSeeIt\nservice\ts3\tOne\nL+\tListThem\n";
    Arc::new(Catalog::parse(table).unwrap())
}

#[test]
fn a_batch_stores_each_name_once() {
    let advisor = advisor_with(small_catalog());
    let batches = all_batches(&advisor, Granularity::Action);
    let reports: Vec<Report> = advisor.reports(Granularity::Action).collect();
    assert_eq!(shown(&batches), expected(&reports));
    assert_eq!(
        shown(&report_batches(&reports).unwrap()),
        expected(&reports)
    );
    for (column, names) in [
        ("service_name", &["One", "brand-new", "ec2"][..]),
        ("action_name", &["ListThem", "SeeIt"]),
    ] {
        let column = batches[0].column_by_name(column).unwrap();
        let values = column.as_dictionary::<Int32Type>().values();
        let mut values: Vec<_> = values.as_string::<i32>().iter().flatten().collect();
        values.sort_unstable();
        assert_eq!(values, names);
    }
}

#[test]
fn reports_of_several_catalogs_and_granularities_make_one_table() {
    let mut reports: Vec<Report> = advisor_with(small_catalog())
        .reports(Granularity::Action)
        .collect();
    reports.extend(advisor().reports(Granularity::Action));
    reports.extend(advisor().reports(Granularity::Service));
    let batches = report_batches(&reports).unwrap();
    assert_eq!(batches.len(), 3);
    assert_eq!(shown(&batches), expected(&reports));
    let mut bytes = Vec::new();
    write_reports(&mut bytes, &advisor().coverage(), &reports).unwrap();
    let table = ParquetTable::open(Bytes::from(bytes)).unwrap();
    let batches: Result<Vec<_>, _> = table.batches(|_| true).unwrap().collect();
    assert_eq!(shown(&batches.unwrap()), expected(&reports));
}

#[test]
fn many_reports_are_several_batches() {
    let one: Vec<Report> = advisor().reports(Granularity::Service).collect();
    let many: Vec<Report> = one.iter().cycle().take(1200).cloned().collect();
    let batches = report_batches(&many).unwrap();
    assert_eq!(batches.len(), 3);
    assert_eq!(shown(&batches), expected(&many));
}

#[test]
fn no_report_is_an_empty_table() {
    assert!(report_batches(&[]).unwrap().is_empty());
    let mut bytes = Vec::new();
    write_reports(&mut bytes, &advisor().coverage(), [] as [Report; 0]).unwrap();
    let table = ParquetTable::open(Bytes::from(bytes)).unwrap();
    assert_eq!(
        table.schema().fields().len(),
        report_schema().fields().len()
    );
    assert_eq!(table.batches(|_| true).unwrap().count(), 0);
}

#[test]
fn a_file_of_reports_has_the_same_rows() {
    let reports: Vec<Report> = advisor().reports(Granularity::Action).collect();
    let mut bytes = Vec::new();
    write_reports(&mut bytes, &advisor().coverage(), &reports).unwrap();
    let table = ParquetTable::open(Bytes::from(bytes)).unwrap();
    assert_eq!(table.metadata("access_advisor.schema"), Some("1"));
    let coverage = serde_json::to_string(&advisor().coverage()).unwrap();
    assert_eq!(table.metadata(REPORT_COVERAGE_KEY), Some(&*coverage));
    let catalog = advisor().catalog().fingerprint().to_string();
    assert_eq!(table.metadata(CATALOG_KEY), Some(&*catalog));
    let batches: Result<Vec<_>, _> = table.batches(|_| true).unwrap().collect();
    assert_eq!(shown(&batches.unwrap()), expected(&reports));
}
