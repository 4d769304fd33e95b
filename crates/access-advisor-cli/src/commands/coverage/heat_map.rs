//! Coverage for people: a row per Region and kind of event, a column per day, days or weeks. Shades, not colours: they mean the same
//! without colour, and to everybody.

use std::io;

use access_advisor::activity::{Coverage, DaySet, EventCategory};
use chrono::Datelike;

use crate::lines::Lines;
use crate::wording::count;

/// The fewest columns of the map, however narrow the terminal is.
const FEWEST_CELLS: usize = 20;
const DAYS_PER_WEEK: usize = 7;
/// The most log files that are named.
const MOST_NAMES: usize = 10;
/// The most accounts, and rows of an account. Records can name any number of Regions and resource types.
const MOST_ACCOUNTS: usize = 100;
const MOST_ROWS: usize = 200;

/// Writes the map of every account, and what else there is to know.
pub(super) fn write(lines: &mut Lines<'_>, coverage: &Coverage, width: usize) -> io::Result<()> {
    let accounts: Vec<Account> = (coverage.accounts().into_iter())
        .map(|account| Account::new(coverage, account))
        .collect();
    let all = accounts.iter().flat_map(|account| &account.rows);
    let labels = all.clone().map(|row| row.label.chars().count());
    let label_width = labels.max().unwrap_or_default().min(width / 2);
    let mut days = DaySet::new();
    for row in all {
        days.merge(&row.days);
    }
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        let cells = width.saturating_sub(label_width + 2).max(FEWEST_CELLS);
        let axis = Axis::new(first, last, cells);
        for account in accounts.iter().take(MOST_ACCOUNTS) {
            account.write(lines, &axis, label_width)?;
        }
        if let Some(more @ 1..) = accounts.len().checked_sub(MOST_ACCOUNTS) {
            writeln!(
                lines,
                "and {more} more accounts; --format json has them all"
            )?;
        }
        writeln!(lines, "{}", axis.legend())?;
    }
    write_notes(lines, coverage)
}

fn write_notes(lines: &mut Lines<'_>, coverage: &Coverage) -> io::Result<()> {
    let missing = coverage.missing_log_files();
    if !missing.is_empty() {
        writeln!(
            lines,
            "Listed in digest files, or not read whole: {}",
            count(missing.len(), "object")
        )?;
        for name in missing.iter().take(MOST_NAMES) {
            writeln!(lines, "  {name}")?;
        }
        if let Some(more @ 1..) = missing.len().checked_sub(MOST_NAMES) {
            writeln!(lines, "  and {more} more; --format json names them all")?;
        }
    }
    if coverage.has_unknown_sources() {
        writeln!(
            lines,
            "Some of the activity comes from files that do not say what they cover."
        )?;
        writeln!(lines, "Its coverage is unknown.")?;
    } else if coverage.is_empty() {
        writeln!(
            lines,
            "Nothing is covered: no event and no log file was read."
        )?;
    }
    Ok(())
}

struct Account<'c> {
    id: &'c str,
    covered: DaySet,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    days: DaySet,
}

impl<'c> Account<'c> {
    fn new(coverage: &'c Coverage, id: &'c str) -> Self {
        // After the kinds of event of a Region come its log files and digests.
        let mut rows: Vec<(&str, usize, String, DaySet)> = Vec::new();
        for records in coverage.records_of(id) {
            let kind = kind(records.category);
            rows.push((records.region, 0, kind, records.days.clone()));
        }
        for place in coverage.log_files().filter(|place| place.account == id) {
            let mut push = |order, kind: &str, days: DaySet| {
                if !days.is_empty() {
                    rows.push((place.region, order, kind.to_owned(), days));
                }
            };
            push(1, "log files", place.days.clone());
            push(2, "digest files", place.digest_days());
        }
        // Stable: categories stay in order.
        rows.sort_by_key(|(region, order, ..)| (*region, *order));
        let rows = rows.into_iter().map(|(region, _, kind, days)| Row {
            label: format!("{region:<14} {kind}"),
            days,
        });
        Self {
            id,
            covered: coverage.covered_days(id),
            rows: rows.collect(),
        }
    }

