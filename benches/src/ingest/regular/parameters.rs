//! Request parameters and response elements, which a reader skips. Some hold strings and keys that look like fields of a
//! record.

use std::fmt::{self, Write as _};

use crate::names::{self, ACCOUNT_ID};
use crate::seeded::Seeded;

use super::super::time::written;
use super::plan::Error;

/// What the parameters of a call depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) source: &'a str,
    pub(super) name: &'a str,
    pub(super) is_read: bool,
    pub(super) region: &'a str,
    pub(super) error: Option<Error>,
    /// In UTC seconds.
    pub(super) seconds: u64,
}

impl<'a> Call<'a> {
    /// The event source before `.amazonaws.com`.
    pub(super) fn label(&self) -> &'a str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// Whether it is a data event.
    pub(super) fn is_data(&self) -> bool {
        match self.label() {
            "s3" => self.name.contains("Object"),
            "dynamodb" => self.name.ends_with("Item"),
            "lambda" => self.name.starts_with("Invoke"),
            _ => false,
        }
    }
}

/// Writes `requestParameters`, `responseElements`, and `additionalEventData` if there is any.
pub(super) fn write(call: &Call<'_>, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let name = names::name(random);
    let is_answered = !call.is_read && call.error.is_none();
    match call.label() {
        "s3" => write_s3(call, &name, random, out),
        "sts" => write_sts(call, &name, random, out),
        "kms" => write!(
            out,
            ",\"requestParameters\":{{\"encryptionContext\":{{\"aws:s3:arn\":\"arn:aws:s3:::{name}-{}\"}},\
             \"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"keyId\":\"arn:aws:kms:{}:{ACCOUNT_ID}:key/{}\"}},\
             \"responseElements\":null,\"additionalEventData\":{{\"keyMaterialId\":\"{}\"}}",
            call.region,
            call.region,
            random.uuid(),
            random.base32(64).to_lowercase()
        ),
        "dynamodb" => write!(
            out,
            ",\"requestParameters\":{{\"tableName\":\"{name}\",\"key\":{{\"customerId\":\"{}\",\"sortKey\":{}}},\
             \"expressionAttributeNames\":{{\"#t\":\"eventTime\",\"#u\":\"userIdentity\"}},\
             \"returnConsumedCapacity\":\"NONE\",\"consistentRead\":{}}},\"responseElements\":null",
            random.uuid(),
            random.below(1_000_000),
            random.percent(20)
        ),
        _ => {
            out.push_str(",\"requestParameters\":");
            if call.is_read {
                write_read_request(call, &name, random, out)?;
            } else {
                write_write_request(call, &name, random, out)?;
            }
            out.push_str(",\"responseElements\":");
            if is_answered {
                write_response(call, &name, random, out)
            } else {
                out.write_str("null")
            }
        }
    }
}

/// Writes `resources` if the service has them.
pub(super) fn write_resources(
    call: &Call<'_>,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let name = names::name(random);
    let region = call.region;
    match call.label() {
        "s3" if call.is_data() => write!(
            out,
            ",\"resources\":[{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::{name}-{region}/year=2026/part-{:05}\"}},\
             {{\"accountId\":\"{ACCOUNT_ID}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{name}-{region}\"}}]",
            random.below(100_000)
        ),
        "s3" => write!(
            out,
            ",\"resources\":[{{\"accountId\":\"{ACCOUNT_ID}\",\"type\":\"AWS::S3::Bucket\",\
             \"ARN\":\"arn:aws:s3:::{name}-{region}\"}}]"
        ),
        "kms" => write!(
            out,
            ",\"resources\":[{{\"accountId\":\"{ACCOUNT_ID}\",\"type\":\"AWS::KMS::Key\",\
             \"ARN\":\"arn:aws:kms:{region}:{ACCOUNT_ID}:key/{}\"}}]",
            random.uuid()
        ),
        "dynamodb" => write!(
            out,
            ",\"resources\":[{{\"accountId\":\"{ACCOUNT_ID}\",\"type\":\"AWS::DynamoDB::Table\",\
             \"ARN\":\"arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{name}\"}}]"
        ),
        _ => Ok(()),
    }
}

