//! Records of the varied trail that no IAM user or role made: services, sign-ins, root, federation.

use std::fmt::{self, Write as _};

use crate::names::{self, ACCOUNT_ID, TEAMS};
use crate::seeded::Seeded;

use super::super::time::written;
use super::agent::{self, Program};
use super::caller::{Channel, PARTNER_ACCOUNT, address};
use super::record::{self, Head, Tail};
use super::text::{Scene, Text};

const SERVICES: [&str; 12] = [
    "lambda",
    "ec2",
    "ecs-tasks",
    "config",
    "cloudtrail",
    "rds",
    "guardduty",
    "eks",
    "autoscaling",
    "delivery.logs",
    "replicator.lambda",
    "secretsmanager",
];

/// What such a record is made of.
struct Other {
    label: &'static str,
    name: &'static str,
    identity: String,
    address: String,
    agent: String,
    channel: Channel,
    event_type: &'static str,
    category: &'static str,
    is_read: bool,
    /// The values of the fields from `requestParameters` to `serviceEventDetails`.
    request: String,
    response: String,
    additional: String,
    details: String,
}

/// Writes such a record.
pub(super) fn write(
    region: &str,
    seconds: u64,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let other = Other::draw(region, seconds, random)?;
    let version = random.pick(&["1.11", "1.10", "1.09", "1.08", "1.05"]);
    let scene = Scene {
        region,
        label: other.label,
        seconds,
    };
    let head = Head {
        version,
        identity: &other.identity,
        source: &format!("{}.amazonaws.com", other.label),
        name: other.name,
        address: &other.address,
        agent: &other.agent,
    };
    record::write_head(&head, &scene, out)?;
    let or_null = |text: &str| {
        if text.is_empty() {
            "null".to_owned()
        } else {
            text.to_owned()
        }
    };
    write!(
        out,
        ",\"requestParameters\":{},\"responseElements\":{}",
        or_null(&other.request),
        or_null(&other.response)
    )?;
    if !other.additional.is_empty() {
        write!(out, ",\"additionalEventData\":{}", other.additional)?;
    }
    if other.event_type == "AwsApiCall" {
        record::write_request_id(other.label, random, out)?;
    }
    let tail = Tail {
        version,
        event_type: other.event_type,
        is_read: other.is_read,
        is_data: other.category == "Data",
        resources: "",
        api_version: None,
        details: &other.details,
        is_shared: random.percent(30),
        channel: other.channel,
        category: other.category,
    };
    record::write_tail(&tail, &scene, random, out)
}

