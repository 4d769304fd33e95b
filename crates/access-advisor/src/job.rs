//! Jobs: reports that were generated at some time, belong to who asked for them, and are read page by page.

#[doc(inline)]
pub use advisor_core::JobId;
#[doc(inline)]
pub use advisor_core::job::{
    Caller, FrozenEntity, FrozenReport, Job, JobAnswer, JobError, JobState, PageRequest,
};
#[doc(inline)]
pub use advisor_core::page::{MarkerKey, MaxItems, Page, PagedOperation};
