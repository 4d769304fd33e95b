//! Tracking settings.

use access_advisor::report::{TrackedActions, TrackedRegions};
use chrono::TimeDelta;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error;
use crate::pickle::Reduced;

/// The arguments of [`restore_tracking`].
type Settings = (
    Option<u64>,
    TimeDelta,
    &'static str,
    &'static str,
    Option<u32>,
);

/// Which part of the activity a report covers. Parameters of this type also accept "aws" for `Tracking.aws()` and "full" for
/// `Tracking.full()`.
///
/// Args:
///     period_days: The number of days for which attempts at a service count; None for all.
///     publication_delay: The delay before an attempt becomes visible; none by default.
///     actions: "aws" for the actions that AWS tracks, each from the date that AWS started; "all" for every action of the catalog.
///     regions: "aws" for the Regions that AWS tracks, each from the date that AWS started; "all" for every Region.
///     min_coverage_days: The number of days of an account's trail that must have been read before anything of it is called
///         unused, 1 or more; 90 when None, or the period when that is shorter. It matters with the states of `Tracking.full()`.
///
/// Raises:
///     InvalidInputError: A setting has a value that is not allowed.
///
/// >>> Tracking(period_days=90, actions="all")
/// Tracking(period_days=90, publication_delay=datetime.timedelta(0), actions='all', regions='aws', min_coverage_days=None)
/// >>> Tracking() == Tracking.aws()
/// True
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tracking {
    pub(crate) inner: access_advisor::report::Tracking,
}

#[pymethods]
impl Tracking {
    #[new]
    #[pyo3(signature = (*, period_days = Some(400), publication_delay = None, actions = "aws", regions = "aws", min_coverage_days = None), text_signature = "(*, period_days=400, publication_delay=None, actions='aws', regions='aws', min_coverage_days=None)")]
    fn new(
        period_days: Option<u64>,
        publication_delay: Option<TimeDelta>,
        actions: &str,
        regions: &str,
        min_coverage_days: Option<u32>,
    ) -> PyResult<Self> {
        if min_coverage_days == Some(0) {
            return Err(error::invalid_input("min_coverage_days is 0"));
        }
        let publication_delay = publication_delay.unwrap_or_default();
        if publication_delay < TimeDelta::zero() {
            return Err(error::invalid_input("publication_delay is negative"));
        }
        let mut inner = access_advisor::report::Tracking::aws();
        inner.period_days = period_days;
        inner.publication_delay = publication_delay;
        inner.actions = match actions {
            "aws" => TrackedActions::Aws,
            "all" => TrackedActions::All,
            other => return Err(neither("actions", other)),
        };
        inner.regions = match regions {
            "aws" => TrackedRegions::Aws,
            "all" => TrackedRegions::All,
            other => return Err(neither("regions", other)),
        };
        inner.min_coverage_days = min_coverage_days;
        Ok(Self { inner })
    }

    /// Returns the settings of AWS's own reports: 400 days, and the actions and Regions that AWS tracks, each from the date that
    /// AWS started.
    #[staticmethod]
    fn aws() -> Self {
        Self {
            inner: access_advisor::report::Tracking::aws(),
        }
    }

    /// Returns settings that cover every action in every Region, as far back as the activity goes.
    ///
    /// Args:
    ///     min_coverage_days: As in the constructor.
    ///
    /// Raises:
    ///     InvalidInputError: `min_coverage_days` is 0.
    #[staticmethod]
    #[pyo3(signature = (*, min_coverage_days = None))]
    fn full(min_coverage_days: Option<u32>) -> PyResult<Self> {
        Self::new(None, None, "all", "all", min_coverage_days)
    }

    /// The number of days for which attempts at a service count; None for all.
    #[getter]
    fn period_days(&self) -> Option<u64> {
        self.inner.period_days
    }

    /// The delay before an attempt becomes visible.
    #[getter]
    fn publication_delay(&self) -> TimeDelta {
        self.inner.publication_delay
    }

    /// "aws" for the actions that AWS tracks, "all" for every action of the catalog.
    #[getter]
    fn actions(&self) -> &'static str {
        if self.inner.actions == TrackedActions::Aws {
            "aws"
        } else {
            "all"
        }
    }

    /// "aws" for the Regions that AWS tracks, "all" for every Region.
    #[getter]
    fn regions(&self) -> &'static str {
        if self.inner.regions == TrackedRegions::Aws {
            "aws"
        } else {
            "all"
        }
    }

    /// The number of days of an account's trail that must have been read before anything of it is called unused; None for 90, or
    /// the period when that is shorter.
    #[getter]
    fn min_coverage_days(&self) -> Option<u32> {
        self.inner.min_coverage_days
    }

    /// Pickles by rebuilding from the settings.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Settings>> {
        let settings = (
            self.period_days(),
            self.publication_delay(),
            self.actions(),
            self.regions(),
            self.min_coverage_days(),
        );
        crate::pickle::reduced(py, "restore_tracking", settings)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let this = slf.get();
        let period = this.period_days();
        let period = period.map_or_else(|| "None".to_owned(), |days| days.to_string());
        let least = this.min_coverage_days();
        let least = least.map_or_else(|| "None".to_owned(), |days| days.to_string());
        let delay = this.publication_delay().into_pyobject(slf.py())?.repr()?;
        let (actions, regions) = (this.actions(), this.regions());
        Ok(format!(
            "Tracking(period_days={period}, publication_delay={delay}, actions='{actions}', regions='{regions}', min_coverage_days={least})"
        ))
    }
}

/// Rebuilds a pickled Tracking.
#[pyfunction]
pub(crate) fn restore_tracking(
    period_days: Option<u64>,
    publication_delay: TimeDelta,
    actions: &str,
    regions: &str,
    min_coverage_days: Option<u32>,
) -> PyResult<Tracking> {
    Tracking::new(
        period_days,
        Some(publication_delay),
        actions,
        regions,
        min_coverage_days,
    )
}

fn neither(setting: &str, value: &str) -> PyErr {
    error::invalid_input(&format!(
        "{setting} must be \"aws\" or \"all\", not {value:?}"
    ))
}

/// A parameter `tracking`: a [`Tracking`], or the name of a preset.
pub(crate) struct TrackingParameter(pub(crate) access_advisor::report::Tracking);

impl<'py> FromPyObject<'_, 'py> for TrackingParameter {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(tracking) = given.cast::<Tracking>() {
            return Ok(Self(tracking.get().inner.clone()));
        }
        let name: &Bound<'py, PyString> = &given.cast::<PyString>()?.to_owned();
        match &*name.to_cow()? {
            "aws" => Ok(Self(access_advisor::report::Tracking::aws())),
            "full" => Ok(Self(access_advisor::report::Tracking::full())),
            other => Err(error::invalid_input(&format!(
                "tracking must be a Tracking, \"aws\" or \"full\", not {other:?}"
            ))),
        }
    }
}
