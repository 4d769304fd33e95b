//! The layout of an API's parameters. Each API has its own, drawn from the API's name; values differ from call to call.

use std::fmt::{self, Write as _};

use crate::seeded::Seeded;

use super::text::{Scene, Text};

/// A JSON value's layout.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Object(Vec<Parameter>),
    List(Box<Shape>),
    /// A list as Amazon EC2 writes it: `{"items":[...]}`.
    Items(Box<Shape>),
    /// An object with keys that callers choose.
    Map,
    Text(Text),
    Number(usize),
    Decimal,
    Flag,
    Null,
}

/// A field of an object.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    key: String,
    /// How often it is present.
    percent: usize,
    shape: Shape,
}

/// How large the parameters of an API can get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Medium,
    Large,
}

/// How a service spells keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Camel,
    Pascal,
    /// Camel case, lists as `{"items":[...]}`.
    Ec2,
}

const STATES: &[&str] = &[
    "ACTIVE",
    "available",
    "PENDING",
    "running",
    "Enabled",
    "Disabled",
    "COMPLETED",
    "failed",
    "in-use",
];
const KINDS: &[&str] = &[
    "STANDARD",
    "gp3",
    "PROVISIONED",
    "external",
    "SSM",
    "FARGATE",
    "default",
];
const VERSIONS: &[&str] = &[
    "1.31",
    "8.0.mysql_aurora.3.08.0",
    "2026-03-01",
    "$LATEST",
    "python3.13",
    "v12",
];
const PROTOCOLS: &[&str] = &["tcp", "HTTPS", "-1", "email-json", "udp"];
const SIZES: &[&str] = &[
    "m7g.xlarge",
    "t4g.medium",
    "r8g.16xlarge",
    "db.r6g.large",
    "c7i.2xlarge",
];

