//! `access-advisor policies`.

use std::path::PathBuf;

use access_advisor::job::Caller;
use access_advisor::report::{PoliciesGrantingAnswer, policies_granting_service_access};
use clap::Args;

use crate::arguments::{CatalogArguments, parse_caller};
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::write_json;
use crate::{input, output};

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Examples:
  access-advisor policies arn:aws:iam::111122223333:user/ann s3 dynamodb \\
      --account account.json
  access-advisor policies arn:aws:iam::111122223333:user/ann s3 dynamodb \\
      --store advisor.db"))]
pub(crate) struct PoliciesArguments {
    /// The user, group or role
    arn: String,

    /// Service namespaces, such as s3
    #[arg(required = true, value_name = "NAMESPACE")]
    namespaces: Vec<String>,

    /// Exports of aws iam get-account-authorization-details, of one or several accounts
    #[arg(long, num_args = 1.., value_name = "FILE", required_unless_present = "store")]
    account: Vec<PathBuf>,

    /// A store into which the account was imported
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    store: Option<PathBuf>,

    /// Ask as this user or role session [default: a local caller]
    #[arg(long = "as", value_name = "ARN", requires = "store", value_parser = parse_caller)]
    caller: Option<Caller>,

    #[command(flatten)]
    catalog: CatalogArguments,
}

pub(crate) fn run(arguments: &PoliciesArguments) -> Result<(), Failure> {
    let catalog = arguments.catalog.load()?;
    let (arn, namespaces) = (&arguments.arn, &arguments.namespaces);
    let answer: PoliciesGrantingAnswer = match &arguments.store {
        Some(store) => {
            let advisor = input::stored_advisor(store, catalog, Default::default())?;
            let caller = arguments.caller.clone().unwrap_or_else(Caller::local);
            advisor.policies(&caller, arn, namespaces, None)?
        }
        None => {
            let account = input::account(&arguments.account)?;
            policies_granting_service_access(&account, &catalog, arn, namespaces)?.into()
        }
    };
    output::write_result(None, |writer| write_json(writer, &answer))
}
