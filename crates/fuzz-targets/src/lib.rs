//! What the fuzzers do with their input: each target takes any bytes, and panics when something is wrong.
//!
//! `fuzz/` runs them with libFuzzer, for as long as one likes; the tests of this crate run them on the committed corpus and some
//! changes of it.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a target panics to report what it found"
)]

mod account;
mod input;
mod policies;
mod sample;
mod service;
mod signing;
mod stores;
mod trails;

/// A target: its name, which is that of its corpus, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 14] = [
    target("policy_document", policies::document),
    target("arn", policies::arn),
    target("pattern_algebra", policies::algebra),
    target("cloudtrail_object", trails::object),
    target("record_text", trails::record_text),
    target("activity_csv", trails::activity_csv),
    target("activity_parquet", trails::activity_parquet),
    target("query_request", service::query_request),
    target("signed_request", signing::signed_request),
    target("presigned_query", signing::presigned_query),
    target("credentials_file", service::credentials_file),
    target("account_export", account::export),
    target("store_file", stores::store_file),
    target("store_rows", stores::store_rows),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// Runs the target of this name for libFuzzer, whose hook ends the process at every panic: those that are caught, of decoders of
/// Parquet, are no findings.
///
/// # Panics
/// When the target finds something, and when there is no such target.
pub fn run(name: &str, data: &[u8]) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !advisor_arrow::is_catching_panics() {
                abort(panic);
            }
        }));
    });
    let target = TARGETS.into_iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}