/// Fields that the APIs of many services have.
const FIELDS: [(&str, Shape); 58] = [
    ("maxResults", Shape::Number(1_000)),
    ("nextToken", Shape::Text(Text::Token)),
    ("clientToken", Shape::Text(Text::Uuid)),
    ("clientRequestToken", Shape::Text(Text::Uuid)),
    ("dryRun", Shape::Flag),
    ("description", Shape::Text(Text::Prose)),
    ("displayName", Shape::Text(Text::Prose)),
    ("comment", Shape::Text(Text::Prose)),
    ("kmsKeyId", Shape::Text(Text::ArnOf("kms"))),
    ("roleArn", Shape::Text(Text::ArnOf("iam"))),
    ("executionRoleArn", Shape::Text(Text::ArnOf("iam"))),
    ("logGroupName", Shape::Text(Text::Name)),
    ("bucketName", Shape::Text(Text::Name)),
    ("clusterName", Shape::Text(Text::Name)),
    ("vpcId", Shape::Text(Text::Id("vpc-"))),
    ("subnetId", Shape::Text(Text::Id("subnet-"))),
    ("securityGroupId", Shape::Text(Text::Id("sg-"))),
    ("networkInterfaceId", Shape::Text(Text::Id("eni-"))),
    ("instanceId", Shape::Text(Text::Id("i-"))),
    ("imageId", Shape::Text(Text::Id("ami-"))),
    ("status", Shape::Text(Text::OneOf(STATES))),
    ("state", Shape::Text(Text::OneOf(STATES))),
    ("type", Shape::Text(Text::OneOf(KINDS))),
    ("storageType", Shape::Text(Text::OneOf(KINDS))),
    ("engineVersion", Shape::Text(Text::OneOf(VERSIONS))),
    ("runtime", Shape::Text(Text::OneOf(VERSIONS))),
    ("protocol", Shape::Text(Text::OneOf(PROTOCOLS))),
    ("instanceType", Shape::Text(Text::OneOf(SIZES))),
    ("createdAt", Shape::Text(Text::Time)),
    ("creationTime", Shape::Text(Text::LongTime)),
    ("lastModified", Shape::Text(Text::Time)),
    ("startTime", Shape::Text(Text::LongTime)),
    ("endTime", Shape::Text(Text::LongTime)),
    ("availabilityZone", Shape::Text(Text::Zone)),
    ("sourceRegion", Shape::Text(Text::Region)),
    ("cidrBlock", Shape::Text(Text::Cidr)),
    ("endpoint", Shape::Text(Text::Url)),
    ("callbackUrl", Shape::Text(Text::Url)),
    ("prefix", Shape::Text(Text::Path)),
    ("objectKey", Shape::Text(Text::Path)),
    ("ownerEmail", Shape::Text(Text::Email)),
    ("password", Shape::Text(Text::Hidden)),
    ("queryString", Shape::Text(Text::Query)),
    ("expression", Shape::Text(Text::Query)),
    ("retentionInDays", Shape::Number(3_650)),
    ("port", Shape::Number(65_535)),
    ("desiredCount", Shape::Number(40)),
    ("timeoutSeconds", Shape::Number(900)),
    ("allocatedStorage", Shape::Number(16_384)),
    ("threshold", Shape::Decimal),
    ("weight", Shape::Decimal),
    ("enabled", Shape::Flag),
    ("encrypted", Shape::Flag),
    ("publiclyAccessible", Shape::Flag),
    ("deletionProtection", Shape::Flag),
    ("includeAll", Shape::Flag),
    ("kind", Shape::Null),
    ("pageSize", Shape::Text(Text::Digits)),
];
/// Keys of records, which parameters of queries and rules hold too.
const RECORD_KEYS: [(&str, Shape); 4] = [
    ("eventName", Shape::Text(Text::Name)),
    ("awsRegion", Shape::Text(Text::Region)),
    ("eventTime", Shape::Text(Text::Time)),
    ("eventSource", Shape::Text(Text::Name)),
];
/// Keys of nested objects and of lists.
const GROUPS: [&str; 20] = [
    "configuration",
    "settings",
    "options",
    "filters",
    "attributes",
    "networkConfiguration",
    "targets",
    "rules",
    "entries",
    "parameters",
    "containerDefinitions",
    "permissions",
    "dimensions",
    "mappings",
    "policies",
    "blockDeviceMapping",
    "loggingConfiguration",
    "metadata",
    "resources",
    "specification",
];
const DOCUMENTS: [(&str, Text); 5] = [
    ("policyDocument", Text::Document),
    ("definition", Text::Document),
    ("policy", Text::Document),
    ("templateBody", Text::Template),
    ("certificate", Text::Certificate),
];

impl Size {
    /// The layout's size: four of ten APIs have small parameters only.
    pub(super) fn draw(random: &mut Seeded) -> Self {
        match random.below(20) {
            0..8 => Self::Small,
            8..17 => Self::Medium,
            _ => Self::Large,
        }
    }

    /// The length of one call's parameters in bytes; 0 for no more than what is always there.
    pub(super) fn budget(self, random: &mut Seeded) -> usize {
        match (self, random.below(1_000)) {
            (Self::Small, _) => 0,
            (Self::Medium, 0..500) => random.between(200, 500),
            (Self::Medium, 500..850) => random.between(400, 1_200),
            (Self::Medium, 850..980) => random.between(1_000, 3_000),
            (Self::Medium, _) => random.between(2_000, 8_000),
            (Self::Large, 0..500) => random.between(500, 1_500),
            (Self::Large, 500..800) => random.between(1_000, 4_000),
            (Self::Large, 800..950) => random.between(3_000, 10_000),
            (Self::Large, _) => random.between(8_000, 19_000),
        }
    }
}

/// Draws layouts in a service's style.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    pub(super) style: Style,
    pub(super) random: &'a mut Seeded,
}

