//! The Python package `access_advisor`: what is written in Rust of it, as the module `access_advisor._native`.
//!
//! Long work runs on threads of its own without Python's lock, while the calling thread looks out for Ctrl-C and tells
//! the caller how far it is (`work`). Tables go out through the Arrow `PyCapsule` interface (`table`), answers in the
//! shape that boto3 gives them (`answer`).

// Comments on what Python sees are its docstrings; arguments are made from its objects, for this call alone.
#![allow(clippy::doc_markdown, clippy::needless_pass_by_value)]

mod account;
mod activity;
mod advisor;
mod answer;
mod arguments;
mod catalog;
mod error;
mod intake;
mod objects;
mod pickle;
mod progress;
mod reconciliation;
mod store;
mod table;
mod tracking;
mod work;

/// Of this module only, not of Python; as the command line has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What `access_advisor/__init__.py` takes over.
#[pyo3::pymodule]
mod _native {
    /// As importlib.metadata has it, which takes ten times as long to import as all of this package.
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
    use crate::intake::Intake;
    #[pymodule_export]
    use crate::objects::{list_objects, read_objects};
    #[pymodule_export]
    use crate::progress::Progress;
    #[pymodule_export]
    use crate::reconciliation::{FailedObject, MalformedRecord, Reconciliation};
    #[pymodule_export]
    use crate::store::{ImportedTrail, Store};
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::tracking::{Tracking, restore_tracking};
}
