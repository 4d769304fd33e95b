//! Jobs: reports that were generated at some time, belong to who asked for them, and are read page by page.

#[doc(inline)]
pub use advisor_core::{
    Caller, CallerError, CallerErrorKind, FreezeError, FrozenEntity, FrozenNotEvaluated,
    FrozenReport, Job, JobAnswer, JobError, JobId, JobState, MarkerKey, MaxItems, Page,
    PageRequest, PagedOperation,
};
