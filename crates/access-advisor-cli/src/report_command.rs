//! `access-advisor report`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use access_advisor::report::{Advisor, Granularity, Report, Tracking};
use access_advisor::time;
use access_advisor::trail::TrailRead;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::arguments::{Format, ReportArguments};
use crate::{Failure, binary_output, input, output, overview, spreadsheet};

pub(crate) fn run(arguments: &ReportArguments) -> Result<(), Failure> {
    input::on_threads(&arguments.reading, || report(arguments))
}

fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let now = arguments.now.unwrap_or_else(input::clock);
    let tracking: Tracking = arguments.tracking.into();
    let granularity: Granularity = arguments.granularity.into();

    let inputs = [&arguments.account.account[..], &arguments.trail].concat();
    output::refuse_inputs(arguments.output.as_deref(), &inputs)?;
    if arguments.format == Format::Parquet {
        binary_output::refuse_terminal(arguments.output.as_deref())?;
    }
    let catalog = input::catalog(arguments.account.catalog.as_deref())?;
    let account = input::account(&arguments.account.account)?;
    for arn in &arguments.arn {
        // Before the long work.
        account.resolve(arn)?;
    }
    let visible = tracking.visible_until(now);
    let until = arguments
        .reading
        .until
        .map_or(visible, |it| it.min(visible));
    let reader = input::reader_until(&arguments.reading, Some(until), catalog.clone());
    let trail = input::trail(&arguments.trail, &reader)?;
    if arguments.strict {
        check_strictly(account.issues().len(), &trail)?;
    }
    warn_of_old_trail(&trail, &tracking, now);

    let advisor = Advisor::new(account, &trail.activity, catalog, tracking.clone(), now);
    note_unmatched_principals(&advisor);
    let reports = if arguments.arn.is_empty() {
        advisor.reports(granularity)
    } else {
        let reports = arguments.arn.iter().map(|arn| {
            let report = advisor.report(arn, granularity)?;
            Ok((report.arn().to_owned(), report))
        });
        // Sorted, and each once.
        let reports: BTreeMap<String, Report> = reports.collect::<Result<_, Failure>>()?;
        reports.into_values().collect()
    };

    output::write_result(arguments.output.as_deref(), |writer| {
        match arguments.format {
            Format::Table => {
                let period = overview::Period {
                    start: tracking.period_start(now),
                    end: now,
                };
                overview::write(writer, &reports, period)
            }
            Format::Json => write_json(writer, &reports),
            Format::Jsonl => write_json_lines(writer, &reports),
            Format::Csv => spreadsheet::write(writer, &reports),
            Format::Parquet => access_advisor::parquet::write_reports(writer, &reports),
        }
    })?;
    input::check_whole(&trail.reconciliation)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reports<'a> {
    reports: &'a [Report],
}

fn write_json(writer: &mut dyn Write, reports: &[Report]) -> io::Result<()> {
    output::write_json(writer, &Reports { reports })
}

fn write_json_lines(mut writer: &mut dyn Write, reports: &[Report]) -> io::Result<()> {
    for report in reports {
        serde_json::to_writer(&mut writer, report)?;
        writeln!(writer)?;
    }
    Ok(())
}

fn check_strictly(issues: usize, trail: &TrailRead) -> Result<(), Failure> {
    let failed = trail.reconciliation.objects_failed.len();
    let malformed = trail.reconciliation.malformed();
    if issues == 0 && failed == 0 && malformed == 0 {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "--strict: set aside {issues} of the account data, {failed} objects and {malformed} \
         records of the trail"
    )))
}

/// A trail that ends before the tracking period leaves nothing to report.
fn warn_of_old_trail(trail: &TrailRead, tracking: &Tracking, now: DateTime<Utc>) {
    let Some(newest) = trail.activity.newest() else {
        output::say(format_args!(
            "warning: no record of the trail is of an IAM user or role"
        ));
        return;
    };
    if let Some(start) = tracking.period_start(now)
        && newest < start
    {
        output::say(format_args!(
            "warning: the newest event is of {}, before the tracking period, which begins at {}: \
             no service counts as used. To report as of then: --now {}",
            time::format(newest),
            start.format("%Y-%m-%d"),
            newest.format("%Y-%m-%dT%H:%M:%SZ"),
        ));
    }
}

fn note_unmatched_principals(advisor: &Advisor) {
    let known = advisor.identities_with_activity();
    match advisor.unmatched_principals() {
        0 => {}
        unmatched if known == 0 => output::say(format_args!(
            "warning: none of the {unmatched} users and roles in the trail is in the account data"
        )),
        unmatched => output::say(format_args!(
            "note: {known} users and roles of the account data are in the trail; {unmatched} others \
             are of other accounts, or deleted since"
        )),
    }
}
