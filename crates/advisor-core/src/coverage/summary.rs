//! Coverage by account, for people and programs that read JSON.

use serde::{Serialize, Serializer};

use super::trail_coverage::{Coverage, RecordCoverage};
use crate::day_set::DaySet;
use crate::time;

/// Serializes a coverage by account: the covered days, the days with records by Region and category, the days with log files and
/// the time that digests cover, and the log files that are missing. Other than [`Coverage`] itself it cannot be read back, since it
/// does not say which log files were read.
#[derive(Clone, Copy, Debug)]
pub struct CoverageSummary<'c>(pub &'c Coverage);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary<'c> {
    accounts: Vec<AccountCoverageSummary<'c>>,
    /// Log files that a digest lists and that were not read.
    missing_log_files: Vec<&'c str>,
    /// The catalogs that credited the activity.
    catalogs: Vec<String>,
    /// Whether some activity comes from files that do not say what they cover.
    has_unknown_sources: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccountCoverageSummary<'c> {
    account: &'c str,
    covered_days: DaySet,
    records: Vec<RecordSummary<'c>>,
    log_files: Vec<LogFileSummary<'c>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordSummary<'c> {
    region: &'c str,
    category: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<&'c str>,
    days: &'c DaySet,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LogFileSummary<'c> {
    region: &'c str,
    days: &'c DaySet,
    digests: Vec<Span>,
}

/// The time that digests cover, without its end.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Span {
    from: String,
    to: String,
}

impl Span {
    fn new((start, end): (i64, i64)) -> Self {
        let text = |millis| time::format(time::from_millis(millis));
        Self {
            from: text(start),
            to: text(end),
        }
    }
}

impl Coverage {
    /// The days with records of an account, by Region and category.
    #[must_use]
    pub fn records_of(&self, account: &str) -> Vec<RecordCoverage<'_>> {
        let records = self.records();
        let mut records: Vec<_> = records.filter(|it| it.account == account).collect();
        records.sort_unstable_by_key(|records| (records.region, records.category));
        records
    }
}

impl Serialize for CoverageSummary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(coverage) = self;
        let accounts = coverage.accounts().into_iter().map(|account| {
            let records = coverage.records_of(account).into_iter();
            let log_files = coverage.log_files().filter(|it| it.account == account);
            AccountCoverageSummary {
                account,
                covered_days: coverage.covered_days(account),
                records: records
                    .map(|records| RecordSummary {
                        region: records.region,
                        category: records.category.name(),
                        resource_type: records.category.resource_type(),
                        days: records.days,
                    })
                    .collect(),
                log_files: log_files
                    .map(|place| LogFileSummary {
                        region: place.region,
                        days: place.days,
                        digests: place.digests.iter().copied().map(Span::new).collect(),
                    })
                    .collect(),
            }
        });
        let summary = Summary {
            accounts: accounts.collect(),
            missing_log_files: coverage.missing_log_files(),
            catalogs: coverage.catalogs().map(|it| it.to_string()).collect(),
            has_unknown_sources: coverage.has_unknown_sources(),
        };
        summary.serialize(serializer)
    }
}
