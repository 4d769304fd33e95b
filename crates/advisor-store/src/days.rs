//! Sets of days as the file keeps them: JSON lists of dates and intervals.

use advisor_core::DaySet;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// Adds the SQL function `merge_days`, which gives the union of two sets.
pub(crate) fn add_function(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("merge_days", 2, flags, |arguments| {
        let set = |index| read(arguments.get_raw(index).as_str()?);
        let mut days = set(0)?;
        days.merge(&set(1)?);
        write(&days)
    })
}

/// Reads a set.
pub(crate) fn read(text: &str) -> rusqlite::Result<DaySet> {
    serde_json::from_str(text).map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
}

/// Writes a set.
pub(crate) fn write(days: &DaySet) -> rusqlite::Result<String> {
    serde_json::to_string(days).map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
}
