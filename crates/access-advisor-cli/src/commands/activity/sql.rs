//! `access-advisor activity sql`.

use access_advisor::sql::{ActivityQuery, Dialect, Records};
use chrono::{DateTime, Utc};
use clap::error::ErrorKind;
use clap::{Args, ValueEnum};

use crate::arguments::{CatalogArguments, parse_time};
use crate::exit_status;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Examples:
  DuckDB, straight from the objects:
    access-advisor activity sql --dialect duckdb \\
        --path 'AWSLogs/*/CloudTrail/*/*/*/*/*.json.gz' > activity.sql
    (echo 'COPY ('; cat activity.sql; echo \") TO 'activity.parquet';\") | duckdb
    access-advisor report --account account.json --trail activity.parquet

  Athena, over the table that its documentation creates for CloudTrail logs:
    access-advisor activity sql --dialect athena \\
        --table logs.cloudtrail_logs > activity.sql
    aws athena start-query-execution --query-string file://activity.sql \\
        --work-group primary

  CloudTrail Lake, the events of this year:
    access-advisor activity sql --dialect cloudtrail-lake \\
        --since 2026-01-01T00:00:00Z \\
        --table 0233062b-51c6-4d18-8dec-aaaaaaaaaaa1 > activity.sql
    aws cloudtrail start-query --query-statement file://activity.sql \\
        --delivery-s3-uri s3://BUCKET/PREFIX

What the queries expect:
  athena           the columns of the table that Athena's documentation creates
                   for CloudTrail logs. The whole table is scanned, once: add a
                   WHERE for the partitions you want
  cloudtrail-lake  an event data store of CloudTrail events
  spark, duckdb    with --path, objects as CloudTrail delivers them, each on one
                   line; a damaged object fails the query. With --table, a table
                   or view with one record per row and columns named as the
                   record's fields, userIdentity a struct, eventTime text

Queries for Spark and DuckDB contain the catalog (half a megabyte) and return
the columns of the activity table. Athena and CloudTrail Lake do not accept
queries of that length (256 KiB, 10,000 characters): theirs, and all queries
with --by-event, return event_source and event_name in place of
service_namespace, action_name and event_name. access-advisor resolves the
actions when it reads such rows. The rows have the days of the attempts, but a
query cannot tell what the logs cover."))]
pub(crate) struct SqlArguments {
    /// The engine
    #[arg(long, value_enum)]
    dialect: DialectArgument,

    /// The table or view with the records; for CloudTrail Lake, the id of the event data store
    /// [default for athena: cloudtrail_logs]
    #[arg(
        long,
        value_name = "NAME",
        required_if_eq("dialect", "cloudtrail-lake")
    )]
    table: Option<String>,

    /// CloudTrail objects, as a path or glob that Spark or DuckDB accepts
    #[arg(long, value_name = "GLOB", conflicts_with = "table")]
    path: Option<String>,

    /// Do not resolve events to actions in the query; access-advisor does it when it reads the rows
    #[arg(long, conflicts_with = "catalog")]
    by_event: bool,

    /// Skip events from before this time, as in 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<DateTime<Utc>>,

    /// Skip events from after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<DateTime<Utc>>,

    #[command(flatten)]
    catalog: CatalogArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectArgument {
    /// Amazon Athena
    Athena,
    /// CloudTrail Lake
    #[value(name = "cloudtrail-lake")]
    CloudTrailLake,
    /// Apache Spark SQL
    Spark,
    /// DuckDB
    #[value(name = "duckdb")]
    DuckDb,
}

impl From<DialectArgument> for Dialect {
    fn from(argument: DialectArgument) -> Self {
        match argument {
            DialectArgument::Athena => Self::Athena,
            DialectArgument::CloudTrailLake => Self::CloudTrailLake,
            DialectArgument::Spark => Self::Spark,
            DialectArgument::DuckDb => Self::DuckDb,
        }
    }
}

pub(super) fn run(arguments: &SqlArguments) -> Result<(), Failure> {
    let dialect = Dialect::from(arguments.dialect);
    let records = match (&arguments.path, &arguments.table) {
        (Some(path), _) => Records::Objects(path.clone()),
        (None, Some(table)) => Records::Table(table.clone()),
        (None, None) => match dialect {
            Dialect::Athena => Records::Table("cloudtrail_logs".to_owned()),
            Dialect::CloudTrailLake => {
                wrong_usage("--table: the id of the event data store is needed")
            }
            Dialect::Spark | Dialect::DuckDb => wrong_usage("one of --path and --table is needed"),
        },
    };
    // A catalog that was asked for is included; an engine that cannot take it reports so.
    let takes_catalog = dialect.longest_query().is_none() && !arguments.by_event;
    let catalog = (takes_catalog || arguments.catalog.is_given())
        .then(|| arguments.catalog.load())
        .transpose()?;
    let query = ActivityQuery::new(dialect, records)
        .catalog(catalog.as_deref())
        .since(arguments.since)
        .until(arguments.until);
    let sql = query
        .to_sql()
        .unwrap_or_else(|error| wrong_usage(&error.to_string()));
    output::write_result(None, |writer| writer.write_all(sql.as_bytes()))
}

/// Exits as clap does for arguments that conflict.
fn wrong_usage(reason: &str) -> ! {
    clap::Error::raw(ErrorKind::ArgumentConflict, format!("{reason}\n")).exit()
}
