//! Decodes bytes as text and marks what is not UTF-8.

use std::borrow::Cow;

/// Decoded text.
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    /// A character that stands wherever the bytes were not UTF-8, and nowhere else; `None` if all were. Only the records that
    /// have it are malformed.
    pub(crate) marker: Option<char>,
}

/// Decodes bytes that should be UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded {
            text: Cow::Borrowed(text),
            marker: None,
        };
    }
    // Unicode's noncharacters are for such uses. The usual replacement character may well stand in a
    // sound record: user agents are full of it.
    let marker = ('\u{fdd0}'..='\u{fdef}')
        .find(|marker| !contains(bytes, *marker))
        .unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(marker);
        }
    }
    Decoded {
        text: Cow::Owned(text),
        marker: Some(marker),
    }
}

fn contains(bytes: &[u8], character: char) -> bool {
    let mut buffer = [0; 4];
    let encoded = character.encode_utf8(&mut buffer).as_bytes();
    bytes.windows(encoded.len()).any(|window| window == encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_utf8_is_marked() {
        let sound = decode("sound \u{fffd}".as_bytes());
        assert_eq!((&*sound.text, sound.marker), ("sound \u{fffd}", None));
        let broken = decode(b"a\xffb \xef\xbf\xbd");
        assert_eq!(
            (&*broken.text, broken.marker),
            ("a\u{fdd0}b \u{fffd}", Some('\u{fdd0}'))
        );
        let sly = decode(
            "\u{fdd0}\u{fdd1}x"
                .as_bytes()
                .iter()
                .copied()
                .chain([0xc3])
                .collect::<Vec<_>>()
                .leak(),
        );
        assert_eq!(
            (&*sly.text, sly.marker),
            ("\u{fdd0}\u{fdd1}x\u{fdd2}", Some('\u{fdd2}'))
        );
    }
}
