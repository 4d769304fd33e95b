//! Reads a credential report: the CSV that IAM generates, or the JSON of the AWS CLI, which holds it as base64.
//!
//! Source of the columns and values: IAM User Guide, "Generate credential reports for your AWS account". Columns are found by
//! name; others may be there, in any order.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use csv::{ReaderBuilder, StringRecord};
use hashbrown::HashSet;
use serde::Deserialize;

use super::report_error::{CredentialReportError, CredentialReportFault};
use super::reported_user::{ReportedAccessKey, ReportedPassword, ReportedUser};
use crate::ids::AccountId;
use crate::time;

/// What stands for no value.
const NOT_APPLICABLE: &str = "N/A";
const NO_INFORMATION: &str = "no_information";
const NOT_SUPPORTED: &str = "not_supported";
/// Of a value that cannot be read, so many characters are shown.
const LONGEST_SHOWN: usize = 60;

/// The output of `aws iam get-credential-report`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow, default)]
    generated_time: Option<Cow<'a, str>>,
}

/// The users of a report, and when it was generated.
pub(super) fn read(
    name: &str,
    text: &str,
) -> Result<(Vec<ReportedUser>, Option<DateTime<Utc>>), CredentialReportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let of_file = |fault| CredentialReportError {
        name: name.to_owned(),
        fault,
        line: None,
    };
    if !text.trim_start().starts_with('{') {
        return Ok((read_csv(name, text)?, None));
    }
    let output: Output<'_> = serde_json::from_str(text)
        .map_err(|error| of_file(CredentialReportFault::NotAReport(Arc::new(error))))?;
    let csv = STANDARD
        .decode(output.content.trim())
        .map_err(|error| of_file(CredentialReportFault::NotBase64(Arc::new(error))))?;
    let csv =
        String::from_utf8(csv).map_err(|error| of_file(CredentialReportFault::NotUtf8(error)))?;
    let generated = match output.generated_time.as_deref() {
        Some(text) => Some(
            time::parse(text)
                .ok_or_else(|| of_file(value_fault("GeneratedTime", text, "a date and time")))?,
        ),
        None => None,
    };
    Ok((read_csv(name, &csv)?, generated))
}

fn value_fault(column: &'static str, value: &str, expected: &'static str) -> CredentialReportFault {
    CredentialReportFault::Value {
        column,
        value: value.chars().take(LONGEST_SHOWN).collect(),
        expected,
    }
}

fn read_csv(name: &str, text: &str) -> Result<Vec<ReportedUser>, CredentialReportError> {
    let at = |fault, line| CredentialReportError {
        name: name.to_owned(),
        fault,
        line,
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = StringRecord::new();
    let mut next = |row: &mut StringRecord| {
        reader.read_record(row).map_err(|error| {
            let line = error.position().map(csv::Position::line);
            at(CredentialReportFault::Syntax(Arc::new(error)), line)
        })
    };
    if !next(&mut row)? {
        return Err(at(CredentialReportFault::Empty, None));
    }
    let columns = Columns::of(&row).map_err(|fault| at(fault, Some(1)))?;
    let mut users = Vec::new();
    let mut arns = HashSet::new();
    while next(&mut row)? {
        let line = row.position().map(csv::Position::line);
        let user = columns.user(&row).map_err(|fault| at(fault, line))?;
        if !arns.insert(user.arn.clone()) {
            let fault = CredentialReportFault::RepeatedUser(user.arn.into());
            return Err(at(fault, line));
        }
        users.push(user);
    }
    Ok(users)
}

/// A column: its name and, if it is there, its place.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    place: Option<usize>,
}

struct KeyColumns {
    number: u8,
    active: Column,
    last_rotated: Column,
    last_used: Column,
    last_used_region: Column,
    last_used_service: Column,
}

