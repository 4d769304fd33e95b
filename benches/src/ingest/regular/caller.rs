//! Sessions of the regular trail's principals. Each keeps its access key, address, and user agent.

use crate::account::{Identity, IdentityKind};
use crate::names::ACCOUNT_ID;
use crate::seeded::Seeded;

use super::super::time::written;
use super::slot::{PRINCIPALS, Slot};

/// The number of sessions that make most of a block's calls.
const SESSIONS: u64 = 100;
/// The greatest age of a session when its block starts, in seconds. Together with the block this makes an hour.
const OLDEST: usize = 2_700;

/// A session of a user or role, or a user's access key.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The principal's index.
    pub(super) principal: usize,
    /// The field `"userIdentity":{...}`.
    pub(super) identity: String,
    /// The ARN in error messages.
    pub(super) arn: String,
    /// The source address, or the service that calls on the principal's behalf.
    pub(super) address: String,
    pub(super) agent: &'static str,
    pub(super) path: Path,
}

/// How a call reaches AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Internet,
    /// Through a VPC endpoint.
    Endpoint(u64),
    Console,
    /// An AWS service calls on the principal's behalf.
    Service,
}

/// The sessions that make most of a block's calls.
#[derive(Debug)]
pub(super) struct Sessions(Vec<Session>);

impl Sessions {
    pub(super) fn of(seed: u64, principals: &[Identity], slot: &Slot) -> Self {
        let sessions = (0..SESSIONS).map(|index| {
            let mut random = Seeded::of(seed, "ingest session", slot.index * SESSIONS + index);
            let of_region = PRINCIPALS.div_ceil(slot.one_of());
            let principal = random.skewed_below(of_region) * slot.one_of();
            Session::of(seed, principals, slot, principal, &mut random)
        });
        Self(sessions.collect())
    }

    /// Draws a session. A few make most of the calls.
    pub(super) fn draw(&self, random: &mut Seeded) -> &Session {
        let index = random.skewed_below(self.0.len());
        // Every block has sessions.
        self.0.get(index).unwrap_or(&NOBODY)
    }
}

static NOBODY: Session = Session {
    principal: usize::MAX,
    identity: String::new(),
    arn: String::new(),
    address: String::new(),
    agent: "",
    path: Path::Internet,
};

