//! The JSON of a record, with the fields that CloudTrail writes, in its order.

use std::fmt::{self, Write as _};

use crate::names::ACCOUNT_ID;
use crate::seeded::Seeded;

use super::super::event::Event;
use super::super::time::written;
use super::caller::Path;
use super::parameters::{self, Call};
use super::plan::{Error, Fact, Other, Who};
use super::slot::Slot;

/// Writes a record.
pub(super) fn write(
    slot: &Slot,
    fact: &Fact<'_>,
    event: Option<&Event>,
    out: &mut String,
) -> fmt::Result {
    let mut random = fact.random.clone();
    if let Who::Other(other) = fact.who {
        return write_other(other, slot, fact, &mut random, out);
    }
    let (Some((caller, _)), Some(event)) = (fact.call(), event) else {
        return Ok(());
    };
    let call = Call {
        source: &event.source,
        name: &event.name,
        is_read: event.is_read,
        region: slot.region(),
        error: fact.error,
        seconds: fact.seconds,
    };
    let (address, agent) = (&caller.address, caller.agent);
    start(&call, &caller.identity, address, agent, &mut random, out)?;
    write_error(&call, &caller.arn, &mut random, out)?;
    parameters::write(&call, &mut random, out)?;
    write_end(&call, "AwsApiCall", caller.path, &mut random, out)
}

fn start(
    call: &Call<'_>,
    identity: &str,
    address: &str,
    agent: &str,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    write!(
        out,
        "{{\"eventVersion\":\"{}\",{identity},\"eventTime\":\"{}\",\"eventSource\":\"{}\",\"eventName\":\"{}\",\
         \"awsRegion\":\"{}\",\"sourceIPAddress\":\"{address}\",\"userAgent\":\"{agent}\"",
        random.pick(&["1.11", "1.11", "1.11", "1.10", "1.09", "1.08"]),
        written(call.seconds),
        call.source,
        call.name,
        call.region,
    )
}

fn write_error(call: &Call<'_>, arn: &str, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let label = call.label();
    let name = call.name;
    match call.error {
        None => Ok(()),
        Some(Error::Denied) => match (label, random.below(4)) {
            ("ec2", _) => write!(
                out,
                ",\"errorCode\":\"Client.UnauthorizedOperation\",\"errorMessage\":\"You are not authorized to perform this \
                 operation. User: {arn} is not authorized to perform: ec2:{name} because no identity-based policy allows the \
                 ec2:{name} action\""
            ),
            (_, 0) => write!(out, ",\"errorCode\":\"AccessDeniedException\""),
            (_, 1) => write!(
                out,
                ",\"errorCode\":\"AccessDeniedException\",\"errorMessage\":\"User: {arn} is not authorized to perform: \
                 {label}:{name} on resource: arn:aws:{label}:{}:{ACCOUNT_ID}:* with an explicit deny in a service control \
                 policy\"",
                call.region
            ),
            _ => write!(
                out,
                ",\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User: {arn} is not authorized to perform: \
                 {label}:{name} because no identity-based policy allows the {label}:{name} action\""
            ),
        },
        Some(Error::Failed) => match random.below(4) {
            0 => out.write_str(",\"errorCode\":\"ThrottlingException\",\"errorMessage\":\"Rate exceeded\""),
            1 => out.write_str(
                ",\"errorCode\":\"ResourceNotFoundException\",\"errorMessage\":\"Requested resource not found\"",
            ),
            2 => out.write_str(
                ",\"errorCode\":\"ValidationException\",\"errorMessage\":\"1 validation error detected: Value \
                 'prod\\u002Feu' at 'name' failed to satisfy constraint: \\\"[a-zA-Z0-9_.-]+\\\"\"",
            ),
            _ => out.write_str(",\"errorCode\":\"NoSuchEntityException\""),
        },
    }
}

/// Writes `requestID` and everything after it.
fn write_end(
    call: &Call<'_>,
    kind: &str,
    path: Path,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let is_data = call.is_data();
    match call.label() {
        "s3" => write!(out, ",\"requestID\":\"{}\"", random.base32(16))?,
        "dynamodb" => write!(out, ",\"requestID\":\"{}\"", random.base32(52))?,
        _ => write!(out, ",\"requestID\":\"{}\"", random.uuid())?,
    }
    write!(
        out,
        ",\"eventID\":\"{}\",\"readOnly\":{}",
        random.uuid(),
        call.is_read
    )?;
    parameters::write_resources(call, random, out)?;
    write!(out, ",\"eventType\":\"{kind}\"")?;
    if matches!(call.label(), "logs" | "ecs" | "dynamodb") {
        out.write_str(",\"apiVersion\":\"2014-03-28\"")?;
    }
    write!(
        out,
        ",\"managementEvent\":{},\"recipientAccountId\":\"{ACCOUNT_ID}\"",
        !is_data
    )?;
    if call.label() == "kms" && random.percent(50) {
        write!(out, ",\"sharedEventID\":\"{}\"", random.uuid())?;
    }
    if let Path::Endpoint(id) = path {
        write!(
            out,
            ",\"vpcEndpointId\":\"vpce-{:017x}\"",
            id & 0xff_ffff_ffff
        )?;
        if random.percent(70) {
            write!(out, ",\"vpcEndpointAccountId\":\"{ACCOUNT_ID}\"")?;
        }
    }
    let category = if is_data { "Data" } else { "Management" };
    write!(out, ",\"eventCategory\":\"{category}\"")?;
    if matches!(path, Path::Internet | Path::Endpoint(_)) {
        let (version, suite) = random.pick(&[
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
            ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
        ]);
        write!(
            out,
            ",\"tlsDetails\":{{\"tlsVersion\":\"{version}\",\"cipherSuite\":\"{suite}\",\
             \"clientProvidedHostHeader\":\"{}.{}.amazonaws.com\"}}",
            call.label(),
            call.region
        )?;
    }
    if path == Path::Console {
        out.write_str(",\"sessionCredentialFromConsole\":\"true\"")?;
    }
    out.write_str("}")
}

