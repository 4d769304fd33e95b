//! Converts columns of tables that other engines wrote to the few types that are used here.
//!
//! Engines write the same column in different ways: text as plain, large, dictionary-encoded or view
//! strings, or as bytes; times in any unit, with a time zone or without (which means UTC); counts in any
//! width, and sums as whole floats.

use std::ops::RangeInclusive;
use std::sync::Arc;

use advisor_core::DaySet;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int64Array, ListArray, RecordBatch, StringViewArray,
};
use arrow_schema::{DataType, Field, TimeUnit};

use crate::read_error::Fault;

/// A column of one batch of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a> {
    name: &'static str,
    array: &'a ArrayRef,
    /// The number of rows in the batches before this one.
    before: u64,
}

impl<'a> Column<'a> {
    /// A required column.
    pub(crate) fn required(
        batch: &'a RecordBatch,
        name: &'static str,
        before: u64,
    ) -> Result<Self, Fault> {
        Self::optional(batch, name, before).ok_or(Fault::MissingColumn { column: name })
    }

    /// A column that may be missing.
    pub(crate) fn optional(
        batch: &'a RecordBatch,
        name: &'static str,
        before: u64,
    ) -> Option<Self> {
        Some(Self {
            name,
            array: batch.column_by_name(name)?,
            before,
        })
    }

    /// The error for an invalid value of this column.
    pub(crate) fn fault(&self, index: usize, reason: impl Into<String>) -> Fault {
        Fault::Value {
            row: (self.before.saturating_add(index as u64)).saturating_add(1),
            column: self.name,
            reason: reason.into(),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> Fault {
        Fault::ColumnType {
            column: self.name,
            expected,
            found: self.array.data_type().clone(),
        }
    }

    /// Converts the column to another type. A value that cannot be converted is an error.
    fn cast(&self, to: &DataType, expected: &'static str) -> Result<ArrayRef, Fault> {
        let cast = arrow_cast::cast(self.array, to)?;
        if cast.null_count() > self.array.logical_null_count() {
            let nulls = self.array.logical_nulls();
            let was_valid = |index| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(index));
            let lost = |index: &usize| cast.is_null(*index) && was_valid(*index);
            if let Some(index) = (0..cast.len()).find(lost) {
                return Err(self.fault(index, format!("is not a {expected}")));
            }
        }
        Ok(cast)
    }

    /// Whether all values are null. An engine may then have given the column any type.
    fn is_all_null(&self) -> bool {
        self.array.logical_null_count() == self.array.len()
    }

    /// Converts the column to text.
    pub(crate) fn texts(self) -> Result<Texts<'a>, Fault> {
        if self.is_all_null() {
            return Ok(Texts {
                column: self,
                values: None,
            });
        }
        if !is_text(self.array.data_type()) {
            return Err(self.wrong_type(TEXT));
        }
        let values = self.cast(&DataType::Utf8View, TEXT)?;
        Ok(Texts {
            column: self,
            values: values.as_string_view_opt().cloned(),
        })
    }

    /// Converts the column to times in UTC milliseconds, rounded down. A time outside the years 1 to 9999 is an
    /// error: the column's unit is probably wrong.
    pub(crate) fn millis(self) -> Result<Numbers<'a>, Fault> {
        if self.is_all_null() {
            return Ok(Numbers::null(self));
        }
        let unit = match self.array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => Unit::Seconds,
            DataType::Timestamp(TimeUnit::Millisecond, _) => Unit::Millis,
            DataType::Timestamp(TimeUnit::Microsecond, _) => Unit::Micros,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Unit::Nanos,
            _ => return Err(self.wrong_type("timestamp")),
        };
        self.numbers(unit)
    }

    /// Converts the column to counts.
    pub(crate) fn counts(self) -> Result<Numbers<'a>, Fault> {
        match self.array.data_type() {
            DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0) => {}
            found if found.is_integer() => {}
            DataType::Float32 | DataType::Float64 => {
                let floats = self.cast(&DataType::Float64, WHOLE_NUMBER)?;
                let is_part = |value: Option<f64>| value.is_some_and(|value| value.fract() != 0.0);
                let floats = floats.as_primitive_opt::<Float64Type>();
                if let Some(index) = floats.and_then(|values| values.iter().position(is_part)) {
                    return Err(self.fault(index, format!("is not a {WHOLE_NUMBER}")));
                }
            }
            _ => return Err(self.wrong_type(WHOLE_NUMBER)),
        }
        self.numbers(Unit::Count)
    }

    fn numbers(self, unit: Unit) -> Result<Numbers<'a>, Fault> {
        let values = self.cast(&DataType::Int64, WHOLE_NUMBER)?;
        let values = values.as_primitive_opt::<Int64Type>().cloned();
        Ok(Numbers {
            column: self,
            values: values.unwrap_or_else(|| Int64Array::new_null(self.array.len())),
            unit,
        })
    }
}

