//! The advisor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::account::load_credential_report;
use access_advisor::arrow::{all_report_batches, finding_batches, finding_schema, report_schema};
use access_advisor::findings::FindingSettings;
use access_advisor::html::{HtmlOptions, HtmlWriter, ReportEncoder};
use access_advisor::parquet::write_reports;
use access_advisor::report::{Granularity, NotEvaluated, ServiceLastAccessed, UngrantedActionUsed};
use access_advisor::rightsize::{
    KeepRules, PolicyLimits, RightsizeOptions, Rightsized, Rightsizer, UnmatchedKeepRule, Wildcards,
};
use access_advisor::trail::MissingInput;
use chrono::{DateTime, Utc};
use pyo3::intern;
use pyo3::prelude::*;
use rayon::prelude::*;
use serde::Serialize;

use crate::account::AccountData;
use crate::activity::Activity;
use crate::answer::answer;
use crate::arguments::{Instant, Level, Paths, Texts, Threads, clock};
use crate::catalog::Catalog;
use crate::error;
use crate::findings::{FindingsFormat, Search, warn_of_unmatched};
use crate::notebook;
use crate::table::Table;
use crate::tracking::TrackingParameter;
use crate::whole_file::whole_file;
use crate::work::{self, Stop};

/// Reports for account data and activity, as of one instant.
///
/// The constructor compiles the policies; reports are cheap after that. It warns (IncompleteWarning) when something of the input is
/// missing (see `missing_input`), or when all of the activity is older than the tracking period.
///
/// Args:
///     account: The users, groups, roles and policies.
///     activity: Who used which action, and when last.
///     tracking: Which part of the activity reports cover: a Tracking, or the name of a preset. "aws" covers what AWS's own
///         reports cover: 400 days, and the actions and Regions that AWS tracks, each from the date that AWS started. "full"
///         covers every action, as far back as the activity goes.
///     now: The instant of the reports; the present when None. Read an activity that goes beyond it with `until=now`.
///     catalog: The catalog of services and actions; the built-in one when None.
///     credential_report: Files of IAM's credential reports of the accounts, a path or an iterable of paths: the CSV, or the JSON of
///         `aws iam get-credential-report`. What they say of the last uses of passwords and access keys is compared with the
///         activity (`UnseenUses` in `coverage()`).
///
/// Raises:
///     AccountError: A credential report cannot be read; `path` is the file, `line` the line in it.
///     InvalidInputError: `now` has no time zone, `tracking` is not a preset, or another catalog credited the activity.
///
/// >>> from datetime import datetime, timezone
/// >>> account = AccountData.load("testdata/account.json")
/// >>> activity = Activity.from_trail("testdata/trail")
/// >>> advisor = Advisor(account, activity, now=datetime(2026, 11, 1, tzinfo=timezone.utc))
/// >>> report = advisor.report("arn:aws:iam::111122223333:user/erin")
/// >>> [row["ServiceNamespace"] for row in report["ServicesLastAccessed"] if "LastAuthenticated" not in row]
/// ['config', 'sqs']
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Advisor {
    inner: access_advisor::report::Advisor,
    now: DateTime<Utc>,
    missing: MissingInput,
}

impl Advisor {
    /// A right-sizer, unless a keep rule is misspelt.
    fn rightsizer(&self, py: Python<'_>, options: RightsizeOptions) -> PyResult<Rightsizer> {
        let rightsizer = py.detach(|| self.inner.rightsizer(options));
        let mut unmatched = rightsizer.unmatched_keep_rules().into_iter();
        match unmatched.find(UnmatchedKeepRule::is_mistake) {
            Some(rule) => Err(error::invalid_input(&rule.to_string())),
            None => Ok(rightsizer),
        }
    }
}

/// The options of right-sizing.
fn rightsize_options(
    granularity: Level,
    wildcards: &str,
    keep: &Texts,
    limits: Option<BTreeMap<String, usize>>,
) -> PyResult<RightsizeOptions> {
    let wildcards = match wildcards {
        "none" => Wildcards::None,
        "safe" => Wildcards::Safe,
        other => {
            return Err(error::invalid_input(&format!(
                "wildcards must be \"none\" or \"safe\", not {other:?}"
            )));
        }
    };
    let keep = KeepRules::parse(&keep.0.join("\n"));
    let keep = keep.map_err(|wrong| error::invalid_input(&format!("keep: {wrong}")))?;
    let mut policy_limits = PolicyLimits::new();
    for (name, number) in limits.into_iter().flatten() {
        let set = policy_limits.set(&name, number);
        set.map_err(|unknown| error::invalid_input(&format!("limits: {unknown}")))?;
    }
    Ok(RightsizeOptions::new()
        .granularity(granularity.0)
        .wildcards(wildcards)
        .keep(keep)
        .limits(policy_limits))
}

