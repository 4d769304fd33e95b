//! Imports of trails. `object` <- `names` <- `import`, `object` <- `batch` <- `import`.

mod batch;
mod import;
mod names;
mod object;

pub(crate) use import::import;
pub use import::{ImportedTrail, TrailImportError};
