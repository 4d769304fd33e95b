//! Findings that were known before.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use service_catalog::{ActionId, Catalog};

use super::finding::{Finding, FoundPermission};
use super::judged::JudgedEntity;
use super::search::Search;
use super::severity::Severity;

/// The findings of an earlier run, as JSON. What it has is not new: a finding with the same id that was as severe and, where it is about
/// permissions, the same services and actions.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: HashMap<Box<str>, Known>,
}

/// A finding that was known.
#[derive(Clone, Debug)]
struct Known {
    severity: Option<Severity>,
    /// By namespace.
    permissions: HashMap<Box<str>, KnownPermission>,
}

#[derive(Clone, Debug)]
enum KnownPermission {
    Whole {
        granted: u32,
        fingerprint: Option<Box<str>>,
    },
    Actions(HashSet<Box<str>>),
}

/// Why a text is not the JSON of findings.
#[derive(Debug, thiserror::Error)]
#[error("not the JSON of findings: {0}")]
pub struct BaselineError(#[source] serde_json::Error);

#[derive(Deserialize)]
struct File {
    findings: Vec<KnownFinding>,
}

#[derive(Deserialize)]
struct KnownFinding {
    id: Box<str>,
    #[serde(default, rename = "accessAdvisor")]
    ours: Ours,
}

#[derive(Default, Deserialize)]
struct Ours {
    severity: Option<Box<str>>,
    #[serde(default)]
    permissions: Vec<Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    service_namespace: Box<str>,
    #[serde(default)]
    actions: HashSet<Box<str>>,
    #[serde(default)]
    granted_actions: u32,
    actions_fingerprint: Option<Box<str>>,
}

impl Permission {
    fn known(self) -> (Box<str>, KnownPermission) {
        let known = if self.actions.is_empty() {
            KnownPermission::Whole {
                granted: self.granted_actions,
                fingerprint: self.actions_fingerprint,
            }
        } else {
            KnownPermission::Actions(self.actions)
        };
        (self.service_namespace, known)
    }
}

impl KnownPermission {
    /// Removes what is known of a permission. Returns whether anything of it is new.
    fn reduce(&self, permission: &mut FoundPermission, catalog: &Catalog) -> bool {
        match self {
            Self::Whole {
                granted,
                fingerprint,
            } => match (&permission.actions_fingerprint, fingerprint) {
                (Some(now), Some(known)) => now.to_string() != **known,
                // Of fewer actions, none was granted since.
                _ => permission.granted_actions > *granted,
            },
            Self::Actions(_) if permission.is_whole_service => true,
            Self::Actions(known) => {
                let is_new = |action: &ActionId| !known.contains(catalog.action(*action).name());
                permission.retain_actions(is_new);
                !permission.actions.is_empty()
            }
        }
    }
}

impl Baseline {
    /// Reads the JSON of an earlier run.
    ///
    /// # Errors
    /// It is not the JSON of findings.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text).map_err(BaselineError)?;
        let known = file.findings.into_iter().map(|finding| {
            let severity = finding.ours.severity.and_then(|name| name.parse().ok());
            let permissions = finding.ours.permissions.into_iter();
            let permissions = permissions.map(Permission::known).collect();
            (
                finding.id,
                Known {
                    severity,
                    permissions,
                },
            )
        });
        Ok(Self {
            known: known.collect(),
        })
    }

    /// What is new of a finding: all of it when it is new or more severe than before, else the permissions that are new. `None` when
    /// nothing is.
    pub(super) fn new_part(
        &self,
        search: &Search<'_>,
        entity: &JudgedEntity<'_>,
        finding: Finding,
    ) -> Option<Finding> {
        let Some(known) = self.known.get(&*finding.id.to_string()) else {
            return Some(finding);
        };
        if known.severity.is_some_and(|known| finding.severity > known) {
            return Some(finding);
        }
        let catalog = search.advisor.catalog();
        let mut new = finding.permissions.clone();
        new.retain_mut(|permission| {
            let namespace = catalog.service(permission.service).namespace();
            let known = known.permissions.get(namespace);
            known.is_none_or(|known| known.reduce(permission, catalog))
        });
        if new.is_empty() {
            None
        } else if new == finding.permissions {
            Some(finding)
        } else {
            Some(search.narrowed(entity, finding, new))
        }
    }
}