/// A report in the shape of `get_service_last_accessed_details`, all pages at once. Fields that the API lacks come last.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    job_status: &'static str,
    job_type: Granularity,
    job_creation_date: &'a str,
    services_last_accessed: Vec<ServiceLastAccessed<'a>>,
    job_completion_date: &'a str,
    is_truncated: bool,
    arn: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ungranted_services_used: Vec<ServiceLastAccessed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ungranted_actions_used: Vec<UngrantedActionUsed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_event_sources: Vec<ServiceLastAccessed<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_evaluated: &'a [NotEvaluated],
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided: Option<usize>,
}

#[pymethods]
impl Advisor {
    #[new]
    #[pyo3(signature = (account, activity, tracking = TrackingParameter(access_advisor::report::Tracking::aws()), *, now = None, catalog = None, credential_report = None), text_signature = "(account, activity, tracking='aws', *, now=None, catalog=None, credential_report=None)")]
    fn new(
        py: Python<'_>,
        account: &AccountData,
        activity: &Activity,
        tracking: TrackingParameter,
        now: Option<Instant>,
        catalog: Option<&Catalog>,
        credential_report: Option<Paths>,
    ) -> PyResult<Self> {
        let now = now.map_or_else(clock, |now| now.0);
        let catalog = Catalog::or_shared(catalog);
        let reconciliation = &activity.reconciliation;
        let (account, activity) = (Arc::clone(&account.inner), Arc::clone(&activity.inner));
        let start = tracking.0.period_start(now);
        let missing = MissingInput::of_trail(&reconciliation.inner, activity.coverage())
            .with_issues(account.issues())
            .with_accounts(&account, &activity);
        let newest = activity.newest();
        let make = move || {
            let advisor =
                access_advisor::report::Advisor::new(account, &activity, catalog, tracking.0, now);
            let advisor =
                advisor.map_err(|mismatch| error::invalid_input(&mismatch.to_string()))?;
            Ok::<_, PyErr>(match credential_report {
                Some(paths) => {
                    let report = load_credential_report(&paths.0).map_err(error::load)?;
                    advisor.with_credential_report(report)
                }
                None => advisor,
            })
        };
        let inner = work::run(py, make)??;
        if !missing.is_empty() {
            let message = format!("{missing}; what they hold may be missing from the reports");
            error::warn_incomplete(py, &message)?;
        }
        if let (Some(newest), Some(start)) = (newest, start)
            && newest < start
        {
            let newest = access_advisor::time::format(newest);
            let message = format!(
                "the newest event is from {newest}, before the tracking period: no service counts as used"
            );
            error::warn_incomplete(py, &message)?;
        }
        Ok(Self {
            inner,
            now,
            missing,
        })
    }

