//! The varied trail's principals and their sessions.

use std::fmt::{self, Write as _};

use crate::names::{self, ACCOUNT_ID, STAGES, TEAMS};
use crate::seeded::Seeded;

use super::super::time::written;
use super::agent::{self, Program};
use super::text::hex;

/// Another account, whose roles reach into ours.
pub(super) const PARTNER_ACCOUNT: &str = "444455556666";

/// How a principal works, which decides what its sessions look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// A user in the console.
    ConsoleUser,
    /// A user with an access key.
    KeyUser,
    Function,
    Instance,
    Task,
    /// A Kubernetes service account, by web identity.
    Pod,
    Pipeline,
    /// A role of IAM Identity Center, used by people.
    Workforce,
    ServiceLinked,
    /// A role that others assume from a role of theirs.
    Chained,
    /// A role of another account.
    Partner,
}

/// An IAM user or role.
#[derive(Debug)]
pub(super) struct Principal {
    habit: Habit,
    pub(super) arn: String,
    account: &'static str,
    name: String,
    unique_id: String,
    /// Seeds what stays the same for years: access keys, function names, instances.
    index: u64,
}

/// How a call reaches AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Internet,
    /// Through a VPC endpoint with this id.
    Endpoint(u64),
    Console,
    /// An AWS service calls on the principal's behalf.
    Service,
}

/// A session of a role, or an access key of a user.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) principal: usize,
    /// The field `"userIdentity":{...}`.
    pub(super) identity: String,
    /// The ARN in error messages.
    pub(super) arn: String,
    pub(super) address: String,
    pub(super) agent: String,
    pub(super) channel: Channel,
    pub(super) is_partner: bool,
}

const PEOPLE: [&str; 24] = [
    "ada.lovelace",
    "grace.hopper",
    "m.hamilton",
    "k.johnson",
    "edsger.dijkstra",
    "b.liskov",
    "r.perlman",
    "d.knuth",
    "alan.turing",
    "j.von-neumann",
    "c.shannon",
    "a.kay",
    "d.ritchie",
    "k.thompson",
    "l.lamport",
    "f.allen",
    "j.bartik",
    "e.codd",
    "t.berners-lee",
    "v.cerf",
    "s.wozniak",
    "j.gray",
    "m.stonebraker",
    "h.lamarr",
];
const LINKED: [(&str, &str); 8] = [
    ("autoscaling", "AutoScaling"),
    ("eks", "AmazonEKS"),
    ("config", "Config"),
    ("rds", "RDS"),
    ("ecs", "ECS"),
    ("trustedadvisor", "TrustedAdvisor"),
    ("guardduty", "AmazonGuardDuty"),
    ("organizations", "Organizations"),
];
const ON_BEHALF: [&str; 8] = [
    "cloudformation.amazonaws.com",
    "athena.amazonaws.com",
    "eks.amazonaws.com",
    "AWS Internal",
    "servicecatalog.amazonaws.com",
    "backup.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "states.amazonaws.com",
];

