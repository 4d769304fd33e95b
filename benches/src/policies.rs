//! Generates policy documents like those that people write: exact actions, prefixes, scoped resources, denies, `NotAction`,
//! conditions.

use serde_json::{Map, Value, json};
use service_catalog::{Catalog, ServiceId};

use crate::names::{ACCOUNT_ID, STAGES, TEAMS, name};
use crate::seeded::Seeded;

/// The services in policies, the most common first.
const COMMON: [&str; 40] = [
    "s3",
    "ec2",
    "logs",
    "iam",
    "dynamodb",
    "lambda",
    "cloudwatch",
    "kms",
    "sqs",
    "sns",
    "secretsmanager",
    "ssm",
    "ecr",
    "ecs",
    "rds",
    "cloudformation",
    "elasticloadbalancing",
    "autoscaling",
    "states",
    "events",
    "eks",
    "kinesis",
    "glue",
    "athena",
    "firehose",
    "route53",
    "acm",
    "cloudfront",
    "apigateway",
    "redshift",
    "elasticache",
    "es",
    "codebuild",
    "codepipeline",
    "cognito-idp",
    "sagemaker",
    "bedrock",
    "backup",
    "wafv2",
    "organizations",
];

/// Generates policy documents.
#[derive(Debug)]
pub struct PolicyGenerator<'c> {
    catalog: &'c Catalog,
    services: Vec<ServiceId>,
    scoped_deny_percent: usize,
}

impl<'c> PolicyGenerator<'c> {
    /// Returns a generator that uses the catalog's actions and resource types. `scoped_deny_percent` is the percentage of
    /// statements that deny something on some resources only.
    #[must_use]
    pub fn new(catalog: &'c Catalog, scoped_deny_percent: usize) -> Self {
        let services = COMMON
            .iter()
            .filter_map(|namespace| catalog.service_by_namespace(namespace));
        Self {
            catalog,
            services: services.collect(),
            scoped_deny_percent,
        }
    }

    pub(crate) fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    /// Draws a service. Common ones are drawn more often.
    pub(crate) fn service(&self, random: &mut Seeded) -> Option<ServiceId> {
        let index = random.skewed_below(self.services.len());
        self.services.get(index).copied()
    }

    /// Returns a document that allows everything.
    #[must_use]
    pub fn administrator() -> Value {
        document(&[json!({"Effect": "Allow", "Action": "*", "Resource": "*"})])
    }

    /// Returns a document that allows reading from all common services.
    #[must_use]
    pub fn read_only(&self) -> Value {
        let actions: Vec<String> = self
            .services
            .iter()
            .flat_map(|id| {
                let namespace = self.catalog.service(*id).namespace();
                ["Get*", "List*", "Describe*"].map(|verb| format!("{namespace}:{verb}"))
            })
            .collect();
        document(&[json!({"Effect": "Allow", "Action": actions, "Resource": "*"})])
    }

    /// Draws a document with one to six statements.
    #[must_use]
    pub fn document(&self, random: &mut Seeded) -> Value {
        let count = 1 + random.skewed_below(6);
        let statements: Vec<Value> = (0..count)
            .map(|index| self.statement(index, random))
            .collect();
        document(&statements)
    }

