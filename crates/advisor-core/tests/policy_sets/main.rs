//! Compares the engine with definitions that are slow and plain, on generated policy sets.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod explanations;
mod generated;
mod plain_explanation;
mod plain_pattern;
mod plain_reach;
mod reach;
mod runner;