fn write_other(
    other: Other,
    slot: &Slot,
    fact: &Fact<'_>,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let (source, name, is_read) = match other {
        Other::ServiceAssumesRole => ("sts.amazonaws.com", "AssumeRole", true),
        Other::ServiceReads => ("s3.amazonaws.com", "GetBucketAcl", true),
        Other::ServiceEvent => random.pick(&[
            ("kms.amazonaws.com", "RotateKey", false),
            ("eks.amazonaws.com", "DiagnosticLogsRotated", false),
            ("signin.amazonaws.com", "UserAuthentication", false),
        ]),
        Other::SignIn => ("signin.amazonaws.com", "ConsoleLogin", false),
        Other::Root => ("account.amazonaws.com", "GetContactInformation", true),
        Other::Anonymous => ("s3.amazonaws.com", "GetObject", true),
        Other::WebIdentity => ("sts.amazonaws.com", "AssumeRoleWithWebIdentity", true),
        Other::Saml => ("sts.amazonaws.com", "AssumeRoleWithSAML", true),
    };
    let call = Call {
        source,
        name,
        is_read,
        region: slot.region(),
        error: None,
        seconds: fact.seconds,
    };
    let address = format!("192.0.2.{}", random.below(256));
    let person = random.below(300);
    let (identity, address, kind, path) = match other {
        Other::ServiceAssumesRole | Other::ServiceReads => {
            let service = random.pick(&["lambda", "ec2", "ecs-tasks", "config", "cloudtrail", "rds"]);
            let identity = format!(
                "\"userIdentity\":{{\"type\":\"AWSService\",\"invokedBy\":\"{service}.amazonaws.com\"}}"
            );
            (identity, format!("{service}.amazonaws.com"), "AwsApiCall", Path::Service)
        }
        Other::ServiceEvent => (
            format!("\"userIdentity\":{{\"accountId\":\"{ACCOUNT_ID}\",\"invokedBy\":\"{source}\"}}"),
            source.to_owned(),
            "AwsServiceEvent",
            Path::Service,
        ),
        Other::SignIn => (
            format!(
                "\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"AIDAEXAMPLEPERSON{person:04}\",\
                 \"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"\",\"userName\":\"person-{person}\"}}"
            ),
            address,
            "AwsConsoleSignIn",
            Path::Internet,
        ),
        Other::Root => (
            format!(
                "\"userIdentity\":{{\"type\":\"Root\",\"principalId\":\"{ACCOUNT_ID}\",\
                 \"arn\":\"arn:aws:iam::{ACCOUNT_ID}:root\",\"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"ASIA{}\",\
                 \"sessionContext\":{{\"attributes\":{{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"true\"}}}}}}",
                random.base32(16),
                written(slot.start)
            ),
            address,
            "AwsApiCall",
            Path::Console,
        ),
        Other::Anonymous => (
            "\"userIdentity\":{\"type\":\"AWSAccount\",\"principalId\":\"\",\"accountId\":\"ANONYMOUS_PRINCIPAL\"}"
                .to_owned(),
            address,
            "AwsApiCall",
            Path::Internet,
        ),
        Other::WebIdentity => (
            format!(
                "\"userIdentity\":{{\"type\":\"WebIdentityUser\",\"principalId\":\"oidc.eks.{}.amazonaws.com/id/EXAMPLE:\
                 sts.amazonaws.com:system:serviceaccount:web:orders-{person}\",\"userName\":\"system:serviceaccount:web:\
                 orders-{person}\",\"identityProvider\":\"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/oidc.eks.{}.amazonaws.com\
                 /id/EXAMPLE\"}}",
                slot.region(),
                slot.region()
            ),
            address,
            "AwsApiCall",
            Path::Internet,
        ),
        Other::Saml => (
            format!(
                "\"userIdentity\":{{\"type\":\"SAMLUser\",\"principalId\":\"Wb9TqrXYm4kKEXAMPLE=:person-{person}\",\
                 \"userName\":\"person-{person}\",\"identityProvider\":\"Wb9TqrXYm4kKEXAMPLE=\"}}"
            ),
            address,
            "AwsApiCall",
            Path::Internet,
        ),
    };
    let agent = if path == Path::Service {
        address.clone()
    } else {
        "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0".to_owned()
    };
    start(&call, &identity, &address, &agent, random, out)?;
    match other {
        Other::ServiceEvent => write!(
            out,
            ",\"requestParameters\":null,\"responseElements\":null,\"serviceEventDetails\":{{\"keyId\":\"{}\",\
             \"UserAuthentication\":\"Success\",\"CredentialType\":\"EXTERNAL_IDP\"}}",
            random.uuid()
        )?,
        Other::SignIn => out.write_str(
            ",\"requestParameters\":null,\"responseElements\":{\"ConsoleLogin\":\"Success\"},\"additionalEventData\":\
             {\"LoginTo\":\"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true\",\
             \"MobileVersion\":\"No\",\"MFAIdentifier\":\"arn:aws:iam::111122223333:mfa/phone\",\"MFAUsed\":\"Yes\"}",
        )?,
        _ => parameters::write(&call, random, out)?,
    }
    write_end(&call, kind, path, random, out)
}