    fn statement(&self, index: usize, random: &mut Seeded) -> Value {
        let mut statement = Map::new();
        let mut set = |key: &str, value: Value| statement.insert(key.to_owned(), value);
        if random.percent(60) {
            set("Sid", format!("Statement{index}").into());
        }
        let is_scoped_deny = random.percent(self.scoped_deny_percent);
        let kind = random.below(100);
        match kind {
            // A deny on some resources.
            _ if is_scoped_deny => {
                let service = self.service(random);
                let actions = if random.percent(50) {
                    vec![format!("{}:*", self.namespace(service))]
                } else {
                    self.exact_actions(service, random)
                };
                set("Effect", "Deny".into());
                set("Action", one_or_list(actions));
                set("Resource", one_or_list(self.resources(service, random)));
            }
            // Reading of one to four services, everywhere.
            0..35 => {
                let services = random.between(1, 4);
                let actions = (0..services)
                    .flat_map(|_| self.read_prefixes(random))
                    .collect();
                set("Effect", "Allow".into());
                set("Action", one_or_list(actions));
                set("Resource", "*".into());
            }
            // Exact actions on resources of theirs.
            35..75 => {
                let service = self.service(random);
                set("Effect", "Allow".into());
                set("Action", one_or_list(self.exact_actions(service, random)));
                set("Resource", one_or_list(self.resources(service, random)));
            }
            // A whole service, on its resources or everywhere.
            75..92 => {
                let service = self.service(random);
                set("Effect", "Allow".into());
                set("Action", format!("{}:*", self.namespace(service)).into());
                let resources = if random.percent(50) {
                    vec!["*".to_owned()]
                } else {
                    self.resources(service, random)
                };
                set("Resource", one_or_list(resources));
            }
            // A deny everywhere.
            92..95 => {
                let namespace = self.namespace(self.service(random));
                set("Effect", "Deny".into());
                set(
                    "Action",
                    json!([
                        format!("{namespace}:Delete*"),
                        format!("{namespace}:Put*Policy")
                    ]),
                );
                set("Resource", "*".into());
            }
            // The usual fence around Regions.
            95..98 => {
                set("Effect", "Deny".into());
                set(
                    "NotAction",
                    json!([
                        "iam:*",
                        "organizations:*",
                        "route53:*",
                        "support:*",
                        "sts:*"
                    ]),
                );
                set("Resource", "*".into());
                set(
                    "Condition",
                    json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}),
                );
            }
            98 => {
                let service = self.service(random);
                set("Effect", "Allow".into());
                set("Action", json!([format!("{}:*", self.namespace(service))]));
                set("NotResource", one_or_list(self.resources(service, random)));
            }
            // Everything but the account itself.
            _ => {
                set("Effect", "Allow".into());
                set(
                    "NotAction",
                    json!(["iam:*", "organizations:*", "account:*"]),
                );
                set("Resource", "*".into());
            }
        }
        if kind < 92 && !is_scoped_deny && random.percent(15) {
            set("Condition", condition(random));
        }
        statement.into()
    }

    fn namespace(&self, service: Option<ServiceId>) -> &'c str {
        service.map_or("s3", |id| self.catalog.service(id).namespace())
    }

    fn read_prefixes(&self, random: &mut Seeded) -> Vec<String> {
        let namespace = self.namespace(self.service(random));
        let verbs = ["Describe*", "List*", "Get*", "BatchGet*"];
        verbs
            .iter()
            .take(random.between(1, 4))
            .map(|verb| format!("{namespace}:{verb}"))
            .collect()
    }

    fn exact_actions(&self, service: Option<ServiceId>, random: &mut Seeded) -> Vec<String> {
        let Some(id) = service else { return Vec::new() };
        let service = self.catalog.service(id);
        let range = service.action_range();
        (0..random.between(1, 12))
            .filter_map(|_| {
                let id = self
                    .catalog
                    .action_at(range.start + random.below(range.len()))?;
                let name = self.catalog.action(id).name();
                if random.percent(8) {
                    // As in `ec2:Describe*` or `dynamodb:Batch*`.
                    let cut = random.between(3, name.len().max(3));
                    let start: String = name.chars().take(cut).collect();
                    return Some(format!("{}:{start}*", service.namespace()));
                }
                Some(format!("{}:{name}", service.namespace()))
            })
            .collect()
    }

    /// Draws one to four ARNs of the service's resource types, with names, prefixes of names, or `*`.
    fn resources(&self, service: Option<ServiceId>, random: &mut Seeded) -> Vec<String> {
        let Some(id) = service else {
            return vec!["*".to_owned()];
        };
        let types: Vec<_> = self.catalog.service(id).resource_types().collect();
        let arns: Vec<String> = (0..random.between(1, 4))
            .filter_map(|_| {
                let index = random.below(types.len());
                let format = self
                    .catalog
                    .resource_type(*types.get(index)?)
                    .arn_formats()
                    .next()?;
                Some(fill(format, random))
            })
            .collect();
        if arns.is_empty() {
            vec!["*".to_owned()]
        } else {
            arns
        }
    }
}

/// Replaces the variables of an ARN format.
fn fill(format: &str, random: &mut Seeded) -> String {
    let mut arn = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, after)) = after.split_once('}') else {
            break;
        };
        arn.push_str(before);
        match variable {
            "Partition" => arn.push_str("aws"),
            "Region" => arn.push_str(random.pick(&["eu-west-1", "us-east-1", "*", "*"])),
            "Account" => arn.push_str(random.pick(&[ACCOUNT_ID, ACCOUNT_ID, ACCOUNT_ID, "*"])),
            _ if random.percent(30) => arn.push('*'),
            _ => {
                arn.push_str(&name(random));
                if random.percent(50) {
                    arn.push_str(random.pick(&["*", "-*"]));
                }
            }
        }
        rest = after;
    }
    arn.push_str(rest);
    arn
}

fn condition(random: &mut Seeded) -> Value {
    match random.below(4) {
        0 => json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        1 => json!({"StringEquals": {"aws:ResourceTag/team": random.pick(&TEAMS)}}),
        2 => json!({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]}}),
        _ => json!({"StringLike": {"aws:PrincipalTag/stage": [random.pick(&STAGES), "any-*"]}}),
    }
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Writes a single value without a list, as most people do.
fn one_or_list(mut values: Vec<String>) -> Value {
    match values.pop() {
        Some(only) if values.is_empty() => only.into(),
        Some(last) => {
            values.push(last);
            values.into()
        }
        None => "*".into(),
    }
}
