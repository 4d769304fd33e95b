//! Text of the input, made fit for messages.

use std::fmt;

/// Displays text in one line, with control characters escaped. Quotes and backslashes stay as they are, so that paths read
/// well and escaping twice changes nothing.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KEPT: [char; 3] = ['"', '\'', '\\'];
        for part in self.0.split_inclusive(KEPT) {
            let (text, kept) = match part.strip_suffix(KEPT) {
                Some(text) => (text, part.get(text.len()..).unwrap_or_default()),
                None => (part, ""),
            };
            write!(f, "{}{kept}", text.escape_debug())?;
        }
        Ok(())
    }
}

/// Returns the start of a message. The JSON parser quotes the values that it rejects, however long they are.
pub(crate) fn shortened(message: &str) -> Box<str> {
    const LONGEST: usize = 200;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => message
            .get(..end)
            .map_or_else(Box::default, |start| format!("{start}...").into()),
        None => message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_print_is_escaped() {
        for (text, expected) in [
            ("", ""),
            (r#"C:\trail\"a" 'b' \"#, r#"C:\trail\"a" 'b' \"#),
            ("é ü 漢", "é ü 漢"),
            ("a\nb\r\t\0", r"a\nb\r\t\0"),
            (
                "'\u{1b}[2J\u{9b}\u{202e}\u{2028}",
                r"'\u{1b}[2J\u{9b}\u{202e}\u{2028}",
            ),
        ] {
            let shown = Printable(text).to_string();
            assert_eq!(shown, expected);
            assert_eq!(Printable(&shown).to_string(), expected);
        }
    }
}
