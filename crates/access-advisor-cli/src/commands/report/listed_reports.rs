//! The reports that the command lists, written as they are made.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use access_advisor::catalog::Catalog;
use access_advisor::report::{Report, Reports, ServiceRow, State};

/// Reports that are made and written once. What the line at the end counts is noted on the way.
#[derive(Clone, Debug)]
pub(super) struct ListedReports<'a> {
    reports: Reports,
    unobservable: &'a Unobservable,
}

impl<'a> ListedReports<'a> {
    pub(super) fn new(reports: Reports, unobservable: &'a Unobservable) -> Self {
        Self {
            reports,
            unobservable,
        }
    }

    /// The same reports, for another look at them.
    pub(super) fn list(&self) -> Reports {
        self.reports.clone()
    }

    /// The reports, one by one.
    pub(super) fn each(self) -> impl Iterator<Item = Report> {
        self.reports
            .inspect(|report| self.unobservable.note(report))
    }

    /// Formats the reports in parallel.
    pub(super) fn formatted<T: Send>(
        self,
        format: impl Fn(&Report) -> T + Sync,
    ) -> impl ExactSizeIterator<Item = T> {
        self.reports.map_in_parallel(move |report| {
            self.unobservable.note(&report);
            format(&report)
        })
    }

    /// Formats the reports in parallel, and writes one after the other.
    pub(super) fn write_each(
        self,
        writer: &mut dyn Write,
        format: impl Fn(&Report) -> io::Result<Vec<u8>> + Sync,
    ) -> io::Result<()> {
        for report in self.formatted(format) {
            writer.write_all(&report?)?;
        }
        Ok(())
    }
}

/// The granted actions that are unobservable in some report, by id.
#[derive(Debug)]
pub(super) struct Unobservable(Vec<AtomicBool>);

impl Unobservable {
    pub(super) fn none(catalog: &Catalog) -> Self {
        Self(catalog.actions().map(|_| AtomicBool::new(false)).collect())
    }

    fn note(&self, report: &Report) {
        for action in report.service_rows().flat_map(ServiceRow::actions) {
            if action.state == Some(State::Unobservable)
                && let Some(is_noted) = self.0.get(action.action.index())
            {
                is_noted.store(true, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        let noted = self.0.iter();
        noted
            .filter(|is_noted| is_noted.load(Ordering::Relaxed))
            .count()
    }
}
