//! Which services a new catalog has.

use std::collections::{BTreeMap, BTreeSet};

use super::error::BuildError;
use super::inputs::ServiceNames;
use super::service_names;
use super::service_reference::ServiceFile;
use crate::catalog::Catalog;

/// The services of the new catalog, with their display names.
pub(super) struct Services<'r> {
    pub(super) names: BTreeMap<String, String>,
    /// In the reference, but not reported by IAM.
    pub(super) unreported: BTreeSet<&'r str>,
    pub(super) unnamed: Vec<String>,
}

impl<'r> Services<'r> {
    pub(super) fn choose(
        reference: &'r [ServiceFile],
        file: Option<ServiceNames<'_>>,
        embedded: &'r Catalog,
    ) -> Result<Self, BuildError> {
        let namespaces = reference.iter().map(|file| file.namespace.as_str());
        if let Some(file) = file {
            let names = service_names::read(file.path)?;
            let unreported = namespaces
                .filter(|namespace| !names.contains_key(*namespace))
                .collect();
            return Ok(Self {
                names,
                unreported,
                unnamed: Vec::new(),
            });
        }
        let unreported: BTreeSet<&str> = embedded.unreported_namespaces().collect();
        let mut names: BTreeMap<String, String> = embedded
            .services()
            .map(|(_, service)| (service.namespace().to_owned(), service.name().to_owned()))
            .collect();
        let mut unnamed = Vec::new();
        for namespace in namespaces {
            if !unreported.contains(namespace) && !names.contains_key(namespace) {
                unnamed.push(namespace.to_owned());
                names.insert(namespace.to_owned(), namespace.to_owned());
            }
        }
        Ok(Self {
            names,
            unreported,
            unnamed,
        })
    }
}