impl Drawing<'_> {
    /// The parameters of an API about this noun, such as `trustAnchor`.
    pub(super) fn parameters(&mut self, noun: &str, size: Size) -> Shape {
        let mut fields = Vec::new();
        if noun.is_empty() || self.random.percent(40) {
            let (key, shape) = self.random_identifier();
            self.add(&mut fields, key, 100, shape);
        } else {
            let (suffix, text) = match self.random.below(4) {
                0 => ("Arn", Text::Arn),
                1 => ("Id", Text::Uuid),
                _ => ("Name", Text::Name),
            };
            self.add(
                &mut fields,
                &format!("{noun}{suffix}"),
                100,
                Shape::Text(text),
            );
        }
        let more = self.random.between(1, 6);
        self.add_common(&mut fields, more);
        if self.random.percent(30) {
            let tag = self.tag();
            let tags = self.list(tag);
            self.add(&mut fields, "tags", 40, tags);
        }
        if self.random.percent(4) {
            for (key, shape) in RECORD_KEYS {
                self.add(&mut fields, key, 60, shape);
            }
        }
        if self.random.percent(50) {
            let key = self.random.pick(&GROUPS);
            let group = self.object(1);
            self.add(&mut fields, key, 70, group);
        }
        if size != Size::Small {
            self.add_bulk(&mut fields);
        }
        Shape::Object(fields)
    }

    fn random_identifier(&mut self) -> (&'static str, Shape) {
        match self.random.below(4) {
            0 => ("name", Shape::Text(Text::Name)),
            1 => ("arn", Shape::Text(Text::Arn)),
            2 => ("resourceArn", Shape::Text(Text::Arn)),
            _ => ("id", Shape::Text(Text::Uuid)),
        }
    }

    /// What makes parameters long: a list, a map, or a document.
    fn add_bulk(&mut self, fields: &mut Vec<Parameter>) {
        let key = self.random.pick(&GROUPS);
        match self.random.below(20) {
            0..3 => {
                let (key, text) = match self.random.below(DOCUMENTS.len()) {
                    0 => ("policyDocument", Text::Document),
                    index => DOCUMENTS
                        .get(index)
                        .copied()
                        .unwrap_or(("policy", Text::Document)),
                };
                self.add(fields, key, 100, Shape::Text(text));
            }
            3 => self.add(fields, "description", 100, Shape::Text(Text::Prose)),
            4..6 => self.add(fields, key, 100, Shape::Map),
            6..9 => {
                let text = match self.random.below(4) {
                    0 => Text::Arn,
                    1 => Text::Id("i-"),
                    2 => Text::Uuid,
                    _ => Text::Path,
                };
                let list = self.list(Shape::Text(text));
                self.add(fields, key, 100, list);
            }
            _ => {
                let element = self.object(2);
                let list = self.list(element);
                self.add(fields, key, 100, list);
            }
        }
    }

    fn object(&mut self, depth: usize) -> Shape {
        let mut fields = Vec::new();
        let count = self.random.between(2, 6);
        self.add_common(&mut fields, count);
        if depth > 0 && self.random.percent(60) {
            let key = self.random.pick(&GROUPS);
            let nested = match self.random.below(5) {
                0 => Shape::Map,
                1 | 2 => self.object(depth - 1),
                3 => self.list(Shape::Text(Text::Name)),
                _ => {
                    let element = self.object(depth - 1);
                    self.list(element)
                }
            };
            self.add(&mut fields, key, 80, nested);
        }
        Shape::Object(fields)
    }

    fn tag(&mut self) -> Shape {
        let mut fields = Vec::new();
        self.add(&mut fields, "key", 100, Shape::Text(Text::Name));
        let text = self.random.pick_or(
            &[Text::Name, Text::Name, Text::Digits, Text::Prose],
            Text::Name,
        );
        self.add(&mut fields, "value", 100, Shape::Text(text));
        Shape::Object(fields)
    }

    fn list(&self, element: Shape) -> Shape {
        match self.style {
            Style::Ec2 => Shape::Items(Box::new(element)),
            _ => Shape::List(Box::new(element)),
        }
    }

    fn add_common(&mut self, fields: &mut Vec<Parameter>, count: usize) {
        for _ in 0..count {
            let index = self.random.below(FIELDS.len());
            if let Some((key, shape)) = FIELDS.get(index) {
                let percent = match shape {
                    Shape::Text(Text::Token | Text::Query) => 20,
                    _ => self.random.pick(&[100, 100, 70, 30]),
                };
                self.add(fields, key, percent, shape.clone());
            }
        }
    }

    /// Adds a field, unless there is one of that name.
    fn add(&self, fields: &mut Vec<Parameter>, key: &str, percent: usize, shape: Shape) {
        let mut letters = key.chars();
        let key = match (self.style, letters.next()) {
            (Style::Pascal, Some(first)) => {
                format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
            }
            _ => key.to_owned(),
        };
        if fields.iter().all(|field| field.key != key) {
            fields.push(Parameter {
                key,
                percent,
                shape,
            });
        }
    }
}

