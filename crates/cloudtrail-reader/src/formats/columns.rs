//! Finds the fields of a record among the columns of a table, and turns rows into entries.
//!
//! The layouts are those of Athena's documented CloudTrail table and of CloudTrail Lake's event data stores, whole or as
//! people select from them. Sources: Athena User Guide, "Create a table for CloudTrail logs"; `CloudTrail` User
//! Guide, "Supported SQL schemas for event data stores".

use std::fmt::Write;

use crate::formats::cells::{COLUMNS, Cells, Column};
use crate::formats::entry::{Entry, Row};
use crate::formats::error::{FormatError, TableKind};
use crate::formats::identity_text;
use crate::outcome::malformed::{IdentityColumn, Malformed, RowFault};
use crate::record::event::EventRecord;
use crate::record::identity::identity_types;

/// The columns of a table that count.
#[derive(Clone, Debug)]
pub(crate) struct RecordColumns {
    has: [bool; COLUMNS],
}

impl RecordColumns {
    /// Finds the columns that count among these names, and what each of them holds.
    pub(crate) fn of<'n>(
        table: TableKind,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<(Self, Vec<Option<Column>>), FormatError> {
        let mut has = [false; COLUMNS];
        let mut fields = Vec::new();
        for name in names.clone() {
            let field = Column::named(name);
            if let Some(slot) = field.and_then(|field| has.get_mut(field as usize)) {
                if *slot {
                    return Err(FormatError::RepeatedColumn {
                        table,
                        column: shortened(name).to_owned(),
                    });
                }
                *slot = true;
            }
            fields.push(field);
        }
        let mut columns = Self { has };
        let mut missing = columns.missing();
        if !missing.is_empty() {
            columns.add_stand_ins(&names, &mut fields);
            missing = columns.missing();
        }
        if missing.is_empty() {
            return Ok((columns, fields));
        }
        Err(FormatError::MissingColumns {
            table,
            missing: missing.join(", "),
            found: listed(names),
        })
    }

    /// Where columns of a record are missing: columns in which Splunk, `CloudWatch` Logs Insights, Elasticsearch, Grafana
    /// and log shippers keep whole records, or the time of one.
    fn add_stand_ins<'n>(
        &mut self,
        names: &(impl Iterator<Item = &'n str> + Clone),
        fields: &mut [Option<Column>],
    ) {
        const STAND_INS: [(&str, Column); 7] = [
            ("_raw", Column::EventJson),
            ("@message", Column::EventJson),
            ("event.original", Column::EventJson),
            ("CloudTrailEvent", Column::EventJson),
            ("message", Column::EventJson),
            ("Line", Column::EventJson),
            ("@timestamp", Column::EventTime),
        ];
        for (name, field) in STAND_INS {
            let place = names.clone().position(|column| column == name);
            let place = place.and_then(|place| fields.get_mut(place));
            if let (Some(place), Some(slot @ false)) = (place, self.has.get_mut(field as usize)) {
                (*place, *slot) = (Some(field), true);
            }
        }
    }

    fn has(&self, field: Column) -> bool {
        self.has.get(field as usize).copied().unwrap_or_default()
    }

    /// Names the required columns that are missing. Without `eventType`, all rows count as API calls, as records without it
    /// do. `errorCode` is not required: tables made from JSON do not have it if nothing failed.
    fn missing(&self) -> Vec<&'static str> {
        if self.has(Column::EventJson) {
            return Vec::new();
        }
        let needed = [
            (Column::EventTime, "eventTime"),
            (Column::EventSource, "eventSource"),
            (Column::EventName, "eventName"),
            (Column::AwsRegion, "awsRegion"),
        ];
        let mut missing: Vec<_> = needed
            .iter()
            .filter(|(field, _)| !self.has(*field))
            .map(|(_, name)| *name)
            .collect();
        if !self.has(Column::UserIdentity) {
            let has_parts = self.has(Column::Type)
                || self.has(Column::PrincipalId)
                || self.has(Column::Arn)
                || self.has(Column::UserName);
            if !has_parts {
                missing.push("userIdentity (or userIdentity_type, userIdentity_principalId, ...)");
            } else if !self.has(Column::Type) {
                missing.push("userIdentity_type");
            } else if !self.has(Column::PrincipalId) && !self.has(Column::Arn) {
                missing.push("userIdentity_principalId or userIdentity_arn");
            }
        }
        missing
    }

    /// Returns the entry of a row.
    pub(crate) fn entry<'a>(&self, mut cells: Cells<'a>) -> Entry<'a> {
        if let Some(json) = cells.take(Column::EventJson) {
            return Entry::Json(json);
        }
        if let Err(reason) = self.read_identity(&mut cells) {
            return Entry::Malformed(reason);
        }
        Entry::Fields(Box::new(Row {
            error_message: cells.take(Column::ErrorMessage),
            request_parameters: cells.take(Column::RequestParameters),
            additional_event_data: cells.take(Column::AdditionalEventData),
            lacks_additional_event_data: !self.has(Column::AdditionalEventData),
            record: EventRecord {
                lacks_access_key: !self.has(Column::UserIdentity) && !self.has(Column::AccessKeyId),
                ..cells.record()
            },
        }))
    }

    /// The same table without the columns that only some records are asked for.
    pub(crate) fn without_details(mut self) -> Self {
        for detail in Column::DETAILS {
            if let Some(has) = self.has.get_mut(detail as usize) {
                *has = false;
            }
        }
        self
    }

    /// Reads the parts of `userIdentity`. The outermost column with a text of many values wins; without one, columns of
    /// single values count.
    fn read_identity(&self, cells: &mut Cells<'_>) -> Result<(), Malformed> {
        let whole = cells.take(Column::UserIdentity);
        let context = cells.take(Column::SessionContext);
        let issuer = cells.take(Column::SessionIssuer);
        if self.has(Column::UserIdentity) {
            cells.clear_identity();
            return match whole {
                Some(text) => identity_text::read(text, IdentityColumn::UserIdentity, cells),
                None => Ok(()),
            };
        }
        if self.has(Column::SessionContext) {
            cells.clear_issuer();
            if let Some(text) = context {
                identity_text::read(text, IdentityColumn::SessionContext, cells)?;
            }
        } else if self.has(Column::SessionIssuer) {
            cells.clear_issuer();
            if let Some(text) = issuer {
                identity_text::read(text, IdentityColumn::SessionIssuer, cells)?;
            }
        } else if cells.get(Column::Type) == Some(identity_types::FEDERATED_USER)
            && !self.has(Column::IssuerPrincipalId)
            && !self.has(Column::IssuerArn)
        {
            return Err(Malformed::Row(RowFault::NoSessionIssuer));
        }
        if cells.get(Column::Type) == Some(identity_types::OTHER_ACCOUNT)
            && !self.has(Column::PrincipalId)
        {
            return Err(Malformed::Row(RowFault::NoPrincipalId));
        }
        Ok(())
    }
}

/// Lists some names for an error.
fn listed<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 12;
    let shown: Vec<_> = names.by_ref().take(MOST).map(shortened).collect();
    let mut listed = shown.join(", ");
    let others = names.count();
    if others > 0 {
        // Writing to a String cannot fail.
        _ = write!(listed, " and {others} more");
    }
    if listed.is_empty() {
        listed.push_str("none");
    }
    listed
}

fn shortened(name: &str) -> &str {
    const LONGEST: usize = 48;
    name.char_indices()
        .nth(LONGEST)
        .and_then(|(end, _)| name.get(..end))
        .unwrap_or(name)
}
