#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod formats;
mod intake;
mod options;
mod outcome;
mod projected;
mod reader;
mod record;
mod reference;
mod source;

pub use formats::utf16::decode_utf16;
pub use intake::{Intake, Taken};
pub use options::{Parser, ReadOptions};
pub use outcome::failure::{FailedObject, FailureKind};
pub use outcome::malformed::{
    IdentityColumn, IdentityTextFault, Malformed, MalformedKind, RecordField, RowFault,
};
pub use outcome::missing_input::{MissingInput, MissingInputKind};
pub use outcome::object_id::ObjectId;
pub use outcome::reconciliation::{ActivityRows, MalformedRecord, Reconciliation, SkippedObject};
pub use outcome::set_aside::{SetAside, UserIdentityKind};
pub use outcome::trail_read::TrailRead;
pub use outcome::truncation::{TruncatedObject, Truncation};
pub use reader::{ObjectRead, TrailReader};
pub use source::container::Container;
pub use source::file::{read_text_within, read_within};
pub use source::listing::ListingError;
pub use source::object::TrailObject;
#[cfg(feature = "s3")]
pub use source::s3;
pub use source::unpack::{UnpackError, unpack};

/// The rules of attribution as constants, for code that states them in another language, such as SQL.
pub mod attribution {
    pub use crate::record::attribution::DENIAL_MARKERS;
    pub use crate::record::checks::{
        ARN_PREFIX, FIRST_MILLIS, LAST_MILLIS, LONGEST_ARN, LONGEST_NAME, LONGEST_REGION,
        UNIQUE_ID_LENGTHS,
    };
    pub use crate::record::event_types::{API_CALL_TYPES, INSIGHT_CATEGORY, INSIGHT_TYPE};
    pub use crate::record::identity::{ROLE_ID_PREFIX, USER_ID_PREFIX, identity_types};
}
