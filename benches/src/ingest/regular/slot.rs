//! The Region and time of a block of the regular trail.

/// The number of active users and roles.
pub(super) const PRINCIPALS: usize = 1_000;

/// A Region, and the share of the principals that work in it: one out of `one_of`.
struct Region {
    name: &'static str,
    one_of: usize,
}

const REGIONS: [Region; 4] = [
    Region {
        name: "eu-west-1",
        one_of: 1,
    },
    Region {
        name: "us-east-1",
        one_of: 2,
    },
    Region {
        name: "us-west-2",
        one_of: 4,
    },
    Region {
        name: "ap-southeast-2",
        one_of: 4,
    },
];
/// The Regions of consecutive blocks.
const CYCLE: [usize; 8] = [0, 1, 0, 2, 0, 1, 0, 3];

/// Where and when a block's records were made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) index: u64,
    region: usize,
    /// The number of earlier blocks of the same Region.
    pub(super) before: u64,
    /// In UTC seconds.
    pub(super) start: u64,
}

impl Slot {
    pub(super) fn new(index: u64, start: u64) -> Self {
        let place = (index % CYCLE.len() as u64) as usize;
        let region = CYCLE.get(place).copied().unwrap_or_default();
        let count = |places: &[usize]| places.iter().filter(|other| **other == region).count();
        Self {
            index,
            region,
            before: index / CYCLE.len() as u64 * count(&CYCLE) as u64
                + count(CYCLE.get(..place).unwrap_or_default()) as u64,
            start,
        }
    }

    pub(super) fn region(&self) -> &'static str {
        REGIONS.get(self.region).map_or("", |region| region.name)
    }

    pub(super) fn one_of(&self) -> usize {
        REGIONS.get(self.region).map_or(1, |region| region.one_of)
    }
}
