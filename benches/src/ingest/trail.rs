//! The trails by name.

use std::fmt;
use std::io;

use super::answer::Answer;
use super::block::{BLOCK, Block, Tally};
use super::gzip;
use super::regular::Regular;
use super::varied::Varied;

/// Which of the two trails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum TrailKind {
    /// A lot recurs: few sessions, few parameter layouts.
    Regular,
    /// Little recurs: many principals and services, nested parameters, rare fields, escapes.
    Varied,
}

impl TrailKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Regular, Self::Varied];
}

impl fmt::Display for TrailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "regular",
            Self::Varied => "varied",
        })
    }
}

/// A generated trail.
#[derive(Debug)]
pub struct IngestTrail {
    kind: TrailKind,
    records: u64,
    generator: Generator,
}

#[derive(Debug)]
enum Generator {
    Regular(Box<Regular>),
    Varied(Box<Varied>),
}

impl IngestTrail {
    /// The trail with this many records.
    #[must_use]
    pub fn new(kind: TrailKind, records: u64) -> Self {
        let generator = match kind {
            TrailKind::Regular => Generator::Regular(Box::new(Regular::new(records))),
            TrailKind::Varied => Generator::Varied(Box::new(Varied::new(records))),
        };
        Self {
            kind,
            records,
            generator,
        }
    }

    /// Which trail it is.
    #[must_use]
    pub fn kind(&self) -> TrailKind {
        self.kind
    }

