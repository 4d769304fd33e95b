//! The kinds of event that a trail can hold or lack.

use std::fmt;

/// The kind of an event. A trail's selectors decide which kinds it holds.
///
/// Source: `CloudTrail` User Guide, "Understanding `CloudTrail` events".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventCategory<'a> {
    /// Management events with `readOnly` true.
    ManagementRead,
    /// Management events with `readOnly` false.
    ManagementWrite,
    /// Data events on resources of this type, such as `AWS::S3::Object`, of which it is not known whether they read or write. Empty
    /// when the type is not known.
    Data(&'a str),
    /// Data events on resources of this type with `readOnly` true.
    DataRead(&'a str),
    /// Data events on resources of this type with `readOnly` false.
    DataWrite(&'a str),
    /// Network activity events: calls through VPC endpoints.
    NetworkActivity,
}

impl EventCategory<'_> {
    /// The name without the resource type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ManagementRead => "ManagementRead",
            Self::ManagementWrite => "ManagementWrite",
            Self::Data(_) => "Data",
            Self::DataRead(_) => "DataRead",
            Self::DataWrite(_) => "DataWrite",
            Self::NetworkActivity => "NetworkActivity",
        }
    }
}

impl<'a> EventCategory<'a> {
    /// The category with this name and, for data events, this resource type. `None` for an unknown name.
    #[must_use]
    pub fn from_name(name: &str, resource_type: &'a str) -> Option<Self> {
        [
            Self::ManagementRead,
            Self::ManagementWrite,
            Self::Data(resource_type),
            Self::DataRead(resource_type),
            Self::DataWrite(resource_type),
            Self::NetworkActivity,
        ]
        .into_iter()
        .find(|category| category.name() == name)
    }

    /// The resource type of data events.
    #[must_use]
    pub fn resource_type(self) -> Option<&'a str> {
        match self {
            Self::Data(resource_type)
            | Self::DataRead(resource_type)
            | Self::DataWrite(resource_type) => Some(resource_type),
            _ => None,
        }
    }
}

impl fmt::Display for EventCategory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManagementRead => f.write_str("management events that read"),
            Self::ManagementWrite => f.write_str("management events that write"),
            Self::Data(resource_type) => data(f, resource_type, ""),
            Self::DataRead(resource_type) => data(f, resource_type, " that read"),
            Self::DataWrite(resource_type) => data(f, resource_type, " that write"),
            Self::NetworkActivity => f.write_str("network activity events"),
        }
    }
}

fn data(f: &mut fmt::Formatter<'_>, resource_type: &str, which: &str) -> fmt::Result {
    match resource_type {
        "" => write!(f, "data events{which}"),
        _ => write!(f, "data events{which} on {resource_type}"),
    }
}
