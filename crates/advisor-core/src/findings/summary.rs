//! Sums up findings by account and by identity.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::finding::Finding;
use super::kind::FindingKind;
use super::list::Findings;
use super::severity::Severity;
use crate::ids::AccountId;

/// Findings summed up, without those that are archived.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FindingsSummary {
    /// By account, in order.
    pub accounts: Vec<AccountSummary>,
    /// By user and role: those that removing what is unused wins the most at come first.
    pub identities: Vec<IdentitySummary>,
    /// How many findings there are of each kind.
    pub kinds: BTreeMap<FindingKind, usize>,
}

/// The findings on an account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountSummary {
    /// The account; `aws` for AWS managed policies.
    pub account: AccountId,
    /// How many findings there are of each severity.
    pub severities: BTreeMap<Severity, usize>,
    /// The number of users and roles that were not used.
    pub unused_identities: usize,
    /// The number of services that users and roles are granted and did not use, over all of them.
    pub unused_services: usize,
    /// The number of actions that users and roles are granted and did not use, over all of them.
    pub unused_actions: usize,
}

/// The findings on a user or role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IdentitySummary {
    /// Its ARN.
    pub resource: Arc<str>,
    /// The severity of the worst finding on it.
    pub severity: Severity,
    /// The number of findings on it.
    pub findings: usize,
    /// Whether it was not used at all.
    pub is_unused: bool,
    /// The number of services that it is granted and did not use.
    pub unused_services: usize,
    /// The number of actions that it is granted and did not use.
    pub unused_actions: usize,
}

impl Findings {
    /// Sums up the findings that are not archived.
    #[must_use]
    pub fn summary(&self) -> FindingsSummary {
        let mut accounts: BTreeMap<AccountId, AccountSummary> = BTreeMap::new();
        let mut identities: BTreeMap<Arc<str>, IdentitySummary> = BTreeMap::new();
        let mut kinds: BTreeMap<FindingKind, usize> = BTreeMap::new();
        for finding in self.active() {
            *kinds.entry(finding.kind).or_default() += 1;
            let new = || AccountSummary {
                account: finding.account.clone(),
                severities: BTreeMap::new(),
                unused_identities: 0,
                unused_services: 0,
                unused_actions: 0,
            };
            let account = accounts.entry(finding.account.clone()).or_insert_with(new);
            *account.severities.entry(finding.severity).or_default() += 1;
            let Some(unused) = Unused::of(finding) else {
                continue;
            };
            account.unused_identities += usize::from(unused.is_whole);
            account.unused_services += unused.services;
            account.unused_actions += unused.actions;
            let identity = identities
                .entry(finding.resource.clone())
                .or_insert_with(|| IdentitySummary {
                    resource: finding.resource.clone(),
                    severity: finding.severity,
                    findings: 0,
                    is_unused: false,
                    unused_services: 0,
                    unused_actions: 0,
                });
            identity.severity = identity.severity.max(finding.severity);
            identity.findings += 1;
            identity.is_unused |= unused.is_whole;
            identity.unused_services += unused.services;
            identity.unused_actions += unused.actions;
        }
        let mut identities: Vec<_> = identities.into_values().collect();
        identities.sort_by(|left, right| {
            let wins = |one: &IdentitySummary| (one.severity, one.unused_actions);
            wins(right)
                .cmp(&wins(left))
                .then_with(|| left.resource.cmp(&right.resource))
        });
        FindingsSummary {
            accounts: accounts.into_values().collect(),
            identities,
            kinds,
        }
    }
}

/// What a finding on a user or role says is unused.
struct Unused {
    is_whole: bool,
    services: usize,
    actions: usize,
}

impl Unused {
    /// `None` for findings on other things, and for use.
    fn of(finding: &Finding) -> Option<Self> {
        let is_whole = match finding.kind {
            FindingKind::UnusedIamRole | FindingKind::UnusedIamUser => true,
            FindingKind::UnusedPermission => false,
            // Its actions are among those of the unused permissions.
            FindingKind::UnusedPrivilege
            | FindingKind::UnusedIamUserAccessKey
            | FindingKind::UnusedIamUserPassword => {
                return Some(Self {
                    is_whole: false,
                    services: 0,
                    actions: 0,
                });
            }
            _ => return None,
        };
        Some(Self {
            is_whole,
            services: finding.unused_services(),
            actions: finding.unused_actions,
        })
    }
}
