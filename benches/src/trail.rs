//! Generates CloudTrail objects of an account's identities, about 1.5 kB per record.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use advisor_core::{Activity, Attempt, CreditedAction, EventCategory, Principal};
use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;
use service_catalog::{AccessLevel, ActionId, Catalog};

use crate::account::{AccountShape, Identity, IdentityKind};
use crate::names::{self, ACCOUNT_ID};
use crate::policies::PolicyGenerator;
use crate::seeded::Seeded;

/// 2026-10-01T00:00:00Z, in UTC milliseconds: the start of the first object.
const START_MILLIS: i64 = 1_790_812_800_000;
/// An object holds five minutes of events.
const OBJECT_MILLIS: i64 = 300_000;
/// The number of different actions of a principal.
pub(crate) const REPERTOIRE: usize = 12;

/// An attempt of an identity at an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The identity's index, for [`TrailGenerator::identity`].
    pub principal: usize,
    /// The action.
    pub action: ActionId,
    /// The Region.
    pub region: &'static str,
    /// The time in UTC milliseconds, always whole seconds.
    pub millis: i64,
    /// The event's id.
    pub id: String,
    /// Whether a permission was missing.
    pub denied: bool,
}

/// Generates the trail of a generated account.
#[derive(Debug)]
pub struct TrailGenerator {
    seed: u64,
    catalog: &'static Catalog,
    identities: Vec<Identity>,
    /// The actions of each identity.
    repertoires: Vec<Vec<ActionId>>,
}

/// Makes an activity cover a generated account: both kinds of management event and global services, on so many days up to `last`,
/// which counts from 1970.
pub fn cover(activity: &mut Activity, days: i32, last: i32) {
    for day in last.saturating_sub(days)..=last {
        for region in ["us-east-1", "eu-west-1"] {
            for kind in [
                EventCategory::ManagementRead,
                EventCategory::ManagementWrite,
            ] {
                let coverage = activity.coverage_mut();
                coverage.see_record(ACCOUNT_ID, region, kind, day);
            }
        }
        let (read, call) = (EventCategory::ManagementRead, ("iam", "ListUsers"));
        (activity.coverage_mut()).see_call(ACCOUNT_ID, "us-east-1", read, call, day);
    }
}

impl TrailGenerator {
    /// Returns the trail of an account whose first `principals` identities are active. A few cause most of the events.
    #[must_use]
    pub fn new(shape: &AccountShape, principals: usize) -> Self {
        let policies = shape.policies();
        let principals = principals.clamp(1, shape.identities.max(1));
        Self {
            seed: shape.seed,
            catalog: policies.catalog(),
            identities: (0..principals).map(|index| shape.identity(index)).collect(),
            repertoires: (0..principals)
                .map(|index| {
                    let mut random = Seeded::of(shape.seed, "repertoire", index as u64);
                    (0..REPERTOIRE)
                        .filter_map(|_| action(&policies, &mut random))
                        .collect()
                })
                .collect(),
        }
    }

    /// Returns an active identity.
    #[must_use]
    pub fn identity(&self, principal: usize) -> Option<&Identity> {
        self.identities.get(principal)
    }

    /// Returns the events of an object in chronological order.
    pub fn events(&self, object: u64, records: usize) -> impl Iterator<Item = Event> {
        let mut random = Seeded::of(self.seed, "object", object);
        let start = START_MILLIS + OBJECT_MILLIS * object as i64;
        (0..records).filter_map(move |index| {
            let principal = random.skewed_below(self.identities.len());
            let repertoire = self.repertoires.get(principal)?;
            let action = repertoire.get(random.skewed_below(repertoire.len()))?;
            let offset = OBJECT_MILLIS * index as i64 / records as i64;
            Some(Event {
                principal,
                action: *action,
                region: random.pick(&["eu-west-1", "eu-west-1", "us-east-1", "us-west-2"]),
                millis: start + offset / 1_000 * 1_000,
                id: random.uuid(),
                denied: random.percent(3),
            })
        })
    }

    /// Returns the activity of the first objects, as reading them must return it.
    #[must_use]
    pub fn activity(&self, objects: u64, records: usize) -> Activity {
        let mut activity = Activity::new();
        for object in 0..objects {
            for event in self.events(object, records) {
                let Some(identity) = self.identity(event.principal) else {
                    continue;
                };
                let action = self.catalog.action(event.action);
                activity.record(&Attempt {
                    principal: Principal {
                        unique_id: Some(&identity.unique_id),
                        arn: Some(&identity.arn),
                        account: Some(ACCOUNT_ID),
                    },
                    service: self.catalog.service(action.service()).namespace(),
                    action: CreditedAction::Action(action.name()),
                    region: event.region,
                    time_millis: event.millis,
                    event_id: &event.id,
                    denied: event.denied,
                });
            }
        }
        activity
    }

