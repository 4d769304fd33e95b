//! Why a row has its state.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::day_set::DaySet;
use crate::text::Printable;
use crate::time;
use crate::unseen_use::UseSource;

/// Why a row of a report has its [`State`](crate::State). `Display` and serde write it as short plain text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateReason {
    /// `used`: the activity has a service that the catalog lacks, so that nothing is known of its permissions.
    UnknownEventSource {
        /// The first label of the event source, such as `brand-new` of `brand-new.amazonaws.com`.
        source: Arc<str>,
    },
    /// `implied`: a call may have exercised the action.
    Implied {
        /// The action that was called, such as `ec2:RunInstances`. `None` when the activity does not have it.
        by: Option<Box<str>>,
        /// When it was called last, in UTC milliseconds.
        millis: i64,
        /// The id of the event. `None` when only its day is known.
        event_id: Option<Box<str>>,
    },
    /// `implied`, of a service: a call may have exercised one of its actions.
    ImpliedAction {
        /// The action of the service, such as `PassRole`.
        action: Box<str>,
        /// Why it is implied.
        reason: Box<StateReason>,
    },
    /// `unused`: the days and Regions for which that is true.
    NoAttempt {
        /// The number of days on which the trail collected, in each of the Regions, every kind of event that shows the action.
        days: u32,
        /// The first of them, as a number of days since 1970-01-01.
        first: i32,
        /// The last of them.
        last: i32,
        /// The Regions, in order. Of others, too little was read.
        regions: Arc<[Arc<str>]>,
        /// The resource types whose data events would show it. Selectors of a trail may leave out single resources.
        data_types: Option<Arc<str>>,
    },
    /// `uncovered`: nothing of the account's trail was read.
    NoTrail {
        /// The account.
        account: Arc<str>,
    },
    /// `uncovered`: the activity came from a source that does not say what it covers.
    UnknownCoverage {
        /// The account.
        account: Arc<str>,
    },
    /// `uncovered`: too few days of the account's trail were read.
    FewDays {
        /// The account.
        account: Arc<str>,
        /// The number of days that were read.
        days: u32,
        /// The number of days that are needed.
        needed: u32,
    },
    /// `uncovered`: too few days were read since the creation of what the report is about, or of an identity in it.
    FewDaysSinceCreation {
        /// The day of the creation, as a number of days since 1970-01-01.
        created: i32,
        /// The number of days that were read since then.
        days: u32,
        /// The number of days that are needed.
        needed: u32,
    },
    /// `uncovered`: the trail collected the kind of event that would show the action on too few days.
    FewDaysOfKind {
        /// The kind of event.
        kind: Arc<str>,
        /// The Region of which the most was read, or in which the service logs all calls.
        region: Arc<str>,
        /// The number of days that were read.
        days: u32,
        /// The number of days that are needed.
        needed: u32,
    },
    /// `uncovered`, of a service or of several accounts: there is no attempt on the days that were read for each action, in each
    /// account, but they have too few days in the same Regions in common.
    FewDaysInCommon {
        /// The number of days in common.
        days: u32,
        /// The number of days that are needed.
        needed: u32,
    },
    /// `uncovered`: an object was not read, or only in part, and nothing says of which account and days its events are.
    LostObject {
        /// The object.
        object: Arc<str>,
    },
    /// `uncovered`: AWS remembers a use by an identity, after the first day that was read, that the trail should show and does not
    /// show.
    MissedUse {
        /// The user or role.
        arn: Box<str>,
        /// What remembers the use.
        source: UseSource,
        /// When, in UTC milliseconds.
        millis: i64,
    },
    /// `uncovered`: no policy granted it long enough ago.
    RecentGrant {
        /// The name of the managed policy that grants it.
        policy: Box<str>,
        /// When the default version of the policy was created, in UTC milliseconds.
        millis: i64,
        /// The number of days that are needed.
        needed: u32,
    },
    /// `uncovered`, of a service: some of its actions are.
    UncoveredActions {
        /// The number of actions that are uncovered.
        uncovered: u32,
        /// The number of granted actions.
        granted: u32,
        /// One that is uncovered.
        example: Box<str>,
    },
    /// `unobservable`: the trail holds no event of the kind that would show the action.
    NoEventsOfKind {
        /// The kind of event.
        kind: Arc<str>,
    },
    /// `unobservable`: the trail holds no event of the service, whose management events a trail can leave out.
    NoEventsOfSource {
        /// The service namespace, or `global services`.
        source: &'static str,
    },
    /// `unobservable`: no operation of the service is named after the action.
    NoOperation,
    /// `unobservable`: only calls of other actions exercise it, and the activity has none that may have done so.
    OnlyImplied,
    /// `unobservable`: AWS does not say that it is logged, and the account's trail has no call that tells how.
    NotDocumented,
    /// `unobservable`, of a service: the catalog has no action of it.
    NoKnownActions,
    /// `unobservable`, of a service: some of its actions are.
    UnobservableActions {
        /// The number of actions that are unobservable.
        unobservable: u32,
        /// The number of granted actions.
        granted: u32,
        /// One that is unobservable.
        example: Box<str>,
    },
}

