//! Where objects come from: files, folders and buckets, packed or not.

pub(crate) mod container;
pub(crate) mod file;
pub(crate) mod inflate;
pub(crate) mod listing;
pub(crate) mod object;
#[cfg(feature = "s3")]
pub mod s3;
pub(crate) mod unpack;
