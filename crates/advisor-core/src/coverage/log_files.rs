//! Log files and other objects: those that were read, those that a digest lists, and those that could not be read whole.

use std::collections::{BTreeMap, HashSet};

/// The objects of a trail: log files by the last part of their names, which is unique, others by their whole names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogFiles {
    /// Fingerprints of those that were read. Names would take a dozen times the memory.
    read: HashSet<u64>,
    /// Those that a digest lists or that could not be read whole, and that were not read otherwise, by fingerprint.
    missing: BTreeMap<u64, Box<str>>,
}

impl LogFiles {
    /// Records that a log file was read.
    pub(super) fn see(&mut self, name: &str) {
        self.see_all([fingerprint(last_part(name))]);
    }

    /// Records that a digest lists a log file.
    pub(super) fn list(&mut self, name: &str) {
        self.lose_object(last_part(name));
    }

    /// Records that an object of this whole name was read after all.
    pub(super) fn recover_object(&mut self, name: &str) {
        self.see_all([fingerprint(name)]);
    }

    /// Records that an object of this whole name was not read, or only in part.
    pub(super) fn lose_object(&mut self, name: &str) {
        let fingerprint = fingerprint(name);
        if !self.read.contains(&fingerprint) {
            self.missing.insert(fingerprint, name.into());
        }
    }

    /// Records files that were read, by fingerprint.
    pub(super) fn see_all(&mut self, read: impl IntoIterator<Item = u64>) {
        for fingerprint in read {
            self.read.insert(fingerprint);
            self.missing.remove(&fingerprint);
        }
    }

    /// Merges those of another part of the trail.
    pub(super) fn merge(&mut self, other: &Self) {
        self.see_all(other.read.iter().copied());
        for (fingerprint, name) in &other.missing {
            if !self.read.contains(fingerprint) {
                self.missing.insert(*fingerprint, name.clone());
            }
        }
    }

    /// Those that were not read whole.
    pub(super) fn only_missing(&self) -> Self {
        Self {
            read: HashSet::new(),
            missing: self.missing.clone(),
        }
    }

    /// Fingerprints of the files that were read, in order.
    pub(super) fn read(&self) -> Vec<u64> {
        let mut read: Vec<u64> = self.read.iter().copied().collect();
        read.sort_unstable();
        read
    }

    /// The names of the files that a digest lists and that were not read, in order.
    pub(super) fn missing(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.missing.values().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// FNV-1a: simple, and the same in every version and on every machine, as files keep it.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_never_changes() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_listed_file_is_missing_until_it_is_read() {
        let mut files = LogFiles::default();
        files.list("AWSLogs/1/CloudTrail/b.json.gz");
        files.list("a.json.gz");
        assert_eq!(files.missing(), ["a.json.gz", "b.json.gz"]);
        files.see("copied/b.json.gz");
        files.list("bucket/b.json.gz");
        assert_eq!(files.missing(), ["a.json.gz"]);
    }
}
