//! `access-advisor findings`.

mod csv;
mod table;

use std::path::PathBuf;

use access_advisor::account::read_text;
use access_advisor::findings::{Baseline, FindingSettings, Findings, Severity, read_settings_text};
use access_advisor::html::{ReportEncoder, write_html};
use access_advisor::parquet::write_findings;
use access_advisor::report::{Granularity, Tracking};
use access_advisor::rightsize::RightsizeOptions;
use access_advisor::trail::MissingInput;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::arguments::{InputArguments, OutputArguments};
use crate::csv_output::CsvArguments;
use crate::exit_status;
use crate::failure::Failure;
use crate::html_output::HtmlArguments;
use crate::json_output::{write_json, write_json_line};
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = exit_status::findings_help!("\
Examples:
  Everything that could go, worst first:
    access-advisor findings --account account.json \\
        --credential-report credentials.csv --trail AWSLogs/

  A whole organization, one export per account in a folder, as JSON:
    access-advisor findings --account accounts/ --trail AWSLogs/ --format json \\
        --output findings.json

  In a pipeline: fail on what is new since then, and bad:
    access-advisor findings --account accounts/ --trail AWSLogs/ \\
        --settings findings.toml --baseline findings.json --fail-on high

Something is called unused only where the trail would have shown its use, on as
many days of the tracking period as --min-coverage says. What is younger than
the tracking period is not judged, nor are service-linked roles.

The settings file (TOML) has the thresholds, and what to leave out or archive,
and why:
    unused_days = 90                 # the tracking period
    min_coverage_days = 60
    denials = 5                      # attempts that make RepeatedDenials
    [[exclude]]                      # not judged
    reason = \"for emergencies\"
    arns = [\"arn:aws:iam::*:role/BreakGlass\"]   # and accounts, paths, tags
    [[archive]]                      # judged, and listed with --archived only
    owner = \"data platform\"
    reason = \"needed for the yearly audit\"
    expires = 2027-03-31             # from the next day on, it is listed again
    # also: up_to (a severity), ids, accounts, arns, paths
    kinds = [\"UnusedPermission\"]
    tags = { team = \"audit\" }"))]
pub(crate) struct FindingsArguments {
    #[command(flatten)]
    input: InputArguments,

    /// CloudTrail files, folders, `s3://bucket/prefix`, or activity files, as for `access-advisor report`.
    /// Without them, there are findings of the policies and of the credential report alone
    #[arg(long, num_args = 1.., value_name = "PATH")]
    trail: Vec<PathBuf>,

    /// Thresholds, exclusions and archive rules, as TOML
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Call unused what was not used for this many days [default: the settings' unused_days, or 90]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=400))]
    unused_days: Option<u32>,

    /// Call nothing unused in accounts with fewer of these days read [default: the settings'
    /// min_coverage_days, or 90, or the tracking period when shorter]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    min_coverage: Option<u32>,

    /// Leave out what this earlier result (--format json) has, permission by permission
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Exit with status 4 when a finding is of this severity or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<SeverityArgument>,

    /// List archived findings too. SARIF and HTML always have them, marked as archived
    #[arg(long)]
    archived: bool,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    #[command(flatten)]
    csv: CsvArguments,

    #[command(flatten)]
    html: HtmlArguments,

    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// {"findings": [...]}, each as Access Analyzer's GetFindingV2 returns it, with more under accessAdvisor
    Json,
    /// One line per finding
    Csv,
    /// The same as CSV, as a typed Parquet file
    Parquet,
    /// SARIF 2.1.0, for GitHub code scanning: the worst 25,000 findings
    Sarif,
    /// One IAM Analysis Finding (class 2008) of OCSF 1.6.0 per line
    Ocsf,
    /// One file to open in a browser: the reports at action level, with these findings on their pages
    Html,
}

#[derive(Clone, Copy, Debug)]
struct SeverityArgument(Severity);

impl ValueEnum for SeverityArgument {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [SeverityArgument; 5] = [
            SeverityArgument(Severity::Informational),
            SeverityArgument(Severity::Low),
            SeverityArgument(Severity::Medium),
            SeverityArgument(Severity::High),
            SeverityArgument(Severity::Critical),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

pub(crate) fn run(arguments: &FindingsArguments) -> Result<(), Failure> {
    arguments.input.reading.on_threads(|| find(arguments))
}

fn find(arguments: &FindingsArguments) -> Result<(), Failure> {
    let mut inputs = arguments.input.inputs(&arguments.trail);
    inputs.extend(arguments.settings.clone());
    inputs.extend(arguments.baseline.clone());
    let is_parquet = arguments.format == Format::Parquet;
    arguments.output.check(&inputs, is_parquet)?;
    let settings = settings(arguments)?;
    let baseline = arguments.baseline.as_ref().map(|path| {
        Baseline::parse(&read_text(path)?).map_err(|error| Failure::Baseline {
            path: path.clone(),
            error,
        })
    });
    let baseline = baseline.transpose()?;
    let accounts = arguments.input.accounts()?;
    // The states on the pages of an HTML report need as many days as the findings.
    let needed = settings.tracking().coverage_days_needed(accounts.now);
    let tracking = Tracking::full().min_coverage_days(needed);
    let (advisor, missing) = if accounts.have_trail(&arguments.trail)? {
        let joined = accounts.read(&arguments.trail, tracking)?;
        (joined.advisor, joined.missing)
    } else {
        output::say(
            "note: no trail was given (--trail): findings are of the policies and of the credential report alone, and no permission, role or \
             user is called unused",
        );
        let missing = MissingInput::default().with_issues(accounts.data.issues());
        (accounts.without_trail(tracking)?, missing)
    };
    let mut findings = match &baseline {
        Some(baseline) => advisor.new_findings(&settings, baseline),
        None => advisor.findings(&settings),
    };
    let found = count_of(&findings, arguments.fail_on);
    let archived = findings.findings.len() - findings.active().count();
    if baseline.is_none() {
        let unmatched = findings.unmatched_archive_rules(&settings).into_iter();
        let unmatched = unmatched.map(|rule| format!("warning: {rule}"));
        output::say_each(unmatched, "archive rules that are for no finding");
    }
    // In SARIF, archived findings are suppressed: code scanning would take missing ones for fixed. Pages count them, and show them as
    // archived where they are.
    let keeps_archived = matches!(arguments.format, Format::Sarif | Format::Html);
    if !arguments.archived && !keeps_archived {
        findings
            .findings
            .retain(|finding| !finding.status.is_archived());
    }
    arguments.output.write(|writer| match arguments.format {
        Format::Table => table::write(writer, &findings, archived),
        Format::Json => write_json(writer, &findings),
        Format::Csv => csv::write(writer, arguments.csv, &findings),
        Format::Parquet => write_findings(writer, &findings),
        Format::Sarif => write_json(writer, &findings.sarif()),
        Format::Html => {
            let encoder = ReportEncoder::new(&advisor)
                .with_findings(&findings)
                .with_exclusions(&settings)
                .with_rightsizing(RightsizeOptions::default());
            let granularity = Granularity::Action;
            let options = arguments.html.options(granularity);
            write_html(writer, &encoder, advisor.reports(granularity), options)
        }
        Format::Ocsf => (findings.findings.iter())
            .try_for_each(|finding| write_json_line(&mut *writer, &finding.ocsf())),
    })?;
    if arguments.format != Format::Table {
        output::say(table::counts(&findings, archived));
        let unknown = findings.unknown_event_sources.iter();
        let unknown = unknown.map(|source| format!("note: {source}"));
        output::say_each(unknown, "event sources that the catalog does not know");
    }
    match (arguments.fail_on, found) {
        (Some(SeverityArgument(severity)), number @ 1..) => {
            // The status says what was found. That something is missing must be said all the same.
            if let Err(missing) = missing.check() {
                output::say(format!("warning: {}", Failure::from(missing)));
            }
            Err(Failure::Found { severity, number })
        }
        _ => Ok(missing.check()?),
    }
}

/// The settings of the file, and of the arguments.
fn settings(arguments: &FindingsArguments) -> Result<FindingSettings, Failure> {
    let mut settings = match &arguments.settings {
        Some(path) => FindingSettings::parse(&read_settings_text(path)?).map_err(|error| {
            let path = path.clone();
            Failure::Settings { path, error }
        })?,
        None => FindingSettings::default(),
    };
    if let Some(days) = arguments.unused_days {
        settings.unused_days = days;
    }
    settings.min_coverage_days = arguments.min_coverage.or(settings.min_coverage_days);
    Ok(settings)
}

/// How many findings are as severe as this.
fn count_of(findings: &Findings, least: Option<SeverityArgument>) -> usize {
    let Some(SeverityArgument(least)) = least else {
        return 0;
    };
    findings
        .active()
        .filter(|finding| finding.severity >= least)
        .count()
}
