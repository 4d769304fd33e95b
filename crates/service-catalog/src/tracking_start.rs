//! The dates since which AWS tracks last accesses, per Region and service, and how many days back it looks.
//!
//! They come from the IAM User Guide's page on last accessed information (tracking period and Regions).

use chrono::NaiveDate;

/// How many days back a service's last access is looked for.
pub const SERVICE_TRACKING_DAYS: u32 = 400;

/// The first day on which AWS tracked activity in a Region; `None` for a Region that is not tracked.
#[must_use]
pub fn region_tracking_start(region: &str) -> Option<NaiveDate> {
    REGIONS
        .iter()
        .find(|(name, _)| *name == region)
        .map(|(_, start)| *start)
}

/// The Regions AWS tracks with the first tracked day of each, oldest first.
pub fn tracked_regions() -> impl Iterator<Item = (&'static str, NaiveDate)> {
    REGIONS.iter().copied()
}

/// The first day on which AWS tracked single actions of a service, given by its namespace.
#[must_use]
pub fn action_tracking_start(namespace: &str) -> NaiveDate {
    match namespace {
        "s3" => date(2020, 4, 12),
        "ec2" | "iam" | "lambda" => date(2021, 4, 7),
        _ => date(2023, 5, 23),
    }
}

/// The first day on which AWS tracked single actions of a service in a Region: the later of the two starts. `None` for a
/// Region that is not tracked.
#[must_use]
pub fn action_tracking_start_in(namespace: &str, region: &str) -> Option<NaiveDate> {
    region_tracking_start(region).map(|start| start.max(action_tracking_start(namespace)))
}

const REGIONS: [(&str, NaiveDate); 30] = [
    ("us-east-1", date(2015, 10, 1)),
    ("us-west-1", date(2015, 10, 1)),
    ("us-west-2", date(2015, 10, 1)),
    ("ap-northeast-1", date(2015, 10, 1)),
    ("ap-southeast-1", date(2015, 10, 1)),
    ("ap-southeast-2", date(2015, 10, 1)),
    ("eu-central-1", date(2015, 10, 1)),
    ("eu-west-1", date(2015, 10, 1)),
    ("sa-east-1", date(2015, 12, 11)),
    ("ap-northeast-2", date(2016, 1, 6)),
    ("ap-south-1", date(2016, 6, 27)),
    ("us-east-2", date(2017, 10, 27)),
    ("ca-central-1", date(2017, 10, 28)),
    ("eu-west-2", date(2017, 10, 28)),
    ("eu-west-3", date(2017, 12, 18)),
    ("ap-northeast-3", date(2018, 2, 11)),
    ("eu-north-1", date(2018, 12, 12)),
    ("ap-east-1", date(2019, 4, 24)),
    ("me-south-1", date(2019, 7, 29)),
    ("af-south-1", date(2020, 4, 22)),
    ("eu-south-1", date(2020, 4, 28)),
    ("ap-southeast-3", date(2021, 12, 13)),
    ("me-central-1", date(2022, 8, 30)),
    ("eu-central-2", date(2022, 11, 8)),
    ("eu-south-2", date(2022, 11, 15)),
    ("ap-south-2", date(2022, 11, 22)),
    ("ap-southeast-4", date(2023, 1, 23)),
    ("us-gov-east-1", date(2023, 7, 1)),
    ("us-gov-west-1", date(2023, 7, 1)),
    ("il-central-1", date(2023, 8, 1)),
];

const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_is_a_real_day_and_regions_are_listed_once_oldest_first() {
        let regions: Vec<_> = tracked_regions().collect();
        assert!(regions.iter().all(|(_, start)| *start < date(2024, 1, 1)));
        assert!(regions.is_sorted_by_key(|(_, start)| *start));
        for (name, start) in &regions {
            assert_eq!(region_tracking_start(name), Some(*start));
        }
    }

    #[test]
    fn an_action_is_tracked_from_the_later_of_service_and_region() {
        assert_eq!(
            action_tracking_start_in("s3", "us-east-1"),
            Some(date(2020, 4, 12))
        );
        assert_eq!(
            action_tracking_start_in("iam", "us-east-1"),
            Some(date(2021, 4, 7))
        );
        assert_eq!(
            action_tracking_start_in("sqs", "us-east-1"),
            Some(date(2023, 5, 23))
        );
        assert_eq!(
            action_tracking_start_in("s3", "il-central-1"),
            Some(date(2023, 8, 1))
        );
        assert_eq!(action_tracking_start_in("s3", "ca-west-1"), None);
    }
}
