//! Settings of findings: thresholds, exclusions and archive rules.

use std::error::Error;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use iam_policy_parser::Pattern;

use super::kind::FindingKind;
use super::severity::Severity;
use crate::account::EntityDetail;
use crate::tracking::Tracking;

/// What findings are about, and which of them are archived.
///
/// ```
/// use advisor_core::FindingSettings;
/// let settings = FindingSettings::parse(r#"
///     unused_days = 60
///
///     [[exclude]]
///     reason = "created for emergencies"
///     arns = ["arn:aws:iam::*:role/BreakGlass"]
///
///     [[archive]]
///     owner = "data platform"
///     reason = "the yearly audit needs it"
///     expires = 2027-03-31
///     kinds = ["UnusedPermission"]
///     paths = ["/audit/*"]
/// "#)?;
/// assert_eq!((settings.unused_days, settings.archive.len()), (60, 1));
/// # Ok::<(), advisor_core::SettingsError>(())
/// ```
///
/// The same in code:
///
/// ```
/// use advisor_core::{ArchiveRule, EntityMatcher, FindingKind, FindingSettings};
///
/// let emergencies = EntityMatcher::new().arns(["arn:aws:iam::*:role/BreakGlass"]);
/// let audit = EntityMatcher::new().paths(["/audit/*"]);
/// let rule = ArchiveRule::new("data platform", "the yearly audit needs it", audit)
///     .kinds([FindingKind::UnusedPermission])
///     .expires(chrono::NaiveDate::from_ymd_opt(2027, 3, 31));
/// let settings = FindingSettings::new()
///     .unused_days(60)
///     .exclude(emergencies, "created for emergencies")
///     .archive(rule);
/// settings.check()?;
/// # Ok::<(), advisor_core::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FindingSettings {
    /// How many days back something must have been used not to be called unused. What was created later is not judged.
    pub unused_days: u32,
    /// How many of these days must have been read: [`Tracking::min_coverage_days`](crate::Tracking::min_coverage_days).
    pub min_coverage_days: Option<u32>,
    /// How many denied attempts at an action are a finding.
    pub denials: u64,
    /// The entities that are left out, with the reasons.
    pub exclude: Vec<(EntityMatcher, Box<str>)>,
    /// The archive rules. The first that matches a finding counts.
    pub archive: Vec<Arc<ArchiveRule>>,
}

impl Default for FindingSettings {
    fn default() -> Self {
        Self {
            unused_days: 90,
            min_coverage_days: None,
            denials: 5,
            exclude: Vec::new(),
            archive: Vec::new(),
        }
    }
}

/// Which entities an exclusion or archive rule is for: those that match each list that is not empty. `*` and `?` are wildcards in
/// ARNs and paths.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EntityMatcher {
    /// Account ids.
    pub accounts: Vec<Box<str>>,
    /// ARNs.
    pub arns: Vec<Pattern>,
    /// Paths, such as `/aws-reserved/*`.
    pub paths: Vec<Pattern>,
    /// Tags: keys and values. An empty value stands for any.
    pub tags: Vec<(Box<str>, Box<str>)>,
}

impl EntityMatcher {
    /// For every entity.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the account ids.
    #[must_use]
    pub fn accounts<T: Into<Box<str>>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.accounts = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the ARNs, with wildcards.
    #[must_use]
    pub fn arns<T: AsRef<str>>(mut self, arns: impl IntoIterator<Item = T>) -> Self {
        self.arns = wildcards(arns);
        self
    }

    /// Sets the paths, with wildcards.
    #[must_use]
    pub fn paths<T: AsRef<str>>(mut self, paths: impl IntoIterator<Item = T>) -> Self {
        self.paths = wildcards(paths);
        self
    }

    /// Sets the tags: keys and values. An empty value stands for any.
    #[must_use]
    pub fn tags<K: Into<Box<str>>, V: Into<Box<str>>>(
        mut self,
        tags: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let tags = tags.into_iter();
        self.tags = tags
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        self
    }

    /// Whether it is for an entity.
    #[must_use]
    pub fn matches(&self, detail: &EntityDetail) -> bool {
        let account = detail.account.as_str();
        let any = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
        };
        let has = |(key, value): &(Box<str>, Box<str>)| {
            let mut tags = detail.tags.iter();
            tags.any(|(own_key, own)| own_key == key && (value.is_empty() || own == value))
        };
        (self.accounts.is_empty() || self.accounts.iter().any(|known| **known == *account))
            && any(&self.arns, &detail.arn)
            && any(&self.paths, &detail.path)
            && (self.tags.is_empty() || self.tags.iter().any(has))
    }

    fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.arns.is_empty()
            && self.paths.is_empty()
            && self.tags.is_empty()
    }
}

