//! The values of `eventType` and `eventCategory`, and what they say.

/// The `eventType` of nearly all records: an API call.
const API_CALL: &str = "AwsApiCall";
/// The values of `eventType` that count as attempts: API calls, and what the console does instead of them.
pub const API_CALL_TYPES: [&str; 2] = [API_CALL, "AwsConsoleAction"];
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
/// The `eventCategory` of an insight.
pub const INSIGHT_CATEGORY: &str = "Insight";

/// Whether an `eventType` is that of nearly all records, which counts as an attempt.
#[inline(always)]
pub(crate) fn is_api_call(event_type: &[u8]) -> bool {
    event_type == API_CALL.as_bytes()
}

/// Whether an event is an insight, by its type or category.
#[inline(always)]
pub(crate) fn is_insight(event_type: &[u8], category: &[u8]) -> bool {
    category == INSIGHT_CATEGORY.as_bytes() || event_type == INSIGHT_TYPE.as_bytes()
}

/// What an `eventCategory` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CategoryName {
    Management,
    Data,
    NetworkActivity,
    /// Another one, such as an insight: no call.
    Other,
}

impl CategoryName {
    #[inline(always)]
    pub(crate) fn of(category: &[u8]) -> Self {
        match category {
            b"Management" => Self::Management,
            b"Data" => Self::Data,
            b"NetworkActivity" => Self::NetworkActivity,
            _ => Self::Other,
        }
    }
}
