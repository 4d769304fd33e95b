//! Who did what, by each kind of record: the table of section "CloudTrail" of the contract.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../support/mod.rs"]
mod support;

mod callers;
mod calls;
mod credentials;
mod rows;
