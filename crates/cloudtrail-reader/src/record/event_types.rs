//! The values of `eventType`.

/// The values of `eventType` that count as attempts: API calls, and what the console does instead of them.
pub const API_CALL_TYPES: [&str; 2] = ["AwsApiCall", "AwsConsoleAction"];
/// The `eventType` of a sign-in.
pub(crate) const SIGN_IN_TYPE: &str = "AwsConsoleSignIn";
/// The event of a sign-in to the console.
pub(crate) const SIGN_IN_EVENT: &str = "ConsoleLogin";
/// The values of `eventType` of network activity events. The documentation has one, its samples the other.
pub(crate) const VPC_ENDPOINT_TYPES: [&str; 2] = ["AwsVpceEvent", "AwsVpceEvents"];
/// The `errorCode` of a network activity event of which the VPC endpoint's policy refused the call.
pub(crate) const REFUSED_BY_ENDPOINT: &str = "VpceAccessDenied";
/// The `eventType` of an insight.
pub const INSIGHT_TYPE: &str = "AwsCloudTrailInsight";
