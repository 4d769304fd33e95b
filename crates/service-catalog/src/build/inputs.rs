//! What a catalog is built from.

use std::path::Path;

/// What a catalog is built from. Start with [`BuildInputs::new`]; what is not given stays as in the embedded catalog.
#[derive(Debug, Clone, Copy)]
pub struct BuildInputs<'a> {
    pub(super) service_reference: &'a Path,
    pub(super) service_reference_date: &'a str,
    pub(super) service_names: Option<ServiceNames<'a>>,
    pub(super) botocore: Option<&'a Path>,
    pub(super) event_sources: Option<&'a Path>,
    pub(super) data_events: Option<&'a Path>,
}

/// A file of the services as IAM reports them.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServiceNames<'a> {
    pub(super) path: &'a Path,
    pub(super) date: &'a str,
}

impl<'a> BuildInputs<'a> {
    /// A folder of AWS's service reference, one JSON file per service (`DIR/s3.json` or `DIR/s3/s3.json`), and the date on
    /// which it was taken, YYYY-MM-DD: the files do not tell it.
    #[must_use]
    pub fn new(service_reference: &'a Path, service_reference_date: &'a str) -> Self {
        Self {
            service_reference,
            service_reference_date,
            service_names: None,
            botocore: None,
            event_sources: None,
            data_events: None,
        }
    }

    /// The services that IAM reports: a JSON object from namespaces to display names, and its date, YYYY-MM-DD. Without it,
    /// a service that is new in the reference gets its namespace as display name.
    #[must_use]
    pub fn service_names(self, path: &'a Path, date: &'a str) -> Self {
        Self {
            service_names: Some(ServiceNames { path, date }),
            ..self
        }
    }

    /// The `data` folder of a botocore package, for the names of endpoints.
    #[must_use]
    pub fn botocore(self, data: &'a Path) -> Self {
        Self {
            botocore: Some(data),
            ..self
        }
    }

    /// AWS's table of CloudTrail event sources as JSON:
    /// `{"extracted": "YYYY-MM-DD", "rows": [{"service": NAME, "cloudtrail_event_source": HOST or null}]}`.
    #[must_use]
    pub fn event_sources(self, path: &'a Path) -> Self {
        Self {
            event_sources: Some(path),
            ..self
        }
    }

    /// AWS's lists of data events as JSON: `{"extracted": "YYYY-MM-DD", "data_event_operations": [{"event_category": "Data" or
    /// "Management", "resource_types": [...], "event_source": HOST, "operations": [{"event_name": NAME}]}]}`.
    #[must_use]
    pub fn data_events(self, path: &'a Path) -> Self {
        Self {
            data_events: Some(path),
            ..self
        }
    }
}