impl Other {
    fn draw(region: &str, seconds: u64, random: &mut Seeded) -> Result<Self, fmt::Error> {
        let scene = Scene {
            region,
            label: "sts",
            seconds,
        };
        let mut other = Self {
            label: "sts",
            name: "AssumeRole",
            identity: String::new(),
            address: address(random),
            agent: agent::draw(Program::Console, random),
            channel: Channel::Internet,
            event_type: "AwsApiCall",
            category: "Management",
            is_read: true,
            request: String::new(),
            response: String::new(),
            additional: String::new(),
            details: String::new(),
        };
        let person = format!("{}-{}", random.pick(&TEAMS), random.below(3_000));
        match random.below(100) {
            0..34 => other.service_assumes_role(&scene, random)?,
            34..54 => {
                other.by_service(random)?;
                (other.label, other.name) = random.pick_or(
                    &[
                        ("s3", "GetBucketAcl"),
                        ("kms", "GenerateDataKey"),
                        ("kms", "Decrypt"),
                        ("ec2", "DescribeInstances"),
                    ],
                    ("s3", "GetBucketAcl"),
                );
                write!(
                    other.request,
                    "{{\"bucketName\":\"{}\"}}",
                    names::name(random)
                )?;
            }
            54..66 => other.service_event(random)?,
            66..74 => other.sign_in(&person, random)?,
            74..78 => {
                (other.label, other.name) = ("account", "GetContactInformation");
                let creation = written(seconds - random.below(3_600) as u64);
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"Root\",\"principalId\":\"{ACCOUNT_ID}\",\
                     \"arn\":\"arn:aws:iam::{ACCOUNT_ID}:root\",\"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"ASIA{}\",\
                     \"sessionContext\":{{\"attributes\":{{\"creationDate\":\"{creation}\",\"mfaAuthenticated\":\"true\"}}{}}}}}",
                    random.base32(16),
                    random.pick(&["", ",\"assumedRoot\":\"true\""])
                )?;
                other.channel = Channel::Console;
            }
            78..81 => {
                (other.label, other.name, other.category) = ("s3", "GetObject", "Data");
                other.identity = "\"userIdentity\":{\"type\":\"AWSAccount\",\"principalId\":\"\",\
                                  \"accountId\":\"ANONYMOUS_PRINCIPAL\"}"
                    .to_owned();
            }
            81..84 => {
                (other.label, other.name) = ("kms", "Decrypt");
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"AWSAccount\",\"principalId\":\"{PARTNER_ACCOUNT}\",\
                     \"accountId\":\"{PARTNER_ACCOUNT}\"}}"
                )?;
            }
            84..91 => {
                other.name = "AssumeRoleWithWebIdentity";
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"WebIdentityUser\",\"principalId\":\"oidc.eks.{region}.amazonaws.com/id/\
                     EXAMPLE:sts.amazonaws.com:system:serviceaccount:web:{person}\",\"userName\":\"system:serviceaccount:web:\
                     {person}\",\"identityProvider\":\"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/oidc.eks.{region}.amazonaws.com\
                     /id/EXAMPLE\"}}"
                )?;
                other.role_request(&scene, random)?;
            }
            91..94 => {
                other.name = "AssumeRoleWithSAML";
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"SAMLUser\",\"principalId\":\"Wb9TqrXYm4kKEXAMPLE=:{person}\",\
                     \"userName\":\"{person}\",\"identityProvider\":\"Wb9TqrXYm4kKEXAMPLE=\"}}"
                )?;
                other.role_request(&scene, random)?;
            }
            94..98 => {
                (other.label, other.name) = ("sso", "GetRoleCredentials");
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"IdentityCenterUser\",\"accountId\":\"{ACCOUNT_ID}\",\"onBehalfOf\":\
                     {{\"userId\":\"{}\",\"identityStoreArn\":\"arn:aws:identitystore::{ACCOUNT_ID}:identitystore/d-9067642ac7\"}},\
                     \"credentialId\":\"{}\"}}",
                    random.uuid(),
                    random.uuid()
                )?;
                write!(
                    other.details,
                    "{{\"role_name\":\"ReadOnly\",\"account_id\":\"{ACCOUNT_ID}\"}}"
                )?;
            }
            _ => {
                (other.label, other.name) = ("s3", "PutObject");
                (other.event_type, other.category) = ("AwsVpceEvent", "NetworkActivity");
                other.channel = Channel::Endpoint(random.draw());
                write!(
                    other.identity,
                    "\"userIdentity\":{{\"type\":\"AWSAccount\",\"principalId\":\"AROA{}:{person}\",\
                     \"accountId\":\"{PARTNER_ACCOUNT}\"}}",
                    random.base32(17)
                )?;
            }
        }
        Ok(other)
    }

    fn by_service(&mut self, random: &mut Seeded) -> fmt::Result {
        let service = format!("{}.amazonaws.com", random.pick(&SERVICES));
        write!(
            self.identity,
            "\"userIdentity\":{{\"type\":\"AWSService\",\"invokedBy\":\"{service}\"}}"
        )?;
        self.address.clone_from(&service);
        self.agent = service;
        self.channel = Channel::Service;
        Ok(())
    }

    fn service_assumes_role(&mut self, scene: &Scene<'_>, random: &mut Seeded) -> fmt::Result {
        self.by_service(random)?;
        self.role_request(scene, random)?;
        if random.percent(15) {
            // A session policy.
            self.request.pop();
            self.request.push_str(",\"policy\":\"");
            let length = random.between(300, 6_000);
            Text::Document.write(scene, length, random, &mut self.request)?;
            self.request.push_str("\"}");
        }
        Ok(())
    }

    /// The parameters of `AssumeRole` and its kin, and the credentials that they return.
    fn role_request(&mut self, scene: &Scene<'_>, random: &mut Seeded) -> fmt::Result {
        let (name, session) = (names::name(random), random.uuid());
        write!(
            self.request,
            "{{\"roleArn\":\"arn:aws:iam::{ACCOUNT_ID}:role/{name}\",\"roleSessionName\":\"{session}\",\
             \"durationSeconds\":{}}}",
            random.pick(&[900, 3_600, 43_200])
        )?;
        write!(
            self.response,
            "{{\"credentials\":{{\"accessKeyId\":\"ASIA{}\",\"sessionToken\":\"IQoJb3JpZ2luX2VjE//////////wEa",
            random.base32(16)
        )?;
        super::text::base64(300, random, &mut self.response);
        self.response.push_str("==\",\"expiration\":\"");
        Text::LongTime.write(scene, 0, random, &mut self.response)?;
        write!(
            self.response,
            "\"}},\"assumedRoleUser\":{{\"assumedRoleId\":\"AROA{}:{session}\",\
             \"arn\":\"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{session}\"}}}}",
            random.base32(17)
        )
    }

    fn service_event(&mut self, random: &mut Seeded) -> fmt::Result {
        (self.label, self.name) = random.pick_or(
            &[
                ("kms", "RotateKey"),
                ("eks", "DiagnosticLogsRotated"),
                ("signin", "UserAuthentication"),
                ("acm", "RenewCertificate"),
                ("ec2", "SharedSnapshotVolumeCreated"),
                ("ec2", "BidEvictedEvent"),
                ("autoscaling", "TerminateInstances"),
                ("elasticmapreduce", "ClusterStateChange"),
            ],
            ("kms", "RotateKey"),
        );
        let source = format!("{}.amazonaws.com", self.label);
        write!(
            self.identity,
            "\"userIdentity\":{{\"accountId\":\"{ACCOUNT_ID}\",\"invokedBy\":\"{source}\"}}"
        )?;
        self.address.clone_from(&source);
        self.agent = source;
        self.channel = Channel::Service;
        self.event_type = "AwsServiceEvent";
        self.is_read = false;
        write!(
            self.details,
            "{{\"keyId\":\"{}\",\"UserAuthentication\":\"Success\",\"instanceIdSet\":[\"i-{:017x}\"],\
             \"CredentialType\":\"EXTERNAL_IDP\"}}",
            random.uuid(),
            random.draw() >> 4
        )
    }

    fn sign_in(&mut self, person: &str, random: &mut Seeded) -> fmt::Result {
        (self.label, self.name) = ("signin", "ConsoleLogin");
        self.event_type = "AwsConsoleSignIn";
        self.is_read = false;
        match random.below(3) {
            0 => write!(
                self.identity,
                "\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{}\",\"accountId\":\"{ACCOUNT_ID}\",\
                 \"accessKeyId\":\"\",\"userName\":\"{person}\"}}",
                random.base32(17)
            )?,
            1 => write!(
                self.identity,
                "\"userIdentity\":{{\"type\":\"IAMUser\",\"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"\",\
                 \"userName\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}}"
            )?,
            _ => write!(
                self.identity,
                "\"userIdentity\":{{\"type\":\"Unknown\",\"principalId\":\"{ACCOUNT_ID}\",\"arn\":\"\",\
                 \"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"\",\"userName\":\"{person}@example.com\"}}"
            )?,
        }
        write!(
            self.response,
            "{{\"ConsoleLogin\":\"{}\"}}",
            random.pick(&["Success", "Success", "Success", "Failure"])
        )?;
        write!(
            self.additional,
            "{{\"LoginTo\":\"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgs_{}\",\
             \"MobileVersion\":\"No\",\"MFAUsed\":\"{}\"}}",
            random.below(100_000),
            random.pick(&["Yes", "No"])
        )
    }
}
