//! Text for people: text of the input, made fit for terminals and logs, and numbers.
//!
//! Names and messages come from exports, trails and requests, and can hold anything: line ends that forge a line, escape
//! sequences that hide one, characters that reverse what follows.

use std::fmt::{self, Write};

/// Displays a value in one line: characters that do not print are escaped as Rust's `char::escape_debug` does.
///
/// These are control characters, line and paragraph separators, spaces other than the usual one, format characters (such as
/// bidirectional controls and zero-width characters), private-use and unassigned characters, and letters without a shape.
/// Everything else stays as it is, also quotes and backslashes, so that paths read well and escaping twice changes nothing.
///
/// ```
/// use advisor_core::text::Printable;
/// let name = "é\u{1b}[2J\nadmin\u{202e}";
/// assert_eq!(Printable(name).to_string(), r"é\u{1b}[2J\nadmin\u{202e}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        for character in text.chars() {
            match character {
                '\0' | '\t' | '\n' | '\r' => write!(self.0, "{}", character.escape_debug())?,
                shown if is_printable(shown) => self.0.write_char(shown)?,
                hidden => write!(self.0, "{}", hidden.escape_unicode())?,
            }
        }
        Ok(())
    }
}

/// Whether a character stays as it is in [`Printable`].
#[must_use]
pub fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    if has_no_shape(character) {
        return false;
    }
    // `str::escape_debug` keeps combining characters that follow another character, and `char::escape_debug` does not.
    let mut text = String::from('a');
    text.push(character);
    text.escape_debug().nth(1) == Some(character)
}

/// Letters and marks that `escape_debug` keeps although they have no shape: those of Unicode's `Default_Ignorable_Code_Point`
/// that are no format characters.
fn has_no_shape(character: char) -> bool {
    matches!(
        character,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// A number of things, with commas: `1 action`, `17,203 actions`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(number))
}

/// A number with commas: `17,203`.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (number, text) in [
            (0, "0 actions"),
            (1, "1 action"),
            (999, "999 actions"),
            (1_000, "1,000 actions"),
            (1_234_567, "1,234,567 actions"),
        ] {
            assert_eq!(count(number, "action"), text);
        }
    }

    #[test]
    fn only_what_does_not_print_is_escaped() {
        for (text, expected) in [
            ("", ""),
            (r#"C:\trail\"a" 'b' \"#, r#"C:\trail\"a" 'b' \"#),
            ("é e\u{301} ü 漢 █ 🙂", "é e\u{301} ü 漢 █ 🙂"),
            ("a\nb\r\t\0\u{7f}", r"a\nb\r\t\0\u{7f}"),
            (
                "'\u{1b}[2J\u{9b}\u{202e}\u{2028}",
                r"'\u{1b}[2J\u{9b}\u{202e}\u{2028}",
            ),
            (
                "\u{200b}\u{feff}\u{ad}\u{a0}\u{3164}\u{fe0f}\u{e000}",
                r"\u{200b}\u{feff}\u{ad}\u{a0}\u{3164}\u{fe0f}\u{e000}",
            ),
        ] {
            let shown = Printable(text).to_string();
            assert_eq!(shown, expected);
            assert_eq!(Printable(&shown).to_string(), expected);
            assert_eq!(
                Printable(format_args!("<{text}>")).to_string(),
                format!("<{expected}>")
            );
        }
    }

    /// The properties of Unicode that let a text forge or hide what is around it.
    #[test]
    fn no_control_or_format_character_is_printable() {
        let bidirectional = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidirectional = bidirectional
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        let zero_width = ('\u{200b}'..='\u{200d}').chain(['\u{2060}', '\u{feff}', '\u{180e}']);
        let separators = ['\u{85}', '\u{2028}', '\u{2029}'].into_iter();
        let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
        let tags = '\u{e0000}'..='\u{e007f}';
        for character in bidirectional
            .chain(zero_width)
            .chain(separators)
            .chain(controls)
            .chain(tags)
        {
            assert!(!is_printable(character), "{}", character.escape_unicode());
        }
    }
}
