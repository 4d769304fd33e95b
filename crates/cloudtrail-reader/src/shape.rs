//! What an object's bytes are, told by the bytes alone.

use crate::table::Field;

/// How to read an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Parquet,
    /// Comma-separated values with a header.
    Csv,
    /// JSON of any shape, and everything else: the JSON reader says what is wrong with it.
    Json,
}

/// What these bytes, inflated, look like.
pub(crate) fn detect(bytes: &[u8]) -> Shape {
    // PARE: a Parquet file with an encrypted footer.
    if bytes.starts_with(b"PAR1") || bytes.starts_with(b"PARE") {
        return Shape::Parquet;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[") {
        return Shape::Json;
    }
    if is_header(bytes) {
        Shape::Csv
    } else {
        Shape::Json
    }
}

/// Whether the first line holds names as columns have them: two at least, or one that is known.
fn is_header(bytes: &[u8]) -> bool {
    const LONGEST_LINE: usize = 1 << 16;
    const LONGEST_NAME: usize = 128;
    let is_sound = |letter: char| {
        letter.is_alphanumeric() || matches!(letter, '_' | '.' | ' ' | '-' | ':' | '/' | '@' | '$')
    };
    let is_name = |name: &str| {
        name.len() <= LONGEST_NAME
            && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && name.chars().all(is_sound)
    };
    let line = bytes.split(|byte| *byte == b'\n').next();
    let Some(line) = line.filter(|line| line.len() <= LONGEST_LINE) else {
        return false;
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line);
    let mut names = csv::StringRecord::new();
    match reader.read_record(&mut names) {
        Ok(true) => {
            names.iter().all(is_name)
                && (names.len() > 1 || names.iter().any(|name| Field::named(name).is_some()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_by_content() {
        for (bytes, shape) in [
            (&b"PAR1"[..], Shape::Parquet),
            (b"\"eventtime\",\"useridentity.arn\"\n", Shape::Csv),
            (b"\xef\xbb\xbfeventTime,awsRegion\r\n1,2", Shape::Csv),
            (b"Name,E-mail address\n", Shape::Csv),
            (b"eventJson\n", Shape::Csv),
            (b"_c0,_c1", Shape::Csv),
            (b"", Shape::Json),
            (b"nonsense", Shape::Json),
            (b"PAR", Shape::Json),
            (b"1,2,3\n", Shape::Json),
            (b"\n {\"Records\":[]}", Shape::Json),
            (b"[]", Shape::Json),
            (b"pe\":\"IAMUser\",\"x\":1}\n{}\n", Shape::Json),
            (b"a,b\xff\n", Shape::Json),
            (b"a,,b\n", Shape::Json),
            (b"\x1f\x8b,a", Shape::Json),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(detect(bytes), shape, "{text}");
        }
    }
}
