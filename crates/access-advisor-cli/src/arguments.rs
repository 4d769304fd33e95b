//! The arguments of every command.

use std::net::SocketAddr;
use std::path::PathBuf;

use access_advisor::job::{Caller, CallerError};
use access_advisor::report::{Granularity, Tracking};
use access_advisor::time;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::activity_sql_command::ActivitySqlArguments;

/// Which services and actions could each IAM identity reach, and when was each last used.
///
/// Works offline, from exported account data (aws iam get-account-authorization-details) and
/// CloudTrail logs. Only permission policies are evaluated: never resource-based policies, ACLs,
/// SCPs, permissions boundaries, session or trust policies.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report when identities last accessed the services (and actions) they may use
    Report(ReportArguments),
    /// Take account data or trails into a store
    #[command(subcommand)]
    Import(ImportCommand),
    /// Ask a store for a report: prints the JobId
    Generate(GenerateArguments),
    /// Print the services of a job's report, page by page
    Get(GetArguments),
    /// Print who used a service of a job's report, page by page
    Entities(EntitiesArguments),
    /// List which policies of a user, group or role grant access to services
    Policies(PoliciesArguments),
    /// List or delete the jobs of a store
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Make, merge or show activity files: who attempted what, when last, as Parquet
    #[command(subcommand)]
    Activity(ActivityCommand),
    /// Answer unmodified AWS clients from a store
    Serve(ServeArguments),
    /// Show or rebuild the catalog of services and actions
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Everything, as a table:
    access-advisor report --account account.json --trail AWSLogs/

  One role down to its actions, as the AWS CLI prints it:
    access-advisor report --account account.json --trail AWSLogs/ \\
        --arn arn:aws:iam::111122223333:role/build --granularity action --format json

  A whole organization for a spreadsheet, every action, as far back as the logs go:
    access-advisor report --account accounts/*.json --trail AWSLogs/ \\
        --granularity action --tracking full --format csv --output access.csv

  The same for DuckDB, Spark, Polars or Athena, typed and compressed:
    access-advisor report --account accounts/*.json --trail AWSLogs/ \\
        --granularity action --tracking full --format parquet --output access.parquet

  The last days, straight from the bucket, with the credentials that the AWS CLI has:
    AWS_PROFILE=audit AWS_REGION=eu-west-1 access-advisor report --account account.json \\
        --trail s3://YOUR-TRAIL-BUCKET/AWSLogs/ --since 2026-10-25T00:00:00Z

For S3, credentials and Region come from where AWS's tools have them: AWS_PROFILE, AWS_REGION,
AWS_ACCESS_KEY_ID, ..., the shared files, or the machine's role. AWS_ENDPOINT_URL_S3 leads to another
server. Rows of activity files that reach beyond --until or --now are set aside: they cannot be cut.")]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    pub(crate) account: AccountArguments,

    /// CloudTrail files, folders with all that is below them, or `s3://bucket/prefix`: objects as
    /// delivered to S3, JSON lines, output of aws cloudtrail lookup-events, results of queries in
    /// Athena or CloudTrail Lake, activity files
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) trail: Vec<PathBuf>,

    /// Report on this user, group, role or managed policy only; may be repeated. Without it: on
    /// every user, group, role, and attached or customer-managed policy
    #[arg(long, value_name = "ARN")]
    pub(crate) arn: Vec<String>,

    /// How deep to go
    #[arg(long, value_enum, ignore_case = true, default_value_t = GranularityArgument::Service)]
    pub(crate) granularity: GranularityArgument,

    /// What counts: what AWS tracks (400 days, its actions, Regions and start dates), or all that
    /// the logs hold and every action there is
    #[arg(long, value_enum, default_value_t = TrackingArgument::Aws)]
    pub(crate) tracking: TrackingArgument,

    /// The instant to report as of, as in 2026-11-01T00:00:00Z; later events are not looked at
    /// [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<DateTime<Utc>>,

    /// How to print the reports
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Write the reports to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// Fail when anything in the input had to be set aside: malformed records, damaged objects,
    /// policies that cannot be evaluated
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

/// How a trail is read.
#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// Set aside what was recorded before this time, as in 2026-11-01T00:00:00Z. Of a bucket, only the
    /// folders of the days since then are listed
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<DateTime<Utc>>,

    /// Set aside what was recorded after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<DateTime<Utc>>,

    /// The most that one object may have, uncompressed: bytes, or with KiB, MiB or GiB. Every thread
    /// holds one object at a time
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "1GiB")]
    pub(crate) object_limit: usize,

    /// How many threads to use [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct AccountArguments {
    /// Exports of aws iam get-account-authorization-details, of one or several accounts
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) account: Vec<PathBuf>,

    /// Use this catalog (made by `access-advisor catalog build`) instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  access-advisor policies arn:aws:iam::111122223333:user/ann s3 dynamodb --account account.json
  access-advisor policies arn:aws:iam::111122223333:user/ann s3 dynamodb --store advisor.db")]
pub(crate) struct PoliciesArguments {
    /// The user, group or role
    pub(crate) arn: String,

    /// Service namespaces, such as s3
    #[arg(required = true, value_name = "NAMESPACE")]
    pub(crate) namespaces: Vec<String>,

    /// Exports of aws iam get-account-authorization-details, of one or several accounts
    #[arg(long, num_args = 1.., value_name = "FILE", required_unless_present = "store")]
    pub(crate) account: Vec<PathBuf>,

    /// A store with the account imported
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub(crate) store: Option<PathBuf>,

    /// Ask as this user, or session of a role [default: a local caller]
    #[arg(long = "as", value_name = "ARN", requires = "store", value_parser = parse_caller)]
    pub(crate) caller: Option<Caller>,

    /// Use this catalog (made by `access-advisor catalog build`) instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Take exports in; a newer export of an account replaces its picture, activity and jobs stay
    Account(ImportAccountArguments),
    /// Take trails in; an object already taken is not read again
    Trail(ImportTrailArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  aws iam get-account-authorization-details > account.json
  access-advisor import account account.json --store advisor.db")]
pub(crate) struct ImportAccountArguments {
    /// Exports of aws iam get-account-authorization-details; several files are parts of one picture
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The store; made when it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Folders and files; what was taken before is not read again:
    access-advisor import trail AWSLogs/ more.json.gz --store advisor.db

  Straight from the bucket, with the credentials that the AWS CLI has:
    AWS_PROFILE=audit AWS_REGION=eu-west-1 access-advisor import trail \\
        s3://YOUR-TRAIL-BUCKET/AWSLogs/111122223333/ --since 2026-10-01T00:00:00Z --store advisor.db

For S3, credentials and Region come from where AWS's tools have them: AWS_PROFILE, AWS_REGION,
AWS_ACCESS_KEY_ID, ..., the shared files, or the machine's role. AWS_ENDPOINT_URL_S3 leads to another
server.

An object is taken once and as a whole: here --since and --until choose objects, by the time that
CloudTrail gave them in their names.

Ctrl-C stops after the objects at hand; what was taken until then stays, and the same command takes
the rest.")]
pub(crate) struct ImportTrailArguments {
    /// CloudTrail files, folders with all that is below them, or `s3://bucket/prefix`; activity files too
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The store; made when it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// Use this catalog instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// Exit with 1 when records or objects had to be set aside; what is good is taken all the same
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// The store
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// Ask as this user, or session of a role; jobs belong to who asked [default: a local caller]
    #[arg(long = "as", value_name = "ARN", value_parser = parse_caller)]
    pub(crate) caller: Option<Caller>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  access-advisor generate arn:aws:iam::111122223333:role/build --store advisor.db
  access-advisor get JOB_ID --store advisor.db")]
pub(crate) struct GenerateArguments {
    /// The user, group, role or managed policy
    pub(crate) arn: String,

    #[command(flatten)]
    pub(crate) store: StoreArguments,

    /// How deep to go
    #[arg(long, value_enum, ignore_case = true, default_value_t = GranularityArgument::Service)]
    pub(crate) granularity: GranularityArgument,

    /// What counts: what AWS tracks, or all that was imported and every action there is
    #[arg(long, value_enum, default_value_t = TrackingArgument::Aws)]
    pub(crate) tracking: TrackingArgument,

    /// The instant to report as of [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
pub(crate) struct PageArguments {
    /// The most items to print, 1 to 1000
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_items: Option<i64>,

    /// Where to go on: the Marker of the page before
    #[arg(long, value_name = "MARKER")]
    pub(crate) marker: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GetArguments {
    /// The job
    pub(crate) job_id: String,

    #[command(flatten)]
    pub(crate) store: StoreArguments,

    #[command(flatten)]
    pub(crate) page: PageArguments,
}

#[derive(Debug, Args)]
pub(crate) struct EntitiesArguments {
    /// The job
    pub(crate) job_id: String,

    /// The service namespace, such as s3
    pub(crate) namespace: String,

    #[command(flatten)]
    pub(crate) store: StoreArguments,

    #[command(flatten)]
    pub(crate) page: PageArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List all jobs, whoever asked for them, the newest first
    List {
        /// The store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
    },
    /// Delete jobs and their reports
    Delete {
        /// The jobs
        #[arg(required = true, value_name = "JOB_ID")]
        job_ids: Vec<String>,

        /// The store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActivityCommand {
    /// Make an activity file of a trail, or of what a store holds
    Export(ActivityExportArguments),
    /// Make one activity file of several
    Merge(ActivityMergeArguments),
    /// Print what is in activity files
    Show(ActivityShowArguments),
    /// Print the query that makes an activity table where the logs are: Athena, CloudTrail Lake,
    /// Spark, DuckDB
    Sql(ActivitySqlArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  access-advisor activity export AWSLogs/ --output activity.parquet
  access-advisor activity export s3://YOUR-TRAIL-BUCKET/AWSLogs/ --since 2026-10-01T00:00:00Z \\
      --until 2026-11-01T00:00:00Z --output october.parquet
  access-advisor activity export --store advisor.db --output activity.parquet
  duckdb -c \"SELECT principal_arn, max(last_accessed) FROM 'activity.parquet' GROUP BY ALL\"

A row is one principal, service, action and Region. Columns: account_id, principal_id, principal_arn,
principal_arn_seen, service_namespace, action_name, event_name (where no action is known for the
event), aws_region, last_accessed, last_event_id, attempts, denied_attempts, first_accessed. Times are
UTC milliseconds. The files of parts of a trail merge into the file of the whole.")]
pub(crate) struct ActivityExportArguments {
    /// CloudTrail files, folders with all that is below them, or `s3://bucket/prefix`; activity files too
    #[arg(required_unless_present = "store", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Take the activity of this store instead: of all trails that were imported, as a whole
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["paths", "catalog", "strict", "since", "until", "object_limit", "threads"]
    )]
    pub(crate) store: Option<PathBuf>,

    /// Write the Parquet file here instead of to stdout
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// Use this catalog (made by `access-advisor catalog build`) instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// Fail when any of the trail had to be set aside: malformed records, damaged objects
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  access-advisor activity merge january.parquet february.parquet --output activity.parquet

Files are merged by principal, service, action and Region: the later last attempt, the earlier first
one, the sum of the attempts. Files of overlapping parts of a trail count what both have twice.")]
pub(crate) struct ActivityMergeArguments {
    /// Activity files, also as other engines write them
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write the Parquet file here instead of to stdout
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  access-advisor activity show activity.parquet --arn arn:aws:iam::111122223333:role/build")]
pub(crate) struct ActivityShowArguments {
    /// Activity files, also as other engines write them; several are merged
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Show this user or role only; may be repeated
    #[arg(long, value_name = "ARN")]
    pub(crate) arn: Vec<String>,

    /// How to print the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    pub(crate) format: RowFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  access-advisor serve --store advisor.db
  AWS_ENDPOINT_URL_IAM=http://127.0.0.1:8787 aws iam list-users

The credentials file (TOML) names who may ask; without it only loopback can be listened on, and
whoever asks is believed:
  [[credential]]
  access_key_id = \"AKIAEXAMPLE\"
  secret_access_key = \"...\"
  arn = \"arn:aws:iam::111122223333:user/auditor\"")]
pub(crate) struct ServeArguments {
    /// The store
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,

    /// Who may ask: access keys, their secrets, and whose they are
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,

    /// Require that the caller's own permission policies allow the operation
    #[arg(long)]
    pub(crate) enforce_permissions: bool,

    /// What counts: what AWS tracks, or all that was imported and every action there is
    #[arg(long, value_enum, default_value_t = TrackingArgument::Aws)]
    pub(crate) tracking: TrackingArgument,

    /// Use this catalog instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// List the services, or the actions of one
    Show(CatalogShowArguments),
    /// Make a catalog from AWS's service reference
    Build(CatalogBuildArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CatalogShowArguments {
    /// The service whose actions to list, such as s3
    pub(crate) namespace: Option<String>,

    /// Use this catalog instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  access-advisor catalog build --service-reference service-reference/ --output catalog.txt
  access-advisor report --catalog catalog.txt --account account.json --trail AWSLogs/

AWS publishes one JSON file per service; the list of them is at
https://servicereference.us-east-1.amazonaws.com/")]
pub(crate) struct CatalogBuildArguments {
    /// Folder with the JSON files of AWS's service reference
    #[arg(long, value_name = "DIR")]
    pub(crate) service_reference: PathBuf,

    /// The day the service reference was taken [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) service_reference_date: Option<chrono::NaiveDate>,

    /// JSON object from namespaces to the display names IAM reports [default: those built in]
    #[arg(long, value_name = "FILE", requires = "service_names_date")]
    pub(crate) service_names: Option<PathBuf>,

    /// The day the names were taken
    #[arg(long, value_name = "YYYY-MM-DD", requires = "service_names")]
    pub(crate) service_names_date: Option<chrono::NaiveDate>,

    /// The `data` folder of a botocore package, for event sources [default: those built in]
    #[arg(long, value_name = "DIR")]
    pub(crate) botocore: Option<PathBuf>,

    /// AWS's table of CloudTrail event sources as JSON: {"extracted": "YYYY-MM-DD", "rows": [{"service": "...",
    /// "cloudtrail_event_source": "x.amazonaws.com"}]} [default: those built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) event_sources: Option<PathBuf>,

    /// AWS's lists of data events as JSON: {"extracted": "YYYY-MM-DD", "data_event_operations": [{"event_category": "Data",
    /// "resource_types": ["..."], "event_source": "x.amazonaws.com", "operations": [{"event_name": "..."}]}]}
    /// [default: those built in]
    #[arg(long, value_name = "FILE")]
    pub(crate) data_events: Option<PathBuf>,

    /// Write the catalog to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GranularityArgument {
    /// Services
    #[value(alias = "SERVICE_LEVEL")]
    Service,
    /// Services and their tracked actions
    #[value(alias = "ACTION_LEVEL")]
    Action,
}

impl From<GranularityArgument> for Granularity {
    fn from(argument: GranularityArgument) -> Self {
        match argument {
            GranularityArgument::Service => Self::Service,
            GranularityArgument::Action => Self::Action,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrackingArgument {
    /// What AWS tracks
    Aws,
    /// Everything
    Full,
}

impl From<TrackingArgument> for Tracking {
    fn from(argument: TrackingArgument) -> Self {
        match argument {
            TrackingArgument::Aws => Self::aws(),
            TrackingArgument::Full => Self::full(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// {"Reports": [...]}, rows as the AWS CLI prints them
    Json,
    /// One report a line
    Jsonl,
    /// One line per service or action
    Csv,
    /// The same as a Parquet file, with types
    Parquet,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// For people
    Table,
    /// {"Activity": [...]}
    Json,
    /// One row a line
    Jsonl,
    /// One row a line, with a header
    Csv,
}

fn parse_caller(arn: &str) -> Result<Caller, CallerError> {
    Caller::from_arn(arn, "local")
}

pub(crate) fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    time::parse(text).ok_or_else(|| "write it as 2026-11-01T00:00:00Z".to_owned())
}

/// Bytes, plain or with `KiB`, `MiB` or `GiB`.
fn parse_size(text: &str) -> Result<usize, String> {
    let (number, unit) = match text.find(|letter: char| !letter.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let unit = match unit {
        "" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let size = number.parse().ok().zip(unit);
    let size = size.and_then(|(number, unit): (usize, usize)| number.checked_mul(unit));
    size.filter(|size| *size > 0)
        .ok_or_else(|| "write it as 500MiB or 1GiB".to_owned())
}
