//! The API as clients see it: HTTP requests and responses, in one process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod abuse;
mod directory;
mod errors;
mod fair_jobs;
mod fixture;
mod hostile_clients;
mod jobs;
mod log;
mod permissions;
mod protocol;
mod signatures;
mod sockets;
mod streaming;
mod ui;
mod upkeep;
mod web_pages;
