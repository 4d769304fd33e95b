//! What the tests share: the recorded answers, and an account to replay their changes on.

pub(crate) mod conformance;
pub(crate) mod iam_simulator;
