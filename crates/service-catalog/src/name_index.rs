//! A hash index from (service, name) to a number. It ignores ASCII case and does not allocate on lookup.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::ids::ServiceId;

/// Finds entries of a vector by their service and name. The names stay in that vector: every method takes a function that returns
/// the service and name of an entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameIndex {
    entries: HashTable<Entry>,
}

/// The hash is stored, so that growing the table needs no names.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    position: u32,
}

impl NameIndex {
    /// Reserves capacity for more entries.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional, |entry| entry.hash);
    }

    /// Adds an entry, or returns the position of the entry that already has this name.
    pub(crate) fn insert<'n>(
        &mut self,
        service: ServiceId,
        name: &str,
        position: u32,
        name_at: impl Fn(u32) -> Option<(ServiceId, &'n str)>,
    ) -> Option<u32> {
        if let Some(taken) = self.find(service, name, name_at) {
            return Some(taken);
        }
        let hash = hash(service, name);
        self.entries
            .insert_unique(hash, Entry { hash, position }, |entry| entry.hash);
        None
    }

    /// The position of the entry with this service and name.
    pub(crate) fn find<'n>(
        &self,
        service: ServiceId,
        name: &str,
        name_at: impl Fn(u32) -> Option<(ServiceId, &'n str)>,
    ) -> Option<u32> {
        let hash = hash(service, name);
        self.entries
            .find(hash, |entry| {
                entry.hash == hash
                    && name_at(entry.position).is_some_and(|(of, known)| {
                        of == service && known.eq_ignore_ascii_case(name)
                    })
            })
            .map(|entry| entry.position)
    }
}

/// Hashes the lower-case name in padded blocks, without a lower-case copy of it.
fn hash(service: ServiceId, name: &str) -> u64 {
    const BLOCK: usize = 32;
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u32(service.0);
    for part in name.as_bytes().chunks(BLOCK) {
        let mut block = [0_u8; BLOCK];
        for (lower, byte) in block.iter_mut().zip(part) {
            *lower = byte.to_ascii_lowercase();
        }
        hasher.write(&block);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_service_and_name_in_any_case() {
        let long = "AVeryLongNameOfAnActionThatSpansMoreThanOneBlockOfTheHash";
        let names = [
            (ServiceId(0), "GetObject"),
            (ServiceId(1), "GetObject"),
            (ServiceId(1), long),
        ];
        let name_at = |position: u32| names.get(position as usize).copied();
        let mut index = NameIndex::default();
        for (position, (service, name)) in names.iter().enumerate() {
            assert_eq!(index.insert(*service, name, position as u32, name_at), None);
        }
        assert_eq!(index.insert(ServiceId(0), "GETOBJECT", 9, name_at), Some(0));
        assert_eq!(index.find(ServiceId(1), "getobject", name_at), Some(1));
        assert_eq!(
            index.find(ServiceId(1), &long.to_uppercase(), name_at),
            Some(2)
        );
        assert_eq!(index.find(ServiceId(2), "GetObject", name_at), None);
    }
}
