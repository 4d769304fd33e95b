//! Arguments that several commands take, and the values that they parse to.

mod catalog;
mod input;
mod output;
mod reading;
mod store;
mod values;

pub(crate) use catalog::CatalogArguments;
pub(crate) use input::{InputArguments, JoinedInput};
pub(crate) use output::OutputArguments;
pub(crate) use reading::ReadingArguments;
pub(crate) use store::StoreArguments;
pub(crate) use values::{
    GranularityArgument, TrackingArguments, parse_age, parse_caller, parse_retention, parse_time,
};
