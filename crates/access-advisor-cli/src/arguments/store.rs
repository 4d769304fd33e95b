//! Which store a command works on, and as whom.

use std::path::PathBuf;

use access_advisor::job::Caller;
use clap::Args;

use crate::arguments::catalog::CatalogArguments;
use crate::arguments::values::parse_caller;

#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// The store
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// Ask as this user or role session; jobs belong to the caller who generated them [default: a
    /// local caller]
    #[arg(long = "as", value_name = "ARN", value_parser = parse_caller)]
    caller: Option<Caller>,

    #[command(flatten)]
    pub(crate) catalog: CatalogArguments,
}

impl StoreArguments {
    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone().unwrap_or_else(Caller::local)
    }
}
