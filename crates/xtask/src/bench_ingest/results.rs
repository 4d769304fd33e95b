//! Result tables with medians, ratios, and memory, and writing them to benches/RESULTS.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use benches::ingest::TrailKind;

use crate::bench_ingest::engine::{Column, Engine, Figures};
use crate::bench_ingest::peers::Peers;

/// What the engines read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Title {
    pub(super) trail: TrailKind,
    /// The number of records in an object.
    pub(super) object: u64,
    pub(super) records: u64,
}

/// All runs on one trail.
pub(super) struct Results {
    title: Title,
    runs: Vec<(Column, Vec<Figures>)>,
}

/// The median and both extremes.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(runs: &[Figures], what: impl Fn(&Figures) -> f64) -> Option<Self> {
        let mut values: Vec<f64> = runs.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self {
            least: *values.first()?,
            median: f64::midpoint(lower, upper),
            most: *values.last()?,
        })
    }
}

impl Results {
    pub(super) fn new(title: Title, columns: &[Column]) -> Self {
        Self {
            title,
            runs: columns.iter().map(|column| (*column, Vec::new())).collect(),
        }
    }

    pub(super) fn add(&mut self, column: Column, figures: &Figures) {
        for (known, runs) in &mut self.runs {
            if *known == column {
                runs.push(figures.clone());
            }
        }
    }

    fn spread(&self, engine: Engine, threads: u32) -> Option<Spread> {
        let column = Column { engine, threads };
        let (_, runs) = self.runs.iter().find(|(known, _)| *known == column)?;
        Spread::of(runs, |run| run.seconds)
    }

    fn seconds(&self, engine: Engine, threads: u32) -> Option<f64> {
        self.spread(engine, threads).map(|spread| spread.median)
    }

    fn first<T>(&self, what: impl Fn(&Figures) -> Option<T>) -> Option<T> {
        self.runs.iter().flat_map(|(_, runs)| runs).find_map(what)
    }

