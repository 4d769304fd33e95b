//! The catalogs that credited activity.

use service_catalog::CatalogFingerprint;

use super::trail_coverage::Coverage;

/// Activity that was credited by different catalogs: the same event may count for different actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the activity was credited by the catalog {found}, not by {expected}; use that catalog, or read the logs again with this one"
)]
#[non_exhaustive]
pub struct CatalogMismatch {
    /// The catalog that credited the activity.
    pub found: CatalogFingerprint,
    /// The catalog that is used.
    pub expected: CatalogFingerprint,
}

impl Coverage {
    /// Records that a catalog credited events.
    pub fn see_catalog(&mut self, catalog: CatalogFingerprint) {
        self.catalogs.insert(catalog);
    }

    /// The catalogs that credited the activity, in order; more than one only if tables of different catalogs were merged. Those of
    /// [unknown sources](Self::has_unknown_sources) are not known.
    pub fn catalogs(&self) -> impl Iterator<Item = CatalogFingerprint> {
        self.catalogs.iter().copied()
    }

    /// Checks that no other catalog credited the activity.
    ///
    /// # Errors
    /// The first of the others.
    pub fn check_catalog(&self, expected: CatalogFingerprint) -> Result<(), CatalogMismatch> {
        let mut others = self.catalogs().filter(|found| *found != expected);
        match others.next() {
            Some(found) => Err(CatalogMismatch { found, expected }),
            None => Ok(()),
        }
    }
}