/// A rule that archives findings, until it expires.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArchiveRule {
    /// Who answers for it.
    pub owner: Box<str>,
    /// Why these findings are accepted.
    pub reason: Box<str>,
    /// The last day on which it is in force, in UTC. `None` for no end.
    pub expires: Option<NaiveDate>,
    /// The kinds that it is for; all when empty.
    pub kinds: Vec<FindingKind>,
    /// The greatest severity that it is for; `None` for all.
    pub up_to: Option<Severity>,
    /// The ids of findings that it is for; all when empty.
    pub ids: Vec<Box<str>>,
    /// The entities that it is for.
    pub entities: EntityMatcher,
}

impl ArchiveRule {
    /// A rule without an end for these entities, on all findings.
    #[must_use]
    pub fn new(
        owner: impl Into<Box<str>>,
        reason: impl Into<Box<str>>,
        entities: EntityMatcher,
    ) -> Self {
        Self {
            owner: owner.into(),
            reason: reason.into(),
            expires: None,
            kinds: Vec::new(),
            up_to: None,
            ids: Vec::new(),
            entities,
        }
    }

    /// Sets the last day on which it is in force, in UTC; none for no end.
    #[must_use]
    pub fn expires(mut self, last_day: impl Into<Option<NaiveDate>>) -> Self {
        self.expires = last_day.into();
        self
    }

    /// Sets the kinds that it is for; all when there are none.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = FindingKind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Sets the greatest severity that it is for; none for all.
    #[must_use]
    pub fn up_to(mut self, severity: impl Into<Option<Severity>>) -> Self {
        self.up_to = severity.into();
        self
    }

    /// Sets the ids of findings that it is for; all when there are none.
    #[must_use]
    pub fn ids<T: Into<Box<str>>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.ids = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Whether it has expired at an instant.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        let next = self.expires.and_then(|day| day.succ_opt());
        next.is_some_and(|next| next.and_time(NaiveTime::MIN).and_utc() <= now)
    }
}

/// Why settings cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It is not TOML, or has unknown keys or values of other types.
    #[error("line {line}, column {column}: {reason}")]
    Toml {
        /// The line, counted from 1.
        line: usize,
        /// The position of the character in the line, counted from 1.
        column: usize,
        /// The parser's message.
        reason: String,
        /// The parser's error, whose text also has the line.
        #[source]
        error: Box<dyn Error + Send + Sync>,
    },
    /// A rule would be for every finding.
    #[error(
        "{rule}: names no accounts, arns, paths, tags, kinds, ids or up_to: it would be for everything"
    )]
    MatchesAll {
        /// The rule, such as `archive[0]`.
        rule: String,
    },
    /// A number of days or attempts must be at least 1.
    #[error("{name} must be at least 1")]
    Zero {
        /// The name of the setting.
        name: &'static str,
    },
    /// Access Analyzer's tracking period has at most 365 days; ours as many as the trail is useful for.
    #[error("unused_days must be at most {most}")]
    TooManyDays {
        /// The most days.
        most: u32,
    },
}

mod file {
    //! The settings as a TOML file.

    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct File {
        pub(super) unused_days: Option<u32>,
        pub(super) min_coverage_days: Option<u32>,
        pub(super) denials: Option<u64>,
        #[serde(default)]
        pub(super) exclude: Vec<Exclude>,
        #[serde(default)]
        pub(super) archive: Vec<Archive>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Exclude {
        pub(super) reason: Box<str>,
        #[serde(default)]
        pub(super) accounts: Vec<Box<str>>,
        #[serde(default)]
        pub(super) arns: Vec<String>,
        #[serde(default)]
        pub(super) paths: Vec<String>,
        #[serde(default)]
        pub(super) tags: BTreeMap<Box<str>, Box<str>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Archive {
        pub(super) owner: Box<str>,
        pub(super) reason: Box<str>,
        pub(super) expires: Option<Day>,
        #[serde(default)]
        pub(super) kinds: Vec<Kind>,
        pub(super) up_to: Option<UpTo>,
        #[serde(default)]
        pub(super) ids: Vec<Box<str>>,
        #[serde(default)]
        pub(super) accounts: Vec<Box<str>>,
        #[serde(default)]
        pub(super) arns: Vec<String>,
        #[serde(default)]
        pub(super) paths: Vec<String>,
        #[serde(default)]
        pub(super) tags: BTreeMap<Box<str>, Box<str>>,
    }

    /// A value that is read from its name.
    macro_rules! named {
        ($name:ident, $value:ty) => {
            pub(super) struct $name(pub(super) $value);

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let name = String::deserialize(deserializer)?;
                    name.parse().map(Self).map_err(serde::de::Error::custom)
                }
            }
        };
    }

    named!(Kind, super::FindingKind);
    named!(UpTo, super::Severity);

    /// A date of TOML.
    pub(super) struct Day(pub(super) super::NaiveDate);

    impl<'de> Deserialize<'de> for Day {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = toml::value::Datetime::deserialize(deserializer)?;
            let date = match value {
                toml::value::Datetime {
                    date: Some(date),
                    time: None,
                    offset: None,
                } => super::NaiveDate::from_ymd_opt(
                    date.year.into(),
                    date.month.into(),
                    date.day.into(),
                ),
                _ => None,
            };
            let wrong = || serde::de::Error::custom("write a date as 2027-03-31");
            date.map(Self).ok_or_else(wrong)
        }
    }
}

