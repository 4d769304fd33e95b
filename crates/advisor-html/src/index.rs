//! The index of the file: one row per report, in columns, and what all reports have in common.

use std::sync::Arc;

use advisor_core::{
    AccountCoverage, DayRange, EntityKind, ExportIssue, FindingKind, ReportCoverage, Severity,
};
use hashbrown::HashMap;
use serde::Serialize;

use crate::encoded_report::{EncodedReport, Facts, STATES};

/// What the page reads first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index<'a> {
    pub(crate) version: &'static str,
    pub(crate) title: &'a str,
    /// The time of the reports, in seconds since 1970.
    pub(crate) now: i64,
    pub(crate) granularity: Option<&'static str>,
    pub(crate) has_states: bool,
    pub(crate) catalog: String,
    pub(crate) coverage: &'a ReportCoverage,
    pub(crate) limit: u64,
    pub(crate) issues: Issues,
    /// The kinds and severities of findings; `None` when none were looked for.
    pub(crate) findings: Option<FindingNames>,
    /// What the numbers in [`Entities::advice`] mean.
    pub(crate) advice: &'a [&'static str],
    /// The ARNs that the numbers in [`Entities::groups`] mean.
    pub(crate) groups: &'a [Box<str>],
    pub(crate) services: &'a [ServiceSummary],
    pub(crate) entities: &'a Entities,
}

/// What could not be used of the account data as it is.
#[derive(Debug, Serialize)]
pub(crate) struct Issues {
    count: usize,
    first: Vec<String>,
}

impl Issues {
    /// Further ones are counted.
    const MOST: usize = 100;

    pub(crate) fn new(issues: &[ExportIssue]) -> Self {
        let first = issues.iter().take(Self::MOST);
        Self {
            count: issues.len(),
            first: first.map(Self::text).collect(),
        }
    }

    /// Without the folder of the export: the file is for others, too.
    fn text(issue: &ExportIssue) -> String {
        let mut issue = issue.clone();
        let name = issue.path.rsplit(['/', '\\']).next();
        issue.path = name.unwrap_or_default().into();
        issue.to_string()
    }
}

/// What the numbers of findings mean.
#[derive(Debug, Serialize)]
pub(crate) struct FindingNames {
    kinds: [FindingKind; FindingKind::ALL.len()],
    severities: [Severity; Severity::ALL.len()],
    /// How many findings are archived, and how many entities the settings exclude.
    archived: usize,
    excluded: usize,
    /// What they rest on.
    #[serde(flatten)]
    basis: Option<FindingBasis>,
}

/// The days that findings are about, and of how many accounts too few of them were read to call anything unused.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingBasis {
    window: DayRange,
    days_needed: u32,
    accounts: usize,
    uncovered_accounts: usize,
}

impl FindingNames {
    pub(crate) fn new(basis: Option<FindingBasis>, archived: usize, excluded: usize) -> Self {
        Self {
            kinds: FindingKind::ALL,
            severities: Severity::ALL,
            archived,
            excluded,
            basis,
        }
    }
}

impl FindingBasis {
    pub(crate) fn new(coverage: &ReportCoverage) -> Self {
        let accounts = coverage.accounts.iter();
        let is_uncovered = |account: &&AccountCoverage| account.days_read < coverage.days_needed;
        Self {
            window: coverage.window,
            days_needed: coverage.days_needed,
            accounts: coverage.accounts.len(),
            uncovered_accounts: accounts.filter(is_uncovered).count(),
        }
    }
}

/// A service in the reports on users and roles.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceSummary {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    /// How many users and roles may use it.
    pub(crate) granted: u32,
    /// How many users and roles used it, of those that may.
    pub(crate) used: u32,
    /// How many users and roles used it without a grant.
    pub(crate) ungranted: u32,
    /// When one of them used it last, in seconds since 1970.
    pub(crate) last: Option<i64>,
    /// How many of its actions any user or role may perform, and performed.
    pub(crate) actions_granted: u32,
    pub(crate) actions_used: u32,
}

/// The columns of the entities. All have the same length.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entities {
    pub(crate) arn: Vec<Box<str>>,
    name: Vec<Box<str>>,
    path: Vec<Box<str>>,
    account: Vec<Box<str>>,
    kind: Vec<u8>,
    created: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
    services: Vec<u32>,
    services_used: Vec<u32>,
    actions: Vec<u32>,
    actions_used: Vec<u32>,
    /// For every state, how many granted actions have it; at service level how many services.
    states: [Vec<u32>; STATES.len()],
    /// How many services and actions were used without a grant.
    ungranted: Vec<u32>,
    days: Vec<u32>,
    not_evaluated: Vec<u32>,
    undecided: Vec<usize>,
    /// The kind and severity of each active finding, in one number.
    findings: Vec<Vec<u32>>,
    /// What right-sizing advises: see [`EncodedReport::advice`]. Positions in `advice_names`.
    advice: Vec<Vec<usize>>,
    #[serde(skip)]
    pub(crate) advice_names: Vec<&'static str>,
    /// How many actions right-sizing removes.
    removed: Vec<usize>,
    /// The groups of users, as positions in `group_arns`.
    groups: Vec<Vec<usize>>,
    #[serde(skip)]
    pub(crate) group_arns: Vec<Box<str>>,
    #[serde(skip)]
    group_numbers: HashMap<Box<str>, usize>,
    /// To how many a policy is attached; `None` when that is not known, and of what is no policy.
    attached: Vec<Option<usize>>,
    tags: Vec<Vec<String>>,
    /// The ARNs of permissions boundaries.
    boundary: Vec<Option<Arc<str>>>,
    /// What of the report is in the file: see [`Kept`](crate::html_writer::Kept).
    pub(crate) kept: Vec<u8>,
    pub(crate) section: Vec<u32>,
    pub(crate) offset: Vec<u32>,
}

