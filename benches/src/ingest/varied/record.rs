//! The JSON of a record of the varied trail. The fields and their order depend on the record's `eventVersion`.

use std::fmt::{self, Write as _};

use crate::names::{self, ACCOUNT_ID};
use crate::seeded::Seeded;

use super::super::time::written;
use super::api::Api;
use super::caller::{Channel, Session};
use super::text::{Scene, Text, base64};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    /// A permission was missing.
    Denied,
    /// Any other error.
    Failed,
}

/// The fields that all records have.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) version: &'a str,
    /// The field `"userIdentity":{...}`.
    pub(super) identity: &'a str,
    pub(super) source: &'a str,
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) agent: &'a str,
}

/// The fields after `requestID`.
#[derive(Debug)]
pub(super) struct Tail<'a> {
    pub(super) version: &'a str,
    pub(super) event_type: &'a str,
    pub(super) is_read: bool,
    pub(super) is_data: bool,
    /// The value of `resources`, or nothing.
    pub(super) resources: &'a str,
    pub(super) api_version: Option<&'a str>,
    /// The value of `serviceEventDetails`, or nothing.
    pub(super) details: &'a str,
    pub(super) is_shared: bool,
    pub(super) channel: Channel,
    pub(super) category: &'a str,
}

const DENIALS: [&str; 7] = [
    "AccessDenied",
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedException",
    "NotAuthorized",
    "AuthorizationError",
    "VpceAccessDenied",
];
const FAILURES: [(&str, &str); 18] = [
    ("ThrottlingException", "Rate exceeded"),
    ("Throttling", "Rate exceeded"),
    (
        "ValidationException",
        "1 validation error detected: Value 'prod\\u002Feu' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: \\\"[a-zA-Z0-9_.-]+\\\"",
    ),
    ("ResourceNotFoundException", "Requested resource not found"),
    ("ResourceNotFoundException", ""),
    (
        "NoSuchEntityException",
        "The role with name orders-prod cannot be found.",
    ),
    ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    ("NoSuchTagSet", "The TagSet does not exist"),
    ("NoSuchKey", "The specified key does not exist."),
    (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    (
        "ConditionalCheckFailedException",
        "The conditional request failed",
    ),
    (
        "InvalidParameterValueException",
        "The provided token is malformed or otherwise invalid",
    ),
    ("ParameterNotFound", ""),
    (
        "LimitExceededException",
        "Too many requests for the account",
    ),
    (
        "ConflictException",
        "A resource named \\\"orders\\\" already exists",
    ),
    (
        "Client.InvalidInstanceID.NotFound",
        "The instance ID 'i-0a1b2c3d4e5f60718' does not exist",
    ),
    ("Client.RequestLimitExceeded", "Request limit exceeded."),
    ("InternalFailure", "An internal error occurred."),
];

/// Writes the record of a call by an IAM user or role. `values` draws the values of parameters.
pub(super) fn write_call(
    api: &Api,
    session: &Session,
    outcome: Outcome,
    scene: &Scene<'_>,
    values: &mut Seeded,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let head = Head {
        version: api.version,
        identity: &session.identity,
        source: &api.event.source,
        name: &api.event.name,
        address: &session.address,
        agent: &session.agent,
    };
    write_head(&head, scene, out)?;
    write_error(api, session, outcome, scene, random, out)?;
    let budget = api.size.budget(values);
    out.push_str(",\"requestParameters\":");
    match &api.request {
        Some(shape) => shape.write(scene, budget, values, out)?,
        None => out.push_str("null"),
    }
    out.push_str(",\"responseElements\":");
    match &api.response {
        Some(shape) if outcome == Outcome::Success => {
            // Responses are as long as requests, or much shorter.
            let is_long = values.percent(50) && budget < 9_000;
            shape.write(scene, if is_long { budget } else { 0 }, values, out)?;
        }
        _ => out.push_str("null"),
    }
    if api.label() == "s3" {
        write_s3_transfer(random, out)?;
    } else if let Some(shape) = &api.additional {
        out.push_str(",\"additionalEventData\":");
        shape.write(scene, 0, values, out)?;
    }
    let mut resources = String::new();
    if api.is_data || (api.has_resources && random.percent(90)) {
        write_resources(scene, values, &mut resources)?;
    }
    write_request_id(api.label(), random, out)?;
    let tail = Tail {
        version: api.version,
        event_type: if session.channel == Channel::Console && random.percent(4) {
            "AwsConsoleAction"
        } else {
            "AwsApiCall"
        },
        is_read: api.event.is_read,
        is_data: api.is_data,
        resources: &resources,
        api_version: api.api_version,
        details: "",
        is_shared: session.is_partner || (api.label() == "kms" && random.percent(40)),
        channel: session.channel,
        category: if api.is_data { "Data" } else { "Management" },
    };
    write_tail(&tail, scene, random, out)
}

pub(super) fn write_head(head: &Head<'_>, scene: &Scene<'_>, out: &mut String) -> fmt::Result {
    write!(
        out,
        "{{\"eventVersion\":\"{}\",{},\"eventTime\":\"{}\",\"eventSource\":\"{}\",\"eventName\":\"{}\",\
         \"awsRegion\":\"{}\",\"sourceIPAddress\":\"{}\",\"userAgent\":\"{}\"",
        head.version,
        head.identity,
        written(scene.seconds),
        head.source,
        head.name,
        scene.region,
        head.address,
        head.agent,
    )
}

pub(super) fn write_request_id(label: &str, random: &mut Seeded, out: &mut String) -> fmt::Result {
    match label {
        "s3" => write!(out, ",\"requestID\":\"{}\"", random.base32(16)),
        "dynamodb" => write!(out, ",\"requestID\":\"{}\"", random.base32(52)),
        _ => write!(out, ",\"requestID\":\"{}\"", random.uuid()),
    }
}

/// Writes `eventID` and everything after it.
pub(super) fn write_tail(
    tail: &Tail<'_>,
    scene: &Scene<'_>,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    // Versions before 1.08 have no categories, and some fields at other places.
    let is_old = matches!(tail.version, "1.05" | "1.07");
    write!(out, ",\"eventID\":\"{}\"", random.uuid())?;
    if !is_old || random.percent(50) {
        write!(out, ",\"readOnly\":{}", tail.is_read)?;
    }
    if !tail.resources.is_empty() {
        write!(out, ",\"resources\":{}", tail.resources)?;
    }
    write!(out, ",\"eventType\":\"{}\"", tail.event_type)?;
    if let Some(api_version) = tail.api_version {
        write!(out, ",\"apiVersion\":\"{api_version}\"")?;
    }
    if !is_old {
        write!(out, ",\"managementEvent\":{}", !tail.is_data)?;
    }
    write!(out, ",\"recipientAccountId\":\"{ACCOUNT_ID}\"")?;
    if tail.is_shared {
        write!(out, ",\"sharedEventID\":\"{}\"", random.uuid())?;
    }
    if !tail.details.is_empty() {
        write!(out, ",\"serviceEventDetails\":{}", tail.details)?;
    }
    if let Channel::Endpoint(id) = tail.channel {
        write!(out, ",\"vpcEndpointId\":\"vpce-{:017x}\"", id >> 4)?;
        if !is_old && random.percent(70) {
            write!(out, ",\"vpcEndpointAccountId\":\"{ACCOUNT_ID}\"")?;
        }
    }
    if is_old {
        return out.write_str("}");
    }
    write!(out, ",\"eventCategory\":\"{}\"", tail.category)?;
    if random.below(500) == 0 {
        write!(
            out,
            ",\"addendum\":{{\"reason\":\"DELIVERY_DELAY\",\"updatedFields\":\"\",\"originalRequestID\":\"{}\",\
             \"originalEventID\":\"{}\"}}",
            random.uuid(),
            random.uuid()
        )?;
    }
    let has_tls = matches!(tail.channel, Channel::Internet | Channel::Endpoint(_));
    if has_tls && tail.version != "1.08" && random.percent(92) {
        let (version, suite) = random.pick(&[
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
            ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        ]);
        write!(
            out,
            ",\"tlsDetails\":{{\"tlsVersion\":\"{version}\",\"cipherSuite\":\"{suite}\",\
             \"clientProvidedHostHeader\":\"{}.{}.amazonaws.com\"}}",
            scene.label, scene.region
        )?;
    }
    if tail.channel == Channel::Console && random.percent(90) {
        out.push_str(",\"sessionCredentialFromConsole\":\"true\"");
    }
    out.write_str("}")
}

fn write_error(
    api: &Api,
    session: &Session,
    outcome: Outcome,
    scene: &Scene<'_>,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    match outcome {
        Outcome::Success => return Ok(()),
        Outcome::Denied => {
            let code = match api.label() {
                "ec2" => "Client.UnauthorizedOperation",
                "iam" | "sts" => "AccessDenied",
                _ => random.pick(&DENIALS),
            };
            write!(out, ",\"errorCode\":\"{code}\"")?;
            if random.percent(80) {
                write!(
                    out,
                    ",\"errorMessage\":\"User: {} is not authorized to perform: {}:{}",
                    session.arn, scene.label, api.event.name
                )?;
                if random.percent(60) {
                    out.push_str(" on resource: ");
                    Text::Arn.write(scene, 0, random, out)?;
                }
                out.push_str(random.pick(&[
                    " because no identity-based policy allows the action\"",
                    " with an explicit deny in a service control policy\"",
                    " because no resource-based policy allows the action\"",
                    ". (Service: \\\"Aws\\\"; Status Code: 403)\"",
                ]));
            }
        }
        Outcome::Failed => {
            let (code, message) = random.pick(&FAILURES);
            write!(out, ",\"errorCode\":\"{code}\"")?;
            if !message.is_empty() {
                write!(out, ",\"errorMessage\":\"{message}\"")?;
            }
        }
    }
    Ok(())
}