impl Shape {
    /// Writes a value of about `budget` bytes, or of a usual length if that is 0.
    pub(super) fn write(
        &self,
        scene: &Scene<'_>,
        budget: usize,
        random: &mut Seeded,
        out: &mut String,
    ) -> fmt::Result {
        match self {
            Self::Object(fields) => {
                let start = out.len();
                out.push('{');
                let mut comma = "";
                for field in fields {
                    if !random.percent(field.percent) {
                        continue;
                    }
                    write!(out, "{comma}\"{}\":", field.key)?;
                    comma = ",";
                    let left = (start + budget).saturating_sub(out.len());
                    // Only what stands last grows.
                    let left = if std::ptr::eq(field, fields.last().unwrap_or(field)) {
                        left
                    } else {
                        0
                    };
                    field.shape.write(scene, left, random, out)?;
                }
                out.write_str("}")
            }
            Self::List(element) => elements(element, scene, budget, random, out),
            Self::Items(element) => {
                out.push_str("{\"items\":");
                elements(element, scene, budget, random, out)?;
                out.write_str("}")
            }
            Self::Map => {
                let start = out.len();
                out.push('{');
                let mut index = 0;
                let count = random.between(0, 4);
                while index < count || (out.len() < start + budget && index < 200) {
                    let comma = if index > 0 { "," } else { "" };
                    write!(out, "{comma}\"")?;
                    Text::Name.write(scene, 0, random, out)?;
                    write!(out, "-{index}\":\"")?;
                    let text = random.pick_or(
                        &[Text::Name, Text::Prose, Text::Digits, Text::Url],
                        Text::Name,
                    );
                    text.write(scene, 0, random, out)?;
                    out.push('"');
                    index += 1;
                }
                out.write_str("}")
            }
            Self::Text(text) => {
                out.push('"');
                text.write(scene, budget, random, out)?;
                out.write_str("\"")
            }
            Self::Number(most) => write!(out, "{}", random.below(*most)),
            Self::Decimal if random.percent(10) => {
                write!(out, "{}.5E-{}", random.below(10), random.below(9))
            }
            Self::Decimal => write!(out, "-{}.{}", random.below(100), random.below(1_000)),
            Self::Flag => write!(out, "{}", random.percent(50)),
            Self::Null => out.write_str("null"),
        }
    }
}

fn elements(
    element: &Shape,
    scene: &Scene<'_>,
    budget: usize,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let start = out.len();
    out.push('[');
    let mut index = 0;
    let count = random.pick(&[0, 1, 1, 2, 3]);
    while index < count || (out.len() < start + budget && index < 400) {
        if index > 0 {
            out.push(',');
        }
        element.write(scene, 0, random, out)?;
        index += 1;
    }
    out.write_str("]")
}
