//! `access-advisor rightsize`.

mod arguments;
mod folder;
mod json;
mod summary;
mod table;

use access_advisor::account::{AccountData, EntityId};
use access_advisor::report::Tracking;
use access_advisor::rightsize::{Rightsized, UnmatchedKeepRule};
use rayon::prelude::*;

pub(crate) use self::arguments::RightsizeArguments;
use self::arguments::RightsizeFormat;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::output;

pub(crate) fn run(arguments: &RightsizeArguments) -> Result<(), Failure> {
    arguments.input.reading.on_threads(|| rightsize(arguments))
}

fn rightsize(arguments: &RightsizeArguments) -> Result<(), Failure> {
    let options = arguments.options()?;
    let tracking = Tracking::full()
        .period_days(arguments.period)
        .min_coverage_days(arguments.min_coverage);
    let inputs = arguments.input.inputs(&arguments.trail);
    arguments.output.check(&inputs, false)?;
    if let Some(folder) = &arguments.out {
        folder::check(folder)?;
    }
    let accounts = arguments.input.accounts()?;
    // Fail before the trail is read.
    let named = named(&accounts.data, &arguments.arn)?;
    if !accounts.have_trail(&arguments.trail)? {
        return Err(Failure::Message(
            "no trail was given (--trail): without one, nothing shows what is used, and nothing can be removed. `findings` and `explain` work \
             without one"
                .into(),
        ));
    }
    let joined = accounts.read(&arguments.trail, tracking)?;
    let (advisor, missing) = (joined.advisor, joined.missing);
    let rightsizer = advisor.rightsizer(options);
    let unmatched = rightsizer.unmatched_keep_rules();
    if unmatched.iter().any(UnmatchedKeepRule::is_mistake) {
        // What it names would go without a word.
        let rules: Vec<String> = unmatched.iter().map(ToString::to_string).collect();
        return Err(Failure::Message(rules.join("\n")));
    }
    output::say_each(unmatched, "keep rules that match nothing");
    let entities = if arguments.all {
        rightsizer.entities()
    } else {
        named
    };
    let rightsized: Vec<Rightsized> = (entities.into_par_iter())
        .filter_map(|entity| rightsizer.rightsize_entity(entity))
        .collect();
    if let Some(folder) = &arguments.out {
        let written = folder::write(folder, &rightsized)?;
        output::say(format_args!(
            "{}: files of {written} of {} entities",
            folder.display(),
            rightsized.len()
        ));
    }
    arguments.output.write(|writer| match arguments.format {
        RightsizeFormat::Table => {
            let mut lines = Lines::new(writer);
            if arguments.all {
                summary::write(&mut lines, &rightsized)?;
            }
            table::write(&mut lines, &rightsized)
        }
        RightsizeFormat::Json => json::write(writer, &rightsized, &advisor),
    })?;
    Ok(missing.check()?)
}

/// The entities with these ARNs. ARNs with other paths may name the same one: each is listed once.
fn named(account: &AccountData, arns: &[String]) -> Result<Vec<EntityId>, Failure> {
    let mut named = Vec::new();
    for arn in arns {
        let resolved = account.resolve(arn);
        let entity = resolved.map_err(|error| Failure::unresolved(error, arn, account))?;
        if !named.contains(&entity) {
            named.push(entity);
        }
    }
    Ok(named)
}