const CONSOLE: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/141.0.0.0 Safari/537.36";
const PEOPLE: [&str; 5] = [
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.7 md/pyimpl#CPython m/AC,W,b,Z \
     cfg/retry-mode#standard md/installer#exe sid/6a3c1e9f0b2d md/prompt#off md/command#ec2.describe-instances",
    "[aws-cli/2.24.10 md/awscrt#0.23.8 ua/2.0 os/linux#5.15.0-134-generic md/arch#x86_64 lang/python#3.12.9 md/prompt#off]",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.15.0 \
     (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.6 \
     md/GOOS#linux md/GOARCH#amd64 api/ec2#1.254.1 m/b,g",
    "Boto3/1.40.49 md/Botocore#1.40.49 ua/2.1 os/windows#11 md/arch#amd64 lang/python#3.13.5 md/pyimpl#CPython m/b,Z,D,e \
     cfg/retry-mode#legacy Botocore/1.40.49",
    "S3 Browser/12.1.5 (https://s3browser.com)",
];
const PROGRAMS: [&str; 8] = [
    "aws-sdk-java/2.33.11 md/io#async md/http#NettyNio ua/2.1 os/Linux#6.1.153-175.280.amzn2023.x86_64 \
     lang/java#21.0.8 md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS md/vendor#Amazon.com_Inc. md/en exec-env/AWS_ECS_FARGATE m/F,D,N",
    "aws-sdk-java/1.12.788 Linux/5.10.240-238.959.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.16+8-LTS java/17.0.16 \
     scala/2.12.18 vendor/Amazon.com_Inc. cfg/retry-mode/legacy cfg/auth-source#imds",
    "Boto3/1.37.1 md/Botocore#1.37.1 ua/2.0 os/linux#6.1.128-136.201.amzn2023.x86_64 md/arch#x86_64 \
     lang/python#3.12.9 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy Botocore/1.37.1",
    "aws-sdk-js/3.899.0 ua/2.1 os/linux#5.10.240-247.957.amzn2.x86_64 lang/js md/nodejs#22.18.0 \
     exec-env/AWS_Lambda_nodejs22.x m/E,C,D api/dynamodb#3.899.0",
    "aws-sdk-go-v2/1.38.1 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#arm64 exec-env/AWS_ECS_EC2 api/ecs#1.63.2 m/E,e",
    "amazon-ssm-agent/3.3.2299.0 aws-sdk-go/1.55.7 (go1.24.6; linux; amd64)",
    "aws-sdk-rust/1.3.9 ua/2.1 api/sqs/1.85.0 os/linux lang/rust/1.90.0 m/E app/orders-worker",
    "karpenter.sh-1.7.1 aws-sdk-go-v2/1.39.0 ua/2.1 os/linux lang/go#1.25.1 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.251.2 m/g,u",
];
const SERVICES: [&str; 6] = [
    "cloudformation.amazonaws.com",
    "autoscaling.amazonaws.com",
    "eks.amazonaws.com",
    "config.amazonaws.com",
    "AWS Internal",
    "athena.amazonaws.com",
];
const PEOPLE_NAMES: [&str; 8] = [
    "ada.lovelace@example.com",
    "grace.hopper@example.com",
    "m.hamilton@example.com",
    "k.johnson@example.com",
    "edsger.dijkstra@example.com",
    "b.liskov@example.com",
    "r.perlman@example.com",
    "d.knuth@example.com",
];

impl Session {
    /// Draws a session of the principal.
    pub(super) fn of(
        seed: u64,
        principals: &[Identity],
        slot: &Slot,
        principal: usize,
        random: &mut Seeded,
    ) -> Self {
        let Some(identity) = principals.get(principal) else {
            return NOBODY.clone();
        };
        let since = slot.start - random.below(OLDEST) as u64;
        match identity.kind {
            IdentityKind::User => Self::user(seed, identity, principal, since, random),
            IdentityKind::Role => Self::role(identity, principal, since, random),
        }
    }

    fn user(seed: u64, user: &Identity, principal: usize, since: u64, random: &mut Seeded) -> Self {
        let Identity {
            name,
            arn,
            unique_id,
            ..
        } = user;
        let start = format!(
            "\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\
             \"accountId\":\"{ACCOUNT_ID}\",\"accessKeyId\":"
        );
        if random.percent(30) {
            let key = random.base32(16);
            let issuer = random.pick(&["", "\"sessionIssuer\":{},\"webIdFederationData\":{},"]);
            return Self {
                principal,
                identity: format!(
                    "{start}\"ASIA{key}\",\"userName\":\"{name}\",\"sessionContext\":{{{issuer}\"attributes\":\
                     {{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"true\"}}}}}}",
                    written(since)
                ),
                arn: arn.clone(),
                address: address(random),
                agent: CONSOLE,
                path: Path::Console,
            };
        }
        // A user's access key does not change.
        let key = Seeded::of(seed, "ingest access key", principal as u64).base32(16);
        Self {
            principal,
            identity: format!("{start}\"AKIA{key}\",\"userName\":\"{name}\"}}"),
            arn: arn.clone(),
            address: address(random),
            agent: random.pick(&PEOPLE),
            path: Path::Internet,
        }
    }

    fn role(role: &Identity, principal: usize, since: u64, random: &mut Seeded) -> Self {
        let Identity {
            name,
            arn,
            unique_id,
            ..
        } = role;
        let mut web_identity = "";
        let mut ends = "";
        let mut agent = random.pick(&PROGRAMS);
        let mut address = address(random);
        let mut path = Path::Internet;
        let mut multi_factor = false;
        let session = match random.below(20) {
            0..7 => {
                ends = ",\"ec2RoleDelivery\":\"2.0\"";
                if random.percent(40) {
                    path = Path::Endpoint(random.draw() >> 8);
                    address = format!(
                        "10.{}.{}.{}",
                        random.below(4),
                        random.below(256),
                        random.below(256)
                    );
                }
                format!("i-{:017x}", random.draw() >> 4)
            }
            7..12 => {
                address = format!(
                    "3.{}.{}.{}",
                    random.below(256),
                    random.below(256),
                    random.below(256)
                );
                format!("{name}-handler")
            }
            12..15 => {
                agent = random.pick(&PEOPLE);
                multi_factor = random.percent(70);
                if random.percent(50) {
                    agent = CONSOLE;
                    path = Path::Console;
                }
                random.pick(&PEOPLE_NAMES).to_owned()
            }
            15..17 => {
                web_identity = "\"federatedProvider\":\"arn:aws:iam::111122223333:oidc-provider/\
                                token.actions.githubusercontent.com\",\"attributes\":{}";
                "GitHubActions".to_owned()
            }
            _ => {
                let service = random.pick(&SERVICES);
                path = Path::Service;
                agent = service;
                address = service.to_owned();
                service
                    .split('.')
                    .next()
                    .unwrap_or_default()
                    .replace(' ', "")
            }
        };
        let key = match path {
            Path::Service if random.percent(50) => String::new(),
            _ => format!("\"accessKeyId\":\"ASIA{}\",", random.base32(16)),
        };
        let invoked_by = match path {
            Path::Service => format!(",\"invokedBy\":\"{agent}\""),
            _ => String::new(),
        };
        let session_arn = format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{session}");
        Self {
            principal,
            identity: format!(
                "\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"{unique_id}:{session}\",\
                 \"arn\":\"{session_arn}\",\"accountId\":\"{ACCOUNT_ID}\",{key}\"sessionContext\":{{\"sessionIssuer\":\
                 {{\"type\":\"Role\",\"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\"accountId\":\"{ACCOUNT_ID}\",\
                 \"userName\":\"{name}\"}},\"webIdFederationData\":{{{web_identity}}},\"attributes\":{{\"creationDate\":\
                 \"{}\",\"mfaAuthenticated\":\"{multi_factor}\"}}{ends}}}{invoked_by}}}",
                written(since)
            ),
            arn: session_arn,
            address,
            agent,
            path,
        }
    }
}

/// An address of a network that is reserved for documentation.
fn address(random: &mut Seeded) -> String {
    let network = random.pick(&["192.0.2", "198.51.100", "203.0.113"]);
    format!("{network}.{}", random.below(256))
}
