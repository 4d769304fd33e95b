//! Which services and actions could each IAM identity reach, and when was each last used: offline, from exported account data
//! and `CloudTrail` logs.
//!
//! ```
//! use access_advisor::account::load_account_data;
//! use access_advisor::catalog::Catalog;
//! use access_advisor::report::{Advisor, Granularity, Tracking};
//! use access_advisor::{time, trail::load_trail};
//! # std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
//!
//! let account = load_account_data(&["testdata/account.json"])?;
//! let trail = load_trail(&["testdata/trail"])?;
//! let now = time::parse("2026-11-01T00:00:00Z").ok_or("not a time")?;
//! let advisor = Advisor::new(account, &trail.activity, Catalog::shared(), Tracking::aws(), now)?;
//!
//! let bruno = "arn:aws:iam::111122223333:user/engineering/bruno";
//! let report = advisor.report(bruno, Granularity::Action)?;          // one report
//! let reports = advisor.reports(Granularity::Service);               // all of them, made as they are taken
//! let entities = advisor.entities(bruno, "s3")?;                     // who used a service, and when last
//! let policies = advisor.policies_granting(bruno, &["s3", "ec2"])?;  // the policies that grant services
//!
//! for row in report.services().filter(|row| row.last_authenticated.is_none()) {
//!     println!("{} is not used", row.service_name);
//! }
//! # assert!(report.services().len() > 0 && reports.len() == 30);
//! # assert!(entities.len() == 1 && policies.len() == 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! | To | use |
//! | --- | --- |
//! | load account data | [`account`] |
//! | read `CloudTrail` logs from files, or from S3 (feature `s3`) | [`trail`] |
//! | record attempts from another source, merge and list activity | [`activity`] |
//! | make reports; list who used a service, and which policies grant it | [`report`] |
//! | explain why an identity may use an action, or why not | [`explain`] |
//! | find what an account could do without | [`findings`] |
//! | make smaller policies that keep what is needed | [`rightsize`] |
//! | look up services and actions | [`catalog`] |
//! | read policy documents | [`policy`] |
//! | keep accounts, activity and jobs in one file | `store` (feature `store`), [`job`] |
//! | hand tables to Arrow, or write Parquet files | `arrow`, `parquet` (features of the same names) |
//! | write reports as an HTML file that people open | `html` (feature `html`) |
//! | make the activity table in Athena, `CloudTrail` Lake, Spark or `DuckDB` | `sql` (feature `sql`) |
//! | answer AWS clients over HTTP | `serve` (feature `serve`) |
//!
//! Every type has one path: the module of its subject. Times are UTC; those given as integers are milliseconds since 1970.
//! Nothing here reads the clock: what is reported as of when is an argument.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod account;
pub mod activity;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod catalog;
pub mod explain;
pub mod findings;
#[cfg(feature = "html")]
pub mod html;
pub mod job;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod policy;
pub mod report;
pub mod rightsize;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "store")]
pub mod store;
pub mod trail;

#[doc(inline)]
pub use advisor_core::{text, time};
/// Times in this crate's interface are of this version of chrono.
pub use chrono;
/// JSON in this crate's interface is of this version of `serde_json`.
pub use serde_json;
