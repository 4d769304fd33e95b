//! In which Regions the calls of a service are logged.

/// The Region of global services, by partition: for instance, IAM's calls are logged in US East (N. Virginia), wherever the caller is.
///
/// Source: `CloudTrail` User Guide, "Global service events"; the Regions of services without regional endpoints are those of
/// botocore's `endpoints.json`.
const IAM_HOME: &[&str] = &["us-east-1", "us-gov-west-1", "cn-north-1"];
const HOME: &[&str] = &["us-east-1", "us-gov-west-1", "cn-northwest-1"];
const WEST_HOME: &[&str] = &["us-west-2", "us-gov-west-1"];

/// Where the calls of a service are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CallRegion {
    /// In the Region that was called.
    Anywhere,
    /// In one Region of the partition.
    Only(&'static [&'static str]),
    /// In the Region that was called; calls of the global endpoint in one Region of the partition.
    AlsoIn(&'static [&'static str]),
}

impl CallRegion {
    /// Where the calls of a service are logged.
    pub(super) fn of(namespace: &str) -> Self {
        match namespace {
            "iam" => Self::Only(IAM_HOME),
            "sts" | "signin" => Self::AlsoIn(IAM_HOME),
            "aws-marketplace" => Self::AlsoIn(HOME),
            "account"
            | "artifact"
            | "aws-portal"
            | "bcm-data-exports"
            | "billing"
            | "billingconductor"
            | "budgets"
            | "ce"
            | "chime"
            | "cloudfront"
            | "cloudfront-keyvaluestore"
            | "consolidatedbilling"
            | "cost-optimization-hub"
            | "cur"
            | "ecr-public"
            | "freetier"
            | "health"
            | "importexport"
            | "invoicing"
            | "managedblockchain-query"
            | "marketplacecommerceanalytics"
            | "mobileanalytics"
            | "notifications-contacts"
            | "nova-act"
            | "organizations"
            | "partnercentral"
            | "payments"
            | "purchase-orders"
            | "route53"
            | "route53domains"
            | "savingsplans"
            | "shield"
            | "support"
            | "supportplans"
            | "tax"
            | "trustedadvisor"
            | "waf" => Self::Only(HOME),
            "devicefarm"
            | "globalaccelerator"
            | "networkmanager"
            | "route53-recovery-control-config"
            | "route53-recovery-readiness"
            | "sagemaker-geospatial" => Self::Only(WEST_HOME),
            _ => Self::Anywhere,
        }
    }

    /// Where the calls of an action are logged.
    ///
    /// Source: Amazon S3 User Guide, "Managing Multi-Region Access Points": requests that control them go to US West (Oregon), but
    /// for those on routes.
    pub(super) fn of_action(namespace: &str, action: &str) -> Self {
        let is_in_oregon = namespace == "s3"
            && action.contains("MultiRegionAccessPoint")
            && !action.ends_with("Routes");
        if is_in_oregon {
            Self::Only(WEST_HOME)
        } else {
            Self::of(namespace)
        }
    }

    /// Whether the calls can be logged in a Region.
    pub(super) fn has(self, region: &str) -> bool {
        match self {
            Self::Anywhere | Self::AlsoIn(_) => true,
            Self::Only(home) => home.contains(&region),
        }
    }

    /// Whether calls of all Regions are logged where IAM's or `CloudFront`'s are.
    pub(super) fn is_us_east(self) -> bool {
        self.home().is_some_and(|home| home != WEST_HOME)
    }

    /// Whether no call is logged elsewhere.
    pub(super) fn is_only_us_east(self) -> bool {
        matches!(self, Self::Only(_)) && self.is_us_east()
    }

    /// The Regions of which one must have been read.
    pub(super) fn home(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Anywhere => None,
            Self::Only(home) | Self::AlsoIn(home) => Some(home),
        }
    }
}

#[cfg(test)]
mod tests {
    use service_catalog::Catalog;

    use super::*;

    #[test]
    fn global_services_have_a_home() {
        let catalog = Catalog::embedded();
        let is_global = |namespace: &str| CallRegion::of(namespace) != CallRegion::Anywhere;
        let services = catalog.services().map(|(_, service)| service.namespace());
        let global: Vec<&str> = services.filter(|it| is_global(it)).collect();
        for namespace in ["iam", "sts", "cloudfront", "route53", "organizations"] {
            assert!(global.contains(&namespace), "{namespace}");
        }
        assert!(!is_global("ec2") && !is_global("s3"));
        // Every name in the list is a service.
        assert_eq!(global.len(), 47, "{global:?}");
        assert!(CallRegion::of("iam").has("us-east-1") && !CallRegion::of("iam").has("eu-west-1"));
        assert!(CallRegion::of("sts").has("eu-west-1"));
    }
}