    fn write(&self, lines: &mut Lines<'_>, axis: &Axis, label_width: usize) -> io::Result<()> {
        let Self { id, covered, rows } = self;
        let date = |day: Option<i32>| day.and_then(DaySet::date_of);
        if let (Some(first), Some(last)) = (date(covered.first()), date(covered.last())) {
            let between = last.signed_duration_since(first).num_days() + 1;
            writeln!(
                lines,
                "Account {id}: {} of {between} days from {first} to {last} are covered",
                covered.len()
            )?;
        }
        writeln!(
            lines,
            "{}",
            format!("{:label_width$}  {}", "", axis.dates()).trim_end()
        )?;
        for row in rows.iter().take(MOST_ROWS) {
            let label = shortened(&row.label, label_width);
            writeln!(lines, "{label:label_width$}  {}", axis.cells(&row.days))?;
        }
        if let Some(more @ 1..) = rows.len().checked_sub(MOST_ROWS) {
            writeln!(lines, "and {more} more rows; --format json has them all")?;
        }
        writeln!(lines)
    }
}

fn kind(category: EventCategory<'_>) -> String {
    let data = |kind: &str| {
        let resource_type = category.resource_type().unwrap_or_default();
        format!("{kind} {resource_type}").trim_end().to_owned()
    };
    match category {
        EventCategory::ManagementRead => "management reads".to_owned(),
        EventCategory::ManagementWrite => "management writes".to_owned(),
        EventCategory::Data(_) => data("data"),
        EventCategory::DataRead(_) => data("data reads"),
        EventCategory::DataWrite(_) => data("data writes"),
        other => other.to_string(),
    }
}

fn shortened(label: &str, width: usize) -> String {
    if label.chars().count() <= width {
        return label.to_owned();
    }
    let kept = label.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// The days of the columns.
struct Axis {
    first: i32,
    last: i32,
    /// The number of days of a column.
    step: usize,
}

impl Axis {
    fn new(first: i32, last: i32, cells: usize) -> Self {
        let days = usize::try_from(last - first).unwrap_or_default() + 1;
        let step = match days.div_ceil(cells) {
            few @ ..=DAYS_PER_WEEK => few,
            more => more.next_multiple_of(DAYS_PER_WEEK),
        };
        Self { first, last, step }
    }

    /// The first day of each column.
    fn starts(&self) -> impl Iterator<Item = i32> {
        (self.first..=self.last).step_by(self.step)
    }

    fn cells(&self, days: &DaySet) -> String {
        let cell = |start: i32| {
            let in_column = (start..=self.last).take(self.step);
            let (mut of, mut covered) = (0_usize, 0_usize);
            for day in in_column {
                of += 1;
                covered += usize::from(days.contains(day));
            }
            match covered {
                0 => '·',
                all if all == of => '█',
                most if 3 * most > 2 * of => '▓',
                some if 3 * some > of => '▒',
                _ => '░',
            }
        };
        self.starts().map(cell).collect()
    }

    /// Months, with the year where it begins, over their first columns.
    fn dates(&self) -> String {
        let mut text = String::new();
        let (mut month, mut year) = (None, None);
        for (column, start) in self.starts().enumerate() {
            let Some(date) = DaySet::date_of(start) else {
                continue;
            };
            let this_month = (date.year(), date.month());
            let is_new = month.replace(this_month) != Some(this_month);
            let has_space = column == 0 || column > text.len();
            if is_new && has_space {
                text += &" ".repeat(column.saturating_sub(text.len()));
                let is_new_year = year.replace(date.year()) != Some(date.year());
                let format = if is_new_year { "%Y-%m" } else { "%b" };
                text += &date.format(format).to_string();
            }
        }
        text
    }

    fn legend(&self) -> String {
        match self.step {
            1 => "Each column is a day: █ covered, · not".to_owned(),
            days => format!(
                "Each column is {days} days; covered: █ all, ▓ > 2/3, ▒ > 1/3, ░ fewer, · none"
            ),
        }
    }
}
