//! The arguments of `access-advisor rightsize`.

use std::num::ParseIntError;
use std::path::PathBuf;

use access_advisor::report::Granularity;
use access_advisor::rightsize::{
    KeepRules, PolicyLimits, RightsizeOptions, UnknownLimitError, Wildcards,
};
use clap::{Args, ValueEnum};

use crate::arguments::{InputArguments, OutputArguments};
use crate::exit_status;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  One role, for people:
    access-advisor rightsize arn:aws:iam::111122223333:role/build \\
        --account account.json --trail AWSLogs/

  The same with scripts to apply and to undo it, Terraform, and a diff:
    access-advisor rightsize arn:aws:iam::111122223333:role/build \\
        --account account.json --trail AWSLogs/ --wildcards safe --out proposal

  All users, groups and roles of all accounts in a folder, as JSON:
    access-advisor rightsize --all --account accounts/ --trail AWSLogs/ \\
        --format json

An action is removed only when the trail would have shown an attempt and shows
none: what is used, implied by another call, unobservable or uncovered stays,
and so does what --keep names. Nothing is proposed for identities of which too
little was read. Every new policy is proved to grant what is needed, and nothing
that was not granted before."))]
pub(crate) struct RightsizeArguments {
    /// The users, groups, roles or customer-managed policies
    #[arg(value_name = "ARN", required_unless_present = "all")]
    pub(super) arn: Vec<String>,

    /// Right-size all users, groups and roles
    #[arg(long, conflicts_with = "arn")]
    pub(super) all: bool,

    #[command(flatten)]
    pub(super) input: InputArguments,

    /// CloudTrail files, folders (read recursively), `s3://bucket/prefix`, or activity files
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub(super) trail: Vec<PathBuf>,

    /// What is removed: single actions, or services as a whole
    #[arg(long, value_enum, ignore_case = true, default_value_t = RemovalArgument::Action)]
    granularity: RemovalArgument,

    /// Whether new policies may have wildcards
    #[arg(long, value_enum, default_value_t = WildcardsArgument::None)]
    wildcards: WildcardsArgument,

    /// Keep these actions, though they are unused: s3:GetObject, iam:Create*
    #[arg(long, value_name = "ACTION")]
    keep: Vec<String>,

    /// Keep what this file lists: an action per line and, for some identities only, their ARN after it
    /// with wildcards (rds:Restore* arn:aws:iam::*:role/dba*)
    #[arg(long, value_name = "FILE")]
    keep_file: Option<PathBuf>,

    /// Another limit than IAM's default, as in attached-role=25: managed-policy (characters);
    /// inline-user, inline-role, inline-group (characters); attached-user, attached-role, attached-group
    #[arg(long, value_name = "NAME=NUMBER", value_parser = parse_limit)]
    limit: Vec<(String, usize)>,

    /// Look at this many days only [default: everything that was read]
    #[arg(long, value_name = "DAYS")]
    pub(super) period: Option<u64>,

    /// Propose nothing for accounts with fewer days read than this [default: 90, or --period when
    /// shorter]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) min_coverage: Option<u32>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = RightsizeFormat::Table)]
    pub(super) format: RightsizeFormat,

    /// Also write files to review and apply what is proposed into this folder, which must be new or
    /// empty: documents of today and new ones, a diff, scripts to apply and to restore, Terraform
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    #[command(flatten)]
    pub(super) output: OutputArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RightsizeFormat {
    /// For people
    Table,
    /// {"Rightsized": [...], "Coverage": ...}
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RemovalArgument {
    /// Services of which no action stays. One action that was used, or that the logs cannot show, keeps all
    /// of its service
    #[value(alias = "SERVICE_LEVEL")]
    Service,
    /// Every action that is unused
    #[value(alias = "ACTION_LEVEL")]
    Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WildcardsArgument {
    /// Every action by its name
    None,
    /// Where they match only what an old pattern matched and, of today's actions, only what is kept
    Safe,
}

/// Why a text is not a limit.
#[derive(Debug, thiserror::Error)]
enum LimitError {
    #[error("write it as attached-role=25")]
    NoNumber,
    #[error("{text:?} is not a number")]
    NotANumber {
        text: String,
        #[source]
        error: ParseIntError,
    },
    #[error(transparent)]
    Unknown(#[from] UnknownLimitError),
}

/// `attached-role=25`.
fn parse_limit(text: &str) -> Result<(String, usize), LimitError> {
    let (name, number) = text.split_once('=').ok_or(LimitError::NoNumber)?;
    let number = number.parse().map_err(|error| LimitError::NotANumber {
        text: number.to_owned(),
        error,
    })?;
    PolicyLimits::new().set(name, number)?;
    Ok((name.to_owned(), number))
}

impl RightsizeArguments {
    /// The options of the library.
    pub(super) fn options(&self) -> Result<RightsizeOptions, Failure> {
        let rules = |from: &str, text: &str| {
            KeepRules::parse(text).map_err(|error| Failure::KeepRule {
                from: from.to_owned(),
                error,
            })
        };
        let mut keep = KeepRules::default();
        for action in &self.keep {
            keep = keep.and(rules("--keep", action)?);
        }
        if let Some(file) = &self.keep_file {
            let text = access_advisor::account::read_text(file)?;
            keep = keep.and(rules(&file.display().to_string(), &text)?);
        }
        let mut limits = PolicyLimits::new();
        for (name, number) in &self.limit {
            limits.set(name, *number)?;
        }
        Ok(RightsizeOptions::new()
            .granularity(match self.granularity {
                RemovalArgument::Service => Granularity::Service,
                RemovalArgument::Action => Granularity::Action,
            })
            .wildcards(match self.wildcards {
                WildcardsArgument::None => Wildcards::None,
                WildcardsArgument::Safe => Wildcards::Safe,
            })
            .keep(keep)
            .limits(limits))
    }
}