    /// The number of records.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The expected answer. It comes from what the records were made of, not from reading them.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let mut tally = Tally::default();
        for index in 0..self.blocks() {
            tally.add(&self.block(index));
        }
        self.answer_of(&tally)
    }

    /// The JSON of an object with `count` records, starting with record `first`. All must be in one block.
    #[must_use]
    pub fn object_json(&self, first: u64, count: u64) -> String {
        let block = self.block(first / BLOCK);
        let records = block.records.get((first % BLOCK) as usize..);
        let records = records.unwrap_or_default();
        let count = records.len().min(count as usize);
        let mut json = String::new();
        block.write_object(records.get(..count).unwrap_or_default(), &mut json);
        json
    }

    /// The same object as it is stored: gzip, level 6.
    ///
    /// # Errors
    /// None in practice, because it is written to memory.
    pub fn object_gzip(&self, first: u64, count: u64) -> io::Result<Vec<u8>> {
        gzip::compress(self.object_json(first, count).as_bytes(), Vec::new())
    }

    pub(super) fn blocks(&self) -> u64 {
        self.records.div_ceil(BLOCK)
    }

    pub(super) fn block(&self, index: u64) -> Block {
        match &self.generator {
            Generator::Regular(trail) => trail.block(index),
            Generator::Varied(trail) => trail.block(index),
        }
    }

    pub(super) fn answer_of(&self, tally: &Tally) -> Answer {
        let mut answer = Answer::default();
        for (principal, event, region, attempts) in tally.rows() {
            let found = match &self.generator {
                Generator::Regular(trail) => trail.arn(principal).zip(trail.event(event)),
                Generator::Varied(trail) => trail.arn(principal).zip(trail.event(event)),
            };
            if let Some((arn, event)) = found {
                answer.add([arn, &event.source, &event.name, region], attempts);
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use advisor_core::Activity;
    use cloudtrail_reader::{ReadOptions, TrailReader};
    use serde_json::Value;
    use service_catalog::Catalog;

    use super::*;

    #[test]
    fn reading_the_objects_gives_the_answer() {
        for (kind, least_rows) in [(TrailKind::Regular, 2_000), (TrailKind::Varied, 3_000)] {
            let trail = IngestTrail::new(kind, 12_000);
            let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
            let expected = trail.answer().by_operation(&Catalog::shared());
            assert!(expected.len() > least_rows, "{kind}: {}", expected.len());
            let mut activity = Activity::new();
            let (mut records, mut attributed) = (0, 0);
            for first in (0..trail.records()).step_by(BLOCK as usize) {
                let json = trail.object_json(first, BLOCK);
                let read = reader.read_bytes("generated", json.as_bytes(), &mut activity);
                records += read.records_read;
                attributed += read.records_attributed;
            }
            assert_eq!(records, 12_000, "{kind}");
            assert!(attributed > 9_500, "{kind}: {attributed}");
            assert_eq!(Answer::of(&activity).difference(&expected), None, "{kind}");
        }
    }

    #[test]
    fn objects_of_any_size_hold_the_same_records() {
        for kind in TrailKind::ALL {
            let trail = IngestTrail::new(kind, 200);
            let large = trail.object_json(0, 200);
            assert_eq!(large, IngestTrail::new(kind, 200).object_json(0, 200));
            let inside = |first| {
                let json = trail.object_json(first, 50);
                json["{\"Records\":[".len()..json.len() - 2].to_owned()
            };
            let small: Vec<String> = (0..200).step_by(50).map(inside).collect();
            assert!(
                large == format!("{{\"Records\":[{}]}}", small.join(",")),
                "{kind}"
            );
        }
    }

    /// What two blocks of a trail look like.
    struct Look {
        /// Bytes of JSON per record.
        size: usize,
        /// The size of the JSON divided by the size of its gzip.
        ratio: f64,
        /// Sorted sets of keys of records.
        key_sets: usize,
        records: Vec<Value>,
    }

    impl Look {
        fn at(kind: TrailKind) -> Self {
            let trail = IngestTrail::new(kind, 10_000);
            let (mut size, mut stored) = (0, 0);
            let mut records = Vec::new();
            for first in [0, BLOCK] {
                let json = trail.object_json(first, BLOCK);
                size += json.len();
                stored += gzip::compress(json.as_bytes(), Vec::new()).unwrap().len();
                let mut object: Value = serde_json::from_str(&json).unwrap();
                records.append(object["Records"].as_array_mut().unwrap());
            }
            let keys = |record: &Value| record.as_object().unwrap().keys().cloned().collect();
            let key_sets: BTreeSet<Vec<String>> = records.iter().map(keys).collect();
            Self {
                size: size / records.len(),
                ratio: size as f64 / stored as f64,
                key_sets: key_sets.len(),
                records,
            }
        }

        fn distinct(&self, pointer: &str) -> BTreeMap<&str, usize> {
            let mut counts = BTreeMap::new();
            for text in self
                .records
                .iter()
                .filter_map(|record| record.pointer(pointer)?.as_str())
            {
                *counts.entry(text).or_default() += 1;
            }
            counts
        }

        /// How many of a thousand records this holds for.
        fn per_mille(&self, holds: impl Fn(&Value) -> bool) -> usize {
            self.records.iter().filter(|record| holds(record)).count() * 1_000 / self.records.len()
        }
    }

    #[test]
    fn regular_records_are_like_real_ones() {
        let look = Look::at(TrailKind::Regular);
        assert!(
            (1_400..=1_500).contains(&look.size),
            "{} bytes a record",
            look.size
        );
        assert!(
            (6.0..=8.0).contains(&look.ratio),
            "compressed {} times",
            look.ratio
        );
        assert!(look.key_sets >= 25, "{} sets of keys", look.key_sets);
    }

    #[test]
    fn varied_records_differ_in_all_that_readers_meet() {
        let look = Look::at(TrailKind::Varied);
        assert!(
            (2_100..=2_500).contains(&look.size),
            "{} bytes a record",
            look.size
        );
        assert!(
            (5.0..=7.0).contains(&look.ratio),
            "compressed {} times",
            look.ratio
        );
        assert!(look.key_sets >= 150, "{} sets of keys", look.key_sets);
        for (pointer, least) in [
            ("/eventSource", 80),
            ("/eventName", 1_000),
            ("/eventVersion", 6),
            ("/eventType", 5),
            ("/errorCode", 20),
            ("/userAgent", 1_000),
            ("/userIdentity/type", 9),
            ("/userIdentity/arn", 900),
            ("/userIdentity/accessKeyId", 1_000),
        ] {
            let distinct = look.distinct(pointer).len();
            assert!(distinct >= least, "{distinct} values of {pointer}");
        }
        for key in [
            "tlsDetails",
            "vpcEndpointId",
            "additionalEventData",
            "sharedEventID",
            "serviceEventDetails",
        ] {
            let share = look.per_mille(|record| record.get(key).is_some());
            assert!((10..500).contains(&share), "{share} per mille have {key}");
        }
        assert!(look.per_mille(|record| record.get("addendum").is_some()) < 5);
        let length = |record: &Value| {
            ["requestParameters", "responseElements"]
                .iter()
                .filter_map(|field| record.get(field))
                .filter(|value| !value.is_null())
                .map(|value| value.to_string().len())
                .sum::<usize>()
        };
        let inside = look.per_mille(|record| (200..=20_000).contains(&length(record)));
        assert!(
            inside >= 750,
            "{inside} per mille have parameters of 0.2 to 20 KB"
        );
        assert!(look.records.iter().all(|record| length(record) < 21_000));
    }

    #[test]
    fn varied_records_have_escapes_and_text_beyond_ascii() {
        let json = IngestTrail::new(TrailKind::Varied, BLOCK).object_json(0, BLOCK);
        for part in [
            "\\\"",
            "\\\\",
            "\\/",
            "\\n",
            "\\u00e9",
            "\\ud83d\\ude80",
            "ß",
            "東京",
            "🚀",
        ] {
            assert!(json.matches(part).count() >= 10, "{part}");
        }
        let records = json.split("{\"eventVersion\"").skip(1);
        let (mut count, mut escaped, mut beyond_ascii) = (0, 0, 0);
        for record in records {
            count += 1;
            escaped += usize::from(record.contains('\\'));
            beyond_ascii += usize::from(!record.is_ascii());
        }
        assert_eq!(count as u64, BLOCK);
        assert!((20..40).contains(&(escaped * 100 / count)), "{escaped}");
        assert!(
            (4..10).contains(&(beyond_ascii * 100 / count)),
            "{beyond_ascii}"
        );
    }
}
