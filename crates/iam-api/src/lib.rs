#![doc = include_str!("../README.md")]

mod api;
mod authorization;
mod caller;
mod config;
mod constraints;
mod credentials;
mod directory;
mod directory_operations;
mod error;
mod exchange;
mod job_queue;
mod last_accessed;
mod metrics;
mod operation;
mod parameters;
mod permissions;
mod query_xml;
mod server;
mod signature;

pub use api::{Api, router};
pub use config::{Clock, Config, Limits};
pub use credentials::{Credential, Credentials, CredentialsError};
pub use server::{ServeError, Server, serve};
