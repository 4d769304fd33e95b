//! Strings as they stand in records: names, ids, documents within strings, escapes, text beyond ASCII.

use std::fmt::{self, Write as _};

use crate::names::{self, ACCOUNT_ID, STAGES, TEAMS};
use crate::seeded::Seeded;

use super::super::time::written;

/// What a string of a parameter holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    Name,
    /// An ARN of the called service.
    Arn,
    /// An ARN of this service.
    ArnOf(&'static str),
    /// A prefix and 17 hexadecimal digits.
    Id(&'static str),
    Uuid,
    /// Such as `2026-01-01T00:00:00Z`.
    Time,
    /// Such as `Jan 1, 2026, 12:00:00 AM`.
    LongTime,
    /// A pagination or client token.
    Token,
    /// Free text, in which people write anything.
    Prose,
    /// A JSON document within a string.
    Document,
    /// A YAML template within a string.
    Template,
    Certificate,
    Query,
    /// A Windows or Unix path.
    Path,
    Url,
    OneOf(&'static [&'static str]),
    Region,
    Zone,
    Cidr,
    Email,
    /// What CloudTrail writes in the place of secrets.
    Hidden,
    /// A number in a string.
    Digits,
}

/// What the strings of a call depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) region: &'a str,
    /// The event source before `.amazonaws.com`.
    pub(super) label: &'a str,
    /// In UTC seconds.
    pub(super) seconds: u64,
}

const WORDS: [&str; 40] = [
    "nightly",
    "export",
    "of",
    "the",
    "customer",
    "orders",
    "for",
    "reporting",
    "and",
    "billing",
    "team",
    "shared",
    "with",
    "partners",
    "temporary",
    "until",
    "migration",
    "is",
    "done",
    "see",
    "runbook",
    "before",
    "changing",
    "this",
    "managed",
    "by",
    "terraform",
    "do",
    "not",
    "edit",
    "manually",
    "legacy",
    "cluster",
    "replacement",
    "cost",
    "center",
    "owner",
    "platform",
    "alerts",
    "data",
];
/// Fragments beyond ASCII, as UTF-8.
const BEYOND_ASCII: [&str; 10] = [
    "Größe ≤ 10 GB",
    "für das Büro in Zürich",
    "Données de l’équipe",
    "año fiscal 2026",
    "東京リージョンの設定",
    "生产环境",
    "Отчёт за квартал",
    "– siehe Übersicht –",
    "🚀 release",
    "zażółć gęślą jaźń",
];
/// Fragments with escapes.
const ESCAPED: [&str; 12] = [
    "caf\\u00e9",
    "\\u00dcbersicht f\\u00fcr M\\u00fcnchen",
    "\\u6771\\u4eac",
    "\\ud83d\\ude80 release",
    "\\ud83c\\udf89\\ud83c\\udf89",
    "\\u003cb\\u003enote\\u003c/b\\u003e",
    "the \\\"old\\\" name",
    "first line\\nsecond line",
    "column\\tcolumn",
    "https:\\/\\/wiki.example.com\\/runbook",
    "R\\u0026D",
    "C:\\\\exports\\\\daily",
];

