//! The APIs that the varied trail's principals call: real event names of more than 60 services, each with its own parameters.

use service_catalog::{AccessLevel, Catalog};

use crate::seeded::Seeded;

use super::super::event::Event;
use super::shape::{Drawing, Shape, Size, Style};

/// Namespaces and, where it differs, the event source before `.amazonaws.com`; the busiest services first.
const SERVICES: [(&str, &str); 84] = [
    ("ec2", ""),
    ("s3", ""),
    ("kms", ""),
    ("sts", ""),
    ("iam", ""),
    ("dynamodb", ""),
    ("lambda", ""),
    ("ssm", ""),
    ("logs", ""),
    ("secretsmanager", ""),
    ("cloudwatch", "monitoring"),
    ("ecs", ""),
    ("ecr", ""),
    ("rds", ""),
    ("cloudformation", ""),
    ("autoscaling", ""),
    ("elasticloadbalancing", ""),
    ("eks", ""),
    ("sqs", ""),
    ("sns", ""),
    ("glue", ""),
    ("athena", ""),
    ("states", ""),
    ("events", ""),
    ("kinesis", ""),
    ("firehose", ""),
    ("route53", ""),
    ("cloudfront", ""),
    ("acm", ""),
    ("apigateway", ""),
    ("organizations", ""),
    ("config", ""),
    ("cloudtrail", ""),
    ("guardduty", ""),
    ("securityhub", ""),
    ("access-analyzer", ""),
    ("inspector2", ""),
    ("macie2", ""),
    ("backup", ""),
    ("ram", ""),
    ("redshift", ""),
    ("elasticache", ""),
    ("es", ""),
    ("elasticmapreduce", ""),
    ("sagemaker", ""),
    ("bedrock", ""),
    ("codebuild", ""),
    ("codepipeline", ""),
    ("codecommit", ""),
    ("codedeploy", ""),
    ("codeartifact", ""),
    ("cognito-idp", ""),
    ("cognito-identity", ""),
    ("wafv2", ""),
    ("shield", ""),
    ("servicecatalog", ""),
    ("servicequotas", ""),
    ("health", ""),
    ("support", ""),
    ("ce", ""),
    ("budgets", ""),
    ("batch", ""),
    ("transfer", ""),
    ("datasync", ""),
    ("dms", ""),
    ("elasticfilesystem", ""),
    ("fsx", ""),
    ("directconnect", ""),
    ("globalaccelerator", ""),
    ("networkmanager", ""),
    ("network-firewall", ""),
    ("route53resolver", ""),
    ("servicediscovery", ""),
    ("appconfig", ""),
    ("ses", "email"),
    ("mq", ""),
    ("kafka", ""),
    ("opensearch", "es"),
    ("quicksight", ""),
    ("lakeformation", ""),
    ("sso", ""),
    ("identitystore", ""),
    ("resource-explorer-2", ""),
    ("xray", ""),
];
/// How many events each service has at most.
const EVENTS_OF_SERVICE: usize = 40;
/// Services that write their events in us-east-1 only.
const GLOBAL: [&str; 10] = [
    "iam",
    "route53",
    "cloudfront",
    "organizations",
    "support",
    "health",
    "shield",
    "globalaccelerator",
    "ce",
    "budgets",
];
/// Events that are not named like their action, or that the catalog does not know.
const ODD_EVENTS: [(&str, &str); 16] = [
    ("s3", "ListBuckets"),
    ("s3", "ListObjects"),
    ("s3", "HeadObject"),
    ("s3", "GetBucketEncryption"),
    ("lambda", "ListFunctions20150331"),
    ("lambda", "GetFunctionConfiguration20150331v2"),
    ("lambda", "UpdateFunctionCode20150331v2"),
    ("kms", "ReEncrypt"),
    ("apigateway", "GetRestApis"),
    ("apigateway", "CreateRestApi"),
    ("bedrock", "Converse"),
    ("tagging", "GetResources"),
    ("cloudcontrolapi", "CreateResource"),
    ("dynamodb", "ExecuteStatement"),
    ("ec2", "DescribeTimeTravel"),
    ("time-travel", "ListDestinations"),
];

/// An event and the layout of its parameters.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) event: Event,
    pub(super) is_global: bool,
    /// Such as `1.11`; services move to new versions at their own pace.
    pub(super) version: &'static str,
    /// Some services name theirs in each record.
    pub(super) api_version: Option<&'static str>,
    /// `None` for APIs without parameters.
    pub(super) request: Option<Shape>,
    /// `None` for APIs whose responses are not recorded.
    pub(super) response: Option<Shape>,
    pub(super) additional: Option<Shape>,
    pub(super) size: Size,
    /// Data events name their resources and are not management events.
    pub(super) is_data: bool,
    pub(super) has_resources: bool,
}

impl Api {
    /// The event source before `.amazonaws.com`.
    pub(super) fn label(&self) -> &str {
        self.event.source.split('.').next().unwrap_or_default()
    }