fn write_s3(call: &Call<'_>, name: &str, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let region = call.region;
    write!(
        out,
        ",\"requestParameters\":{{\"bucketName\":\"{name}-{region}\",\"Host\":\"{name}-{region}.s3.{region}.amazonaws.com\""
    )?;
    if call.is_data() {
        write!(
            out,
            ",\"key\":\"year=2026/month={:02}/{}-part-{:05}.parquet\"",
            random.between(1, 12),
            random.uuid(),
            random.below(100_000)
        )?;
    }
    out.push_str("},\"responseElements\":");
    if call.is_read || call.error.is_some() {
        out.push_str("null");
    } else {
        write!(
            out,
            "{{\"x-amz-server-side-encryption\":\"aws:kms\",\"x-amz-server-side-encryption-aws-kms-key-id\":\
             \"arn:aws:kms:{region}:{ACCOUNT_ID}:key/6d1f0f6a-5a2f-4f0a-9c0e-3f8b8a1f2d11\",\
             \"x-amz-version-id\":\"{}\"}}",
            random.base32(32)
        )?;
    }
    write!(
        out,
        ",\"additionalEventData\":{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
         \"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"{}/{}+{}=\",\
         \"bytesTransferredOut\":{}}}",
        random.base32(28),
        random.base32(20),
        random.base32(26),
        random.below(5_000_000)
    )
}

fn write_sts(call: &Call<'_>, name: &str, random: &mut Seeded, out: &mut String) -> fmt::Result {
    let (key, token) = (random.base32(16), random.base32(240));
    write!(
        out,
        ",\"requestParameters\":{{\"roleArn\":\"arn:aws:iam::{ACCOUNT_ID}:role/{name}\",\"roleSessionName\":\"{name}-{}\",\
         \"durationSeconds\":3600}}",
        random.below(10_000)
    )?;
    if call.error.is_some() || !call.name.starts_with("AssumeRole") {
        return out.write_str(",\"responseElements\":null");
    }
    write!(
        out,
        ",\"responseElements\":{{\"credentials\":{{\"accessKeyId\":\"ASIA{key}\",\"sessionToken\":\
         \"IQoJb3JpZ2luX2VjE//////////wEa{token}==\",\"expiration\":\"{}\"}},\"assumedRoleUser\":{{\"assumedRoleId\":\
         \"AROA{}:{name}\",\"arn\":\"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{name}\"}}}}",
        DateOfExpiry(call.seconds),
        random.base32(17)
    )
}

/// As AWS STS writes it: `Nov 23, 2026, 7:21:40 PM`.
struct DateOfExpiry(u64);

impl fmt::Display for DateOfExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = chrono::DateTime::from_timestamp(self.0 as i64 + 3_600, 0).unwrap_or_default();
        write!(f, "{}", time.format("%b %-d, %Y, %-I:%M:%S %p"))
    }
}

