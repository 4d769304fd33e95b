//! What was called and where, by the bytes that name it.

use std::hash::BuildHasher;

use advisor_core::{Activity, CreditedActionId, RegionId};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use service_catalog::Catalog;

use crate::record::{attribution, checks};

/// Operations by event source and name.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    known: HashTable<KnownOperation>,
    hasher: RandomState,
}

#[derive(Debug)]
struct KnownOperation {
    hash: u64,
    event_source: Box<[u8]>,
    event_name: Box<[u8]>,
    id: CreditedActionId,
}

impl Operations {
    /// The operation, if source and name are in order.
    #[inline]
    pub(crate) fn id(
        &mut self,
        event_source: &[u8],
        event_name: &[u8],
        catalog: &Catalog,
        activity: &mut Activity,
    ) -> Option<CreditedActionId> {
        let hash = self.hasher.hash_one((event_source, event_name));
        let known = self.known.find(hash, |known| {
            *known.event_name == *event_name && *known.event_source == *event_source
        });
        if let Some(known) = known {
            return Some(known.id);
        }
        let source = std::str::from_utf8(event_source).ok()?;
        let name = std::str::from_utf8(event_name).ok()?;
        let called = attribution::called(catalog, Some(source), Some(name)).ok()?;
        let known = KnownOperation {
            hash,
            event_source: event_source.into(),
            event_name: event_name.into(),
            id: activity.intern_operation(called.service, called.operation),
        };
        let id = known.id;
        self.known.insert_unique(hash, known, |known| known.hash);
        Some(id)
    }
}

/// Regions: a few dozen.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    known: Vec<(Box<[u8]>, RegionId)>,
}

/// There are fewer Regions; more are made up, and looked up in the table.
const MOST_REGIONS: usize = 64;

impl Regions {
    /// The Region, if it can be one.
    #[inline]
    pub(crate) fn id(&mut self, text: &[u8], activity: &mut Activity) -> Option<RegionId> {
        if let Some(position) = self.known.iter().position(|(known, _)| **known == *text) {
            let id = self.known.get(position).map(|(_, id)| *id);
            if position > 0 {
                // What recurs comes to the front.
                self.known.swap(position, position - 1);
            }
            return id;
        }
        let region = checks::region(std::str::from_utf8(text).ok()).ok()?;
        let id = activity.intern_region(region);
        if self.known.len() < MOST_REGIONS {
            self.known.push((text.into(), id));
        }
        Some(id)
    }
}
