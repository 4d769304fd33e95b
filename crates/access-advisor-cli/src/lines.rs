//! Text for people, line by line.

use std::fmt;
use std::io::{self, Write};

use access_advisor::text::Printable;

/// Writes lines in which nothing but their ends is a control character.
///
/// A `writeln!` writes exactly one line, whatever its arguments hold: what does not print is escaped, line ends too. Names of
/// the input therefore cannot forge, hide or end a line.
pub(crate) struct Lines<'w>(&'w mut dyn Write);

impl<'w> Lines<'w> {
    pub(crate) fn new(writer: &'w mut dyn Write) -> Self {
        Self(writer)
    }

    /// Writes one line; this is what `writeln!` calls.
    pub(crate) fn write_fmt(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        let line = line.to_string();
        let line = line.strip_suffix('\n').unwrap_or(&line);
        writeln!(self.0, "{}", Printable(line))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_line() {
        let mut written = Vec::new();
        let mut lines = Lines::new(&mut written);
        writeln!(lines).unwrap();
        let (hostile, last) = ("a\nb\r\u{1b}[31m\n", "c\n\n");
        writeln!(lines, "{hostile} é").unwrap();
        write!(lines, "{last}").unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, "\na\\nb\\r\\u{1b}[31m\\n é\nc\\n\n");
    }
}