impl Principal {
    pub(super) fn draw(seed: u64, index: u64) -> Self {
        let mut random = Seeded::of(seed, "varied principal", index);
        let random = &mut random;
        let habit = match random.below(100) {
            0..9 => Habit::ConsoleUser,
            9..26 => Habit::KeyUser,
            26..44 => Habit::Function,
            44..54 => Habit::Instance,
            54..65 => Habit::Task,
            65..75 => Habit::Pod,
            75..80 => Habit::Pipeline,
            80..87 => Habit::Workforce,
            87..93 => Habit::ServiceLinked,
            93..98 => Habit::Chained,
            _ => Habit::Partner,
        };
        let account = match habit {
            Habit::Partner => PARTNER_ACCOUNT,
            _ => ACCOUNT_ID,
        };
        let (path, name) = match habit {
            Habit::ConsoleUser => {
                let path = random.pick(&["/", "/staff/", "/staff/platform/"]);
                (path.to_owned(), format!("{}-{index}", random.pick(&PEOPLE)))
            }
            Habit::KeyUser => {
                let path = random.pick(&["/", "/", "/machines/"]);
                (
                    path.to_owned(),
                    format!("svc-{}-{index}", names::name(random)),
                )
            }
            Habit::Workforce => {
                let region = random.pick(&["", "eu-west-1/", "us-east-2/"]);
                let set = random.pick(&[
                    "AdministratorAccess",
                    "ReadOnly",
                    "Billing",
                    "DataEngineer",
                    "Operator",
                ]);
                (
                    format!("/aws-reserved/sso.amazonaws.com/{region}"),
                    format!("AWSReservedSSO_{set}_{}{index:04x}", hex(12, random)),
                )
            }
            Habit::ServiceLinked => {
                let (service, name) = random.pick(&LINKED);
                (
                    format!("/aws-service-role/{service}.amazonaws.com/"),
                    format!("AWSServiceRoleFor{name}_{}{index}", random.pick(&TEAMS)),
                )
            }
            _ => {
                let path = random.pick(&["/", "/", "/", "/service-role/", "/teams/data/", "/cdk/"]);
                (path.to_owned(), format!("{}-{index}", role_name(random)))
            }
        };
        let is_user = matches!(habit, Habit::ConsoleUser | Habit::KeyUser);
        let (prefix, sort) = if is_user {
            ("AIDA", "user")
        } else {
            ("AROA", "role")
        };
        Self {
            habit,
            arn: format!("arn:aws:iam::{account}:{sort}{path}{name}"),
            account,
            name,
            unique_id: format!("{prefix}{}", random.base32(17)),
            index,
        }
    }

    /// Draws a session that exists at this time, in UTC seconds.
    pub(super) fn session(
        &self,
        seed: u64,
        principal: usize,
        region: &str,
        time: u64,
        random: &mut Seeded,
    ) -> Session {
        let mut session = Session {
            principal,
            identity: String::new(),
            arn: self.arn.clone(),
            address: address(random),
            agent: String::new(),
            channel: Channel::Internet,
            is_partner: self.habit == Habit::Partner,
        };
        let since = time
            - random.below(match self.habit {
                Habit::ConsoleUser | Habit::Workforce => 8 * 3_600,
                _ => 3_500,
            }) as u64;
        // Writing to a string cannot fail.
        let _ = match self.habit {
            Habit::ConsoleUser | Habit::KeyUser => {
                self.write_user(seed, since, &mut session, random)
            }
            _ => self.write_role(seed, region, since, &mut session, random),
        };
        session
    }

    fn write_user(
        &self,
        seed: u64,
        since: u64,
        session: &mut Session,
        random: &mut Seeded,
    ) -> fmt::Result {
        let Self {
            arn,
            account,
            name,
            unique_id,
            ..
        } = self;
        let out = &mut session.identity;
        write!(
            out,
            "\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\
             \"accountId\":\"{account}\""
        )?;
        if self.habit == Habit::KeyUser {
            // A user's access key does not change.
            let mut own = Seeded::of(seed, "varied access key", self.index);
            write!(
                out,
                ",\"accessKeyId\":\"AKIA{}\",\"userName\":\"{name}\"",
                own.base32(16)
            )?;
            let program = own.pick_or(
                &[Program::Service, Program::CommandLine, Program::Pipeline],
                Program::Service,
            );
            session.agent = agent::draw(program, &mut own);
            if random.percent(6) {
                let service = random.pick(&ON_BEHALF);
                write!(
                    out,
                    ",\"sessionContext\":{{\"attributes\":{{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"false\"}}}},\
                     \"invokedBy\":\"{service}\"",
                    written(since)
                )?;
                session.channel = Channel::Service;
                service.clone_into(&mut session.agent);
                service.clone_into(&mut session.address);
            }
            return out.write_str("}");
        }
        session.channel = Channel::Console;
        session.agent = agent::draw(Program::Console, random);
        write!(
            out,
            ",\"accessKeyId\":\"ASIA{}\",\"userName\":\"{name}\",\"sessionContext\":{{{}\"attributes\":\
             {{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"{}\"}}}}}}",
            random.base32(16),
            random.pick(&["", "\"sessionIssuer\":{},\"webIdFederationData\":{},"]),
            written(since),
            random.percent(80)
        )
    }