/// As long as reports claim that something is unused.
const MOST_DAYS: u32 = service_catalog::tracking_start::SERVICE_TRACKING_DAYS;

impl SettingsError {
    fn of_toml(text: &str, error: toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self::Toml {
            line: 1 + before.matches('\n').count(),
            column: 1 + last.chars().count(),
            reason: error.message().to_owned(),
            error: error.into(),
        }
    }
}

impl FindingSettings {
    /// The defaults: 90 days, no exclusions, no archive rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many days back something must have been used not to be called unused.
    #[must_use]
    pub fn unused_days(mut self, days: u32) -> Self {
        self.unused_days = days;
        self
    }

    /// Sets how many of these days must have been read; none for the default of [`Tracking`](crate::Tracking).
    #[must_use]
    pub fn min_coverage_days(mut self, days: impl Into<Option<u32>>) -> Self {
        self.min_coverage_days = days.into();
        self
    }

    /// The tracking by which findings are judged: everything of the last [`unused_days`](Self::unused_days).
    #[must_use]
    pub fn tracking(&self) -> Tracking {
        Tracking::full()
            .period_days(u64::from(self.unused_days))
            .min_coverage_days(self.min_coverage_days)
    }

    /// Sets how many denied attempts at an action are a finding.
    #[must_use]
    pub fn denials(mut self, attempts: u64) -> Self {
        self.denials = attempts;
        self
    }

    /// Leaves entities out, with the reason.
    #[must_use]
    pub fn exclude(mut self, entities: EntityMatcher, reason: impl Into<Box<str>>) -> Self {
        self.exclude.push((entities, reason.into()));
        self
    }

    /// Adds an archive rule. The first that matches a finding counts.
    #[must_use]
    pub fn archive(mut self, rule: ArchiveRule) -> Self {
        self.archive.push(Arc::new(rule));
        self
    }

    /// Reads settings from the text of a TOML file.
    ///
    /// # Errors
    /// The text is not TOML, has unknown keys, or a rule would be for everything.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let file: file::File =
            toml::from_str(text).map_err(|error| SettingsError::of_toml(text, error))?;
        let defaults = Self::default();
        let mut settings = Self {
            unused_days: file.unused_days.unwrap_or(defaults.unused_days),
            min_coverage_days: file.min_coverage_days,
            denials: file.denials.unwrap_or(defaults.denials),
            ..defaults
        };
        for (index, rule) in file.exclude.into_iter().enumerate() {
            let entities = matcher(rule.accounts, &rule.arns, &rule.paths, rule.tags);
            if entities.is_empty() {
                let rule = format!("exclude[{index}]");
                return Err(SettingsError::MatchesAll { rule });
            }
            settings = settings.exclude(entities, rule.reason);
        }
        for (index, rule) in file.archive.into_iter().enumerate() {
            let entities = matcher(rule.accounts, &rule.arns, &rule.paths, rule.tags);
            let is_for_all = entities.is_empty()
                && rule.kinds.is_empty()
                && rule.ids.is_empty()
                && rule.up_to.is_none();
            if is_for_all {
                let rule = format!("archive[{index}]");
                return Err(SettingsError::MatchesAll { rule });
            }
            settings = settings.archive(
                ArchiveRule::new(rule.owner, rule.reason, entities)
                    .expires(rule.expires.map(|day| day.0))
                    .kinds(rule.kinds.into_iter().map(|kind| kind.0))
                    .up_to(rule.up_to.map(|severity| severity.0))
                    .ids(rule.ids),
            );
        }
        settings.check()?;
        Ok(settings)
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// A number is zero, or `unused_days` more than the 400 days that reports are about.
    pub fn check(&self) -> Result<(), SettingsError> {
        let numbers = [
            ("unused_days", u64::from(self.unused_days)),
            (
                "min_coverage_days",
                self.min_coverage_days.map_or(1, u64::from),
            ),
            ("denials", self.denials),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|(_, number)| *number == 0) {
            return Err(SettingsError::Zero { name });
        }
        if self.unused_days > MOST_DAYS {
            return Err(SettingsError::TooManyDays { most: MOST_DAYS });
        }
        Ok(())
    }

    /// Why an entity is left out, if it is.
    #[must_use]
    pub fn excluded(&self, detail: &EntityDetail) -> Option<&str> {
        let mut rules = self.exclude.iter();
        let (_, reason) = rules.find(|(matcher, _)| matcher.matches(detail))?;
        Some(reason)
    }
}

/// What a rule of the file is for.
fn matcher(
    accounts: Vec<Box<str>>,
    arns: &[String],
    paths: &[String],
    tags: impl IntoIterator<Item = (Box<str>, Box<str>)>,
) -> EntityMatcher {
    let matcher = EntityMatcher::new().accounts(accounts).tags(tags);
    matcher.arns(arns).paths(paths)
}

fn wildcards<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Pattern> {
    let texts = texts.into_iter();
    texts.map(|text| Pattern::wildcard(text.as_ref())).collect()
}
