//! The four operations over a store, compared with recorded answers of IAM.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../../advisor-core/tests/support/iam_simulator.rs"]
mod iam_simulator;
#[path = "../support/mod.rs"]
mod support;

mod answers;
mod frozen;
mod left_jobs;
mod pages;
mod retention;
mod two_accounts;
mod world;
