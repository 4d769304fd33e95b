#![doc = include_str!("../README.md")]

mod attempts;
mod dialect;
mod error;
mod known_events;
mod layout;
mod query;
mod resolved;
mod table;

pub use dialect::Dialect;
pub use error::QueryError;
pub use layout::Records;
pub use query::ActivityQuery;