    fn write_role(
        &self,
        seed: u64,
        region: &str,
        since: u64,
        session: &mut Session,
        random: &mut Seeded,
    ) -> fmt::Result {
        let Self {
            arn,
            account,
            name,
            unique_id,
            ..
        } = self;
        // Instances, functions, and clusters are the same for a long time.
        let mut own = Seeded::of(
            seed,
            "varied host",
            self.index * 64 + random.skewed_below(40) as u64,
        );
        let mut federation = "";
        let mut attributes = String::new();
        let mut after_context = String::new();
        let mut multi_factor = false;
        let session_name = match self.habit {
            Habit::Function => {
                session.agent = agent::draw(Program::Function, &mut own);
                if random.percent(30) {
                    write!(
                        after_context,
                        ",\"inScopeOf\":{{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\
                         \"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}\"}}"
                    )?;
                }
                format!("{name}-handler")
            }
            Habit::Instance => {
                session.agent = agent::draw(Program::Service, &mut own);
                attributes.push_str(own.pick(&[
                    ",\"ec2RoleDelivery\":\"2.0\"",
                    ",\"ec2RoleDelivery\":\"2.0\"",
                    ",\"ec2RoleDelivery\":\"1.0\"",
                ]));
                if own.percent(40) {
                    session.channel = Channel::Endpoint(own.draw());
                    session.address =
                        format!("10.{}.{}.{}", own.below(8), own.below(256), own.below(256));
                }
                format!("i-{:017x}", own.draw() >> 4)
            }
            Habit::Task => {
                session.agent = agent::draw(Program::Service, &mut own);
                if own.percent(50) {
                    session.channel = Channel::Endpoint(own.draw());
                    session.address =
                        format!("10.{}.{}.{}", own.below(8), own.below(256), own.below(256));
                }
                hex(32, random)
            }
            Habit::Pod => {
                federation = "\"federatedProvider\":\"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com\
                              /id/EXAMPLED539D4633E53DE1B71EXAMPLE\",\"attributes\":{}";
                session.agent = agent::draw(
                    own.pick_or(&[Program::Controller, Program::Service], Program::Service),
                    &mut own,
                );
                match random.below(4) {
                    0 => format!("botocore-session-{since}"),
                    1 => format!("aws-sdk-java-{since}{:03}", random.below(1_000)),
                    2 => format!("{since}{:09}", random.below(1_000_000_000)),
                    _ => format!(
                        "eks-{}-{}-{}",
                        random.pick(&STAGES),
                        random.pick(&TEAMS),
                        random.uuid()
                    ),
                }
            }
            Habit::Pipeline => {
                session.agent = agent::draw(Program::Pipeline, &mut own);
                if random.percent(60) {
                    federation = "\"federatedProvider\":\"arn:aws:iam::111122223333:oidc-provider/\
                                  token.actions.githubusercontent.com\",\"attributes\":{}";
                }
                match random.below(3) {
                    0 => "GitHubActions".to_owned(),
                    1 => format!("gitlab-{}-{}", random.pick(&TEAMS), random.below(100_000)),
                    _ => format!("build.{}@{}", random.below(10_000), random.pick(&STAGES)),
                }
            }
            Habit::Workforce => {
                multi_factor = random.percent(50);
                if random.percent(60) {
                    session.channel = Channel::Console;
                    session.agent = agent::draw(Program::Console, random);
                } else {
                    session.agent = agent::draw(Program::CommandLine, random);
                }
                if random.percent(25) {
                    write!(
                        after_context,
                        ",\"onBehalfOf\":{{\"userId\":\"{}\",\"identityStoreArn\":\
                         \"arn:aws:identitystore::{ACCOUNT_ID}:identitystore/d-9067642ac7\"}}",
                        random.uuid()
                    )?;
                }
                format!("{}@example.com", random.pick(&PEOPLE))
            }
            Habit::ServiceLinked => {
                let service = name.trim_start_matches("AWSServiceRoleFor");
                let service = service.split('_').next().unwrap_or_default();
                let source = arn.split('/').nth(2).unwrap_or_default();
                session.channel = Channel::Service;
                source.clone_into(&mut session.agent);
                source.clone_into(&mut session.address);
                write!(after_context, ",\"invokedBy\":\"{source}\"")?;
                service.to_owned()
            }
            Habit::Chained => {
                session.agent = agent::draw(Program::Service, random);
                write!(
                    attributes,
                    ",\"sourceIdentity\":\"{}@example.com\"",
                    random.pick(&PEOPLE)
                )?;
                if random.percent(30) {
                    let service = random.pick(&ON_BEHALF);
                    session.channel = Channel::Service;
                    service.clone_into(&mut session.agent);
                    service.clone_into(&mut session.address);
                    write!(after_context, ",\"invokedBy\":\"{service}\"")?;
                }
                format!("{}-{}", random.pick(&TEAMS), random.uuid())
            }
            _ => {
                session.agent = agent::draw(Program::Service, random);
                format!("partner-{}", random.below(100_000))
            }
        };
        session.arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session_name}");
        let out = &mut session.identity;
        write!(
            out,
            "\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"{unique_id}:{session_name}\",\
             \"arn\":\"{}\",\"accountId\":\"{account}\"",
            session.arn
        )?;
        if session.channel != Channel::Service || random.percent(50) {
            write!(out, ",\"accessKeyId\":\"ASIA{}\"", random.base32(16))?;
        }
        write!(
            out,
            ",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{unique_id}\",\"arn\":\"{arn}\",\
             \"accountId\":\"{account}\",\"userName\":\"{name}\"}},"
        )?;
        // Newer records leave it out when it is empty.
        if !federation.is_empty() || random.percent(40) {
            write!(out, "\"webIdFederationData\":{{{federation}}},")?;
        }
        write!(
            out,
            "\"attributes\":{{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"{multi_factor}\"}}{attributes}}}\
             {after_context}}}",
            written(since)
        )
    }
}

fn role_name(random: &mut Seeded) -> String {
    let name = names::name(random);
    match random.below(6) {
        0 => format!("{name}-lambda"),
        1 => format!(
            "{}Stack-{name}-ServiceRole-{}",
            random.pick(&TEAMS),
            random.base32(12)
        ),
        2 => format!(
            "eksctl-{name}-nodegroup-NodeInstanceRole-{}",
            random.base32(12)
        ),
        3 => format!("{name}.task_role"),
        4 => format!("terraform-{name}@ci"),
        _ => name,
    }
}

/// An address of a network that is reserved for documentation, or of one of AWS's.
pub(super) fn address(random: &mut Seeded) -> String {
    match random.below(12) {
        0 => format!(
            "2001:db8:{:x}:{:x}::{:x}",
            random.below(65_536),
            random.below(65_536),
            random.below(65_536)
        ),
        1..6 => {
            let network = random.pick(&["192.0.2", "198.51.100", "203.0.113"]);
            format!("{network}.{}", random.below(256))
        }
        _ => format!(
            "{}.{}.{}.{}",
            random.pick(&[3, 13, 18, 34, 52, 54]),
            random.below(256),
            random.below(256),
            random.below(256)
        ),
    }
}
