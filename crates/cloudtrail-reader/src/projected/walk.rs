//! Stage 2: walks the members of an object, from quote to quote. Nested objects that count are walked, too; others, and lists, are
//! jumped over.

use serde::de::IgnoredAny;

use super::keys::{Found, Keys, OTHER};
use super::window::{Span, Stop, Value, Window, skip_space};

/// The members of an object that count, by the numbers of their keys; the others share the last place. Absent values are empty
/// spans at 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<const N: usize> {
    pub(super) place: Span,
    values: [Span; N],
    /// In the bits of their numbers, which are strings with escapes.
    escaped: u32,
}

impl<const N: usize> Default for Members<N> {
    fn default() -> Self {
        Self {
            place: Span::default(),
            values: [Span::default(); N],
            escaped: 0,
        }
    }
}

impl<const N: usize> Members<N> {
    #[inline(always)]
    pub(super) fn value(&self, number: u8) -> Span {
        self.values
            .get(usize::from(number))
            .copied()
            .unwrap_or_default()
    }

    /// The JSON of a value; empty if it is absent.
    #[inline(always)]
    pub(super) fn json<'t>(&self, text: &'t [u8], number: u8) -> &'t [u8] {
        self.value(number).of(text)
    }

    /// The text that a value is, without its quotes, if it has neither escapes nor is anything else than a text or null. Of a null
    /// and an absent value, an empty span at 0.
    #[inline(always)]
    pub(super) fn plain_text(&self, text: &[u8], number: u8) -> Option<Span> {
        let value = self.value(number);
        match value.of(text) {
            [b'"', ..] => (self.escaped >> number & 1 == 0).then_some(Span {
                start: value.start + 1,
                end: value.end - 1,
            }),
            b"" | b"null" => Some(Span::default()),
            _ => None,
        }
    }
}

/// Reads the objects in an object that count. No closure: not all of those are compiled for the processor's newer instructions.
pub(super) trait Inner {
    /// Reads the value of the key with this number, which opens here, if it counts; returns where it ends.
    fn read(&mut self, window: Window<'_>, number: u8, open: usize) -> Result<Option<usize>, Stop>;
}

/// No object counts.
impl Inner for () {
    #[inline(always)]
    fn read(&mut self, _: Window<'_>, _: u8, _: usize) -> Result<Option<usize>, Stop> {
        Ok(None)
    }
}

impl Window<'_> {
    /// Reads the members of the object that opens here. `inner` reads values that are objects, by the numbers of their keys, and
    /// returns where they end; those of which it returns `None` are jumped over.
    #[inline(always)]
    pub(super) fn read_members<const N: usize, const K: usize>(
        self,
        open: usize,
        keys: &Keys<K>,
        members: &mut Members<N>,
        mut inner: impl Inner,
    ) -> Result<(), Stop> {
        let (mut at, mut next) = (open + 1, 0);
        let (mut seen, mut twice) = (0_u32, 0_u32);
        if self.text.get(at) != Some(&b'}') {
            at = loop {
                let key = keys.find(self, at, &mut next)?;
                let Found { number, start, .. } = key;
                let value = match self.text.get(start) {
                    Some(b'"') => self.string(start, key.usual)?,
                    Some(b'{') => match inner.read(self, number, start)? {
                        Some(end) => Value::until(end),
                        None => Value::until(self.value(start)?),
                    },
                    _ => Value::until(self.value(start)?),
                };
                if let Some(place) = members.values.get_mut(usize::from(number).min(N - 1)) {
                    *place = Span {
                        start: start as u32,
                        end: value.end as u32,
                    };
                }
                twice |= seen & 1 << number;
                seen |= 1 << number;
                members.escaped |= u32::from(value.is_escaped) << number;
                let mut end = value.end;
                if !matches!(self.text.get(end), Some(b',' | b'}')) {
                    end = skip_space(self.text, end);
                }
                match self.text.get(end) {
                    Some(b',') => at = end + 1,
                    Some(b'}') => break end,
                    _ => return Err(Stop::Odd),
                }
            };
        }
        members.place = Span {
            start: open as u32,
            end: at as u32 + 1,
        };
        let is_sound = twice & !(1 << OTHER) == 0;
        is_sound.then_some(()).ok_or(Stop::Odd)
    }

    /// The end of the value that starts here, other than a string.
    #[inline(always)]
    fn value(self, start: usize) -> Result<usize, Stop> {
        match self.text.get(start..).unwrap_or_default() {
            [b'{' | b'[', ..] => Ok(self.index.skip(start).ok_or(Stop::Beyond)? + 1),
            [b'n', b'u', b'l', b'l', ..] | [b't', b'r', b'u', b'e', ..] => Ok(start + 4),
            [b'f', b'a', b'l', b's', b'e', ..] => Ok(start + 5),
            _ => self.number(start),
        }
    }

