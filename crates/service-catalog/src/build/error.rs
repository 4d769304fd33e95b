//! Why no catalog could be built.

use std::path::PathBuf;

use crate::assembly::TableFault;

/// Why no catalog could be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A file is not the JSON it should be.
    #[error("{} is not as expected: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        source: serde_json::Error,
    },
    /// The folder holds no file of the service reference.
    #[error("{} holds no file of AWS's service reference", .0.display())]
    NoServiceFiles(PathBuf),
    /// An event in AWS's lists of data events has an action, but would not be among the catalog's data events.
    #[error(
        "the list of data events has {event_name} of {event_source}, which the catalog would resolve and not list"
    )]
    LoggedEventSkipped {
        /// The event source.
        event_source: String,
        /// The event name.
        event_name: String,
    },
    /// The files contradict each other.
    #[error("service `{namespace}`: {fault}")]
    Contradiction {
        /// The service.
        namespace: String,
        /// What is wrong with it.
        fault: TableFault,
    },
}