impl Text {
    /// Writes the string without its quotes. Documents are about as long as `budget`.
    pub(super) fn write(
        self,
        scene: &Scene<'_>,
        budget: usize,
        random: &mut Seeded,
        out: &mut String,
    ) -> fmt::Result {
        match self {
            Self::Name => name(random, out),
            Self::Arn => arn(scene.label, scene, random, out),
            Self::ArnOf(service) => arn(service, scene, random, out),
            Self::Id(prefix) => write!(out, "{prefix}{:017x}", random.draw() >> 4),
            Self::Uuid => out.write_str(&random.uuid()),
            Self::Time => write!(out, "{}", written(some_time(scene, random))),
            Self::LongTime => {
                let time = chrono::DateTime::from_timestamp(some_time(scene, random) as i64, 0);
                let time = time.unwrap_or_default();
                write!(out, "{}", time.format("%b %-d, %Y, %-I:%M:%S %p"))
            }
            Self::Token => {
                let length = random.between(20, 120);
                base64(length, random, out);
                Ok(())
            }
            Self::Prose => prose(budget, random, out),
            Self::Document => document(budget, random, out),
            Self::Template => template(budget, random, out),
            Self::Certificate => {
                out.push_str("-----BEGIN CERTIFICATE-----\\n");
                for _ in 0..(budget / 66).clamp(8, 28) {
                    base64(64, random, out);
                    out.push_str("\\n");
                }
                out.write_str("-----END CERTIFICATE-----\\n")
            }
            Self::Query => query(scene, random, out),
            Self::Path if random.percent(6) => {
                write!(out, "C:\\\\data\\\\{}\\\\current", random.pick(&TEAMS))
            }
            Self::Path => write!(
                out,
                "/{}/{}/year=2026/part-{:05}.parquet",
                random.pick(&TEAMS),
                random.pick(&STAGES),
                random.below(100_000)
            ),
            Self::Url if random.percent(4) => write!(
                out,
                "https:\\/\\/{}.example.com\\/hooks\\/{}",
                random.pick(&TEAMS),
                random.below(10_000)
            ),
            Self::Url => write!(
                out,
                "https://{}.{}.example.com/{}?page={}&sort=desc",
                random.pick(&TEAMS),
                random.pick(&STAGES),
                random.pick(&TEAMS),
                random.below(100)
            ),
            Self::OneOf(values) => out.write_str(random.pick(values)),
            Self::Region => out.write_str(scene.region),
            Self::Zone => write!(out, "{}{}", scene.region, random.pick(&["a", "b", "c"])),
            Self::Cidr => write!(
                out,
                "10.{}.{}.0/{}",
                random.below(256),
                random.below(256),
                random.pick(&[16, 20, 22, 24])
            ),
            Self::Email => write!(out, "{}@example.com", random.pick(&TEAMS)),
            Self::Hidden => out.write_str("HIDDEN_DUE_TO_SECURITY_REASONS"),
            Self::Digits => write!(out, "{}", random.below(5_000)),
        }
    }
}

/// Base64 text of this length.
pub(super) fn base64(length: usize, random: &mut Seeded, out: &mut String) {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for _ in 0..length {
        out.push(char::from(random.pick(LETTERS)));
    }
}

/// Hexadecimal digits.
pub(super) fn hex(length: usize, random: &mut Seeded) -> String {
    (0..length)
        .map(|_| char::from(random.pick(b"0123456789abcdef")))
        .collect()
}

fn some_time(scene: &Scene<'_>, random: &mut Seeded) -> u64 {
    scene.seconds - random.below(30 * 86_400) as u64
}

fn name(random: &mut Seeded, out: &mut String) -> fmt::Result {
    let name = names::name(random);
    match random.below(5) {
        0 => write!(out, "{name}"),
        1 => write!(out, "{name}-{}", random.below(1_000)),
        2 => write!(out, "{name}-{}", hex(8, random)),
        3 => write!(out, "{}_{name}", random.pick(&TEAMS)),
        _ => write!(out, "{}-{}", random.pick(&WORDS), random.pick(&TEAMS)),
    }
}

fn arn(service: &str, scene: &Scene<'_>, random: &mut Seeded, out: &mut String) -> fmt::Result {
    match service {
        "s3" => write!(out, "arn:aws:s3:::{}-{}", names::name(random), scene.region),
        "iam" => {
            let team = random.pick(&TEAMS);
            write!(out, "arn:aws:iam::{ACCOUNT_ID}:role/{team}/")?;
            name(random, out)
        }
        "kms" => write!(
            out,
            "arn:aws:kms:{}:{ACCOUNT_ID}:key/{}",
            scene.region,
            random.uuid()
        ),
        _ => {
            write!(
                out,
                "arn:aws:{service}:{}:{ACCOUNT_ID}:{}/",
                scene.region,
                random.pick(&["resource", "app", "cluster", "function", "job", "table"])
            )?;
            name(random, out)
        }
    }
}

