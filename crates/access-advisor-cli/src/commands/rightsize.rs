//! `access-advisor rightsize`.

mod arguments;
mod folder;
mod json;
mod summary;
mod table;

use access_advisor::report::Tracking;
use access_advisor::rightsize::{Rightsized, Rightsizer};
use rayon::prelude::*;

pub(crate) use self::arguments::RightsizeArguments;
use self::arguments::RightsizeFormat;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::output;

pub(crate) fn run(arguments: &RightsizeArguments) -> Result<(), Failure> {
    arguments
        .evidence
        .reading
        .on_threads(|| rightsize(arguments))
}

fn rightsize(arguments: &RightsizeArguments) -> Result<(), Failure> {
    let options = arguments.options()?;
    let tracking = Tracking::full()
        .with_period_days(arguments.period)
        .with_min_coverage_days(arguments.min_coverage);
    let inputs = arguments.evidence.inputs(&arguments.trail);
    output::refuse_inputs(arguments.output.as_deref(), &inputs)?;
    if let Some(folder) = &arguments.out {
        folder::check(folder)?;
    }
    let accounts = arguments.evidence.accounts()?;
    for arn in &arguments.arn {
        // Fail before the trail is read.
        accounts.data.resolve(arn)?;
    }
    let evidence = accounts.read(&arguments.trail, tracking)?;
    let (advisor, missing) = (evidence.advisor, evidence.missing);
    let rightsizer = advisor.rightsizer(options);
    output::say_each(
        rightsizer.unmatched_keep_rules(),
        "keep rules that match nothing",
    );
    let rightsized = all(arguments, &rightsizer)?;
    if let Some(folder) = &arguments.out {
        let written = folder::write(folder, &rightsized)?;
        output::say(format_args!(
            "{}: files of {written} of {} entities",
            folder.display(),
            rightsized.len()
        ));
    }
    output::write_result(arguments.output.as_deref(), |writer| {
        match arguments.format {
            RightsizeFormat::Table => {
                let mut lines = Lines::new(writer);
                if arguments.all {
                    summary::write(&mut lines, &rightsized)?;
                }
                table::write(&mut lines, &rightsized)
            }
            RightsizeFormat::Json => json::write(writer, &rightsized, &advisor),
        }
    })?;
    Ok(missing.check()?)
}

/// The entities that were asked for, or all, right-sized in parallel.
fn all(
    arguments: &RightsizeArguments,
    rightsizer: &Rightsizer,
) -> Result<Vec<Rightsized>, Failure> {
    if arguments.all {
        let entities = rightsizer.entities();
        let entities = entities.into_par_iter();
        return Ok(entities
            .filter_map(|entity| rightsizer.rightsize_entity(entity))
            .collect());
    }
    let rightsized: Result<_, _> = (arguments.arn.par_iter())
        .map(|arn| rightsizer.rightsize(arn))
        .collect();
    Ok(rightsized?)
}