/// The parameters of a call that reads.
fn write_read_request(
    call: &Call<'_>,
    name: &str,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    match random.below(16) {
        0..7 => out.write_str("null"),
        7 => write!(
            out,
            "{{\"filterSet\":{{\"items\":[{{\"name\":\"tag:team\",\"valueSet\":{{\"items\":[{{\"value\":\"{name}\"}}]}}}},\
             {{\"name\":\"state\",\"valueSet\":{{\"items\":[{{\"value\":\"available\"}},{{\"value\":\"pending\"}}]}}}}]}},\
             \"maxResults\":{},\"nextToken\":\"{}\"}}",
            random.between(5, 1_000),
            random.base32(64)
        ),
        8 => write!(
            out,
            "{{\"lookupAttributes\":[{{\"attributeKey\":\"EventName\",\"attributeValue\":\"ConsoleLogin\"}}],\
             \"eventName\":\"not-the-event\",\"awsRegion\":\"not-the-region\",\"eventTime\":\"1970-01-01T00:00:00Z\",\
             \"errorCode\":\"AccessDenied\",\"userIdentity\":{{\"type\":\"Root\",\"arn\":\"arn:aws:iam::{ACCOUNT_ID}:root\"}},\
             \"maxResults\":{}}}",
            random.between(5, 50)
        ),
        9 => write!(
            out,
            "{{\"instancesSet\":{{\"items\":[{{\"instanceId\":\"i-{:017x}\"}},{{\"instanceId\":\"i-{:017x}\"}},\
             {{\"instanceId\":\"i-{:017x}\"}}]}},\"filterSet\":{{}},\"includeAllInstances\":false,\"name\":\"{name}\"}}",
            random.draw() >> 4,
            random.draw() >> 4,
            random.draw() >> 4
        ),
        10 => write!(
            out,
            "{{\"query\":\"fields @timestamp, @message\\n| filter eventSource = \\\"{}\\\" and errorCode like /Denied/\\n\
             | stats count(*) as n by userIdentity.arn, eventName\\n| sort n desc\\n| limit {}\",\"logGroupNames\":\
             [\"/aws/lambda/{name}\",\"aws-cloudtrail-logs\"],\"startTime\":{},\"endTime\":{}}}",
            call.source,
            random.between(10, 10_000),
            call.seconds - 86_400,
            call.seconds
        ),
        _ => write!(
            out,
            "{{\"name\":\"{name}-{}\",\"resourceArn\":\"arn:aws:{}:{}:{ACCOUNT_ID}:resource/{name}\",\"maxResults\":100}}",
            random.below(500),
            call.label(),
            call.region
        ),
    }
}

/// The parameters of a call that writes.
fn write_write_request(
    call: &Call<'_>,
    name: &str,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    match random.below(10) {
        0 => {
            write!(
                out,
                "{{\"name\":\"{name}\",\"policyDocument\":\"{{\\n  \\\"Version\\\": \\\"2012-10-17\\\",\\n  \\\"Statement\\\": ["
            )?;
            for index in 0..random.between(1, 2) {
                let comma = if index > 0 { "," } else { "" };
                write!(
                    out,
                    "{comma}\\n    {{\\n      \\\"Sid\\\": \\\"Allow{index}\\\",\\n      \\\"Effect\\\": \\\"Allow\\\",\\n      \
                     \\\"Action\\\": [\\\"s3:GetObject\\\", \\\"s3:PutObject\\\", \\\"kms:Decrypt\\\"],\\n      \
                     \\\"Resource\\\": \\\"arn:aws:s3:::{}-{}/*\\\"\\n    }}",
                    names::name(random),
                    random.below(100)
                )?;
            }
            out.write_str("\\n  ]\\n}\"}")
        }
        1 => write!(
            out,
            "{{\"description\":\"Größe \u{2264} 10 GB, für das Büro in Zürich \\u2014 \\u6771\\u4eac \\ud83d\\ude80 {name}\",\
             \"path\":\"C:\\\\data\\\\{name}\\\\new\",\"html\":\"\\u003cb\\u003e{name}\\u003c/b\\u003e\",\"weight\":{}.{},\
             \"limit\":-1.5e-3,\"isEnabled\":null}}",
            random.below(100),
            random.below(1_000_000)
        ),
        2 => write!(
            out,
            "{{\"entries\":[{{\"source\":\"com.example.{name}\",\"detailType\":\"AWS API Call via CloudTrail\",\
             \"detail\":\"{{\\\"eventName\\\":\\\"DeleteBucket\\\",\\\"eventSource\\\":\\\"s3.amazonaws.com\\\",\
             \\\"userIdentity\\\":{{\\\"type\\\":\\\"Root\\\"}},\\\"errorCode\\\":\\\"AccessDenied\\\",\\\"eventID\\\":\
             \\\"{}\\\"}}\"}}]}}",
            random.uuid()
        ),
        3 => write!(
            out,
            "{{\"instanceType\":\"m7g.{}large\",\"blockDeviceMapping\":{{\"items\":[{{\"deviceName\":\"/dev/xvda\",\"ebs\":\
             {{\"volumeSize\":{},\"deleteOnTermination\":true,\"volumeType\":\"gp3\",\"encrypted\":true}}}}]}},\
             \"monitoring\":{{\"enabled\":false}},\"disableApiTermination\":false,\"clientToken\":\"{}\",\
             \"subnetId\":\"subnet-{:017x}\",\"iamInstanceProfile\":{{\"name\":\"{name}\"}},\"tagSpecificationSet\":{{\"items\":\
             [{{\"resourceType\":\"instance\",\"tags\":[{{\"key\":\"Name\",\"value\":\"{name}\"}},{{\"key\":\"team\",\"value\":\
             \"{}\"}},{{\"key\":\"cost-center\",\"value\":\"{}\"}}]}}]}}}}",
            random.pick(&["", "x", "2x", "4x"]),
            random.between(8, 512),
            random.uuid(),
            random.draw() >> 4,
            names::name(random),
            random.between(1_000, 9_999)
        ),
        _ => write!(
            out,
            "{{\"name\":\"{name}\",\"resource\":\"arn:aws:{}:{}:{ACCOUNT_ID}:resource/{name}\",\"count\":{},\
             \"dryRun\":false,\"environment\":{{}},\"tags\":[{{\"key\":\"team\",\"value\":\"{}\"}},{{\"key\":\"cost-center\",\
             \"value\":\"{}\"}}]}}",
            call.label(),
            call.region,
            random.below(100),
            names::name(random),
            random.between(1_000, 9_999)
        ),
    }
}