    fn new(seed: u64, label: &str, name: &str, is_read: bool) -> Self {
        let mut of_service = Seeded::named(seed, label);
        let style = match label {
            "ec2" => Style::Ec2,
            _ if of_service.percent(30) => Style::Pascal,
            _ => Style::Camel,
        };
        let version = of_service.pick(&[
            "1.11", "1.11", "1.11", "1.11", "1.10", "1.10", "1.09", "1.09", "1.08", "1.08", "1.07",
            "1.05",
        ]);
        let api_version = of_service
            .percent(20)
            .then(|| of_service.pick(&["2014-03-28", "2015-12-01", "2012-06-01"]));
        let mut random = Seeded::named(seed, &format!("{label}:{name}"));
        let size = Size::draw(&mut random);
        let has_request = random.percent(92);
        let has_response = !is_read || random.percent(2);
        let has_additional = random.percent(if matches!(label, "s3" | "sts") {
            100
        } else {
            8
        });
        let mut drawing = Drawing {
            style,
            random: &mut random,
        };
        let noun = noun(name);
        let request = has_request.then(|| drawing.parameters(&noun, size));
        let response = has_response.then(|| drawing.parameters(&noun, size));
        let additional = has_additional.then(|| drawing.parameters("", Size::Small));
        Self {
            event: Event {
                source: format!("{label}.amazonaws.com"),
                name: name.to_owned(),
                is_read,
            },
            is_global: GLOBAL.contains(&label),
            version,
            api_version,
            request,
            response,
            additional,
            size,
            is_data: is_data(label, name),
            has_resources: matches!(label, "s3" | "kms" | "dynamodb")
                || (matches!(label, "sts" | "ssm" | "secretsmanager" | "iam" | "ecr")
                    && random.percent(40)),
        }
    }
}

/// All APIs, those of the busiest services first. Each service's are next to each other.
pub(super) fn all(seed: u64, catalog: &Catalog) -> Vec<Vec<Api>> {
    let of_service = |(namespace, label): (&str, &str)| {
        let label = if label.is_empty() { namespace } else { label };
        let source = format!("{label}.amazonaws.com");
        let mut actions: Vec<_> = catalog
            .service_by_namespace(namespace)
            .into_iter()
            .flat_map(|service| catalog.service(service).actions())
            .filter(|id| {
                // Events of some names belong to another action.
                let name = catalog.action(*id).name();
                catalog.resolve_event(&source, name).action == Some(*id)
            })
            .collect();
        // A few writes beside the reads, in an order of their own.
        let mut random = Seeded::named(seed, namespace);
        let mut apis = Vec::new();
        while apis.len() < EVENTS_OF_SERVICE && !actions.is_empty() {
            let action = catalog.action(actions.swap_remove(random.below(actions.len())));
            let is_read = matches!(action.access_level(), AccessLevel::Read | AccessLevel::List);
            if is_read || random.percent(60) {
                apis.push(Api::new(seed, label, action.name(), is_read));
            }
        }
        let odd = ODD_EVENTS.iter().filter(|(of, _)| *of == label);
        for (place, (_, name)) in odd.enumerate() {
            let is_read = !["Create", "Update", "ReEncrypt"]
                .iter()
                .any(|verb| name.starts_with(verb));
            apis.insert(
                (2 * place).min(apis.len()),
                Api::new(seed, label, name, is_read),
            );
        }
        apis
    };
    let unlisted = ["tagging", "cloudcontrolapi", "time-travel"].map(|label| (label, label));
    let services = SERVICES.into_iter().chain(unlisted);
    services
        .map(of_service)
        .filter(|apis| !apis.is_empty())
        .collect()
}

fn is_data(label: &str, name: &str) -> bool {
    match label {
        "s3" => name.contains("Object") && !name.contains("Lock"),
        "dynamodb" => name.ends_with("Item") || matches!(name, "Query" | "Scan"),
        "lambda" => name.starts_with("Invoke"),
        "sqs" => name.ends_with("Message"),
        _ => false,
    }
}

/// What an API is about: `CreateTrustAnchor` is about a `trustAnchor`.
fn noun(name: &str) -> String {
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == 'v');
    let start = name
        .char_indices()
        .skip(1)
        .find(|(_, letter)| letter.is_ascii_uppercase())
        .map_or(name.len(), |(at, _)| at);
    let mut letters = name.get(start..).unwrap_or_default().chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_ascii_lowercase(), letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_what_follows_the_verb() {
        assert_eq!(noun("CreateTrustAnchor"), "trustAnchor");
        assert_eq!(noun("ListFunctions20150331"), "functions");
        assert_eq!(noun("Decrypt"), "");
    }

    #[test]
    fn all_services_have_events() {
        let services = all(1, Catalog::embedded());
        assert!(services.len() >= 75, "{}", services.len());
        assert!(services.iter().map(Vec::len).sum::<usize>() > 1_500);
    }
}
