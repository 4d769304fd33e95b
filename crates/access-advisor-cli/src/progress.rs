//! Progress of reading a trail: a progress bar on a terminal, otherwise a line every ten seconds.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use access_advisor::trail::ObjectRead;
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::output;

/// Between two lines, when stderr is not a terminal.
const INTERVAL: Duration = Duration::from_secs(10);
/// Between two redraws on a terminal.
const TICK: Duration = Duration::from_millis(200);

/// Does long work, and shows its progress on stderr.
pub(crate) fn with_progress<T>(work: impl FnOnce(&(dyn Fn(ObjectRead) + Sync)) -> T) -> T {
    let counts = Arc::new(Counts::default());
    let started = Instant::now();
    if std::io::stderr().is_terminal() {
        let bar = Bar::new(&counts, started);
        let done = work(&|object| {
            counts.add(object);
            bar.update(object);
        });
        bar.0.finish_and_clear();
        return done;
    }
    thread::scope(|scope| {
        let (at_work, is_done) = mpsc::channel();
        let say = || {
            let progress = counts.describe(started.elapsed());
            output::say(format_args!("progress: {progress}"));
        };
        scope.spawn(move || every(INTERVAL, &is_done, say));
        let done = work(&|object| counts.add(object));
        drop(at_work);
        done
    })
}

/// Calls `say` after every interval, until the other end is dropped.
fn every(interval: Duration, is_done: &Receiver<()>, say: impl Fn()) {
    while is_done.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        say();
    }
}

/// The progress bar on a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(counts: &Arc<Counts>, started: Instant) -> Self {
        let bar = ProgressBar::no_length();
        let counts = Arc::clone(counts);
        let template = "reading the trail {wide_bar} {counts}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            // Formatted when the bar is drawn, not for every object.
            let style = style.with_key("counts", move |_: &_, line: &mut dyn Write| {
                _ = line.write_str(&counts.describe(started.elapsed()));
            });
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    fn update(&self, object: ObjectRead) {
        if object.is_all {
            // Until then, the number of objects is unknown.
            self.0.set_length(object.objects_listed);
        }
        self.0.inc(1);
    }
}

/// What has been read so far.
#[derive(Default)]
struct Counts {
    /// Objects that were read.
    done: AtomicU64,
    /// Objects that were listed.
    objects: AtomicU64,
    is_all: AtomicBool,
    bytes: AtomicU64,
    records: AtomicU64,
}

impl Counts {
    fn add(&self, object: ObjectRead) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.objects
            .fetch_max(object.objects_listed, Ordering::Relaxed);
        self.is_all.fetch_or(object.is_all, Ordering::Relaxed);
        self.bytes.fetch_add(object.bytes, Ordering::Relaxed);
        self.records.fetch_add(object.records, Ordering::Relaxed);
    }

    /// `12,345 of 80,000 objects, 1.20 GB, 310,000 records/s, 2 min left`; `80,000+` while more objects may be listed.
    fn describe(&self, elapsed: Duration) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let objects = self.objects.load(Ordering::Relaxed).max(done);
        let is_all = self.is_all.load(Ordering::Relaxed);
        let bytes = DecimalBytes(self.bytes.load(Ordering::Relaxed));
        let mut line = format!(
            "{} of {}{} objects, {bytes}",
            HumanCount(done),
            HumanCount(objects),
            if is_all { "" } else { "+" }
        );
        let millis = elapsed.as_millis().max(1);
        let per_second = u128::from(self.records.load(Ordering::Relaxed)) * 1_000 / millis;
        let per_second = HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX));
        // Writing to a String cannot fail.
        _ = write!(line, ", {per_second} records/s");
        if is_all && done > 0 {
            let left = millis * u128::from(objects - done) / u128::from(done) / 1_000;
            _ = write!(line, ", {} left", in_words(left));
        }
        line
    }
}

/// `45 s`, `2 min`, `3 h 5 min`.
fn in_words(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn object(objects: u64, is_all: bool) -> ObjectRead {
        ObjectRead {
            objects_listed: objects,
            is_all,
            bytes: 150_000_000,
            records: 1_000,
        }
    }

    #[test]
    fn lines() {
        let counts = Counts::default();
        let second = Duration::from_secs(1);
        assert_eq!(
            counts.describe(Duration::ZERO),
            "0 of 0+ objects, 0 B, 0 records/s"
        );
        counts.add(object(1_234, false));
        assert_eq!(
            counts.describe(second),
            "1 of 1,234+ objects, 150.00 MB, 1,000 records/s"
        );
        for _ in 0..9 {
            counts.add(object(80_000, true));
        }
        assert_eq!(
            counts.describe(second * 2),
            "10 of 80,000 objects, 1.50 GB, 5,000 records/s, 4 h 26 min left"
        );
        // Another thread reports out of order.
        counts.add(object(79_999, false));
        assert_eq!(
            counts.describe(Duration::from_millis(11)),
            "11 of 80,000 objects, 1.65 GB, 1,000,000 records/s, 2 min left"
        );
        let counts = Counts::default();
        counts.add(object(1, true));
        assert!(counts.describe(second).ends_with(", 0 s left"));
    }

    #[test]
    fn words_for_times() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "2 min"),
            (3_599, "60 min"),
            (3_600, "1 h 0 min"),
            (11_100, "3 h 5 min"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }

    #[test]
    fn lines_come_until_the_work_is_done() {
        let (at_work, is_done) = mpsc::channel();
        let (said, lines) = mpsc::channel();
        thread::scope(|scope| {
            let interval = Duration::from_millis(1);
            scope.spawn(move || every(interval, &is_done, || said.send("line").unwrap_or(())));
            assert_eq!(lines.recv().unwrap(), "line");
            assert_eq!(lines.recv().unwrap(), "line");
            drop(at_work);
            // Ends when the sender is dropped.
            assert!(lines.iter().all(|line| line == "line"));
        });
    }
}
