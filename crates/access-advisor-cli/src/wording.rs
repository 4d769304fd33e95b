//! Words that several commands use in text for people.

use std::io;

pub(crate) use access_advisor::text::{count, thousands};
use chrono::{DateTime, Utc};

use crate::lines::Lines;
use crate::terminal;

/// Where the further lines of a list of names start at most.
const DEEPEST: usize = 24;
/// The width at which lists of names are wrapped when the output is not a terminal.
const USUAL_WIDTH: usize = 100;
/// The least width of such lists, however narrow the terminal is.
const LEAST_WIDTH: usize = 40;
/// Longer lists of names are truncated ...
const MOST_NAMES: usize = 60;
/// ... to this many names and the count of the others.
const CUT_NAMES: usize = 12;

/// The width at which lines are wrapped.
pub(crate) fn line_width() -> usize {
    terminal::width().map_or(USUAL_WIDTH, |width| width.max(LEAST_WIDTH))
}

/// Writes a label and names, wrapped; nothing when there are no names.
pub(crate) fn write_names(lines: &mut Lines<'_>, label: &str, names: &[&str]) -> io::Result<()> {
    let shown = if names.len() > MOST_NAMES {
        CUT_NAMES
    } else {
        names.len()
    };
    write_first(lines, label, names, shown)
}

/// As [`write_names`], but lists that matter less are always truncated.
pub(crate) fn write_few_names(
    lines: &mut Lines<'_>,
    label: &str,
    names: &[&str],
) -> io::Result<()> {
    write_first(lines, label, names, names.len().min(CUT_NAMES))
}

fn write_first(lines: &mut Lines<'_>, label: &str, names: &[&str], shown: usize) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let more = names.len() - shown;
    let more = (more > 0).then(|| format!("and {more} more (--format json lists all)"));
    let shown = names.iter().take(shown).map(|name| (*name).to_owned());
    let mut line = label.to_owned();
    let indent = label.len().min(DEEPEST);
    let mut is_first = true;
    let width = line_width();
    for name in shown.chain(more) {
        if !is_first {
            line.push(',');
            if line.chars().count() + 1 + name.chars().count() > width {
                writeln!(lines, "{line}")?;
                line = " ".repeat(indent);
            } else {
                line.push(' ');
            }
        }
        line.push_str(&name);
        is_first = false;
    }
    writeln!(lines, "{line}")
}

/// `user/team/ann` of `arn:aws:iam::111122223333:user/team/ann`.
pub(crate) fn short_name(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// A time to the minute.
pub(crate) fn instant(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// How many days a time is before another.
pub(crate) fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match now.signed_duration_since(time).num_days() {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}