/// The number of a kind in the file.
fn kind_number(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::User => 0,
        EntityKind::Role => 1,
        EntityKind::Group => 2,
        EntityKind::Policy => 3,
    }
}

impl Entities {
    /// Adds a row for a report. Where it is in the file is up to the caller.
    pub(crate) fn push(&mut self, report: &EncodedReport) {
        let facts = report.facts.as_ref();
        // A report without an entity is on an AWS managed policy that no export has.
        let (_, name) = report.arn.rsplit_once('/').unwrap_or(("", &report.arn));
        self.arn.push(report.arn.clone());
        self.name
            .push(facts.map_or_else(|| name.into(), |facts| facts.name.clone()));
        self.path
            .push(facts.map_or_else(|| "/".into(), |facts| facts.path.clone()));
        self.account
            .push(facts.map_or_else(|| "aws".into(), |facts| facts.account.clone()));
        let kind = facts.map_or(EntityKind::Policy, |facts| facts.kind);
        self.kind.push(kind_number(kind));
        self.created.push(facts.and_then(|facts| facts.created));
        let days = facts.map_or(0, |facts| facts.days.len());
        self.days.push(u32::try_from(days).unwrap_or(u32::MAX));
        self.not_evaluated
            .push(u32::try_from(report.not_evaluated.len()).unwrap_or(u32::MAX));
        self.undecided.push(report.undecided);
        let found = report.findings.iter().filter_map(|it| it.code);
        self.findings.push(found.collect());
        let mut advice = Vec::new();
        for name in &report.advice {
            advice.push(self.advice_number(name));
        }
        self.advice.push(advice);
        self.removed.push(report.removed_actions);
        self.push_related(kind, facts);
        let tags = facts.map(|facts| facts.tags.clone());
        self.tags.push(tags.unwrap_or_default());
        let boundary = facts.and_then(|facts| facts.boundary.clone());
        self.boundary.push(boundary);
        self.push_counts(report);
    }

    fn push_related(&mut self, kind: EntityKind, facts: Option<&Facts>) {
        let related = facts.map_or(&[][..], |facts| &facts.related);
        let mut groups = Vec::new();
        if kind == EntityKind::User {
            for arn in related {
                groups.push(self.group_number(arn));
            }
        }
        self.groups.push(groups);
        let attached = facts.filter(|_| kind == EntityKind::Policy);
        self.attached.push(attached.map(|_| related.len()));
    }

    fn group_number(&mut self, arn: &str) -> usize {
        if let Some(number) = self.group_numbers.get(arn) {
            return *number;
        }
        let number = self.group_arns.len();
        self.group_arns.push(arn.into());
        self.group_numbers.insert(arn.into(), number);
        number
    }

    fn advice_number(&mut self, name: &'static str) -> usize {
        let known = self.advice_names.iter().position(|known| *known == name);
        known.unwrap_or_else(|| {
            self.advice_names.push(name);
            self.advice_names.len() - 1
        })
    }

    fn push_counts(&mut self, report: &EncodedReport) {
        let (mut services, mut services_used) = (0, 0);
        let (mut actions, mut actions_used, mut ungranted) = (0, 0, 0);
        let mut by_state = [0; STATES.len()];
        let mut last = None;
        let has_actions = report.services.iter().any(|row| row.granted.count > 0);
        for row in &report.services {
            last = last.max(row.last.as_ref().map(|last| last.millis.div_euclid(1_000)));
            if row.grant.is_granted() != Some(true) {
                ungranted += 1;
                continue;
            }
            services += 1;
            services_used += u32::from(row.last.is_some());
            actions += row.granted.count;
            actions_used += row.granted.used;
            ungranted += row.single.iter().filter(|it| !it.is_granted).count() as u32;
            if has_actions {
                for (count, more) in by_state.iter_mut().zip(row.granted.by_state) {
                    *count += more;
                }
            } else if let Some((state, _)) = row
                .claim
                .and_then(|claim| report.claims.get(claim as usize))
                && let Some(index) = STATES.iter().position(|known| known == state)
                && let Some(count) = by_state.get_mut(index)
            {
                *count += 1;
            }
        }
        self.services.push(services);
        self.services_used.push(services_used);
        self.actions.push(actions);
        self.actions_used.push(actions_used);
        for (column, count) in self.states.iter_mut().zip(by_state) {
            column.push(count);
        }
        self.ungranted.push(ungranted);
        self.last.push(last);
    }
}
