//! Jobs: the queue, and the threads that make their reports.

pub(crate) mod queue;
pub(crate) mod turns;
pub(crate) mod workers;
