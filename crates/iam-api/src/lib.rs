#![doc = include_str!("../README.md")]

mod address_share;
mod api;
mod auth;
mod config;
mod error;
mod gathered_reports;
mod gatherings;
mod http;
mod job_counts;
mod jobs;
mod log_limit;
mod metrics;
mod operation;
mod operations;
mod parameters;
mod unsent;
mod upkeep;

pub use api::Api;
pub use auth::credentials::{Credential, CredentialFault, Credentials, CredentialsError};
pub use config::{Clock, Config, Limits};
pub use http::router::router;
pub use http::server::{ServeError, Server, serve};
