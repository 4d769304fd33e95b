//! A number that tells catalogs apart that credit events differently.

use std::fmt;
use std::str::FromStr;

use crate::catalog::Catalog;
use crate::event_kind::When;

/// Identifies what a catalog credits events with, and what it takes them for in coverage: its services, event sources, actions with
/// their access levels and whether AWS tracks and logs them, event names, conditions, implied actions and lists of data and
/// management events, and the rules of this crate that use them. Two catalogs with the same fingerprint read every trail alike.
/// Display names, ARN formats and dates do not count.
///
/// Written and read as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogFingerprint(u64);

/// A text that is not a fingerprint of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a catalog fingerprint: 16 hexadecimal digits")]
pub struct ParseFingerprintError(String);

/// Goes up when the rules by which this crate resolves events change, so that fingerprints of earlier versions do not match.
const RULES: u64 = 3;

impl fmt::Display for CatalogFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for CatalogFingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = Some(text).filter(|text| text.len() == 16 && text.bytes().all(is_digit));
        digits
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| ParseFingerprintError(text.to_owned()))
    }
}

impl Catalog {
    /// The catalog's fingerprint. Computed at the first call, in about a millisecond.
    #[must_use]
    pub fn fingerprint(&self) -> CatalogFingerprint {
        CatalogFingerprint(*self.fingerprint.get_or_init(|| self.hash_crediting()))
    }

    fn hash_crediting(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.number(RULES);
        for list in [
            &self.unreported,
            &self.sources_without_caller,
            &self.sources_without_service,
        ] {
            hash.texts(list.iter().map(|text| &**text));
        }
        for condition in &self.conditions {
            hash.text(condition.name());
            hash.texts(condition.tests());
        }
        for (id, service) in self.services() {
            hash.text(service.namespace());
            hash.texts(service.event_sources());
            for action in self.actions_of(id).map(|action| self.action(action)) {
                hash.text(action.name());
                hash.text(action.access_level().name());
                hash.number(action.is_tracked().into());
                hash.number(action.event_reference as u64);
            }
            hash.bytes(b"\n");
        }
        for event in &self.event_names {
            hash.number(event.service.0.into());
            hash.text(&event.name);
            hash.number(event.action.0.into());
        }
        for kind in &self.event_kinds {
            hash.number(kind.service.0.into());
            hash.text(&kind.name);
            hash.texts(kind.data_resource_types());
            hash.number(kind.is_management.into());
            for alternative in self.alternatives_of(kind) {
                hash.number(alternative.condition as u64);
                hash.number(alternative.action.0.into());
            }
            for implied in self.implied_of(kind) {
                hash.number(implied.action.0.into());
                let (how, condition) = match implied.when {
                    When::Always => (0, 0),
                    When::Undecided => (1, 0),
                    When::Exactly(condition) => (2, condition),
                    When::AtLeast(condition) => (3, condition),
                };
                hash.number(how);
                hash.number(condition as u64);
            }
        }
        hash.0
    }
}

/// FNV-1a with 64 bits: the same on every machine and in every version.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Texts end with a byte that no name of a catalog has.
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(b"\n");
    }

    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for text in texts {
            self.text(text);
        }
        self.bytes(b"\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_written_and_read() {
        let fingerprint = Catalog::embedded().fingerprint();
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(CatalogFingerprint(1).to_string(), "0000000000000001");
        for wrong in [
            "",
            "1",
            "000000000000000G",
            "+000000000000001",
            "00000000000000001",
        ] {
            let error = wrong.parse::<CatalogFingerprint>().unwrap_err();
            assert!(error.to_string().contains(wrong));
        }
    }

    #[test]
    fn only_what_credits_events_counts() {
        let table = Catalog::embedded().to_table();
        let of = |table: &str| Catalog::parse(table).unwrap().fingerprint();
        let fingerprint = of(&table);
        assert_eq!(fingerprint, Catalog::embedded().fingerprint());
        for (from, to, is_same) in [
            (
                "service-reference\t2026-08-22",
                "service-reference\t2026-08-23",
                true,
            ),
            ("\tAmazon S3\n", "\tS3\n", true),
            ("source\tmonitoring\n", "source\tmonitor\n", false),
            ("no-caller\ts3lifecycle\n", "", false),
            // What the records of coverage are taken for.
            (
                "data\tGetObject\tAWS::S3::AccessPoint,AWS::S3::Object\n",
                "",
                false,
            ),
            ("management\tInvokeModel\n", "", false),
            ("R-\tGetAccessPoint\t", "W-\tGetAccessPoint\t", false),
            (
                "event\tHeadObject\tGetObject\n",
                "event\tHeadObject\tPutObject\n",
                false,
            ),
            ("implies\tReEncrypt\tReEncryptTo\talways\n", "", false),
            (
                "requestParameters.versionId",
                "requestParameters.version",
                false,
            ),
        ] {
            assert!(table.contains(from), "{from}");
            assert_eq!(
                of(&table.replacen(from, to, 1)) == fingerprint,
                is_same,
                "{from}"
            );
        }
    }
}
