//! Values of arguments: choices, times, sizes and callers.

use access_advisor::job::{Caller, CallerError};
use access_advisor::report::{Granularity, Tracking};
use access_advisor::store::JobRetention;
use access_advisor::time;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GranularityArgument {
    /// Services
    #[value(alias = "SERVICE_LEVEL")]
    Service,
    /// Services and their tracked actions
    #[value(alias = "ACTION_LEVEL")]
    Action,
}

impl From<GranularityArgument> for Granularity {
    fn from(argument: GranularityArgument) -> Self {
        match argument {
            GranularityArgument::Service => Self::Service,
            GranularityArgument::Action => Self::Action,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TrackingArgument {
    /// What AWS tracks: 400 days, its actions, Regions and start dates
    Aws,
    /// Everything in the logs, and every action
    Full,
}

/// What reports take into account.
#[derive(Debug, Args)]
pub(crate) struct TrackingArguments {
    /// What counts: what AWS tracks, or everything in the logs and every action
    #[arg(long, value_enum, default_value_t = TrackingArgument::Aws)]
    tracking: TrackingArgument,

    /// With --tracking full: call nothing unused in accounts with fewer days read than this
    /// [default: 90, or the tracking period when shorter]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    min_coverage: Option<u32>,
}

impl TrackingArguments {
    pub(crate) fn tracking(&self) -> Tracking {
        Tracking::from(self.tracking).min_coverage_days(self.min_coverage)
    }
}

impl From<TrackingArgument> for Tracking {
    fn from(argument: TrackingArgument) -> Self {
        match argument {
            TrackingArgument::Aws => Self::aws(),
            TrackingArgument::Full => Self::full(),
        }
    }
}

pub(crate) fn parse_caller(arn: &str) -> Result<Caller, CallerError> {
    Caller::from_arn(arn, "local")
}

pub(crate) fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    time::parse(text).ok_or_else(|| "write it as 2026-11-01T00:00:00Z".to_owned())
}

/// A number of days, hours or minutes: `30d`, `12h`, `90m`.
pub(crate) fn parse_age(text: &str) -> Result<TimeDelta, String> {
    let (unit, seconds) = match text.chars().last() {
        Some('d') => ('d', 86_400),
        Some('h') => ('h', 3_600),
        Some('m') => ('m', 60),
        _ => return Err("write it as 30d, 12h or 90m".to_owned()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_number);
    let age = number.and_then(|number: i64| number.checked_mul(seconds));
    age.and_then(TimeDelta::try_seconds)
        .ok_or_else(|| "write it as 30d, 12h or 90m".to_owned())
}

/// A number of jobs, or an age as for [`parse_age`].
pub(crate) fn parse_retention(text: &str) -> Result<JobRetention, String> {
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        let count = text.parse().map_err(|_| "too many jobs".to_owned())?;
        return Ok(JobRetention::Newest(count));
    }
    parse_age(text)
        .map(JobRetention::Within)
        .map_err(|_| "write it as a number of jobs, or as 30d, 12h or 90m".to_owned())
}

/// Bytes, plain or with `KiB`, `MiB` or `GiB`.
pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let (number, unit) = match text.find(|letter: char| !letter.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let unit = match unit {
        "" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let size = number.parse().ok().zip(unit);
    let size = size.and_then(|(number, unit): (usize, usize)| number.checked_mul(unit));
    size.filter(|size| *size > 0)
        .ok_or_else(|| "write it as 500MiB or 1GiB".to_owned())
}
