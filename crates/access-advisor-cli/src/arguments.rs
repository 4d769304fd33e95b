//! Arguments that several commands take, and the values that they parse to.

mod input;
mod reading;
mod store;
mod values;

pub(crate) use input::{InputArguments, JoinedInput};
pub(crate) use reading::ReadingArguments;
pub(crate) use store::StoreArguments;
pub(crate) use values::{
    GranularityArgument, TrackingArguments, parse_age, parse_caller, parse_retention, parse_time,
};
