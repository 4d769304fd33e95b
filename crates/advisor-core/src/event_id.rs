//! Event ids, stored without an allocation.

/// The length of a UUID as text.
const UUID: usize = 36;

/// An event's id. CloudTrail's are UUIDs of 36 characters. These are stored inline, because the last
/// event of a row changes often.
#[derive(Clone, Debug)]
pub(crate) enum EventId {
    Short { length: u8, bytes: [u8; 38] },
    Long(Box<[u8]>),
}

impl EventId {
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 38];
        if let (Ok(uuid), Some((start, _))) =
            (<&[u8; UUID]>::try_from(text), bytes.split_first_chunk_mut())
        {
            *start = *uuid;
            let length = UUID as u8;
            return Self::Short { length, bytes };
        }
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(text);
                Self::Short { length, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}