    /// Returns the JSON of an object.
    #[must_use]
    pub fn object_json(&self, object: u64, records: usize) -> String {
        let mut json = String::with_capacity(records * 1_600 + 16);
        json.push_str("{\"Records\":[");
        for (index, event) in self.events(object, records).enumerate() {
            if index > 0 {
                json.push(',');
            }
            // Writing to a string cannot fail.
            let _ = self.write_record(&event, &mut json);
        }
        json.push_str("]}");
        json
    }

    /// Returns an object as it is stored: gzip, level 6.
    ///
    /// # Errors
    /// None in practice, because it is written to memory.
    pub fn object_gzip(&self, object: u64, records: usize) -> io::Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
        gzip.write_all(self.object_json(object, records).as_bytes())?;
        gzip.finish()
    }

    fn write_record(&self, event: &Event, out: &mut String) -> std::fmt::Result {
        let Some(identity) = self.identity(event.principal) else {
            return Ok(());
        };
        let action = self.catalog.action(event.action);
        let namespace = self.catalog.service(action.service()).namespace();
        let is_read = matches!(action.access_level(), AccessLevel::Read | AccessLevel::List);
        // The event's id seeds the rest of the record.
        let mut random = Seeded::of(self.seed, &event.id, 0);
        let at = written(event.millis);

        write!(out, "{{\"eventVersion\":\"1.11\",")?;
        write_user_identity(identity, event.millis, &mut random, out)?;
        write!(
            out,
            ",\"eventTime\":\"{at}\",\"eventSource\":\"{namespace}.amazonaws.com\",\"eventName\":\"{}\",\
             \"awsRegion\":\"{}\",\"sourceIPAddress\":\"198.51.{}.{}\",\"userAgent\":\"{}\",",
            action.name(),
            event.region,
            random.below(4) + 100,
            random.below(256),
            random.pick(&AGENTS),
        )?;
        if event.denied {
            write!(
                out,
                "\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User: {} is not authorized to perform: {namespace}:{} \
                 because no identity-based policy allows the {namespace}:{} action\",",
                identity.arn,
                action.name(),
                action.name(),
            )?;
        }
        write_parameters(event.region, &mut random, out)?;
        if is_read || event.denied {
            out.push_str(",\"responseElements\":null");
        } else {
            write!(
                out,
                ",\"responseElements\":{{\"requestId\":\"{}\",\"status\":\"ACTIVE\",\"createdDate\":\"{at}\",\
                 \"arn\":\"arn:aws:{namespace}:{}:{ACCOUNT_ID}:resource/{}\"}}",
                random.uuid(),
                event.region,
                names::name(&mut random),
            )?;
        }
        write!(
            out,
            ",\"requestID\":\"{}\",\"eventID\":\"{}\",\"readOnly\":{is_read},\"eventType\":\"AwsApiCall\",\
             \"managementEvent\":true,\"recipientAccountId\":\"{ACCOUNT_ID}\",\"eventCategory\":\"Management\",\
             \"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
             \"clientProvidedHostHeader\":\"{namespace}.{}.amazonaws.com\"}}}}",
            random.uuid(),
            event.id,
            event.region,
        )
    }
}

/// A time as records write it.
fn written(millis: i64) -> impl std::fmt::Display {
    DateTime::from_timestamp_millis(millis)
        .unwrap_or_default()
        .format("%FT%TZ")
}

const AGENTS: [&str; 4] = [
    "aws-sdk-java/2.31.9 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.234-225.921.amzn2.x86_64 \
     lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM#21.0.6+7-LTS md/vendor#Amazon.com_Inc. m/D,N",
    "Boto3/1.37.1 md/Botocore#1.37.1 ua/2.0 os/linux#6.1.128-136.201.amzn2023.x86_64 md/arch#x86_64 \
     lang/python#3.12.9 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy",
    "[aws-cli/2.24.10 md/awscrt#0.23.8 ua/2.0 os/macos#24.3.0 md/arch#arm64 lang/python#3.12.9 md/prompt#off]",
    "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) terraform-provider-aws/5.88.0 \
     aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.6 md/GOOS#linux md/GOARCH#amd64",
];

/// Draws an action that events of its own name resolve to.
pub(crate) fn action(policies: &PolicyGenerator<'_>, random: &mut Seeded) -> Option<ActionId> {
    let catalog = policies.catalog();
    // In CloudTrail some names belong to an action of another service: draw again.
    (0..8).find_map(|_| {
        let service = catalog.service(policies.service(random)?);
        let range = service.action_range();
        let id = catalog.action_at(range.start + random.below(range.len()))?;
        let source = format!("{}.amazonaws.com", service.namespace());
        let resolved = catalog.resolve_event(&source, catalog.action(id).name());
        (resolved.action == Some(id)).then_some(id)
    })
}

