//! Reads and writes activity files.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use access_advisor::activity::{Activity, ActivityRow};
use access_advisor::parquet::{read_activity, write_activity};

use crate::arguments::OutputArguments;
use crate::failure::Failure;
use crate::output;

/// Writes a file, and reports its size on stderr.
pub(super) fn write(output: &OutputArguments, activity: &Activity) -> Result<(), Failure> {
    output.write(|writer| write_activity(writer, activity))?;
    let principals: BTreeSet<_> = activity.rows().map(|row| principal(&row)).collect();
    output::say(format_args!(
        "activity: {} rows of {} users and roles",
        activity.len(),
        principals.len()
    ));
    Ok(())
}

/// Reads files and merges them. Files of different catalogs are refused.
pub(super) fn read(files: &[PathBuf]) -> Result<Activity, Failure> {
    let mut seen = BTreeSet::new();
    let mut activity = Activity::new();
    for path in files {
        let known = path.canonicalize().map_err(Failure::at(path))?;
        if !seen.insert(known) {
            return Err(Failure::Message(format!(
                "{}: given twice; its attempts would count twice",
                path.display()
            )));
        }
        let file = File::open(path).map_err(Failure::at(path))?;
        let part = read_activity(file, &path.display().to_string(), None)?;
        if let Some(catalog) = activity.coverage().catalogs().next() {
            let checked = part.coverage().check_catalog(catalog);
            checked.map_err(|mismatch| Failure::FileOfOtherCatalog {
                path: path.clone(),
                mismatch,
            })?;
        }
        activity.merge(&part);
    }
    Ok(activity)
}

/// Says on stderr that some of the activity is of unknown coverage.
pub(super) fn say_unknown_coverage(activity: &Activity) {
    if activity.coverage().has_unknown_sources() {
        output::say(
            "note: some of the activity comes from files that do not say what they cover; its coverage is unknown",
        );
    }
}

/// The ARN of a row's principal, or its unique id when the ARN is unknown.
pub(super) fn principal<'a>(row: &ActivityRow<'a>) -> &'a str {
    let who = row.principal;
    who.arn.or(who.unique_id).unwrap_or_default()
}
