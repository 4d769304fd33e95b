//! Coverage as JSON and CSV.

use std::io::{self, Write};

use access_advisor::activity::{Coverage, CoverageSummary, DaySet};
use access_advisor::time;

use crate::output;

pub(super) fn write_json(writer: &mut dyn Write, coverage: &Coverage) -> io::Result<()> {
    output::write_json(writer, &CoverageSummary(coverage))
}

/// Runs of days, and the spans of digests as times.
pub(super) fn write_csv(writer: &mut dyn Write, coverage: &Coverage) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(writer);
    let written = write_lines(&mut csv, coverage);
    // Keeps the kind of a closed pipe.
    written.map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })?;
    csv.flush()
}

fn write_lines(csv: &mut csv::Writer<&mut dyn Write>, coverage: &Coverage) -> csv::Result<()> {
    csv.write_record(["Account", "Region", "Kind", "ResourceType", "First", "Last"])?;
    let runs = |days: &DaySet| -> Vec<(String, String)> {
        let date = |day| DaySet::date_of(day).map(|date| date.to_string());
        let runs = days.runs();
        runs.filter_map(|(first, last)| Some((date(first)?, date(last)?)))
            .collect()
    };
    for account in coverage.accounts() {
        for records in coverage.records_of(account) {
            let kind = records.category.name();
            let resource_type = records.category.resource_type().unwrap_or_default();
            for (first, last) in runs(records.days) {
                csv.write_record([account, records.region, kind, resource_type, &first, &last])?;
            }
        }
        for place in coverage.log_files().filter(|it| it.account == account) {
            for (first, last) in runs(place.days) {
                csv.write_record([account, place.region, "LogFile", "", &first, &last])?;
            }
            for (start, end) in place.digests.iter().copied() {
                let [start, end] = [start, end].map(|it| time::format(time::from_millis(it)));
                csv.write_record([account, place.region, "Digest", "", &start, &end])?;
            }
        }
    }
    Ok(())
}
