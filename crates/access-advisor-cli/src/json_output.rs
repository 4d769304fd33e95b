//! JSON as the AWS CLI prints it, in which characters that do not print are escaped: the same values, and harmless on a terminal.

use std::io::{self, Write};

use access_advisor::text::is_printable;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

/// What JSON is indented by.
pub(crate) const INDENT: &str = "    ";

/// Writes a value indented, as the AWS CLI does, and a line end.
pub(crate) fn write_json(writer: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut writer = Escaping(writer);
    let formatter = PrettyFormatter::with_indent(INDENT.as_bytes());
    value.serialize(&mut Serializer::with_formatter(&mut writer, formatter))?;
    writeln!(writer)
}

/// Writes a value in one line.
pub(crate) fn write_json_line(writer: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut writer = Escaping(writer);
    serde_json::to_writer(&mut writer, value)?;
    writeln!(writer)
}

/// A value that stands at this depth of a document.
pub(crate) fn indented(value: &impl Serialize, depth: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(INDENT.as_bytes());
    let mut escaping = Escaping(&mut text);
    value.serialize(&mut Serializer::with_formatter(&mut escaping, formatter))?;
    let line_end = format!("\n{}", INDENT.repeat(depth));
    let mut indented = Vec::with_capacity(text.len() + text.len() / 2);
    // Strings have no line ends: JSON escapes them.
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            indented.extend_from_slice(line_end.as_bytes());
        }
        indented.extend_from_slice(line);
    }
    Ok(indented)
}

/// Takes JSON from `serde_json`, which comes in pieces of whole characters. What is not ASCII, and DEL, stands in strings only;
/// `serde_json` has escaped the other control characters there.
pub(crate) struct Escaping<W>(pub(crate) W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.iter().all(|byte| byte.is_ascii() && *byte != b'\x7f') {
            self.0.write_all(piece)?;
            return Ok(piece.len());
        }
        let text = std::str::from_utf8(piece).map_err(io::Error::other)?;
        for character in text.chars() {
            if character == '\n' || is_printable(character) {
                write!(self.0, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_and_are_printable() {
        let value = serde_json::json!({"a\u{202e}": ["é\"\\\n\u{7f}\u{9b}\u{e0041}", {}, [], 1]});
        let text = |write: fn(&mut Vec<u8>, &serde_json::Value) -> io::Result<()>| {
            let mut written = Vec::new();
            write(&mut written, &value).unwrap();
            String::from_utf8(written).unwrap()
        };
        let line = text(|written, value| write_json_line(written, value));
        assert_eq!(
            line,
            "{\"a\\u202e\":[\"é\\\"\\\\\\n\\u007f\\u009b\\udb40\\udc41\",{},[],1]}\n"
        );
        let indented = text(|written, value| write_json(written, value));
        assert!(indented.starts_with("{\n    \"a\\u202e\": [\n        \"é"));
        for text in [line, indented] {
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read, value);
        }
    }
}
