//! Pagination: page sizes, and the markers that lead to the next page.
//!
//! A marker is opaque. It holds its operation, its job and a position, and a keyed checksum
//! (HMAC-SHA-256), so that forged and changed markers are rejected.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::JobId;
use crate::parameters::check_marker;
use crate::request_error::RequestError;

/// The operation that a marker belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagedOperation {
    /// `GetServiceLastAccessedDetails`.
    Services,
    /// `GetServiceLastAccessedDetailsWithEntities`.
    Entities,
    /// A list of an account's entities, such as `ListUsers`. It uses its name as the job id.
    Directory,
}

impl PagedOperation {
    /// The number of items of a page when the request has no `MaxItems`. IAM returns 200 services
    /// (recorded in September 2026), and 100 entities (API reference).
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
    /// Checks the parameter.
    ///
    /// # Errors
    /// IAM's `ValidationError` when it is below 1 or above 1000.
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

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The position of the first item.
    pub start: usize,
    /// The maximum number of items.
    pub items: usize,
}

impl Page {
    /// The position of the next page; `None` when this page reaches the end of the list.
    #[must_use]
    pub fn next(self, length: usize) -> Option<usize> {
        let end = self.start.saturating_add(self.items);
        (end < length).then_some(end)
    }
}

/// The secret key that markers are sealed with.
#[derive(Clone)]
pub struct MarkerKey([u8; 32]);

impl std::fmt::Debug for MarkerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkerKey(..)")
    }
}

/// The length of the checksum. A marker is the operation, the position and the job id, followed by the
/// checksum.
const CHECKSUM: usize = 16;
const POSITION: std::ops::Range<usize> = 1..9;

impl MarkerKey {
    /// Creates a key from random bytes. Processes that serve the same jobs need the same key.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Creates the marker of the page that starts at a position.
    #[must_use]
    pub fn seal(&self, operation: PagedOperation, job: &JobId, position: usize) -> String {
        let mut bytes = vec![operation.code()];
        bytes.extend(u64::try_from(position).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(job.as_str().as_bytes());
        let checksum = self.checksum(&bytes);
        bytes.extend(checksum.iter().take(CHECKSUM));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns the position in a marker.
    ///
    /// # Errors
    /// IAM's errors for an empty marker, one that was not sealed with this key, and one of another job or
    /// operation.
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
        let (content, checksum) = bytes.split_at_checked(length).ok_or_else(invalid)?;
        // In constant time, so that the time does not tell how much of a forged checksum is right.
        let verified = self
            .mac(content)
            .is_some_and(|mac| mac.verify_truncated_left(checksum).is_ok());
        let position = content
            .get(POSITION)
            .and_then(|bytes| bytes.try_into().ok());
        let (Some(position), true) = (position, verified) else {
            return Err(invalid());
        };
        let is_same = content.first() == Some(&operation.code())
            && content.get(POSITION.end..) == Some(job.as_str().as_bytes());
        if !is_same {
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
    fn changed_markers_are_rejected() {
        let key = MarkerKey::new([7; 32]);
        let marker = key.seal(PagedOperation::Services, &JobId::from(JOB), 3);
        let invalid: Result<usize, String> = Err("ValidationError: Invalid Marker.".into());
        for index in 0..marker.len() {
            let mut letters: Vec<char> = marker.chars().collect();
            letters[index] = if letters[index] == 'A' { 'B' } else { 'A' };
            let changed: String = letters.into_iter().collect();
            // The decoder rejects changes to the unused bits of the last letter.
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
