//! Which catalog a command uses.

use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::catalog::Catalog;
use clap::Args;

use crate::failure::Failure;
use crate::input;

#[derive(Debug, Args)]
pub(crate) struct CatalogArguments {
    /// Use this catalog (made by `access-advisor catalog build`) instead of the built-in one. Stores and activity files
    /// must be used with the catalog that they were made with
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
}

impl CatalogArguments {
    pub(crate) fn is_given(&self) -> bool {
        self.catalog.is_some()
    }

    pub(crate) fn load(&self) -> Result<Arc<Catalog>, Failure> {
        input::catalog(self.catalog.as_deref())
    }
}