fn write_user_identity(
    identity: &Identity,
    millis: i64,
    random: &mut Seeded,
    out: &mut String,
) -> std::fmt::Result {
    let Identity {
        name,
        arn,
        unique_id,
        ..
    } = identity;
    let key = random.base32(16);
    match identity.kind {
        IdentityKind::User => write!(
            out,
            "\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\
             \"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":\"AKIA{key}\",\"userName\":\"{name}\"}}"
        ),
        IdentityKind::Role => {
            let session = format!("i-{:017x}", random.draw() & 0xff_ffff);
            let since = written(millis - 1_000 * random.below(3_600) as i64);
            write!(
                out,
                "\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"{unique_id}:{session}\",\
                 \"arn\":\"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{session}\",\"accountId\":\"{ACCOUNT_ID}\",\
                 \"accessKeyId\":\"ASIA{key}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\
                 \"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\"accountId\":\"{ACCOUNT_ID}\",\
                 \"userName\":\"{name}\"}},\"webIdFederationData\":{{}},\"attributes\":{{\"creationDate\":\"{since}\",\
                 \"mfaAuthenticated\":\"false\"}},\"ec2RoleDelivery\":\"2.0\"}}}}"
            )
        }
    }
}

/// Writes `requestParameters`. Some have JSON in a string, as policies and templates do.
fn write_parameters(region: &str, random: &mut Seeded, out: &mut String) -> std::fmt::Result {
    let name = names::name(random);
    match random.below(10) {
        0 => out.write_str("\"requestParameters\":null"),
        1 => write!(
            out,
            "\"requestParameters\":{{\"name\":\"{name}\",\"policy\":\"{{\\n  \\\"Version\\\": \\\"2012-10-17\\\",\\n  \
             \\\"Statement\\\": [{{\\\"Effect\\\": \\\"Allow\\\", \\\"Action\\\": \\\"s3:GetObject\\\", \\\"Resource\\\": \
             \\\"arn:aws:s3:::{name}/*\\\"}}]\\n}}\",\"eventName\":\"not-the-event\"}}"
        ),
        2..=5 => write!(
            out,
            "\"requestParameters\":{{\"filterSet\":{{\"items\":[{{\"name\":\"tag:team\",\"valueSet\":{{\"items\":\
             [{{\"value\":\"{name}\"}}]}}}},{{\"name\":\"state\",\"valueSet\":{{\"items\":[{{\"value\":\"available\"}}]}}}}]}},\
             \"maxResults\":{},\"nextToken\":\"{}\"}}",
            random.between(5, 1_000),
            random.base32(48)
        ),
        _ => write!(
            out,
            "\"requestParameters\":{{\"name\":\"{name}\",\"resource\":\"arn:aws:any:{region}:{ACCOUNT_ID}:thing/{name}\",\
             \"count\":{},\"dryRun\":false,\"tags\":[{{\"key\":\"team\",\"value\":\"{name}\"}},{{\"key\":\"cost-center\",\
             \"value\":\"{}\"}}]}}",
            random.below(100),
            random.between(1_000, 9_999)
        ),
    }
}

#[cfg(test)]
mod tests {
    use advisor_core::Evidence;
    use cloudtrail_reader::{ReadOptions, TrailReader};

    use super::*;

    #[test]
    fn reading_the_objects_gives_the_activity() {
        let trail = TrailGenerator::new(&AccountShape::default(), 100);
        let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
        let mut activity = Activity::new();
        for object in 0..3 {
            let bytes = trail.object_gzip(object, 500).unwrap();
            assert_eq!(bytes, trail.object_gzip(object, 500).unwrap());
            let read = reader.read_bytes("generated", &bytes, &mut activity);
            assert_eq!((read.records_read, read.records_attributed), (500, 500));
        }
        // The generator knows neither coverage nor what a record shows beside its event.
        let mut by_event = Activity::new();
        for row in activity.rows() {
            if matches!(
                row.action.evidence(),
                Evidence::Event | Evidence::UnresolvedEvent
            ) {
                by_event.add_row(&row);
            }
        }
        assert!(by_event == trail.activity(3, 500));
        assert!(!activity.coverage().is_empty());
        assert!(activity.len() > 500, "{}", activity.len());
    }

    #[test]
    fn records_are_as_large_as_real_ones() {
        let trail = TrailGenerator::new(&AccountShape::default(), 100);
        let (json, gzip) = (
            trail.object_json(0, 5_000),
            trail.object_gzip(0, 5_000).unwrap(),
        );
        let (json, gzip) = (json.len() / 5_000, gzip.len() / 5_000);
        assert!((1_350..=1_650).contains(&json), "{json} bytes a record");
        assert!(
            (150..=300).contains(&gzip),
            "{gzip} bytes a record, deflated"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&trail.object_json(0, 50)).is_ok());
    }
}
