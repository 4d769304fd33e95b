//! Event sources that the catalog does not know, and that may be new parts of services that are granted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::text::Printable;

/// An event source of calls that the catalog does not know and whose name begins with the namespace of services that the callers are
/// granted, as that of a new part of a service does. All of their granted actions are implied, so no finding calls them unused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnknownEventSource {
    /// The source, up to its first dot.
    pub event_source: Arc<str>,
    /// The namespaces of the services, sorted.
    pub services: Vec<Box<str>>,
    /// The ARNs of the users and roles, sorted.
    pub identities: Vec<Arc<str>>,
}

impl UnknownEventSource {
    /// One for each source, sorted.
    pub(super) fn merged(all: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut by_source: BTreeMap<Arc<str>, Self> = BTreeMap::new();
        for mut one in all {
            match by_source.get_mut(&one.event_source) {
                None => _ = by_source.insert(one.event_source.clone(), one),
                Some(known) => {
                    known.services.append(&mut one.services);
                    known.identities.append(&mut one.identities);
                }
            }
        }
        let mut merged: Vec<Self> = by_source.into_values().collect();
        for one in &mut merged {
            one.services.sort_unstable();
            one.services.dedup();
            one.identities.sort_unstable();
        }
        merged
    }
}

/// `event source ec2-new is not in the catalog and may be a part of ec2: nothing granted of it is called unused of role/deploy`.
impl fmt::Display for UnknownEventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "event source {} is not in the catalog and may be a part of {}: nothing granted of it is called unused of ",
            Printable(&*self.event_source),
            self.services.join(", ")
        )?;
        match self.identities.as_slice() {
            [] => f.write_str("no one"),
            [only] => write!(f, "{}", Printable(&**only)),
            [first, others @ ..] => {
                let plural = if others.len() == 1 { "" } else { "s" };
                write!(
                    f,
                    "{} and {} other{plural}",
                    Printable(&**first),
                    others.len()
                )
            }
        }
    }
}
