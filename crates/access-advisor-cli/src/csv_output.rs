//! CSV that spreadsheets open without running anything.

use std::borrow::Cow;
use std::io::{self, Write};

use access_advisor::text::Printable;
use clap::Args;

/// Spreadsheets take cells that begin so for formulas: <https://owasp.org/www-community/attacks/CSV_Injection>. The last four are
/// the full-width forms, which some take too.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CsvArguments {
    /// Write CSV cells as they are. Without this, cells that a spreadsheet would take for formulas get an apostrophe in
    /// front, and characters that do not print are escaped
    #[arg(long)]
    csv_raw: bool,
}

/// Writes records, each on one line unless cells are raw.
pub(crate) struct CsvWriter<'w> {
    csv: csv::Writer<&'w mut dyn Write>,
    is_raw: bool,
}

impl<'w> CsvWriter<'w> {
    pub(crate) fn new(writer: &'w mut dyn Write, arguments: CsvArguments) -> Self {
        Self {
            csv: csv::Writer::from_writer(writer),
            is_raw: arguments.csv_raw,
        }
    }

    pub(crate) fn write<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        let cells = cells.into_iter();
        let written = if self.is_raw {
            self.csv.write_record(cells)
        } else {
            self.csv.write_record(cells.map(inert).map(Inert))
        };
        // Keeps the kind of a closed pipe.
        written.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

struct Inert<'c>(Cow<'c, str>);

impl AsRef<[u8]> for Inert<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A cell that is no formula, and has no characters that do not print.
fn inert(cell: &str) -> Cow<'_, str> {
    let is_formula = cell.trim_start().starts_with(FORMULA_STARTS);
    if !is_formula && cell.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(cell);
    }
    let apostrophe = if is_formula { "'" } else { "" };
    format!("{apostrophe}{}", Printable(cell)).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_inert_unless_raw() {
        let cells = [
            "arn:aws:iam::111122223333:user/ann",
            "=1+1",
            "-2",
            "\t=1",
            "\rx",
            "＝1",
            " @x",
            "2026-11-01T00:00:00+00:00",
            "a,\"b\n",
        ];
        let written = |csv_raw| {
            let mut written: Vec<u8> = Vec::new();
            let mut csv = CsvWriter::new(&mut written, CsvArguments { csv_raw });
            csv.write(cells).unwrap();
            csv.flush().unwrap();
            drop(csv);
            String::from_utf8(written).unwrap()
        };
        assert_eq!(
            written(false),
            "arn:aws:iam::111122223333:user/ann,'=1+1,'-2,'\\t=1,\\rx,'＝1,' @x,2026-11-01T00:00:00+00:00,\"a,\"\"b\\n\"\n"
        );
        let raw = written(true);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(raw.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), cells);
    }
}
