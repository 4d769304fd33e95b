//! What the projected parser may accept: in objects and lists that do not count, anything but broken strings, bytes that are not
//! UTF-8, and more or fewer closing brackets than opening ones. Written the slow and simple way.

use std::io::Read;
use std::ops::Range;

use flate2::read::GzDecoder;
use serde::de::IgnoredAny;

/// The keys that count, of a record, its `userIdentity`, and its `sessionContext`.
const COUNTED: [&[&str]; 3] = [
    &[
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "eventID",
        "eventType",
        "eventCategory",
        "errorCode",
    ],
    &[
        "type",
        "principalId",
        "arn",
        "accountId",
        "userName",
        "invokedBy",
        "sessionContext",
    ],
    &["sessionIssuer"],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Open(u8),
    Close(u8),
    Colon,
    Comma,
    Text,
    Other,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    place: Range<usize>,
}

/// The object with a null, or what the projected parser finds in it, for every object or list that is not JSON, but whose strings
/// and brackets are sound, if only these are checked of it. `None`
/// if there are none, or if the object is not a CloudTrail object with sound strings and brackets.
pub(crate) fn replaced(object: &[u8]) -> Option<Vec<u8>> {
    let mut text = object.to_vec();
    if object.starts_with(&[0x1f, 0x8b]) {
        text.clear();
        GzDecoder::new(object).read_to_end(&mut text).ok()?;
    }
    std::str::from_utf8(&text).ok()?;
    let tokens = tokens(&text)?;
    let kinds: Vec<_> = tokens.iter().map(|token| token.kind).collect();
    let is_text = |number: usize, wanted: &[u8]| text[tokens[number].place.clone()] == *wanted;
    let starts = kinds.starts_with(&[Kind::Open(b'{'), Kind::Text, Kind::Colon, Kind::Open(b'[')]);
    if !starts || !is_text(1, b"\"Records\"") {
        return None;
    }
    let mut broken = Vec::new();
    let mut at = 4;
    while kinds.get(at)? != &Kind::Close(b']') {
        let end = value_end(&kinds, at)?;
        if kinds[at] == Kind::Open(b'{') {
            find_broken(&text, &tokens[at..end], &COUNTED, &mut broken);
        }
        at = end + usize::from(kinds.get(end)? == &Kind::Comma);
    }
    if broken.is_empty() {
        return None;
    }
    for (place, instead) in broken.into_iter().rev() {
        text.splice(place, instead.into_bytes());
    }
    Some(text)
}

/// The tokens of a text, if its strings are sound and as many brackets close as open.
fn tokens(text: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        let start = at;
        at += 1;
        let kind = match byte {
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            b'{' | b'[' => {
                open += 1;
                Kind::Open(byte)
            }
            b'}' | b']' => {
                open = open.checked_sub(1)?;
                Kind::Close(byte)
            }
            b':' => Kind::Colon,
            b',' => Kind::Comma,
            b'"' => {
                while text.get(at)? != &b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                serde_json::from_slice::<IgnoredAny>(&text[start..at]).ok()?;
                Kind::Text
            }
            b'\\' => return None,
            _ => Kind::Other,
        };
        tokens.push(Token {
            kind,
            place: start..at,
        });
    }
    (open == 0).then_some(tokens)
}

/// Where the value that starts here ends: after its closing bracket, or after its only token.
fn value_end(kinds: &[Kind], start: usize) -> Option<usize> {
    let mut depth = 0;
    for (number, kind) in kinds.iter().enumerate().skip(start) {
        match kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth -= 1,
            _ => {}
        }
        if depth <= 0 {
            return Some(number + 1);
        }
    }
    None
}

/// Finds the broken values of an object whose tokens these are.
fn find_broken(
    text: &[u8],
    object: &[Token],
    levels: &[&[&str]],
    broken: &mut Vec<(Range<usize>, String)>,
) {
    let [counted, inner @ ..] = levels else {
        return;
    };
    let kinds: Vec<_> = object.iter().map(|token| token.kind).collect();
    // The numbers of the colons that are the object's own.
    let mut colons = Vec::new();
    let mut at = 1;
    while at + 1 < kinds.len() {
        if kinds[at] == Kind::Colon {
            colons.push(at);
        }
        at = value_end(&kinds, at).unwrap_or(kinds.len());
    }
    for (number, colon) in colons.iter().enumerate() {
        // Before a colon there are a comma or the opening bracket, and a key.
        let is_member = |colon: usize, is_first: bool| {
            colon >= 2
                && kinds[colon - 1] == Kind::Text
                && (kinds[colon - 2] == Kind::Comma || is_first && colon == 2)
        };
        let end = match colons.get(number + 1) {
            Some(next) if is_member(*next, false) && next - 2 > *colon => next - 2,
            Some(_) => continue,
            None => kinds.len() - 1,
        };
        if !is_member(*colon, number == 0) {
            continue;
        }
        let key = &text[object[colon - 1].place.clone()];
        let place = object[*colon].place.end..object[end].place.start;
        let name = counted
            .iter()
            .find(|name| format!("\"{name}\"").as_bytes() == key);
        match name {
            Some(_)
                if kinds[colon + 1] == Kind::Open(b'{')
                    && value_end(&kinds, colon + 1) == Some(end) =>
            {
                find_broken(text, &object[colon + 1..end], inner, broken);
            }
            None if matches!(kinds[colon + 1], Kind::Open(_))
                && value_end(&kinds, colon + 1) == Some(end)
                && serde_json::from_slice::<IgnoredAny>(&text[place.clone()]).is_err() =>
            {
                let members = object[colon + 1..end].windows(3);
                let instead = match key {
                    b"\"resources\"" => types(text, members),
                    b"\"requestParameters\"" | b"\"additionalEventData\"" => "{}".to_owned(),
                    _ => "null".to_owned(),
                };
                broken.push((place, instead));
            }
            _ => {}
        }
    }
}

/// Resources of the types that are among these tokens.
fn types<'t>(text: &[u8], tokens: impl Iterator<Item = &'t [Token]>) -> String {
    let types = tokens.filter_map(|tokens| {
        let [key, colon, value] = tokens else {
            return None;
        };
        let is_type = text[key.place.clone()] == *b"\"type\""
            && colon.kind == Kind::Colon
            && value.kind == Kind::Text;
        let value = std::str::from_utf8(&text[value.place.clone()]).unwrap();
        is_type.then(|| format!("{{\"type\":{value}}}"))
    });
    format!("[{}]", types.collect::<Vec<_>>().join(","))
}
