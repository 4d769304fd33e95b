//! Pages: how many items one answer has, and the marker that leads to the next.
//!
//! A marker is opaque. It says which operation and job it belongs to and where to go on, and carries
//! a keyed checksum (HMAC-SHA-256), so that one that was made up or changed is found out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::JobId;
use crate::parameters::check_marker;
use crate::request_error::RequestError;

/// Which operation a marker belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagedOperation {
    /// `GetServiceLastAccessedDetails`.
    Services,
    /// `GetServiceLastAccessedDetailsWithEntities`.
    Entities,
    /// A list of an account's entities, such as `ListUsers`. Its name stands for the job's id.
    Directory,
}

impl PagedOperation {
    /// How many items an answer has when the caller does not say. IAM returns 200 services,
    /// recorded in September 2026; of entities the API reference's 100.
    #[must_use]
    pub fn default_items(self) -> usize {
        match self {
            Self::Services => 200,
            Self::Entities | Self::Directory => 100,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Services => 1,
            Self::Entities => 2,
            Self::Directory => 3,
        }
    }
}

/// The `MaxItems` parameter: 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxItems(usize);

impl MaxItems {
    /// Checks a number.
    ///
    /// # Errors
    /// As IAM words them, below 1 and above 1000.
    pub fn new(number: i64) -> Result<Self, RequestError> {
        match usize::try_from(number) {
            Err(_) | Ok(0) => Err(RequestError::constraint(
                "maxItems",
                "have value greater than or equal to 1",
            )),
            Ok(1001..) => Err(RequestError::constraint(
                "maxItems",
                "have value less than or equal to 1000",
            )),
            Ok(number) => Ok(Self(number)),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }
}

/// A stretch of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first item's position.
    pub start: usize,
    /// The most items.
    pub items: usize,
}

impl Page {
    /// Where the next page begins, when the list is longer than this page shows.
    #[must_use]
    pub fn next(self, length: usize) -> Option<usize> {
        let end = self.start.saturating_add(self.items);
        (end < length).then_some(end)
    }
}

/// The secret that markers are sealed with.
#[derive(Clone)]
pub struct MarkerKey([u8; 32]);

impl std::fmt::Debug for MarkerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkerKey(..)")
    }
}

/// The marker's parts: operation, position, the job's id; then the checksum.
const CHECKSUM: usize = 16;
const POSITION: std::ops::Range<usize> = 1..9;

impl MarkerKey {
    /// A key of random bytes, the same for all processes that serve the same jobs.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The marker that goes on at a position.
    #[must_use]
    pub fn seal(&self, operation: PagedOperation, job: &JobId, position: usize) -> String {
        let mut bytes = vec![operation.code()];
        bytes.extend(u64::try_from(position).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(job.as_str().as_bytes());
        let checksum = self.checksum(&bytes);
        bytes.extend(checksum.iter().take(CHECKSUM));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a marker goes on at.
    ///
    /// # Errors
    /// As IAM words them: an empty marker, one that is not ours, one of another job or operation.
    pub fn open(
        &self,
        marker: &str,
        operation: PagedOperation,
        job: &JobId,
    ) -> Result<usize, RequestError> {
        check_marker(marker)?;
        let invalid = || RequestError::ValidationError("Invalid Marker.".into());
        let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| invalid())?;
        let length = bytes.len().checked_sub(CHECKSUM).ok_or_else(invalid)?;
        let (said, checksum) = bytes.split_at_checked(length).ok_or_else(invalid)?;
        // In constant time: how much of a guess is right must not show.
        let verified = self
            .mac(said)
            .is_some_and(|mac| mac.verify_truncated_left(checksum).is_ok());
        let position = said.get(POSITION).and_then(|bytes| bytes.try_into().ok());
        let (Some(position), true) = (position, verified) else {
            return Err(invalid());
        };
        let is_ours = said.first() == Some(&operation.code())
            && said.get(POSITION.end..) == Some(job.as_str().as_bytes());
        if !is_ours {
            return Err(RequestError::InvalidInput(
                "The marker passed in the request was invalid.".into(),
            ));
        }
        usize::try_from(u64::from_be_bytes(position)).map_err(|_| invalid())
    }

    fn mac(&self, bytes: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(bytes);
        Some(mac)
    }

    fn checksum(&self, bytes: &[u8]) -> Vec<u8> {
        self.mac(bytes)
            .map(|mac| mac.finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "11111111-2222-3333-4444-555555555555";

    fn open(marker: &str, operation: PagedOperation, job: &str) -> Result<usize, String> {
        MarkerKey::new([7; 32])
            .open(marker, operation, &JobId::from(job))
            .map_err(|error| format!("{}: {error}", error.code()))
    }

    #[test]
    fn a_marker_belongs_to_its_job_and_operation() {
        let key = MarkerKey::new([7; 32]);
        let marker = key.seal(PagedOperation::Services, &JobId::from(JOB), 200);
        assert_eq!(open(&marker, PagedOperation::Services, JOB), Ok(200));
        let of_another = Err("InvalidInput: The marker passed in the request was invalid.".into());
        assert_eq!(open(&marker, PagedOperation::Entities, JOB), of_another);
        let other_job = JOB.replace('1', "9");
        assert_eq!(
            open(&marker, PagedOperation::Services, &other_job),
            of_another
        );
    }

    #[test]
    fn tampering_is_found_out() {
        let key = MarkerKey::new([7; 32]);
        let marker = key.seal(PagedOperation::Services, &JobId::from(JOB), 3);
        let invalid: Result<usize, String> = Err("ValidationError: Invalid Marker.".into());
        for index in 0..marker.len() {
            let mut letters: Vec<char> = marker.chars().collect();
            letters[index] = if letters[index] == 'A' { 'B' } else { 'A' };
            let changed: String = letters.into_iter().collect();
            // The last letter's spare bits are refused by the decoder.
            assert_eq!(
                open(&changed, PagedOperation::Services, JOB),
                invalid,
                "{changed}"
            );
        }
        for length in 1..marker.len() {
            assert_eq!(
                open(&marker[..length], PagedOperation::Services, JOB),
                invalid
            );
        }
        let other_key =
            MarkerKey::new([8; 32]).seal(PagedOperation::Services, &JobId::from(JOB), 3);
        assert_eq!(open(&other_key, PagedOperation::Services, JOB), invalid);
        assert_eq!(open("invalid", PagedOperation::Services, JOB), invalid);
        assert!(
            open("", PagedOperation::Services, JOB)
                .unwrap_err()
                .contains("printable ASCII")
        );
        assert!(
            open("é", PagedOperation::Services, JOB)
                .unwrap_err()
                .contains("printable ASCII")
        );
    }

    #[test]
    fn items_are_1_to_1000() {
        assert_eq!(MaxItems::new(1).map(MaxItems::get), Ok(1));
        assert_eq!(MaxItems::new(1000).map(MaxItems::get), Ok(1000));
        for (number, word) in [
            (0, "greater"),
            (-1, "greater"),
            (i64::MAX, "less"),
            (1001, "less"),
        ] {
            assert!(
                MaxItems::new(number)
                    .unwrap_err()
                    .to_string()
                    .contains(word),
                "{number}"
            );
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = |start, items| Page { start, items };
        assert_eq!(page(0, 200).next(456), Some(200));
        assert_eq!(page(400, 200).next(456), None);
        assert_eq!(page(0, 4).next(4), None);
        assert_eq!(page(9, usize::MAX).next(4), None);
    }
}
