//! `cargo xtask catalog`: rebuilds the catalog from AWS's own files.

use std::path::{Path, PathBuf};

use clap::Args;
use service_catalog::build::{BuildInputs, Built, build};

use crate::{child, python};

/// Rebuilds the catalog and the list of unresolved operations in crates/service-catalog/data.
///
/// Uses botocore in .venv, in the version that requirements.txt pins.
#[derive(Args)]
#[command(after_help = "\
Example:
  cargo xtask catalog --service-reference reference --service-reference-date 2026-08-22 \\
      --service-names service-names.json --service-names-date 2026-09-27 \\
      --event-sources cloudtrail-event-sources.json --data-events data-events.json")]
pub(crate) struct Refresh {
    /// Folder with AWS's service reference: one JSON file per service, DIR/s3.json or DIR/s3/s3.json.
    #[arg(long, value_name = "DIR")]
    service_reference: PathBuf,
    /// The date on which AWS published it, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = date)]
    service_reference_date: String,
    /// JSON object from namespaces to the display names that IAM reports [default: the current names].
    #[arg(long, value_name = "FILE", requires = "service_names_date")]
    service_names: Option<PathBuf>,
    /// The date on which IAM reported them, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", value_parser = date, requires = "service_names")]
    service_names_date: Option<String>,
    /// JSON file with AWS's table of CloudTrail event sources [default: the current event sources].
    #[arg(long, value_name = "FILE")]
    event_sources: Option<PathBuf>,
    /// JSON file with AWS's lists of data events [default: the current data events].
    #[arg(long, value_name = "FILE")]
    data_events: Option<PathBuf>,
    /// Use this version of botocore instead of the pinned one.
    #[arg(long, value_name = "VERSION")]
    botocore_version: Option<String>,
}

impl Refresh {
    pub(crate) fn run(&self) -> Result<(), String> {
        let root = child::workspace_root()?;
        let botocore = self.botocore_data(&root)?;
        let service_names = self
            .service_names
            .as_deref()
            .zip(self.service_names_date.as_deref());
        let mut inputs = BuildInputs::new(&self.service_reference, &self.service_reference_date)
            .botocore(&botocore);
        if let Some((path, date)) = service_names {
            inputs = inputs.service_names(path, date);
        }
        if let Some(path) = &self.event_sources {
            inputs = inputs.event_sources(path);
        }
        if let Some(path) = &self.data_events {
            inputs = inputs.data_events(path);
        }
        let built = build(&inputs).map_err(|error| error.to_string())?;

        let data = root.join("crates/service-catalog/data");
        write(&data.join("catalog.txt"), &built.catalog.to_table())?;
        write(
            &data.join("unresolved-operations.txt"),
            &built.coverage.to_text(),
        )?;
        print(&built);
        Ok(())
    }

    /// The data folder of the botocore in `.venv`.
    fn botocore_data(&self, root: &Path) -> Result<PathBuf, String> {
        let python = python::environment(root)?;
        if let Some(version) = &self.botocore_version {
            // Only the models are read and no code is run, so the dependencies can stay as they are.
            python::pip(&python, |pip| {
                pip.args(["--no-deps", &format!("botocore=={version}")]);
            })?;
        }
        let place = "import importlib.util as u; print(u.find_spec('botocore').submodule_search_locations[0])";
        let package = python::succeed(child::command(&python)?.args(["-c", place]))?;
        Ok(Path::new(package.trim_end()).join("data"))
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().display();
    if std::fs::read_to_string(path).is_ok_and(|before| before == text) {
        println!("{name}: unchanged");
        return Ok(());
    }
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("{name}: written");
    Ok(())
}

fn print(built: &Built) {
    let (catalog, coverage) = (&built.catalog, &built.coverage);
    let sources = catalog.sources();
    println!(
        "sources: service reference {}, service names {}, botocore {}",
        sources.service_reference, sources.service_names, sources.botocore
    );
    println!(
        "{} services, {} actions, {} resource types",
        catalog.services().count(),
        catalog.action_count(),
        catalog.resource_types().count()
    );
    println!(
        "operations: {} in the reference, {} of reported services, {} resolved ({:.2} %)",
        coverage.reference_operations,
        coverage.operations,
        coverage.resolved,
        100.0 * coverage.resolved as f64 / coverage.operations.max(1) as f64
    );
    list("services without a display name", &built.unnamed_services);
    list(
        "reviewed lines without effect, left out",
        &built.stale_reviews,
    );
}

fn list(what: &str, items: &[String]) {
    println!("{what}: {}", items.len());
    for item in items {
        println!("  {item}");
    }
}

/// Parses a date as YYYY-MM-DD.
fn date(text: &str) -> Result<String, String> {
    let fits = |(letter, shape): (u8, u8)| match shape {
        b'-' => letter == b'-',
        _ => letter.is_ascii_digit(),
    };
    if text.len() == 10 && text.bytes().zip(*b"YYYY-MM-DD").all(fits) {
        return Ok(text.to_owned());
    }
    Err("write the date as YYYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_shape() {
        assert_eq!(date("2026-08-22").as_deref(), Ok("2026-08-22"));
        for wrong in ["", "2026-8-22", "22-08-2026", "2026-08-22T", "2026/08/22"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
