//! The API as clients see it, in one process: what goes in over HTTP, and what comes out.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod abuse;
mod directory;
mod errors;
mod jobs;
mod permissions;
mod protocol;
mod signatures;
mod sockets;
mod stand;
