//! The operations of the IAM API. Each handler is a function of a [`context::Context`].

pub(crate) mod account_details;
pub(crate) mod answer;
pub(crate) mod constraints;
pub(crate) mod context;
pub(crate) mod directories;
pub(crate) mod directory;
pub(crate) mod dispatch;
mod entity_list;
pub(crate) mod groups;
pub(crate) mod item;
pub(crate) mod last_accessed;
pub(crate) mod paging;
pub(crate) mod policies;
pub(crate) mod roles;
pub(crate) mod users;
