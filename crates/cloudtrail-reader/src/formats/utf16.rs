//! Decodes UTF-16, which PowerShell's `>` writes.

/// Decodes bytes that are UTF-16 text, with or without a byte order mark. Returns `None` for anything else.
///
/// Units that are not UTF-16 become U+FFFD.
#[must_use]
pub fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        // No text starts with NUL, and JSON and CSV start with ASCII.
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => (bytes, u16::from_le_bytes),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => (bytes, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, half) = rest.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !half.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_with_and_without_a_mark() {
        let text = "{\"é\":\"𝄞\"}";
        for (unit, mark) in [
            (u16::to_le_bytes as fn(u16) -> [u8; 2], [0xff, 0xfe]),
            (u16::to_be_bytes, [0xfe, 0xff]),
        ] {
            // The second unit must be ASCII for text without a mark to be known.
            let text = format!("{{\"{text}");
            let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            assert_eq!(decode_utf16(&bytes).as_deref(), Some(&*text));
            let marked = [&mark[..], &bytes].concat();
            assert_eq!(decode_utf16(&marked).as_deref(), Some(&*text));
        }
    }

    #[test]
    fn other_bytes_are_not_utf16() {
        for bytes in [
            &b""[..],
            b"{",
            b"{}",
            b"{\"Records\":[]}",
            b"PAR1",
            b"\x1f\x8b\x08\x00",
            b"\0\0\0\0",
            b"{\0",
            b"\xef\xbb\xbf{}",
        ] {
            assert_eq!(decode_utf16(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_utf16_is_replaced() {
        // An unpaired surrogate, and half a unit.
        let bytes = [0xff, 0xfe, b'a', 0, 0x00, 0xd8, b'b', 0, b'c'];
        assert_eq!(decode_utf16(&bytes).as_deref(), Some("a\u{fffd}b\u{fffd}"));
    }
}
