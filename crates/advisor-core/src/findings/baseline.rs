//! Findings that were known before.

use hashbrown::{HashMap, HashSet};
use serde::Deserialize;

use super::finding::Finding;
use super::list::Findings;

/// The findings of an earlier run, as JSON. What it has is not new: a finding with the same id and, where it is about permissions, the
/// same services and actions.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// By id: the services, and the actions of services.
    known: HashMap<Box<str>, HashSet<Box<str>>>,
}

/// Why a text is not the JSON of findings.
#[derive(Debug, thiserror::Error)]
#[error("not the JSON of findings: {0}")]
pub struct BaselineError(#[source] serde_json::Error);

#[derive(Deserialize)]
struct File {
    findings: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    id: Box<str>,
    #[serde(rename = "accessAdvisor")]
    ours: Option<Ours>,
}

#[derive(Deserialize)]
struct Ours {
    #[serde(default)]
    permissions: Vec<Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    service_namespace: Box<str>,
    #[serde(default)]
    actions: Vec<Box<str>>,
}

impl Baseline {
    /// Reads the JSON of an earlier run.
    ///
    /// # Errors
    /// It is not the JSON of findings.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text).map_err(BaselineError)?;
        let mut known: HashMap<Box<str>, HashSet<Box<str>>> = HashMap::new();
        for finding in file.findings {
            let permissions = known.entry(finding.id).or_default();
            let listed = finding.ours.map(|ours| ours.permissions);
            for permission in listed.into_iter().flatten() {
                let namespace = permission.service_namespace;
                if permission.actions.is_empty() {
                    permissions.insert(namespace);
                    continue;
                }
                let names = permission.actions.iter();
                permissions.extend(names.map(|name| Box::from(format!("{namespace}:{name}"))));
            }
        }
        Ok(Self { known })
    }

    /// Removes what is known. Of a finding with known and new permissions, the new ones stay.
    pub fn retain_new(&self, findings: &mut Findings) {
        findings.findings.retain_mut(|finding| self.reduce(finding));
    }

    /// Removes the permissions of a finding that are known. Returns whether anything of it is new.
    fn reduce(&self, finding: &mut Finding) -> bool {
        let Some(known) = self.known.get(&*finding.id.to_string()) else {
            return true;
        };
        let catalog = finding.catalog.clone();
        let mut new = std::mem::take(&mut finding.permissions);
        new.retain_mut(|permission| {
            let namespace = catalog.service(permission.service).namespace();
            if known.contains(namespace) {
                return false;
            }
            if permission.is_whole_service {
                return true;
            }
            let is_new = |action: &service_catalog::ActionId| {
                let name = catalog.action(*action).name();
                !known.contains(&*format!("{namespace}:{name}"))
            };
            permission.actions = permission.actions.iter().copied().filter(is_new).collect();
            permission.action_count = u32::try_from(permission.actions.len()).unwrap_or(u32::MAX);
            !permission.actions.is_empty()
        });
        finding.unused_actions = if finding.kind.is_about_unused() {
            new.iter()
                .map(|permission| permission.action_count as usize)
                .sum()
        } else {
            0
        };
        finding.permissions = new;
        !finding.permissions.is_empty()
    }
}
