//! What became of everything that was read.

pub(crate) mod failure;
pub(crate) mod malformed;
pub(crate) mod missing_input;
pub(crate) mod object_id;
pub(crate) mod reconciliation;
pub(crate) mod set_aside;
pub(crate) mod shortened;
pub(crate) mod trail_read;
pub(crate) mod truncation;
