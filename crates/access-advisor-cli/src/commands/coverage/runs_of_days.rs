//! Coverage as CSV.

use std::io;

use access_advisor::activity::{Coverage, DaySet};
use access_advisor::time;

use crate::csv_output::CsvWriter;

/// Writes runs of days, and the spans of digests as times.
pub(super) fn write(csv: &mut CsvWriter<'_>, coverage: &Coverage) -> io::Result<()> {
    csv.write(["Account", "Region", "Kind", "ResourceType", "First", "Last"])?;
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
                csv.write([account, records.region, kind, resource_type, &first, &last])?;
            }
        }
        for place in coverage.log_files().filter(|it| it.account == account) {
            for (first, last) in runs(place.days) {
                csv.write([account, place.region, "LogFile", "", &first, &last])?;
            }
            for (start, end) in place.digests.iter().copied() {
                let [start, end] = [start, end].map(|it| time::format(time::from_millis(it)));
                csv.write([account, place.region, "Digest", "", &start, &end])?;
            }
        }
    }
    csv.flush()
}