    /// What was read, as the line before a table.
    fn heading(&self) -> String {
        let Title { trail, object, .. } = self.title;
        let mut out = format!("\nThe {trail} trail in objects of {object} records");
        if let (Some(objects), Some(stored), Some(inflated)) = (
            self.first(|run| run.objects),
            self.first(|run| run.stored_bytes),
            self.first(|run| run.inflated_bytes),
        ) {
            let (stored, json) = (megabytes(stored), megabytes(inflated));
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                ": {objects} objects, {json:.0} MB of JSON in {stored:.0} MB of gzip"
            );
        }
        out.push_str(".\n\n");
        out
    }

    /// The least time of each engine, and the ratios of these.
    pub(super) fn least_table(&self) -> String {
        let mut out = self.heading();
        out.push_str(
            "| engine | least, s | median, s | x inflate only | x baseline |\n| --- | --- | --- | --- | --- |\n",
        );
        for (column, _) in &self.runs {
            let Some(own) = self.spread(column.engine, column.threads) else {
                continue;
            };
            let times = |engine| {
                self.spread(engine, column.threads).map_or_else(
                    || "-".to_owned(),
                    |other| format!("{:.3}", own.least / other.least),
                )
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "| {} | {:.4} | {:.4} | {} | {} |",
                column.label(),
                own.least,
                own.median,
                times(Engine::Floor),
                match column.engine {
                    Engine::Floor => "-".to_owned(),
                    _ => times(Engine::Baseline),
                },
            );
        }
        out + &self.costs()
    }

    /// What parts of our reader cost, by threads: nothing without builds that leave them out.
    fn costs(&self) -> String {
        let mut out = String::new();
        let ours = self.runs.iter().map(|(column, _)| *column);
        for column in ours.filter(|column| column.engine == Engine::Ours) {
            let costs = |without| {
                let ours = self.spread(Engine::Ours, column.threads)?.least;
                let without = self.spread(without, column.threads)?.least;
                Some(format!("x {:.3}", ours / without))
            };
            if let (Some(coverage), Some(days)) =
                (costs(Engine::WithoutCoverage), costs(Engine::WithoutDays))
            {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    out,
                    "\n{}: coverage costs {coverage}, the days of rows cost {days}.",
                    column.label()
                );
            }
        }
        out
    }

    /// The medians of each engine, their ratios, and memory.
    pub(super) fn table(&self) -> String {
        let mut out = self.heading();
        let inflated = self.first(|run| run.inflated_bytes);
        out.push_str(
            "| engine | seconds: median (least .. most) | process | records/s | JSON MB/s | x inflate only | \
             ours is faster by | peak MiB |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for (column, runs) in &self.runs {
            let seconds = Spread::of(runs, |run| run.seconds);
            let process = Spread::of(runs, |run| run.process_seconds);
            let (Some(seconds), Some(process)) = (seconds, process) else {
                continue;
            };
            let threads = column.threads;
            let times = |engine, of: &dyn Fn(f64) -> f64| {
                self.seconds(engine, threads)
                    .map_or_else(|| "-".to_owned(), |other| format!("{:.2}", of(other)))
            };
            let rate = inflated.map_or_else(
                || "-".to_owned(),
                |bytes| format!("{:.0}", megabytes(bytes) / seconds.median),
            );
            let peak = runs.iter().filter_map(|run| run.peak_kib).max();
            let _ = writeln!(
                out,
                "| {} | {:.3} ({:.3} .. {:.3}) | {:.2} | {:.0} | {rate} | {} | {} | {} |",
                column.label(),
                seconds.median,
                seconds.least,
                seconds.most,
                process.median,
                self.title.records as f64 / seconds.median,
                times(Engine::Floor, &|floor| seconds.median / floor),
                match column.engine {
                    Engine::Floor | Engine::Ours => "-".to_owned(),
                    _ => times(Engine::Ours, &|ours| seconds.median / ours),
                },
                mebibytes(peak),
            );
        }
        for engine in [Engine::Floor, Engine::Ours] {
            let most = self.runs.iter().map(|(column, _)| column.threads).max();
            let one = self.seconds(engine, 1);
            if let (Some(one), Some(most)) = (one, most.filter(|most| *most > 1))
                && let Some(all) = self.seconds(engine, most)
            {
                let _ = writeln!(
                    out,
                    "{}{}: {most} threads are {:.2} x as fast as one.",
                    if engine == Engine::Floor { "\n" } else { "" },
                    engine.name(),
                    one / all
                );
            }
        }
        out
    }
}

/// When, where, and what was run.
pub(super) fn heading(records: u64, rounds: u32, peers: Option<&Peers>) -> String {
    let versions = peers.map_or_else(String::new, |peers| format!(" {}.", peers.versions));
    format!(
        "{} {records} records, {rounds} rounds (slow engines 3) in turn after a warm-up. All engines returned the expected \
         answer in every run.{versions}\n",
        machine()
    )
}

/// One run of `--memory`.
pub(super) struct Peak {
    /// The number of records in an object.
    pub(super) object: u64,
    pub(super) records: u64,
    pub(super) figures: Figures,
}

/// The table of `--memory`.
pub(super) fn memory(peaks: &[Peak], threads: u32) -> String {
    let mut out = format!(
        "{} {threads} threads.\n\n| objects of | objects | records | rows | seconds | peak MiB |\n\
         | --- | --- | --- | --- | --- | --- |\n",
        machine()
    );
    for peak in peaks {
        let figures = &peak.figures;
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {} records | {} | {} | {} | {:.2} | {} |",
            peak.object,
            figures.objects.unwrap_or_default(),
            peak.records,
            figures.rows.unwrap_or_default(),
            figures.seconds,
            mebibytes(figures.peak_kib)
        );
    }
    out
}

/// Date, cores and processor.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(format!(", {}", line.split_once(": ")?.1))
        })
        .unwrap_or_default();
    format!(
        "{}, {cores} cores, {}{processor}.",
        chrono::DateTime::<chrono::Utc>::from(SystemTime::now()).format("%F"),
        std::env::consts::ARCH
    )
}