fn write_s3_transfer(random: &mut Seeded, out: &mut String) -> fmt::Result {
    write!(
        out,
        ",\"additionalEventData\":{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
         \"bytesTransferredIn\":{},\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"",
        random.below(100_000)
    )?;
    base64(75, random, out);
    write!(
        out,
        "=\",\"bytesTransferredOut\":{}}}",
        random.below(5_000_000)
    )
}

fn write_resources(scene: &Scene<'_>, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let arn = |random: &mut Seeded, out: &mut String| Text::Arn.write(scene, 0, random, out);
    out.push('[');
    match scene.label {
        "s3" => {
            let name = names::name(random);
            write!(
                out,
                "{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::{name}-{}/{}/part-{:05}\"}},\
                 {{\"accountId\":\"{ACCOUNT_ID}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{name}-{}\"}}",
                scene.region,
                random.uuid(),
                random.below(100_000),
                scene.region
            )?;
        }
        label => {
            for index in 0..random.pick(&[1, 1, 1, 2, 5]) {
                let comma = if index > 0 { "," } else { "" };
                let kind = match label {
                    "kms" => "AWS::KMS::Key",
                    "dynamodb" => "AWS::DynamoDB::Table",
                    "lambda" => "AWS::Lambda::Function",
                    _ => "",
                };
                write!(out, "{comma}{{\"accountId\":\"{ACCOUNT_ID}\"")?;
                if !kind.is_empty() {
                    write!(out, ",\"type\":\"{kind}\"")?;
                }
                out.push_str(",\"ARN\":\"");
                arn(random, out)?;
                out.push_str("\"}");
            }
        }
    }
    out.write_str("]")
}