struct Columns {
    count: usize,
    user: Column,
    arn: Column,
    created: Column,
    password_enabled: Column,
    password_last_used: Column,
    password_last_changed: Column,
    password_next_rotation: Column,
    mfa_active: Column,
    keys: [KeyColumns; 2],
    additional: Column,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, CredentialReportFault> {
        let optional = |name: &'static str| {
            let mut places = (header.iter().enumerate())
                .filter(|(_, found)| found.trim().eq_ignore_ascii_case(name))
                .map(|(place, _)| place);
            let place = places.next();
            match places.next() {
                Some(_) => Err(CredentialReportFault::RepeatedColumn(name)),
                None => Ok(Column { name, place }),
            }
        };
        let required = |name| {
            let column = optional(name)?;
            match column.place {
                Some(_) => Ok(column),
                None => Err(CredentialReportFault::MissingColumn(name)),
            }
        };
        Ok(Self {
            count: header.len(),
            user: required("user")?,
            arn: required("arn")?,
            created: required("user_creation_time")?,
            password_enabled: required("password_enabled")?,
            password_last_used: required("password_last_used")?,
            password_last_changed: required("password_last_changed")?,
            password_next_rotation: optional("password_next_rotation")?,
            mfa_active: required("mfa_active")?,
            keys: [
                KeyColumns {
                    number: 1,
                    active: required("access_key_1_active")?,
                    last_rotated: required("access_key_1_last_rotated")?,
                    last_used: required("access_key_1_last_used_date")?,
                    last_used_region: optional("access_key_1_last_used_region")?,
                    last_used_service: optional("access_key_1_last_used_service")?,
                },
                KeyColumns {
                    number: 2,
                    active: required("access_key_2_active")?,
                    last_rotated: required("access_key_2_last_rotated")?,
                    last_used: required("access_key_2_last_used_date")?,
                    last_used_region: optional("access_key_2_last_used_region")?,
                    last_used_service: optional("access_key_2_last_used_service")?,
                },
            ],
            additional: optional("additional_credentials_info")?,
        })
    }

    fn user(&self, row: &StringRecord) -> Result<ReportedUser, CredentialReportFault> {
        if row.len() != self.count {
            return Err(CredentialReportFault::ValueCount {
                values: row.len(),
                columns: self.count,
            });
        }
        let row = Values(row);
        let arn = row.get(self.arn).unwrap_or_default();
        let account = AccountId::of_arn(arn).filter(|_| arn.starts_with("arn:"));
        let account = account.ok_or_else(|| row.fault(self.arn, "the ARN of a user"))?;
        let keys = self.keys.iter().map(|columns| row.access_key(columns));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        Ok(ReportedUser {
            name: row.text(self.user)?.into(),
            arn: arn.into(),
            account,
            created: (row.date(self.created)?)
                .ok_or_else(|| row.fault(self.created, "a date and time"))?,
            password: ReportedPassword {
                enabled: row.flag(self.password_enabled)?,
                last_used: row.date(self.password_last_used)?,
                last_changed: row.date(self.password_last_changed)?,
                next_rotation: row.date(self.password_next_rotation)?,
            },
            mfa_active: row.flag(self.mfa_active)?.unwrap_or_default(),
            access_keys: keys.into_iter().flatten().collect(),
            has_unlisted_credentials: row.get(self.additional).is_some(),
        })
    }
}

/// The values of a row.
struct Values<'r>(&'r StringRecord);

impl Values<'_> {
    /// The value of a column, if it has one.
    fn get(&self, column: Column) -> Option<&str> {
        let value = self.0.get(column.place?)?.trim();
        let absent = [NOT_APPLICABLE, NO_INFORMATION, NOT_SUPPORTED, ""];
        (!absent.iter().any(|it| it.eq_ignore_ascii_case(value))).then_some(value)
    }

    fn fault(&self, column: Column, expected: &'static str) -> CredentialReportFault {
        let value = column.place.and_then(|place| self.0.get(place));
        value_fault(column.name, value.unwrap_or_default(), expected)
    }

    fn text(&self, column: Column) -> Result<&str, CredentialReportFault> {
        self.get(column).ok_or_else(|| self.fault(column, "a name"))
    }

    fn date(&self, column: Column) -> Result<Option<DateTime<Utc>>, CredentialReportFault> {
        const EXPECTED: &str = "a date and time, N/A, no_information or not_supported";
        let date = self.get(column).map(time::parse);
        date.map(|date| date.ok_or_else(|| self.fault(column, EXPECTED)))
            .transpose()
    }

    fn flag(&self, column: Column) -> Result<Option<bool>, CredentialReportFault> {
        match self.get(column) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("TRUE") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("FALSE") => Ok(Some(false)),
            Some(_) => Err(self.fault(column, "TRUE, FALSE or not_supported")),
        }
    }

    /// An access key, if there is one. Nothing of a key that is not active need be there.
    fn access_key(
        &self,
        columns: &KeyColumns,
    ) -> Result<Option<ReportedAccessKey>, CredentialReportFault> {
        let owned = |column| self.get(column).map(Into::into);
        let key = ReportedAccessKey {
            number: columns.number,
            active: self.flag(columns.active)?.unwrap_or_default(),
            last_rotated: self.date(columns.last_rotated)?,
            last_used: self.date(columns.last_used)?,
            last_used_region: owned(columns.last_used_region),
            last_used_service: owned(columns.last_used_service),
        };
        let is_there = key.active || key.last_rotated.is_some() || key.last_used.is_some();
        Ok(is_there.then_some(key))
    }
}
