//! HTTP: the server, the routes, and how requests are read and answers written.

pub(crate) mod answer_body;
mod client_stream;
mod connection_service;
mod connections;
pub(crate) mod exchange;
mod lists;
pub(crate) mod router;
pub(crate) mod server;
mod ui;
pub(crate) mod xml;