/// Replaces the text between the section's markers in benches/RESULTS.md.
pub(super) fn write(root: &Path, section: &str, text: &str) -> Result<(), String> {
    let file = root.join("benches/RESULTS.md");
    let name = |reason: &dyn std::fmt::Display| format!("{}: {reason}", file.display());
    let old = fs::read_to_string(&file).map_err(|error| name(&error))?;
    let new = replaced(&old, section, text)
        .ok_or_else(|| name(&format!("no markers of bench-ingest {section}")))?;
    fs::write(&file, new).map_err(|error| name(&error))
}

fn replaced(old: &str, section: &str, text: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- bench-ingest {section} -->\n"),
        format!("<!-- end of bench-ingest {section} -->"),
    );
    let (before, rest) = old.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn mebibytes(kib: Option<u64>) -> String {
    kib.map_or_else(
        || "-".to_owned(),
        |kib| format!("{:.0}", kib as f64 / 1024.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(seconds: f64) -> Figures {
        Figures {
            seconds,
            process_seconds: seconds,
            records: None,
            rows: None,
            objects: Some(80),
            stored_bytes: Some(86_000_000),
            inflated_bytes: Some(589_000_000),
            peak_kib: Some(2_048),
        }
    }

    #[test]
    fn ratios_compare_runs_with_equally_many_threads() {
        let column = |engine, threads| Column { engine, threads };
        let columns = [
            column(Engine::Floor, 1),
            column(Engine::Floor, 2),
            column(Engine::Ours, 2),
            column(Engine::Python, 2),
        ];
        let title = Title {
            trail: TrailKind::Varied,
            object: 5_000,
            records: 400_000,
        };
        let mut results = Results::new(title, &columns);
        for (column, seconds) in columns.iter().zip([0.4, 0.2, 0.3, 6.0]) {
            for factor in [1.0, 3.0, 0.5] {
                results.add(*column, &figures(seconds * factor));
            }
        }
        let table = results.table();
        for line in [
            "The varied trail in objects of 5000 records: 80 objects, 589 MB of JSON in 86 MB of gzip.",
            "| access-advisor, 2 threads | 0.300 (0.150 .. 0.900) | 0.30 | 1333333 | 1963 | 1.50 | - | 2 |",
            "| Python json, 2 threads | 6.000 (3.000 .. 18.000) | 6.00 | 66667 | 98 | 30.00 | 20.00 | 2 |",
            "inflate only: 2 threads are 2.00 x as fast as one.",
        ] {
            assert!(table.contains(line), "{line}\n{table}");
        }
        let least = "| access-advisor, 2 threads | 0.1500 | 0.3000 | 1.500 | - |";
        let table = results.least_table();
        assert!(table.contains(least), "{table}");
        assert!(!table.contains("costs"), "{table}");
    }

    #[test]
    fn parts_cost_what_runs_without_them_are_faster() {
        let engines = [Engine::Ours, Engine::WithoutCoverage, Engine::WithoutDays];
        let columns = engines.map(|engine| Column { engine, threads: 1 });
        let title = Title {
            trail: TrailKind::Regular,
            object: 50,
            records: 400_000,
        };
        let mut results = Results::new(title, &columns);
        for (column, seconds) in columns.iter().zip([0.206, 0.2, 0.204]) {
            results.add(*column, &figures(seconds));
        }
        let line =
            "access-advisor, 1 thread: coverage costs x 1.030, the days of rows cost x 1.010.";
        let table = results.least_table();
        assert!(table.contains(line), "{table}");
    }

    #[test]
    fn a_section_is_replaced_and_the_rest_kept() {
        let old = "a\n<!-- bench-ingest times -->\nold\n<!-- end of bench-ingest times -->\nb\n";
        let new = replaced(old, "times", "new\n").unwrap();
        assert_eq!(new, old.replace("old", "new"));
        assert_eq!(replaced(old, "memory", "new\n"), None);
    }
}
