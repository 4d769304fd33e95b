//! `access_advisor._native`, the extension module of the Python package `access_advisor`.
//!
//! Long operations run on their own threads without the GIL, while the calling thread checks for Ctrl-C and reports progress
//! (`work`). Tables are exported through the Arrow `PyCapsule` interface (`table`), answers have boto3's shape (`answer`).

// Doc comments are Python docstrings; arguments are converted from Python objects and owned.
#![allow(clippy::doc_markdown, clippy::needless_pass_by_value)]

mod account;
mod activity;
mod advisor;
mod answer;
mod arguments;
mod catalog;
mod coverage;
mod error;
mod findings;
mod intake;
mod notebook;
mod objects;
mod pickle;
mod progress;
mod reconciliation;
mod store;
mod table;
mod tracking;
mod whole_file;
mod work;

/// Used by this module only, not by Python. The command line uses the same allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The names that `access_advisor/__init__.py` imports.
#[pyo3::pymodule]
mod _native {
    /// Same as importlib.metadata, whose import takes ten times as long as that of this package.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::account::{AccountData, ExportIssue};
    #[pymodule_export]
    use crate::activity::{Activity, restore_activity};
    #[pymodule_export]
    use crate::advisor::Advisor;
    #[pymodule_export]
    use crate::catalog::Catalog;
    #[pymodule_export]
    use crate::coverage::{Coverage, restore_coverage};
    #[pymodule_export]
    use crate::intake::{Intake, Taken};
    #[pymodule_export]
    use crate::notebook::notebook_table;
    #[pymodule_export]
    use crate::objects::{list_objects, read_objects};
    #[pymodule_export]
    use crate::progress::Progress;
    #[pymodule_export]
    use crate::reconciliation::{FailedObject, MalformedRecord, Reconciliation, TruncatedObject};
    #[pymodule_export]
    use crate::store::{ImportedTrail, Store};
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::tracking::{Tracking, restore_tracking};
}
