//! One module per command: its arguments, and what it does.
#![allow(clippy::doc_markdown, reason = "help texts are not Markdown")]

pub(crate) mod activity;
pub(crate) mod catalog;
pub(crate) mod coverage;
pub(crate) mod documentation;
pub(crate) mod explain;
pub(crate) mod findings;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod policies;
pub(crate) mod report;
pub(crate) mod rightsize;
pub(crate) mod serve;
