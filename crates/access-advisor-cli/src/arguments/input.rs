//! What answers rest on: account data, and the trail and credential reports that show what was used. Both the accounts and the trail
//! are in files, or in a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use access_advisor::account::{AccountData, CredentialReport};
use access_advisor::activity::Activity;
use access_advisor::catalog::Catalog;
use access_advisor::report::{Advisor, Tracking};
use access_advisor::store::Store;
use access_advisor::trail::{MissingInput, Reconciliation};
use chrono::{DateTime, Utc};
use clap::Args;

use super::catalog::CatalogArguments;
use super::reading::ReadingArguments;
use super::values::parse_time;
use crate::failure::Failure;
use crate::input;

#[derive(Debug, Args)]
pub(crate) struct InputArguments {
    /// Exports of aws iam get-account-authorization-details, of one or several accounts, or folders of
    /// them: their files named *.json, also compressed
    #[arg(long, required_unless_present = "store", num_args = 1.., value_name = "PATH")]
    account: Vec<PathBuf>,

    /// Answer from this store instead: the latest import of each account, and all trails that were imported
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["account", "trail", "since", "until", "object_limit", "assume_complete"]
    )]
    store: Option<PathBuf>,

    /// IAM's credential reports of the accounts (aws iam get-credential-report): the CSV, or the JSON of the
    /// AWS CLI. Unused passwords and access keys rest on them, and nothing is called unused of users whose
    /// credentials were used, as they say, where the trail does not show it
    #[arg(long, num_args = 1.., value_name = "FILE")]
    credential_report: Vec<PathBuf>,

    #[command(flatten)]
    catalog: CatalogArguments,

    /// As of this time, as in 2026-11-01T00:00:00Z; later events are skipped [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<DateTime<Utc>>,

    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

/// Account data, before the trail is read.
pub(crate) struct Accounts<'a> {
    arguments: &'a InputArguments,
    catalog: Arc<Catalog>,
    store: Option<(&'a Path, Store)>,
    pub(crate) data: Arc<AccountData>,
    credentials: Option<Arc<CredentialReport>>,
    pub(crate) now: DateTime<Utc>,
}

/// Account data joined with the trail.
pub(crate) struct JoinedInput {
    pub(crate) advisor: Advisor,
    pub(crate) activity: Arc<Activity>,
    /// What of the input is not in the answers.
    pub(crate) missing: MissingInput,
    /// Records until here were read.
    pub(crate) until: DateTime<Utc>,
}

impl InputArguments {
    /// The files that are read, which no result may be written to.
    pub(crate) fn inputs(&self, trail: &[PathBuf]) -> Vec<PathBuf> {
        let mut inputs = [&self.account[..], &self.credential_report, trail].concat();
        inputs.extend(self.store.clone());
        inputs
    }

    /// Loads the catalog, the account data and the credential reports.
    pub(crate) fn accounts(&self) -> Result<Accounts<'_>, Failure> {
        let catalog = self.catalog.load()?;
        let store = self.store.as_deref();
        let open = |path| Ok::<_, Failure>((path, input::store(path, &catalog)?));
        let store = store.map(open).transpose()?;
        let data = match &store {
            Some((path, store)) => input::stored_account(path, store)?,
            None => input::account(&self.account)?,
        };
        let credentials = input::credential_report(&self.credential_report, &data)?;
        Ok(Accounts {
            arguments: self,
            catalog,
            store,
            data: Arc::new(data),
            credentials: credentials.map(Arc::new),
            now: self.now.unwrap_or_else(input::clock),
        })
    }
}

impl Accounts<'_> {
    /// Whether there is a trail: one of these files, or an import in the store.
    pub(crate) fn have_trail(&self, trail: &[PathBuf]) -> Result<bool, Failure> {
        Ok(match &self.store {
            Some((_, store)) => store.has_activity()?,
            None => !trail.is_empty(),
        })
    }

    /// Reads the trail.
    pub(crate) fn read(
        self,
        trail: &[PathBuf],
        tracking: Tracking,
    ) -> Result<JoinedInput, Failure> {
        let visible = tracking.visible_until(self.now);
        let reading = &self.arguments.reading;
        let until = reading.until.map_or(visible, |until| until.min(visible));
        let (activity, reconciliation) = match &self.store {
            Some((path, store)) => {
                let activity = input::stored_activity(path, store)?;
                (activity, Reconciliation::default())
            }
            None => {
                let present = self.now.max(input::clock());
                let reader = reading.reader_until(Some(until), present, self.catalog.clone());
                let trail = input::trail(trail, &reader)?;
                (Arc::new(trail.activity), trail.reconciliation)
            }
        };
        let missing = MissingInput::of_trail(&reconciliation, activity.coverage())
            .with_issues(self.data.issues())
            .with_accounts(&self.data, &activity);
        Ok(JoinedInput {
            advisor: self.advisor(&activity, tracking)?,
            activity,
            missing,
            until,
        })
    }

    /// An advisor that knows of no use.
    pub(crate) fn without_trail(&self, tracking: Tracking) -> Result<Advisor, Failure> {
        self.advisor(&Activity::default(), tracking)
    }

    fn advisor(&self, activity: &Activity, tracking: Tracking) -> Result<Advisor, Failure> {
        let (data, catalog) = (self.data.clone(), self.catalog.clone());
        let advisor = Advisor::new(data, activity, catalog, tracking, self.now)?;
        Ok(match &self.credentials {
            Some(report) => advisor.with_credential_report(report.clone()),
            None => advisor,
        })
    }
}
