//! Detects the format of an object from its content.

use crate::formats::cells::Column;

/// The formats of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Parquet,
    /// Comma-separated values with a header.
    Csv,
    /// JSON of any shape. Everything else counts as JSON too: the JSON reader says what is wrong with it.
    Json,
}

/// Detects the format of inflated bytes.
pub(crate) fn detect(bytes: &[u8]) -> Format {
    // PARE: a Parquet file with an encrypted footer.
    if bytes.starts_with(b"PAR1") || bytes.starts_with(b"PARE") {
        return Format::Parquet;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[") {
        return Format::Json;
    }
    if is_header(bytes) {
        Format::Csv
    } else {
        Format::Json
    }
}

/// Whether the first line is a header: at least two column names, or one that is known.
fn is_header(bytes: &[u8]) -> bool {
    const LONGEST_LINE: usize = 1 << 16;
    const LONGEST_NAME: usize = 128;
    let is_sound = |letter: char| {
        letter.is_alphanumeric() || matches!(letter, '_' | '.' | ' ' | '-' | ':' | '/' | '@' | '$')
    };
    let is_name = |name: &str| {
        name.len() <= LONGEST_NAME
            && name.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '@'))
            && name.chars().all(is_sound)
    };
    // Whole records can be the only column.
    let is_known = |name: &str| {
        Column::named(name).is_some() || matches!(name, "_raw" | "@message" | "event.original")
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
        Ok(true) => names.iter().all(is_name) && (names.len() > 1 || names.iter().any(is_known)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_content() {
        for (bytes, format) in [
            (&b"PAR1"[..], Format::Parquet),
            (b"\"eventtime\",\"useridentity.arn\"\n", Format::Csv),
            (b"\xef\xbb\xbfeventTime,awsRegion\r\n1,2", Format::Csv),
            (b"Name,E-mail address\n", Format::Csv),
            (b"eventJson\n", Format::Csv),
            (b"_c0,_c1", Format::Csv),
            (b"_raw\n", Format::Csv),
            (b"\"@timestamp\",\"@message\"\n", Format::Csv),
            (b"", Format::Json),
            (b"nonsense", Format::Json),
            (b"PAR", Format::Json),
            (b"1,2,3\n", Format::Json),
            (b"\n {\"Records\":[]}", Format::Json),
            (b"[]", Format::Json),
            (b"pe\":\"IAMUser\",\"x\":1}\n{}\n", Format::Json),
            (b"a,b\xff\n", Format::Json),
            (b"a,,b\n", Format::Json),
            (b"\x1f\x8b,a", Format::Json),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(detect(bytes), format, "{text}");
        }
    }
}
