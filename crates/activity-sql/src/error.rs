//! Errors of the generator.

use crate::dialect::Dialect;

/// Why a query cannot be generated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The engine reads tables only, not objects by their paths.
    #[error("{0} reads a table, not objects by their paths")]
    NoObjects(Dialect),
    /// A text that cannot be the name of a table.
    #[error("{0:?} cannot be the name of a table")]
    TableName(String),
    /// The catalog has a name that cannot stand in a query.
    #[error("the catalog's name {0:?} cannot stand in a query")]
    CatalogName(String),
    /// The query is longer than the engine accepts.
    #[error(
        "{dialect} takes queries of {limit} bytes, and this one has {length}: leave the catalog out of it"
    )]
    TooLong {
        /// The engine.
        dialect: Dialect,
        /// The query's length in bytes.
        length: usize,
        /// The most bytes that the engine takes.
        limit: usize,
    },
}
