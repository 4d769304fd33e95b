//! Which services a CloudTrail event source stands for.

use crate::catalog::Catalog;
use crate::ids::ServiceId;

/// What the catalog knows about a CloudTrail `eventSource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventSource<'c> {
    /// The event source of one or several services, the likeliest first. Never empty.
    Services(&'c [ServiceId]),
    /// CloudTrail's own event source for work that no identity's permissions decide: `s3lifecycle` (done by S3 itself) and
    /// `s3-authn-errors` (the caller was not authenticated).
    NoPrincipal,
    /// AWS has this event source, but IAM reports no service that it could belong to, for instance `emrwal`.
    NoService,
    /// Not a host of AWS, for instance `sts.aliyuncs.com`.
    NotAws,
    /// A host of AWS that the catalog does not know.
    Unknown,
}

impl Catalog {
    /// Looks up a CloudTrail `eventSource`, for instance `s3.amazonaws.com`. ASCII case does not matter.
    #[must_use]
    pub fn event_source(&self, event_source: &str) -> EventSource<'_> {
        if event_source.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.lower_case_event_source(&event_source.to_ascii_lowercase());
        }
        self.lower_case_event_source(event_source)
    }

    /// The services whose events carry this `eventSource`, the likeliest first. Empty when there is none.
    #[must_use]
    pub fn services_of_source(&self, event_source: &str) -> &[ServiceId] {
        match self.event_source(event_source) {
            EventSource::Services(services) => services,
            _ => &[],
        }
    }

    fn lower_case_event_source(&self, event_source: &str) -> EventSource<'_> {
        let Some(source) = without_domain(event_source) else {
            return EventSource::NotAws;
        };
        let is_in = |list: &[Box<str>]| {
            let position = list.binary_search_by(|known| (**known).cmp(source));
            position.is_ok()
        };
        if let Some(services) = self.services_by_source.get(source) {
            EventSource::Services(services)
        } else if is_in(&self.sources_without_caller) {
            EventSource::NoPrincipal
        } else if is_in(&self.sources_without_service) || is_in(&self.unreported) {
            EventSource::NoService
        } else {
            EventSource::Unknown
        }
    }
}

/// The domains of AWS's event sources, with the dot before them. The Billing guide prints `taxconsole.amazon.com`, and Amazon
/// owns that domain too.
pub const AWS_DOMAINS: [&str; 4] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".amazon.com",
];

/// What stands before AWS's domain.
fn without_domain(event_source: &str) -> Option<&str> {
    AWS_DOMAINS
        .into_iter()
        .find_map(|domain| event_source.strip_suffix(domain))
        .filter(|source| !source.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespaces(event_source: &str) -> Vec<&'static str> {
        let catalog = Catalog::embedded();
        let services = catalog.services_of_source(event_source);
        services
            .iter()
            .map(|id| catalog.service(*id).namespace())
            .collect()
    }

    #[test]
    fn event_sources_lead_to_their_services() {
        for (source, expected) in [
            ("s3", &["s3"][..]),
            ("monitoring", &["cloudwatch"]),
            ("edgekeyvaluestore", &["cloudfront-keyvaluestore"]),
            ("migrationhub", &["mgh"]),
            ("multi-party-approval", &["mpa"]),
            ("transcribestreaming", &["transcribe"]),
            ("pricelist", &["pricing"]),
            ("api.pricing", &["pricing"]),
            ("api-pricing", &["pricing"]),
            ("participant-connect", &["connect"]),
            ("metrics-sagemaker", &["sagemaker"]),
            ("entitlement-marketplace", &["aws-marketplace"]),
            (
                "marketplace-commerce-analytics",
                &["marketplacecommerceanalytics"],
            ),
            ("opensearchservice", &["es"]),
            ("aps-workspaces", &["aps"]),
            ("s3-banner", &["s3-object-lambda"]),
            ("fabric", &["appfabric"]),
            ("aws-payment-encryption", &["payment-cryptography"]),
            ("amazonq", &["q"]),
            ("transform-agents", &["transform"]),
            (
                "autoscaling",
                &[
                    "autoscaling",
                    "application-autoscaling",
                    "autoscaling-plans",
                ],
            ),
            ("ds", &["ds", "ds-data"]),
            ("backup", &["backup", "backup-search"]),
            ("ssm", &["ssm", "ssmmessages"]),
        ] {
            assert_eq!(
                namespaces(&format!("{source}.amazonaws.com")),
                expected,
                "{source}"
            );
        }
        assert_eq!(namespaces("ec2.amazonaws.com.cn"), ["ec2"]);
        assert_eq!(namespaces("EC2.AmazonAWS.com"), ["ec2"]);
        assert_eq!(namespaces("taxconsole.amazon.com"), ["tax"]);
    }

    #[test]
    fn event_sources_without_a_service_are_told_apart() {
        let catalog = Catalog::embedded();
        for (source, expected) in [
            ("s3-authn-errors.amazonaws.com", EventSource::NoPrincipal),
            ("s3lifecycle.amazonaws.com", EventSource::NoPrincipal),
            ("S3LIFECYCLE.amazonaws.com", EventSource::NoPrincipal),
            ("emrwal.amazonaws.com", EventSource::NoService),
            ("sdkmetrics.amazonaws.com", EventSource::NoService),
            ("deepracer.amazonaws.com", EventSource::NoService),
            ("cloudoptimization.amazonaws.com", EventSource::NoService),
            ("no-such-thing.amazonaws.com", EventSource::Unknown),
            ("sts.aliyuncs.com", EventSource::NotAws),
            ("s3.example.com", EventSource::NotAws),
            ("s3", EventSource::NotAws),
            ("", EventSource::NotAws),
            (".amazonaws.com", EventSource::NotAws),
        ] {
            assert_eq!(catalog.event_source(source), expected, "{source}");
            assert_eq!(catalog.services_of_source(source), [], "{source}");
        }
    }
}
