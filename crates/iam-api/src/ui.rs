//! Web pages at `/ui`: people sign in with an access key, start reports, and look at them.

pub(crate) mod routes;
mod same_origin;
pub(crate) mod sessions;
