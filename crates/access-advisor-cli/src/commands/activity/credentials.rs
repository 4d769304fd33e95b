//! `access-advisor activity credentials`.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use access_advisor::activity::{Activity, CredentialUse, UserCredential};
use access_advisor::time;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::files;
use crate::csv_output::{CsvArguments, CsvWriter};
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::write_json;
use crate::lines::Lines;
use crate::output;
use crate::plain_table::PlainTable;
use crate::wording::instant;

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor activity credentials activity.parquet

Temporary access keys (ASIA...) are not kept."))]
pub(crate) struct CredentialsArguments {
    /// Activity files that access-advisor wrote; several are merged
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How to print them
    #[arg(long, value_enum, default_value_t = CredentialFormat::Table)]
    format: CredentialFormat,

    #[command(flatten)]
    csv: CsvArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CredentialFormat {
    /// For people
    Table,
    /// {"CredentialUses": [...]}
    Json,
    /// One credential per line, with a header
    Csv,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<'a> {
    credential_uses: &'a [CredentialUse<'a>],
}

pub(super) fn run(arguments: &CredentialsArguments) -> Result<(), Failure> {
    let activity = files::read(&arguments.files)?;
    let mut uses = activity.coverage().credential_uses();
    let arns = arns(&activity);
    for credential in &mut uses {
        let known = credential.principal.unique_id.and_then(|id| arns.get(id));
        credential.principal.arn = credential.principal.arn.or(known.copied());
    }
    uses.sort_by_key(|uses| {
        (
            uses.principal.arn,
            uses.principal.unique_id,
            uses.credential,
        )
    });
    if activity.coverage().has_unread_credentials() {
        output::say(
            "note: some of the activity comes from files that do not say which credentials were used",
        );
    }
    output::write_result(None, |writer| match arguments.format {
        CredentialFormat::Table => write_table(&mut Lines::new(writer), &uses),
        CredentialFormat::Json => write_json(
            writer,
            &Listed {
                credential_uses: &uses,
            },
        ),
        CredentialFormat::Csv => write_csv(&mut CsvWriter::new(writer, arguments.csv), &uses),
    })
}

/// The last ARNs of users by their unique ids.
fn arns(activity: &Activity) -> HashMap<&str, &str> {
    let rows = activity.rows();
    rows.filter_map(|row| row.principal.unique_id.zip(row.principal.arn))
        .collect()
}

/// The access key, or what else it is.
fn name<'a>(credential: UserCredential<'a>) -> &'a str {
    credential.access_key_id().unwrap_or("password")
}

fn write_table(lines: &mut Lines<'_>, uses: &[CredentialUse<'_>]) -> io::Result<()> {
    let mut table = PlainTable::with_header(&[
        "USER",
        "CREDENTIAL",
        "FIRST USED",
        "LAST USED",
        "SERVICE",
        "REGION",
    ]);
    let text = |millis| instant(time::from_millis(millis));
    for uses in uses {
        let who = uses.principal;
        table.add_row([
            who.arn.or(who.unique_id).unwrap_or_default(),
            name(uses.credential),
            &text(uses.first_millis),
            &text(uses.last_millis),
            uses.service,
            uses.region,
        ]);
    }
    table.write(lines, "")
}

fn write_csv(csv: &mut CsvWriter<'_>, uses: &[CredentialUse<'_>]) -> io::Result<()> {
    csv.write([
        "AccountId",
        "PrincipalId",
        "PrincipalArn",
        "Credential",
        "FirstUsed",
        "LastUsed",
        "ServiceNamespace",
        "Region",
        "LastEventId",
    ])?;
    let text = |millis| time::format(time::from_millis(millis));
    for uses in uses {
        let who = uses.principal;
        csv.write([
            who.account.unwrap_or_default(),
            who.unique_id.unwrap_or_default(),
            who.arn.unwrap_or_default(),
            name(uses.credential),
            &text(uses.first_millis),
            &text(uses.last_millis),
            uses.service,
            uses.region,
            uses.last_event_id,
        ])?;
    }
    csv.flush()
}
