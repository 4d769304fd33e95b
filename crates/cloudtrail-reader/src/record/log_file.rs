//! Log files and digests: what their names say, and what a digest lists.
//!
//! A digest lists all log files that CloudTrail delivered to a bucket in an hour, for an account, a Region and a trail. See
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.

use std::borrow::Cow;

use advisor_core::{Coverage, CoverageId, DaySet, Digest, ListedLogFile, time};
use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::options::Rules;
use crate::outcome::object_id::ObjectId;
use crate::record::checks;
use crate::record::event::Text;

/// The name of an object that CloudTrail delivered: `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_xxx.json.gz`,
/// `ACCOUNT_CloudTrail-Digest_REGION_...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DeliveredName<'a> {
    account: &'a str,
    kind: &'a str,
    region: &'a str,
    rest: &'a str,
}

impl<'a> DeliveredName<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let mut parts = last_part(name).splitn(4, '_');
        let (account, kind) = (parts.next()?, parts.next()?);
        let region = checks::region(parts.next()).ok()?;
        (checks::is_account_number(account) && kind.starts_with("CloudTrail")).then_some(Self {
            account,
            kind,
            region,
            rest: parts.next()?,
        })
    }

    /// The day of the delivery of a log file with API calls.
    fn log_file_day(&self) -> Option<i32> {
        let holds_calls = match self.kind.strip_prefix("CloudTrail-") {
            None => self.kind == "CloudTrail",
            Some(kind) => !matches!(kind, "Digest" | "Insight" | "Aggregated"),
        };
        let (delivered, _) = self.rest.split_once('_').filter(|_| holds_calls)?;
        let delivered = NaiveDateTime::parse_from_str(delivered, "%Y%m%dT%H%MZ").ok()?;
        Some(DaySet::day_of(delivered.and_utc().timestamp_millis()))
    }

    /// The trail of a digest with its home Region, as in `TRAIL_HOME_END.json.gz`. Other digests of the trail may end in
    /// `_backfill.json.gz`.
    fn trail(&self) -> &'a str {
        let rest = self.rest.split("_backfill.").next().unwrap_or(self.rest);
        rest.rsplit_once('_').map_or("", |(trail, _)| trail)
    }
}

/// The account, the Region and the day of a log file, by its name. Nothing else is covered by its records: the last minutes of a
/// day are in log files of the next day, and do not show that those of their own day were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery<'n> {
    name: &'n str,
    account: &'n str,
    region: &'n str,
    day: i32,
}

impl<'n> Delivery<'n> {
    /// That of an object, by the last part of its name. `None` if that is not the name of a log file.
    pub(crate) fn of(name: &'n str) -> Option<Self> {
        let parsed = DeliveredName::parse(name)?;
        Some(Self {
            name,
            account: parsed.account,
            region: parsed.region,
            day: parsed.log_file_day()?,
        })
    }

    /// Whether it covers a day of these records.
    pub(crate) fn covers(&self, id: CoverageId, day: i32, coverage: &Coverage) -> bool {
        self.day == day && coverage.is_of(id, self.account, self.region)
    }

    /// Forgets what it does not cover.
    pub(crate) fn limit(&self, coverage: &mut Coverage) {
        coverage.limit_to_log_file(self.account, self.region, self.day);
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The name of a log file as CloudTrail delivers it, whether it was unpacked or packed otherwise since.
fn as_delivered(name: &str) -> Cow<'_, str> {
    let name = last_part(name);
    let stem = name.split('.').next().unwrap_or(name);
    if name.strip_prefix(stem) == Some(".json.gz") {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("{stem}.json.gz"))
    }
}

/// Whether a log file of this day can hold records within the limits of time.
fn is_within_limits(day: i32, rules: &Rules) -> bool {
    let (since, until) = rules.limits();
    (DaySet::day_of(since)..=DaySet::day_of(until)).contains(&day)
}

/// Adds a log file that was read to its end, with all that was in it, to the coverage. `held` are the ids of what it holds.
pub(crate) fn see_log_file(
    delivery: Delivery<'_>,
    held: &[CoverageId],
    rules: &Rules,
    coverage: &mut Coverage,
) {
    let Delivery {
        name,
        account,
        region,
        day,
    } = delivery;
    if is_within_limits(day, rules) {
        coverage.see_log_file(account, region, day, &as_delivered(name), held);
    }
}

/// Adds an object to the coverage that could not be read, or only in part. What a digest or an insight lacks is no call.
pub(crate) fn lose_object(object: &ObjectId, rules: &Rules, coverage: &mut Coverage) {
    let name = object.file_name();
    match DeliveredName::parse(&name).map(|parsed| parsed.log_file_day()) {
        None => coverage.lose_object(&object.to_string()),
        Some(Some(day)) if is_within_limits(day, rules) => {
            coverage.lose_object(&as_delivered(&name));
        }
        Some(_) => {}
    }
}

/// Why a digest cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestFault {
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    #[error("{0} is not a time")]
    Time(&'static str),
    #[error("neither digestS3Object nor the object's name has its Region")]
    Region,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DigestObject<'a> {
    #[serde(borrow)]
    aws_account_id: Text<'a>,
    #[serde(borrow)]
    digest_start_time: Text<'a>,
    #[serde(borrow)]
    digest_end_time: Text<'a>,
    #[serde(borrow, rename = "digestS3Object")]
    digest_s3_object: Option<Text<'a>>,
    #[serde(borrow)]
    log_files: Vec<LogFile<'a>>,
}

