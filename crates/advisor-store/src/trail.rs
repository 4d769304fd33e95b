//! Imports of trails. `object` <- `names` <- `import`, `object` <- `batch` <- `import`.

mod batch;
mod import;
mod object;
mod object_names;

pub(crate) use import::import;
pub use import::{ImportedTrail, TrailImportError};
