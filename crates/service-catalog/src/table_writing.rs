//! Writes the catalog's text table: see [`crate::table`].

use std::fmt::Write;

use crate::catalog::{Action, Catalog};
use crate::condition::RecordCondition;
use crate::event_kind::{EventKind, When};
use crate::event_reference::EventReference;
use crate::ids::{ActionId, ServiceId};

pub(crate) const HEADING: &str = "\
# AWS services, actions, resource types and CloudTrail event names. Made by a program; do not edit.
# Facts from: AWS's service reference (servicereference.us-east-1.amazonaws.com), the services that IAM reports for an
# allow-all policy, the service models of botocore (Apache-2.0), and AWS's table of CloudTrail event sources (EventBridge
# reference).
";

impl Catalog {
    /// Writes the catalog as a table that [`Catalog::parse`] reads back.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut table = String::from(HEADING);
        // Writing to a string cannot fail.
        let _ = self.write_table(&mut table);
        table
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "service-reference\t{}", self.sources.service_reference)?;
        writeln!(out, "service-names\t{}", self.sources.service_names)?;
        writeln!(out, "botocore\t{}", self.sources.botocore)?;
        if let Some(date) = &self.sources.event_sources {
            writeln!(out, "event-sources\t{date}")?;
        }
        if let Some(date) = &self.sources.data_events {
            writeln!(out, "data-events\t{date}")?;
        }
        for (kind, list) in [
            ("unreported", &self.unreported),
            ("no-caller", &self.sources_without_caller),
            ("no-service", &self.sources_without_service),
        ] {
            for entry in list {
                writeln!(out, "{kind}\t{entry}")?;
            }
        }
        for condition in &self.conditions {
            write!(out, "condition\t{}", condition.name())?;
            for test in condition.tests() {
                write!(out, "\t{test}")?;
            }
            out.push('\n');
        }
        let mut kinds: Vec<&EventKind> = self.event_kinds.iter().collect();
        kinds.sort_unstable_by(|a, b| (a.service, &a.name).cmp(&(b.service, &b.name)));
        for (id, service) in self.services() {
            writeln!(out, "service\t{}\t{}", service.namespace, service.name)?;
            for source in &service.event_sources {
                writeln!(out, "source\t{source}")?;
            }
            for resource_type in service.resource_types().map(|id| self.resource_type(id)) {
                write!(out, "type\t{}", resource_type.name)?;
                for format in &resource_type.arn_formats {
                    write!(out, "\t{format}")?;
                }
                out.push('\n');
            }
            for action in service.actions().map(|id| self.action(id)) {
                self.write_action(action, out)?;
            }
            self.write_event_names(id, out)?;
            let first = kinds.partition_point(|kind| kind.service < id);
            let end = kinds.partition_point(|kind| kind.service <= id);
            self.write_event_kinds(id, kinds.get(first..end).unwrap_or_default(), out)?;
        }
        Ok(())
    }

    fn write_action(&self, action: &Action, out: &mut String) -> std::fmt::Result {
        let tracked = if action.tracked { '+' } else { '-' };
        let seen = match action.event_reference {
            EventReference::PolicyGeneration => "g",
            EventReference::Named => "o",
            EventReference::Unnamed => "x",
            EventReference::Unknown => "",
        };
        write!(
            out,
            "{}{tracked}{seen}\t{}",
            action.access_level.letter(),
            action.name
        )?;
        for (position, id) in action.resource_types.iter().enumerate() {
            let before = if position == 0 { '\t' } else { ',' };
            write!(out, "{before}{}", self.resource_type(*id).name)?;
        }
        out.push('\n');
        Ok(())
    }

    fn write_event_names(&self, id: ServiceId, out: &mut String) -> std::fmt::Result {
        for event in self.own_event_names(id) {
            writeln!(
                out,
                "event\t{}\t{}",
                event.name,
                self.target(id, event.action)
            )?;
        }
        Ok(())
    }

    /// The lines about events, one kind of line after the other.
    fn write_event_kinds(
        &self,
        id: ServiceId,
        kinds: &[&EventKind],
        out: &mut String,
    ) -> std::fmt::Result {
        let condition = |at: usize| self.conditions.get(at).map_or("", RecordCondition::name);
        for kind in kinds {
            for alternative in self.alternatives_of(kind) {
                let target = self.target(id, alternative.action);
                let condition = condition(alternative.condition);
                writeln!(out, "when\t{}\t{condition}\t{target}", kind.name)?;
            }
        }
        for kind in kinds {
            for implied in self.implied_of(kind) {
                write!(
                    out,
                    "implies\t{}\t{}",
                    kind.name,
                    self.target(id, implied.action)
                )?;
                match implied.when {
                    When::Always => out.push_str("\talways"),
                    When::Undecided => {}
                    When::Exactly(at) => write!(out, "\t{}", condition(at))?,
                    When::AtLeast(at) => write!(out, "\t{}?", condition(at))?,
                }
                out.push('\n');
            }
        }
        for kind in kinds {
            if !kind.data_resource_types.is_empty() {
                writeln!(
                    out,
                    "data\t{}\t{}",
                    kind.name,
                    kind.data_resource_types.join(",")
                )?;
            }
        }
        for kind in kinds.iter().filter(|kind| kind.is_management) {
            writeln!(out, "management\t{}", kind.name)?;
        }
        Ok(())
    }

    /// An action as a line of a service names it.
    pub(crate) fn target(&self, service: ServiceId, action: ActionId) -> String {
        let action = self.action(action);
        if action.service == service {
            action.name.to_string()
        } else {
            format!("{}:{}", self.service(action.service).namespace, action.name)
        }
    }
}