/// The response of a call that writes.
fn write_response(
    call: &Call<'_>,
    name: &str,
    random: &mut Seeded,
    out: &mut String,
) -> fmt::Result {
    let (label, region, at) = (call.label(), call.region, written(call.seconds));
    match random.below(12) {
        0..7 => out.write_str("null"),
        7 => write!(
            out,
            "{{\"requestId\":\"{}\",\"_return\":true}}",
            random.uuid()
        ),
        8 => {
            write!(
                out,
                "{{\"requestId\":\"{}\",\"reservationId\":\"r-{:017x}\",\"ownerId\":\"{ACCOUNT_ID}\",\"instancesSet\":{{\"items\":[",
                random.uuid(),
                random.draw() >> 4
            )?;
            for index in 0..random.between(1, 2) {
                let comma = if index > 0 { "," } else { "" };
                write!(
                    out,
                    "{comma}{{\"instanceId\":\"i-{:017x}\",\"imageId\":\"ami-0c1f2e3d4b5a69788\",\"currentState\":{{\"code\":0,\
                     \"name\":\"pending\"}},\"privateDnsName\":\"ip-10-0-{}-{}.{region}.compute.internal\",\"launchTime\":{},\
                     \"placement\":{{\"availabilityZone\":\"{region}a\",\"tenancy\":\"default\"}},\"vpcId\":\
                     \"vpc-0a1b2c3d4e5f60718\",\"groupSet\":{{\"items\":[{{\"groupId\":\"sg-0f1e2d3c4b5a69788\",\
                     \"groupName\":\"{name}\"}}]}},\"architecture\":\"arm64\",\"rootDeviceType\":\"ebs\",\
                     \"sourceDestCheck\":true,\"ebsOptimized\":false,\"hypervisor\":\"nitro\"}}",
                    random.draw() >> 4,
                    random.below(256),
                    random.below(256),
                    call.seconds * 1_000
                )?;
            }
            out.write_str("]}}")
        }
        _ => write!(
            out,
            "{{\"requestId\":\"{}\",\"status\":\"ACTIVE\",\"createdDate\":\"{at}\",\
             \"arn\":\"arn:aws:{label}:{region}:{ACCOUNT_ID}:resource/{name}/{}\",\"version\":{}}}",
            random.uuid(),
            random.uuid(),
            random.below(50)
        ),
    }
}