#[derive(Deserialize)]
struct LogFile<'a> {
    #[serde(borrow, rename = "s3Object")]
    s3_object: Text<'a>,
    #[serde(borrow, rename = "oldestEventTime")]
    oldest_event_time: Option<Text<'a>>,
    #[serde(borrow, rename = "newestEventTime")]
    newest_event_time: Option<Text<'a>>,
}

impl LogFile<'_> {
    /// The days of the first and the last event. Without its times, the events can be of the day before the delivery.
    fn days(&self, delivered: i32) -> (i32, i32) {
        let day = |text: Option<&Text<'_>>| {
            let time = time::parse(text?)?;
            Some(DaySet::day_of(time.timestamp_millis()))
        };
        let oldest = day(self.oldest_event_time.as_ref());
        let newest = day(self.newest_event_time.as_ref());
        match (oldest, newest) {
            (Some(oldest), Some(newest)) if oldest <= newest => (oldest, newest),
            _ => (delivered.saturating_sub(1), delivered),
        }
    }
}

impl DigestObject<'_> {
    fn see(
        &self,
        object: &ObjectId,
        rules: &Rules,
        coverage: &mut Coverage,
    ) -> Result<(), DigestFault> {
        let millis = |text: &str, name| {
            let time = time::parse(text).ok_or(DigestFault::Time(name))?;
            Ok(time.timestamp_millis())
        };
        let start = millis(&self.digest_start_time, "digestStartTime")?;
        let end = millis(&self.digest_end_time, "digestEndTime")?;
        let own_name = self.digest_s3_object.as_deref().unwrap_or_default();
        let file_name = object.file_name();
        let name = DeliveredName::parse(own_name).or_else(|| DeliveredName::parse(&file_name));
        let name = name.ok_or(DigestFault::Region)?;
        let listed = self.log_files.iter().filter_map(|file| {
            let day = DeliveredName::parse(&file.s3_object).and_then(|name| name.log_file_day());
            let is_within_limits = day.is_none_or(|day| is_within_limits(day, rules));
            let delivered = day.unwrap_or(DaySet::day_of(end));
            is_within_limits.then(|| (as_delivered(&file.s3_object), delivered, file))
        });
        let listed: Vec<_> = listed.collect();
        let (since, until) = rules.limits();
        let (start, end) = (start.max(since), end.min(until.saturating_add(1)));
        if start < end || !listed.is_empty() {
            let listed = listed.iter().map(|(name, delivered, file)| {
                let (first_day, last_day) = file.days(*delivered);
                ListedLogFile {
                    name,
                    delivered: *delivered,
                    first_day,
                    last_day,
                }
            });
            let digest = Digest {
                account: &self.aws_account_id,
                region: name.region,
                trail: name.trail(),
                start_millis: start,
                end_millis: end,
            };
            coverage.see_digest(digest, listed);
        }
        Ok(())
    }
}

/// Adds the digests of a text to the coverage. Returns whether there was one: the signatures that CloudTrail Lake saves with the
/// results of a query look like digests. If this fails, the caller must drop the coverage.
pub(crate) fn read_digests(
    text: &str,
    object: &ObjectId,
    rules: &Rules,
    coverage: &mut Coverage,
) -> Result<bool, DigestFault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Start<'a> {
        #[serde(borrow)]
        digest_start_time: Option<&'a RawValue>,
    }
    let mut is_digest = false;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(DigestFault::Json)?.get();
        let start = serde_json::from_str::<Start<'_>>(value);
        if start.is_ok_and(|start| start.digest_start_time.is_some()) {
            let digest: DigestObject<'_> =
                serde_json::from_str(value).map_err(DigestFault::Json)?;
            digest.see(object, rules, coverage)?;
            is_digest = true;
        }
    }
    Ok(is_digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_account_region_and_day() {
        let day = |name| DeliveredName::parse(name)?.log_file_day();
        let name = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/01/111122223333_CloudTrail_eu-west-1_20261001T2359Z_aB3.json.gz";
        assert_eq!(day(name), Some(20_727));
        let network = "111122223333_CloudTrail-NetworkActivity_eu-west-1_20261001T0000Z_aB3.json";
        assert_eq!(day(network), Some(20_727));
        for other in [
            "111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20261001T2359Z.json.gz",
            "111122223333_CloudTrail-Insight_eu-west-1_20261001T2359Z_aB3.json.gz",
            "111122223333_CloudTrail_eu-west-1_20261301T2359Z_aB3.json.gz",
            "111122223333_Config_eu-west-1_20261001T2359Z_aB3.json.gz",
            "1_CloudTrail_eu-west-1_20261001T2359Z_aB3.json.gz",
            "trail.json",
        ] {
            assert_eq!(day(other), None, "{other}");
        }
        let trail = |end: &str| {
            let name = format!(
                "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_{end}.json.gz"
            );
            DeliveredName::parse(&name).map(|name| name.trail().to_owned())
        };
        for end in ["20261001T2359Z", "20261001T2359Z_backfill"] {
            assert_eq!(trail(end).unwrap(), "my_trail_us-east-1", "{end}");
        }
        assert_eq!(as_delivered("x/a_b.json.gz"), "a_b.json.gz");
        assert_eq!(as_delivered("a_b.json"), "a_b.json.gz");
        assert_eq!(as_delivered("a_b.json.zst"), "a_b.json.gz");
    }
}
