//! Who sends a request, and what they may do.

pub(crate) mod authorization_header;
pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod hexadecimal;
pub(crate) mod permission_check;
pub(crate) mod policy_evaluation;
pub(crate) mod same_origin;
pub(crate) mod sessions;
pub(crate) mod signature;
pub(crate) mod web_pages;