fn prose(budget: usize, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let start = out.len();
    let length = budget.min(2_000).max(random.between(10, 120));
    while out.len() < start + length {
        if out.len() > start {
            out.push(' ');
        }
        match random.below(1_000) {
            0..6 => out.push_str(random.pick(&BEYOND_ASCII)),
            6..13 => out.push_str(random.pick(&ESCAPED)),
            _ => out.push_str(random.pick(&WORDS)),
        }
    }
    Ok(())
}

/// A policy or another document, pretty-printed or not.
fn document(budget: usize, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let (line, space) = random.pick(&[("\\n      ", " "), ("", ""), ("", " ")]);
    let start = out.len();
    write!(
        out,
        "{{{line}\\\"Version\\\":{space}\\\"2012-10-17\\\",{line}\\\"Statement\\\":{space}["
    )?;
    let mut index = 0;
    while index == 0 || (out.len() < start + budget && index < 60) {
        let comma = if index > 0 { "," } else { "" };
        write!(
            out,
            "{comma}{line}{{\\\"Sid\\\":{space}\\\"Rule{index}\\\",{line}\\\"Effect\\\":{space}\\\"{}\\\",{line}\
             \\\"Action\\\":{space}[\\\"{}\\\",{space}\\\"{}\\\"],{line}\\\"Resource\\\":{space}\\\"arn:aws:{}:::{}",
            random.pick(&["Allow", "Allow", "Deny"]),
            random.pick(&[
                "s3:GetObject",
                "kms:Decrypt",
                "sqs:SendMessage",
                "ecr:GetAuthorizationToken"
            ]),
            random.pick(&[
                "s3:PutObject",
                "logs:PutLogEvents",
                "dynamodb:Query",
                "ssm:GetParameters"
            ]),
            random.pick(&["s3", "sqs", "kms", "dynamodb"]),
            names::name(random),
        )?;
        write!(out, "{}\\\"{line}}}", random.pick(&["*", "/*", ""]))?;
        index += 1;
    }
    write!(out, "{line}]{line}}}")
}

fn template(budget: usize, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let start = out.len();
    out.push_str("AWSTemplateFormatVersion: \\\"2010-09-09\\\"\\nResources:\\n");
    let mut index = 0;
    while index == 0 || (out.len() < start + budget && index < 80) {
        write!(
            out,
            "  {}{index}:\\n    Type: {}\\n    Properties:\\n      Name: !Sub \\\"${{AWS::StackName}}-{}\\\"\\n",
            random.pick(&["Queue", "Bucket", "Table", "Role"]),
            random.pick(&[
                "AWS::SQS::Queue",
                "AWS::S3::Bucket",
                "AWS::DynamoDB::Table",
                "AWS::IAM::Role"
            ]),
            names::name(random),
        )?;
        index += 1;
    }
    Ok(())
}

fn query(scene: &Scene<'_>, random: &mut Seeded, out: &mut String) -> fmt::Result {
    match random.below(3) {
        0 => write!(
            out,
            "SELECT eventname, count(*) AS n\\nFROM \\\"logs\\\".\\\"cloudtrail\\\"\\nWHERE eventsource = '{}.amazonaws.com'\\n\
             AND eventtime > '{}'\\nGROUP BY 1 ORDER BY n DESC LIMIT {}",
            scene.label,
            written(scene.seconds - 86_400),
            random.between(10, 1_000)
        ),
        1 => write!(
            out,
            "fields @timestamp, @message | filter userIdentity.arn like /{}/ and errorCode = \\\"AccessDenied\\\" | limit {}",
            names::name(random),
            random.between(10, 1_000)
        ),
        _ => write!(
            out,
            "sum(rate(http_requests_total{{job=\\\"{}\\\"}}[5m])) by (code)",
            names::name(random)
        ),
    }
}