    #[inline(never)]
    fn number(self, start: usize) -> Result<usize, Stop> {
        let rest = self.text.get(start..).unwrap_or_default();
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.iter().position(is_end).ok_or(Stop::Odd)?;
        let number = rest.get(..length).unwrap_or_default();
        match serde_json::from_slice::<IgnoredAny>(number) {
            Ok(_) => Ok(start + length),
            Err(_) => Err(Stop::Odd),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::tests::index;
    use super::*;

    static KEYS: Keys<3> = Keys::new([
        ("userIdentity", 0, 0),
        ("eventName", 1, 4),
        ("other", OTHER, 0),
    ]);

    struct Identity<'m>(&'m mut Members<3>);

    impl Inner for Identity<'_> {
        fn read(
            &mut self,
            window: Window<'_>,
            number: u8,
            at: usize,
        ) -> Result<Option<usize>, Stop> {
            if number != 0 {
                return Ok(None);
            }
            window.read_members(at, &KEYS, self.0, ())?;
            Ok(Some(self.0.place.end as usize))
        }
    }

    /// The record's members of these keys, and those of its `userIdentity`.
    fn members(text: &str) -> Result<[[Option<&str>; 2]; 2], Stop> {
        let index = index(text.as_bytes()).unwrap();
        let window = Window {
            text: text.as_bytes(),
            index: &index,
        };
        let texts = |members: Members<3>| {
            [0, 1].map(|number| {
                let json = std::str::from_utf8(members.json(text.as_bytes(), number)).unwrap();
                let at = members.value(number).start as usize;
                text.get(at..at + json.len()).filter(|_| !json.is_empty())
            })
        };
        let (mut record, mut identity) = (Members::<3>::default(), Members::default());
        window.read_members(0, &KEYS, &mut record, Identity(&mut identity))?;
        let end = record.place.end as usize;
        assert_eq!(text.get(end..), Some(""), "{text}");
        Ok([texts(record), texts(identity)])
    }

    #[test]
    fn own_members_are_found_and_nested_ones_passed_over() {
        let text = r#"{"a":[{"eventName":1},[]],"userIdentity":{"b":{"eventName":2},"eventName":"3"},"eventName":"4"}"#;
        let identity = r#"{"b":{"eventName":2},"eventName":"3"}"#;
        let expected = [[Some(identity), Some("\"4\"")], [None, Some("\"3\"")]];
        assert_eq!(members(text), Ok(expected));
        assert_eq!(members("{}"), Ok([[None; 2]; 2]));
        for value in [
            "null",
            "true",
            "false",
            "-1.5e3",
            r#""\"}\\""#,
            "{}",
            "[1,{}]",
        ] {
            let expected = [[None, Some(value)], [None; 2]];
            for (open, space) in [("", ""), (" \n", ""), ("", "\t "), (" ", "\r\n")] {
                let name = format!("{open}\"eventName\"{space}:{space}{value}{space}");
                let other = r#""a\u{e9}":[],"other":0"#.replace("\\u{e9}", "é");
                for text in [
                    format!("{{{name}}}"),
                    format!("{{{name},{other}}}"),
                    format!("{{{other},{name}}}"),
                ] {
                    assert_eq!(members(&text), Ok(expected), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_an_object_is_left_to_the_reference_parser() {
        for text in [
            r#"{"eventName":1,"eventName":2}"#,
            r#"{,"eventName":1}"#,
            r#"{"eventName":1,}"#,
            r#"{"eventName":1,,"other":1}"#,
            r#"{"eventName":1 "other":1}"#,
            r#"{"eventName":1]"#,
            r#"{eventName:1}"#,
            r#"{"eventName"}"#,
            r#"{"eventName":}"#,
            r#"{"eventName":nul}"#,
            r#"{"eventName":01}"#,
            r#"{"eventName":truefalse}"#,
            r#"{"event\u004eame":1}"#,
            r#"{"eventName":1"#,
            r#"{"userIdentity":{"a":1]}"#,
        ] {
            assert_eq!(members(text), Err(Stop::Odd), "{text}");
        }
        for text in [r#"{"eventName":{"#, r#"{"eventName":"1"#] {
            assert_eq!(members(text), Err(Stop::Beyond), "{text}");
        }
    }

    #[test]
    fn plain_texts_have_neither_escapes_nor_other_values() {
        for (value, expected) in [
            ("\"text\"", Some("text")),
            ("null", Some("")),
            ("\"\"", Some("")),
            (r#""a\n""#, None),
            ("1", None),
            ("[]", None),
        ] {
            let text = format!("{{\"eventName\":{value}}}");
            let index = index(text.as_bytes()).unwrap();
            let window = Window {
                text: text.as_bytes(),
                index: &index,
            };
            let mut members = Members::<3>::default();
            window.read_members(0, &KEYS, &mut members, ()).unwrap();
            let plain = members.plain_text(text.as_bytes(), 1);
            assert_eq!(
                plain.map(|span| span.of(text.as_bytes())),
                expected.map(str::as_bytes),
                "{value}"
            );
            assert_eq!(
                plain.is_some_and(|plain| plain.end > 0),
                value.starts_with('"') && expected.is_some()
            );
        }
    }
}
