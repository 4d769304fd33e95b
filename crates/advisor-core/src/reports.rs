//! Reports on many entities: made in parallel, a few at a time.

use std::collections::BTreeMap;
use std::iter::FusedIterator;
use std::sync::Arc;

use rayon::prelude::*;

use crate::account::EntityId;
use crate::advisor::Advisor;
use crate::report::{Granularity, Report};
use crate::request_error::RequestError;

/// The entity of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    Entity(EntityId),
    /// An AWS managed policy that no export has, by its ARN.
    MissingPolicy(Arc<str>),
}

/// The reports on many entities, sorted by ARN: [`Advisor::reports`] and [`Advisor::reports_on`].
///
/// They are made in parallel on the threads of the current rayon pool, a few for each thread at a time. So the reports on
/// an account of any size take little memory, if they are dropped one by one. A clone starts where the original is.
///
/// ```
/// # use advisor_core::{AccountData, Activity, Advisor, Granularity, Tracking};
/// # use service_catalog::Catalog;
/// # let account = AccountData::from_export("account.json", r#"{"RoleDetailList": []}"#)?;
/// # let advisor = Advisor::new(account, &Activity::default(), Catalog::shared(), Tracking::aws(), Default::default()).unwrap();
/// let reports = advisor.reports(Granularity::Action);
/// println!("{} reports", reports.len());
/// for json in reports.map_in_parallel(|report| serde_json::to_string(&report)) {
///     println!("{}", json?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reports {
    to_make: ToMake,
    made: std::vec::IntoIter<Report>,
}

/// What is made of [`Reports`] in parallel: see [`Reports::map_in_parallel`].
#[derive(Clone, Debug)]
pub struct MappedReports<F, T> {
    to_make: ToMake,
    made: std::vec::IntoIter<T>,
    map: F,
}

#[derive(Clone, Debug)]
struct ToMake {
    advisor: Advisor,
    granularity: Granularity,
    entities: Arc<[Reported]>,
    /// The index of the next entity.
    next: usize,
}

impl Advisor {
    /// Reports on every user, group and role, and on every managed policy that is attached or the
    /// account's own. Sorted by ARN; made in parallel, a few at a time.
    #[must_use]
    pub fn reports(&self, granularity: Granularity) -> Reports {
        let entities = self.account().reported_entities().into_iter();
        let entities: Vec<_> = entities.map(Reported::Entity).collect();
        Reports::new(self.clone(), granularity, entities)
    }

    /// Reports on the entities with these ARNs: [`Advisor::report`] for each. Sorted by ARN, without
    /// duplicates; made in parallel, a few at a time.
    ///
    /// # Errors
    /// As [`AccountData::check`](crate::AccountData::check), for the first ARN that fails.
    pub fn reports_on<S: AsRef<str>>(
        &self,
        arns: &[S],
        granularity: Granularity,
    ) -> Result<Reports, RequestError> {
        let mut entities: BTreeMap<Arc<str>, Reported> = BTreeMap::new();
        for arn in arns.iter().map(AsRef::as_ref) {
            let detail = |id| self.account().entity(id).map(|detail| (id, detail));
            let (arn, reported) = match self.resolve(arn)?.and_then(detail) {
                Some((id, detail)) => (detail.arn.clone(), Reported::Entity(id)),
                None => (arn.into(), Reported::MissingPolicy(arn.into())),
            };
            entities.insert(arn, reported);
        }
        let entities: Vec<_> = entities.into_values().collect();
        Ok(Reports::new(self.clone(), granularity, entities))
    }
}

impl Reports {
    /// The entities are sorted by ARN.
    pub(crate) fn new(
        advisor: Advisor,
        granularity: Granularity,
        entities: impl Into<Arc<[Reported]>>,
    ) -> Self {
        Self {
            to_make: ToMake {
                advisor,
                granularity,
                entities: entities.into(),
                next: 0,
            },
            made: Vec::new().into_iter(),
        }
    }

    /// Maps the reports on the threads that make them, and returns the results in the order of the reports.
    pub fn map_in_parallel<T: Send, F: Fn(Report) -> T + Sync>(
        self,
        map: F,
    ) -> MappedReports<F, T> {
        let Self { mut to_make, made } = self;
        // Those that were made and not taken are made again.
        to_make.next -= made.len();
        MappedReports {
            to_make,
            made: Vec::new().into_iter(),
            map,
        }
    }
}

impl ToMake {
    /// How many reports are made at a time for each thread. Enough to keep the threads busy; reports at action level are
    /// large.
    fn reports_per_thread(&self) -> usize {
        match self.granularity {
            Granularity::Service => 32,
            Granularity::Action => 4,
        }
    }

    fn len(&self) -> usize {
        self.entities.len() - self.next
    }

    /// Makes the next few.
    fn make<T: Send>(&mut self, map: impl Fn(Report) -> T + Sync) -> std::vec::IntoIter<T> {
        let number = self.reports_per_thread() * rayon::current_num_threads();
        let end = self.next.saturating_add(number).min(self.entities.len());
        let entities = self.entities.get(self.next..end).unwrap_or_default();
        let make = |reported: &Reported| {
            map(match reported {
                Reported::Entity(entity) => self.advisor.report_on(*entity, self.granularity),
                Reported::MissingPolicy(arn) => {
                    self.advisor.report_without_policy(arn, self.granularity)
                }
            })
        };
        // One by one, because some reports are much larger than others.
        let made: Vec<T> = entities.par_iter().with_max_len(1).map(make).collect();
        self.next = end;
        made.into_iter()
    }
}

impl Iterator for Reports {
    type Item = Report;

    fn next(&mut self) -> Option<Report> {
        if self.made.len() == 0 {
            self.made = self.to_make.make(|report| report);
        }
        self.made.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let number = self.made.len() + self.to_make.len();
        (number, Some(number))
    }
}

impl ExactSizeIterator for Reports {}

impl FusedIterator for Reports {}

impl<T: Send, F: Fn(Report) -> T + Sync> Iterator for MappedReports<F, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.made.len() == 0 {
            self.made = self.to_make.make(&self.map);
        }
        self.made.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let number = self.made.len() + self.to_make.len();
        (number, Some(number))
    }
}

impl<T: Send, F: Fn(Report) -> T + Sync> ExactSizeIterator for MappedReports<F, T> {}

impl<T: Send, F: Fn(Report) -> T + Sync> FusedIterator for MappedReports<F, T> {}