    /// Returns what the reports rest on, as `access-advisor report --format json` prints it under `Coverage`: by account the days
    /// that were read and the gaps, log files that digests list and that were not read, and uses that AWS remembers and the activity
    /// does not show.
    ///
    /// >>> coverage = advisor.coverage()
    /// >>> [account["Account"] for account in coverage["Accounts"]]
    /// ['111122223333']
    fn coverage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let coverage = py.detach(|| self.inner.coverage());
        answer(py, &coverage)
    }

    /// The instant of the reports.
    #[getter]
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What of the input was not read, and so may look unused in reports: counts by kind, without those that are zero. Kinds:
    /// "objects_failed", "objects_truncated", "records_malformed", "records_from_the_future", "rows_spanning_until",
    /// "account_data" (parts that were left out) and "accounts_without_activity". Later versions may add kinds.
    #[getter]
    fn missing_input(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.missing.counts();
        counts.map(|(kind, count)| (kind.name(), count)).collect()
    }

    /// The number of principals in the activity that are not users or roles of the account data: they belong to other
    /// accounts, or were deleted.
    #[getter]
    fn unmatched_principals(&self) -> usize {
        self.inner.unmatched_principals()
    }

    /// Returns the report on a user, group, role or managed policy, as boto3's `get_service_last_accessed_details` returns it: a dict,
    /// which notebooks show as a table.
    ///
    /// It has more keys: `Arn`; and, if there are any, `UngrantedServicesUsed` and `UngrantedActionsUsed`, what a user or role used
    /// although no permission policy grants it now; `UnknownEventSources`, used services that the catalog lacks; `NotEvaluated`,
    /// policies and groups that are missing from the export or could not be evaluated; `Undecided`, how many actions are only
    /// listed because deciding them would take too much work. With `Tracking.full()`, every service and action has a `State`
    /// ("used", "implied", "unused", "unobservable" or "uncovered") and, except most that are used, a `StateReason`.
    ///
    /// Args:
    ///     arn: The ARN of the user, group, role or managed policy.
    ///     granularity: "service" or "action".
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `arn` is not an IAM ARN.
    ///
    /// >>> report = advisor.report("arn:aws:iam::111122223333:user/erin", granularity="action")
    /// >>> report["ServicesLastAccessed"][0]["ServiceName"], report["IsTruncated"]
    /// ('AWS IAM Access Analyzer', False)
    /// >>> advisor.report("arn:aws:iam::111122223333:user/nobody")
    /// Traceback (most recent call last):
    /// access_advisor.NoSuchEntityError: ARN arn:aws:iam::111122223333:user/nobody does not exist.
    #[pyo3(signature = (arn, granularity = Level(Granularity::Service)), text_signature = "($self, arn, granularity='service')")]
    fn report<'py>(
        &self,
        py: Python<'py>,
        arn: &str,
        granularity: Level,
    ) -> PyResult<Bound<'py, PyAny>> {
        let report = py.detach(|| self.inner.report(arn, granularity.0));
        let report = report.map_err(|refused| error::request(&refused))?;
        let now = access_advisor::time::format(self.now);
        let whole = Answer {
            job_status: "COMPLETED",
            job_type: report.granularity(),
            job_creation_date: &now,
            services_last_accessed: report.services().collect(),
            job_completion_date: &now,
            is_truncated: false,
            arn: report.arn(),
            ungranted_services_used: report.ungranted_services_used().collect(),
            ungranted_actions_used: report.ungranted_actions_used().collect(),
            unknown_event_sources: report.unknown_event_sources().collect(),
            not_evaluated: report.not_evaluated(),
            undecided: Some(report.undecided()).filter(|undecided| *undecided > 0),
        };
        let report = answer(py, &whole)?;
        let shown = intern!(py, "access_advisor._report");
        py.import(shown)?
            .getattr(intern!(py, "Report"))?
            .call1((report,))
    }

    /// Explains why a user, group, role or managed policy may use an action, or why not, as
    /// `access-advisor explain --format json` prints it.
    ///
    /// `Granted` says whether it may; `NotGranted` why not. `Allows` and `Denies` are the statements that cover the action, each with
    /// the way to it (`Statement`: the ARNs from the user to its group, the policy and its version, the position and `Sid`).
    /// An allow has what becomes of each of its resources, a deny its `Effect`. `LastUses` has the last use by each identity in each
    /// Region, with the id of the event. Permission policies alone count, as in `report`.
    ///
    /// Args:
    ///     arn: The ARN of the user, group, role or managed policy.
    ///     action: An action, such as "s3:GetObject", or a whole service, such as "s3".
    ///     resource: The ARN of a resource; any when None. `*` and `?` are wildcards.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `arn` is not an IAM ARN, the catalog has no such action or service, or `resource` is not an ARN.
    ///
    /// >>> explanation = advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:GetObject")
    /// >>> explanation["Granted"], explanation["Allows"][0]["Statement"]["PolicyName"]
    /// (True, 'variables')
    /// >>> advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:GetObject", resource="arn:aws:s3:::other/key")["NotGranted"]
    /// 'only-other-resources'
    /// >>> advisor.explain("arn:aws:iam::111122223333:user/erin", "s3:ListBuckets")
    /// Traceback (most recent call last):
    /// access_advisor.InvalidInputError: s3 has no action "ListBuckets" in the catalog; policies that name it grant nothing. The API operation of this name is authorized as s3:ListAllMyBuckets
    #[pyo3(signature = (arn, action, *, resource = None))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        arn: &str,
        action: &str,
        resource: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let explanation = self.inner.explain(arn, action, resource);
        answer(py, &explanation.map_err(|it| error::explain(&it))?)
    }

    /// Returns the reports on all users, groups, roles, and attached or customer-managed policies as one table. There is a row
    /// for each of these entities, for each of its services and, with `granularity="action"`, for each tracked action.
    ///
    /// >>> advisor.reports()
    /// <Table of ... rows: arn, granularity, service_namespace, ...>
    #[pyo3(signature = (granularity = Level(Granularity::Service), *, threads = None), text_signature = "($self, granularity='service', *, threads=None)")]
    fn reports(
        &self,
        py: Python<'_>,
        granularity: Level,
        threads: Option<Threads>,
    ) -> PyResult<Table> {
        let (advisor, stop) = (self.inner.clone(), Stop::default());
        let stopping = Arc::clone(&stop);
        let make = move || {
            let batches = all_report_batches(&advisor, granularity.0);
            let batches = batches.take_while(|_| work::check(&stopping).is_ok());
            Table::collect(report_schema(), batches)
        };
        let table = work::run_watched(py, threads, &stop, |_| Ok(()), make)?;
        table.map_err(error::unexpected)
    }

    /// Writes the rows of `reports` to a Parquet file. The reports are made as they are written, so that those on any number of
    /// identities fit in memory.
    ///
    /// Args:
    ///     path: The file.
    ///     granularity: "service" or "action".
    ///     threads: The number of threads, 1 or more; one per processor when None.
    ///
    /// Raises:
    ///     TrailError: The file cannot be written. An existing file is left unchanged.
    ///
    /// >>> advisor.reports_to_parquet(folder / "reports.parquet", granularity="action")
    #[pyo3(signature = (path, granularity = Level(Granularity::Service), *, threads = None), text_signature = "($self, path, granularity='service', *, threads=None)")]
    fn reports_to_parquet(
        &self,
        py: Python<'_>,
        path: PathBuf,
        granularity: Level,
        threads: Option<Threads>,
    ) -> PyResult<()> {
        let (advisor, stop) = (self.inner.clone(), Stop::default());
        let stopping = Arc::clone(&stop);
        let write = move || {
            whole_file(&path, &stopping, |writer| {
                // Once stopped, no more reports are made for the row group; the writer then fails.
                let reports = advisor.reports(granularity.0);
                let reports = reports.take_while(|_| work::check(&stopping).is_ok());
                write_reports(writer, &advisor.coverage(), reports)
            })
        };
        work::run_watched(py, threads, &stop, |_| Ok(()), write)?
    }

    /// Writes the reports to one HTML file, to open in a browser: an overview, tables to search and filter, and a page for every
    /// identity, policy and service. It is self-contained.
    ///
    /// Args:
    ///     path: The file.
    ///     granularity: "service" or "action".
    ///     title: The title of the page.
    ///     findings: Whether to look for findings, about the last 90 days, and to right-size policies, which needs full tracking.
    ///     limit: The most bytes of the file, about. What does not fit is left out, and the page says so: the actions of some
    ///         reports, or their services too. All of them are in its table.
    ///     threads: The number of threads, 1 or more; one per processor when None.
    ///
    /// Raises:
    ///     TrailError: The file cannot be written. An existing file is left unchanged.
    ///
    /// >>> advisor.to_html(folder / "access.html", granularity="action")
    #[pyo3(signature = (path, granularity = Level(Granularity::Service), *, title = None, findings = true, limit = None, threads = None), text_signature = "($self, path, granularity='service', *, title=None, findings=True, limit=None, threads=None)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "most are by keyword and need not be given"
    )]
    fn to_html(
        &self,
        py: Python<'_>,
        path: PathBuf,
        granularity: Level,
        title: Option<String>,
        findings: bool,
        limit: Option<u64>,
        threads: Option<Threads>,
    ) -> PyResult<()> {
        let (advisor, stop) = (self.inner.clone(), Stop::default());
        let stopping = Arc::clone(&stop);
        let mut options = HtmlOptions::default().granularity(granularity.0);
        if let Some(title) = title {
            options = options.title(title);
        }
        if let Some(limit) = limit {
            options = options.limit(limit);
        }
        let write = move || {
            let mut encoder = ReportEncoder::new(&advisor);
            if findings {
                let entities = advisor.account().reported_entities();
                let needed = advisor.tracking().min_coverage_days;
                let settings = FindingSettings::new().min_coverage_days(needed);
                encoder = encoder
                    .find(&entities, &settings, || work::check(&stopping))
                    .map_err(|fault| error::file(&path, fault))?
                    .with_rightsizing(RightsizeOptions::default());
            }
            whole_file(&path, &stopping, |writer| {
                let reports = advisor.reports(granularity.0);
                let mut html = HtmlWriter::new(writer, &encoder, reports.len(), options)?;
                for report in reports.map_in_parallel(|report| encoder.encode(&report)) {
                    // Little of it is written before the end.
                    work::check(&stopping)?;
                    html.push(&report)?;
                }
                html.finish()?.flush()
            })
        };
        work::run_watched(py, threads, &stop, |_| Ok(()), write)?
    }

    /// Returns the findings as a table, one row each, worst first: what users, roles and policies could go without, and what does not
    /// fit together. As `access-advisor findings --format parquet`, whatever the tracking of this advisor. Something is called unused
    /// only where the trail would have shown its use. Warns (UserWarning) of archive rules that are for no finding.
    ///
    /// Args:
    ///     settings: A TOML file with thresholds, exclusions and archive rules, as for `access-advisor findings`.
    ///     unused_days: Call unused what was not used for this many days; those of the settings, or 90, when None.
    ///     min_coverage_days: Call nothing unused in accounts with fewer of these days read; as the settings say, or 90, when None.
    ///     baseline: An earlier result as JSON (`findings_to_file`, or the command line's). Only what is new or worse since then is
    ///         returned, permission by permission.
    ///     archived: Whether archived findings are in the table too.
    ///     threads: The number of threads, 1 or more; one per processor when None.
    ///
    /// Raises:
    ///     InvalidInputError: A file is not settings, or not a result.
    ///
    /// >>> advisor.findings(min_coverage_days=10)
    /// <Table of ... rows: finding_id, kind, status, severity, ...>
    #[pyo3(signature = (settings = None, *, unused_days = None, min_coverage_days = None, baseline = None, archived = false, threads = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "most are by keyword and need not be given"
    )]
    fn findings(
        &self,
        py: Python<'_>,
        settings: Option<PathBuf>,
        unused_days: Option<u32>,
        min_coverage_days: Option<u32>,
        baseline: Option<PathBuf>,
        archived: bool,
        threads: Option<Threads>,
    ) -> PyResult<Table> {
        let search = Search::new(settings, unused_days, min_coverage_days, baseline, archived)?;
        let (advisor, stop) = (self.inner.clone(), Stop::default());
        let find = move || {
            let (findings, unmatched) = search.findings(&advisor);
            let table = Table::collect(finding_schema(), finding_batches(&findings));
            (table, unmatched)
        };
        let (table, unmatched) = work::run_watched(py, threads, &stop, |_| Ok(()), find)?;
        warn_of_unmatched(py, &unmatched)?;
        table.map_err(error::unexpected)
    }

    /// Writes the findings to a file, as `access-advisor findings --format FORMAT --output PATH` does.
    ///
    /// Args:
    ///     path: The file.
    ///     format: "json": `{"findings": [...]}`, each as Access Analyzer's GetFindingV2 returns it, with more under `accessAdvisor`; a
    ///         later call takes it as `baseline`. "sarif": SARIF 2.1.0, for code scanning, with archived findings as suppressed ones.
    ///         "ocsf": one IAM Analysis Finding (class 2008) of OCSF 1.6.0 per line.
    ///     settings: As for `findings`.
    ///     unused_days: As for `findings`.
    ///     min_coverage_days: As for `findings`.
    ///     baseline: As for `findings`.
    ///     archived: As for `findings`.
    ///     threads: The number of threads, 1 or more; one per processor when None.
    ///
    /// Raises:
    ///     InvalidInputError: `format` is unknown, or a file is not settings or not a result.
    ///     TrailError: The file cannot be written. An existing file is left unchanged.
    ///
    /// >>> advisor.findings_to_file(folder / "known.json", min_coverage_days=10)
    /// >>> len(advisor.findings(min_coverage_days=10, baseline=folder / "known.json"))
    /// 0
    #[pyo3(signature = (path, format = "json", settings = None, *, unused_days = None, min_coverage_days = None, baseline = None, archived = false, threads = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "most are by keyword and need not be given"
    )]
    fn findings_to_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        settings: Option<PathBuf>,
        unused_days: Option<u32>,
        min_coverage_days: Option<u32>,
        baseline: Option<PathBuf>,
        archived: bool,
        threads: Option<Threads>,
    ) -> PyResult<()> {
        let format: FindingsFormat = format.parse()?;
        let archived = archived || format == FindingsFormat::Sarif;
        let search = Search::new(settings, unused_days, min_coverage_days, baseline, archived)?;
        let (advisor, stop) = (self.inner.clone(), Stop::default());
        let stopping = Arc::clone(&stop);
        let write = move || {
            let (findings, unmatched) = search.findings(&advisor);
            whole_file(&path, &stopping, |writer| format.write(writer, &findings))?;
            Ok::<_, PyErr>(unmatched)
        };
        let unmatched = work::run_watched(py, threads, &stop, |_| Ok(()), write)??;
        warn_of_unmatched(py, &unmatched)
    }

    /// Returns the users and roles that could use a service through an entity, and when they last did: the
    /// `EntityDetailsList` of boto3's `get_service_last_accessed_details_with_entities`.
    ///
    /// >>> [found] = advisor.entities("arn:aws:iam::111122223333:user/erin", "s3")
    /// >>> found["EntityInfo"]["Name"], found["LastAuthenticated"].isoformat()
    /// ('erin', '2026-10-02T09:15:00+00:00')
    fn entities<'py>(
        &self,
        py: Python<'py>,
        arn: &str,
        service_namespace: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entities = py.detach(|| self.inner.entities(arn, service_namespace));
        answer(py, &entities.map_err(|refused| error::request(&refused))?)
    }

    /// Returns the policies of a user, group or role that grant access to services: the `PoliciesGrantingServiceAccess` of
    /// boto3's `list_policies_granting_service_access`.
    ///
    /// >>> [row] = advisor.policies_granting("arn:aws:iam::111122223333:user/engineering/bruno", ["sqs"])
    /// >>> [policy["PolicyName"] for policy in row["Policies"]]
    /// ['DeveloperAccess', 'ReadOnlyAccess']
    fn policies_granting<'py>(
        &self,
        py: Python<'py>,
        arn: &str,
        service_namespaces: Texts,
    ) -> PyResult<Bound<'py, PyAny>> {
        let granting = py.detach(|| self.inner.policies_granting(arn, &service_namespaces.0));
        answer(py, &granting.map_err(|refused| error::request(&refused))?)
    }

    /// A notebook shows what the advisor is about.
    fn _repr_html_(&self) -> String {
        let coverage = self.inner.coverage();
        let rows = coverage.accounts.iter().map(|account| {
            let cells = [account.account.to_string(), account.days_read.to_string()];
            cells.to_vec()
        });
        notebook::table(&self.__repr__(), &["Account", "Days read"], rows)
    }

    /// Returns smaller policies for a user, group, role or customer-managed policy, that keep what it needs, as
    /// `access-advisor rightsize --format json` prints them. Only `Tracking.full()` tells what is unused: with another tracking,
    /// `Refused` says so.
    ///
    /// Args:
    ///     arn: The ARN.
    ///     granularity: "action" removes single actions, "service" only services of which every granted action is unused.
    ///     wildcards: "none", or "safe": where they match only what an old pattern matched and, of today's actions, only what is
    ///         kept.
    ///     keep: What stays although it is unused: actions such as "iam:Create*", each alone or with the ARN of the identities
    ///         that it is about ("rds:Restore* arn:aws:iam::*:role/dba*").
    ///     limits: Other limits than IAM's defaults, by the names of `access-advisor rightsize --limit`: {"attached-role": 25}.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `arn` is not an IAM ARN, or `granularity`, `wildcards`, `keep` or `limits` is not valid.
    ///
    /// >>> sized = advisor.rightsize("arn:aws:iam::111122223333:user/erin")
    /// >>> sized["Refused"]
    /// 'only full tracking tells what is unused'
    #[pyo3(signature = (arn, granularity = Level(Granularity::Action), *, wildcards = "none", keep = Texts(Vec::new()), limits = None), text_signature = "($self, arn, granularity='action', *, wildcards='none', keep=(), limits=None)")]
    fn rightsize<'py>(
        &self,
        py: Python<'py>,
        arn: &str,
        granularity: Level,
        wildcards: &str,
        keep: Texts,
        limits: Option<BTreeMap<String, usize>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = rightsize_options(granularity, wildcards, &keep, limits)?;
        let rightsizer = self.rightsizer(py, options)?;
        let sized = py.detach(|| rightsizer.rightsize(arn));
        answer(py, &sized.map_err(|refused| error::request(&refused))?)
    }

    /// Right-sizes all users, groups and roles, in the order of their ARNs. As `rightsize` for each.
    ///
    /// Args:
    ///     granularity, wildcards, keep, limits: As in `rightsize`.
    ///     threads: The number of threads, 1 or more; one per processor when None.
    ///
    /// Raises:
    ///     InvalidInputError: `granularity`, `wildcards`, `keep` or `limits` is not valid.
    ///
    /// >>> len(advisor.rightsize_all())
    /// 20
    #[pyo3(signature = (granularity = Level(Granularity::Action), *, wildcards = "none", keep = Texts(Vec::new()), limits = None, threads = None), text_signature = "($self, granularity='action', *, wildcards='none', keep=(), limits=None, threads=None)")]
    fn rightsize_all<'py>(
        &self,
        py: Python<'py>,
        granularity: Level,
        wildcards: &str,
        keep: Texts,
        limits: Option<BTreeMap<String, usize>>,
        threads: Option<Threads>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = rightsize_options(granularity, wildcards, &keep, limits)?;
        let rightsizer = self.rightsizer(py, options)?;
        let stop = Stop::default();
        let stopping = Arc::clone(&stop);
        let size = move || -> Vec<Rightsized> {
            let entities = rightsizer.entities().into_par_iter();
            let entities = entities.filter(|_| work::check(&stopping).is_ok());
            let sized = entities.filter_map(|entity| rightsizer.rightsize_entity(entity));
            sized.collect()
        };
        let sized = work::run_watched(py, threads, &stop, |_| Ok(()), size)?;
        answer(py, &sized)
    }

    /// Returns the files that `access-advisor rightsize --out` writes for a user, group, role or customer-managed policy: documents of
    /// today and new ones, a diff, `apply.sh`, `rollback.sh`, Terraform. By their path in a folder; none when nothing is proposed.
    ///
    /// Args:
    ///     arn, granularity, wildcards, keep, limits: As in `rightsize`.
    ///
    /// Raises:
    ///     NoSuchEntityError: There is no such entity.
    ///     InvalidInputError: `arn` is not an IAM ARN, or `granularity`, `wildcards`, `keep` or `limits` is not valid.
    ///
    /// >>> advisor.rightsize_files("arn:aws:iam::111122223333:user/erin")
    /// {}
    #[pyo3(signature = (arn, granularity = Level(Granularity::Action), *, wildcards = "none", keep = Texts(Vec::new()), limits = None), text_signature = "($self, arn, granularity='action', *, wildcards='none', keep=(), limits=None)")]
    fn rightsize_files(
        &self,
        py: Python<'_>,
        arn: &str,
        granularity: Level,
        wildcards: &str,
        keep: Texts,
        limits: Option<BTreeMap<String, usize>>,
    ) -> PyResult<BTreeMap<String, String>> {
        let options = rightsize_options(granularity, wildcards, &keep, limits)?;
        let rightsizer = self.rightsizer(py, options)?;
        let sized = py.detach(|| rightsizer.rightsize(arn));
        let sized = sized.map_err(|refused| error::request(&refused))?;
        let files = sized.files().into_iter();
        Ok(files.map(|file| (file.path, file.content)).collect())
    }

    fn __repr__(&self) -> String {
        let entities = self.inner.account().reported_entities().len();
        let now = access_advisor::time::format(self.now);
        format!("<Advisor on {entities} entities, as of {now}>")
    }
}