impl<'a> Column<'a> {
    /// Converts the column to lists of UTC days: of dates, or of timestamps.
    pub(crate) fn day_lists(self) -> Result<DayLists<'a>, Fault> {
        let values = if self.is_all_null() {
            None
        } else {
            let (DataType::List(day)
            | DataType::LargeList(day)
            | DataType::ListView(day)
            | DataType::LargeListView(day)
            | DataType::FixedSizeList(day, _)) = self.array.data_type()
            else {
                return Err(self.wrong_type(DATES));
            };
            let list_of = |day| DataType::List(Arc::new(Field::new_list_field(day, true)));
            let lists = match day.data_type() {
                DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None) => {
                    arrow_cast::cast(self.array, &list_of(DataType::Date32))?
                }
                // A cast to dates would give those of the time zone. No zone is looked up by its name: whether that works depends on
                // a feature that other crates switch on.
                DataType::Timestamp(unit, Some(_)) => {
                    let utc = list_of(DataType::Timestamp(*unit, Some("+00:00".into())));
                    let utc = arrow_cast::cast(self.array, &utc)?;
                    arrow_cast::cast(&utc, &list_of(DataType::Date32))?
                }
                _ => return Err(self.wrong_type(DATES)),
            };
            lists.as_list_opt().cloned()
        };
        Ok(DayLists {
            column: self,
            values,
        })
    }

    /// Converts the column to booleans.
    pub(crate) fn flags(self) -> Result<Flags<'a>, Fault> {
        if self.is_all_null() {
            return Ok(Flags { values: None });
        }
        match self.array.as_boolean_opt() {
            Some(values) => Ok(Flags {
                values: Some(values),
            }),
            None => Err(self.wrong_type("boolean")),
        }
    }
}

/// A column of lists of days.
pub(crate) struct DayLists<'a> {
    pub(crate) column: Column<'a>,
    /// `None` when all are null.
    values: Option<ListArray>,
}

impl DayLists<'_> {
    /// Adds a row's days to a set. Returns `false` for null.
    pub(crate) fn read(&self, index: usize, days: &mut DaySet) -> Result<bool, Fault> {
        let Some(values) = self.values.as_ref().filter(|values| values.is_valid(index)) else {
            return Ok(false);
        };
        let list = values.value(index);
        for day in list.as_primitive_opt::<Date32Type>().into_iter().flatten() {
            let day = day.ok_or_else(|| self.column.fault(index, "has a null"))?;
            if !TIMES.contains(&DaySet::start_of(day)) {
                let reason = format!("day {day} is out of range");
                return Err(self.column.fault(index, reason));
            }
            days.insert(day);
        }
        Ok(true)
    }
}

/// A column of booleans.
pub(crate) struct Flags<'a> {
    /// `None` when all are null.
    values: Option<&'a BooleanArray>,
}

impl Flags<'_> {
    /// A row's boolean; `None` for null.
    pub(crate) fn get(&self, index: usize) -> Option<bool> {
        let values = self.values?;
        values.is_valid(index).then(|| values.value(index))
    }
}

const DATES: &str = "list of dates";
const TEXT: &str = "text";
const WHOLE_NUMBER: &str = "64-bit whole number";
const NULL: &str = "is null";

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A column of text.
pub(crate) struct Texts<'a> {
    pub(crate) column: Column<'a>,
    /// `None` when all are null.
    values: Option<StringViewArray>,
}

impl Texts<'_> {
    /// A row's text; `None` for null.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let values = self.values.as_ref()?;
        values.is_valid(index).then(|| values.value(index))
    }

    /// A row's text; null is an error.
    pub(crate) fn require(&self, index: usize) -> Result<&str, Fault> {
        self.get(index)
            .ok_or_else(|| self.column.fault(index, NULL))
    }
}

/// A column of whole numbers.
pub(crate) struct Numbers<'a> {
    pub(crate) column: Column<'a>,
    values: Int64Array,
    unit: Unit,
}

impl<'a> Numbers<'a> {
    fn null(column: Column<'a>) -> Self {
        Self {
            column,
            values: Int64Array::new_null(column.array.len()),
            unit: Unit::Count,
        }
    }
}

/// The unit of stored numbers.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The years 1 to 9999, in UTC milliseconds.
const TIMES: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

impl Numbers<'_> {
    /// A row's number; `None` for null.
    pub(crate) fn get(&self, index: usize) -> Result<Option<i64>, Fault> {
        if self.values.is_null(index) {
            return Ok(None);
        }
        let value = self.values.value(index);
        let (millis, unit) = match self.unit {
            Unit::Count => return Ok(Some(value)),
            Unit::Seconds => (value.checked_mul(1_000), "s"),
            Unit::Millis => (Some(value), "ms"),
            Unit::Micros => (Some(value.div_euclid(1_000)), "µs"),
            Unit::Nanos => (Some(value.div_euclid(1_000_000)), "ns"),
        };
        match millis {
            Some(millis) if TIMES.contains(&millis) => Ok(Some(millis)),
            _ => {
                let reason = format!("{value} {unit} is out of range");
                Err(self.column.fault(index, reason))
            }
        }
    }

    /// A row's number; null is an error.
    pub(crate) fn require(&self, index: usize) -> Result<i64, Fault> {
        self.get(index)?
            .ok_or_else(|| self.column.fault(index, NULL))
    }

    /// A row's count; null and negative numbers are errors.
    pub(crate) fn require_count(&self, index: usize) -> Result<u64, Fault> {
        let value = self.require(index)?;
        let negative = |_| self.column.fault(index, format!("{value} is negative"));
        u64::try_from(value).map_err(negative)
    }
}
