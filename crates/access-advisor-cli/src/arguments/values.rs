//! Values of arguments: choices, times, sizes and callers.

use access_advisor::job::{Caller, CallerError};
use access_advisor::report::{Granularity, Tracking};
use access_advisor::time;
use chrono::{DateTime, Utc};
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
        Tracking::from(self.tracking).with_min_coverage_days(self.min_coverage)
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