impl StateReason {
    /// The number of days that were read, where the reason has one.
    pub(crate) fn days(&self) -> u32 {
        match self {
            Self::NoAttempt { days, .. }
            | Self::FewDays { days, .. }
            | Self::FewDaysSinceCreation { days, .. }
            | Self::FewDaysInCommon { days, .. }
            | Self::FewDaysOfKind { days, .. } => *days,
            _ => 0,
        }
    }
}

impl fmt::Display for StateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEventSource { source } => {
                write!(f, "event source {source} is not in the catalog")
            }
            Self::Implied {
                by,
                millis,
                event_id,
            } => {
                write!(f, "implied by {}", by.as_deref().unwrap_or("a call"))?;
                write!(f, ", {}", time::format(time::from_millis(*millis)))?;
                match event_id {
                    Some(event_id) => write!(f, ", event {event_id}"),
                    None => Ok(()),
                }
            }
            Self::ImpliedAction { action, reason } => write!(f, "{action} {reason}"),
            Self::NoAttempt {
                days,
                first,
                last,
                regions,
                data_types,
            } => {
                let of = last.saturating_sub(*first).saturating_add(1);
                write!(f, "no attempt on any of the {} read of {of}, ", Days(*days))?;
                write!(f, "{} to {}, in ", Day(*first), Day(*last))?;
                for (number, region) in regions.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    write!(f, "{comma}{region}")?;
                }
                match data_types {
                    Some(types) => write!(f, ", in logged data events on {types}"),
                    None => Ok(()),
                }
            }
            Self::NoTrail { account } => {
                write!(f, "no whole day of the trail of account {account} was read")
            }
            Self::UnknownCoverage { account } => write!(
                f,
                "the activity does not say what it covers of account {account}"
            ),
            Self::FewDays {
                account,
                days,
                needed,
            } => write!(
                f,
                "{} of the trail of account {account} read; {needed} needed",
                Days(*days)
            ),
            Self::FewDaysSinceCreation {
                created,
                days,
                needed,
            } => write!(
                f,
                "{} read since the creation on {}; {needed} needed",
                Days(*days),
                Day(*created)
            ),
            Self::FewDaysOfKind {
                kind,
                region,
                days,
                needed,
            } => write!(
                f,
                "{} with {kind} in {region} read; {needed} needed",
                Days(*days)
            ),
            Self::FewDaysInCommon { days, needed } => write!(
                f,
                "{} read of all its kinds of event in one Region; {needed} needed",
                Days(*days)
            ),
            Self::LostObject { object } => write!(
                f,
                "{} was not read whole, and may hold events of any day",
                Printable(object)
            ),
            Self::MissedUse {
                arn,
                source,
                millis,
            } => write!(
                f,
                "{source} of {arn} is {}, after the first day that was read, and the trail does not show it",
                time::format(time::from_millis(*millis))
            ),
            Self::RecentGrant {
                policy,
                millis,
                needed,
            } => write!(
                f,
                "granted since {}, by the policy {}; {needed} days needed",
                time::format(time::from_millis(*millis)),
                Printable(policy)
            ),
            Self::UncoveredActions {
                uncovered,
                granted,
                example,
            } => write!(
                f,
                "{uncovered} of {granted} granted actions are uncovered, such as {example}"
            ),
            Self::NoEventsOfKind { kind } => write!(f, "the trail holds no {kind}"),
            Self::NoEventsOfSource { source } => write!(
                f,
                "the trail holds no events of {source}, which a trail can leave out"
            ),
            Self::NoOperation => f.write_str("no API operation is named after it"),
            Self::OnlyImplied => {
                f.write_str("only calls of other actions exercise it; none was seen")
            }
            Self::NotDocumented => f.write_str(
                "AWS does not say that it is logged, and no call that was read tells how",
            ),
            Self::NoKnownActions => f.write_str("the catalog has no action of it"),
            Self::UnobservableActions {
                unobservable,
                granted,
                example,
            } => write!(
                f,
                "{unobservable} of {granted} granted actions leave no trace, such as {example}"
            ),
        }
    }
}

impl Serialize for StateReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Days(u32);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} day{plural}", self.0)
    }
}

/// A day as a date.
struct Day(i32);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DaySet::date_of(self.0) {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
        }
    }
}
