//! Ids of findings, which stay the same from run to run.

use std::fmt;

use serde::{Serialize, Serializer};
use service_catalog::{Action, ActionId, Catalog};
use sha2::{Digest, Sha256};

use super::kind::FindingKind;

/// The id of a [`Finding`](crate::Finding): a fingerprint of the unique id of its entity, its kind and its subject, written as a
/// UUID. It is the same in every run, and another one for an entity that was deleted and created again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingId([u8; 16]);

impl FindingId {
    /// The id of the finding of a kind on an entity, which its unique id or, without one, its ARN identifies.
    pub(super) fn new(entity: &str, kind: FindingKind, subject: &str) -> Self {
        let mut hash = Sha256::new();
        for part in ["access-advisor finding", entity, kind.name(), subject] {
            // With the lengths, no two lists of parts are the same bytes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut id = [0; 16];
        for (byte, hashed) in id.iter_mut().zip(hash.finalize()) {
            *byte = hashed;
        }
        // RFC 9562, version 8: a UUID whose bits mean what its maker says.
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        Self(id)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl Serialize for FindingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A fingerprint of a set of actions, by their names: the same in every run and with every catalog. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionsFingerprint(u64);

impl fmt::Display for ActionsFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for ActionsFingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A fingerprint of each action of a catalog. That of a set is their sum.
#[derive(Debug)]
pub(super) struct ActionFingerprints(Vec<u64>);

impl ActionFingerprints {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let fingerprint = |action: &Action| {
            let namespace = catalog.service(action.service()).namespace();
            let hash = Sha256::digest(format!("{namespace}:{}", action.name()));
            let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
            u64::from_le_bytes(*first)
        };
        Self(
            catalog
                .actions()
                .map(|(_, action)| fingerprint(action))
                .collect(),
        )
    }

    pub(super) fn of(&self, actions: &[ActionId]) -> ActionsFingerprint {
        let each = actions
            .iter()
            .filter_map(|action| self.0.get(action.index()));
        ActionsFingerprint(each.fold(0, |sum: u64, one| sum.wrapping_add(*one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_distinct() {
        let id = |entity, kind, subject| FindingId::new(entity, kind, subject).to_string();
        let role = id("AROA1", FindingKind::UnusedIamRole, "");
        // Baselines that users keep have these ids: they never change.
        assert_eq!(role, "dd347949-116b-81b0-bb96-859c6cae5875");
        let mut others = vec![
            role,
            id("AROA2", FindingKind::UnusedIamRole, ""),
            id("AROA1", FindingKind::UnusedPermission, ""),
            id("AROA1", FindingKind::UnusedPermission, "s3"),
            id("AROA1s", FindingKind::UnusedPermission, "3"),
        ];
        others.sort();
        others.dedup();
        assert_eq!(others.len(), 5);
    }
}
