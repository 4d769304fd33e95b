//! Where in nested JSON a reader is.

/// The brackets that are open, and what is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nesting(u64);

/// The most brackets that are open at a time. Deeper nesting is left to the plain reader.
pub(crate) const DEEPEST: u32 = 48;

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Value,
    Key,
    /// A comma or the bracket that closes, after a value.
    AfterValue,
}

impl Nesting {
    const DEPTH: u32 = 48;
    const EXPECTED: u32 = 56;
    const OBJECTS: u64 = (1 << Self::DEPTH) - 1;

    /// Before a value, with no bracket open.
    pub(crate) const START: Self = Self(0);
    /// Where no reader is.
    pub(crate) const NOWHERE: Self = Self(u64::MAX);

    pub(crate) fn expected(self) -> Expected {
        match self.0 >> Self::EXPECTED {
            0 => Expected::Value,
            1 => Expected::Key,
            _ => Expected::AfterValue,
        }
    }

    pub(crate) fn expecting(self, expected: Expected) -> Self {
        let number = match expected {
            Expected::Value => 0,
            Expected::Key => 1,
            Expected::AfterValue => 2,
        };
        Self(self.0 & ((1 << Self::EXPECTED) - 1) | number << Self::EXPECTED)
    }

    /// How many brackets are open.
    pub(crate) fn depth(self) -> u32 {
        (self.0 >> Self::DEPTH) as u32 & 0xff
    }

    /// Whether the innermost bracket that is open is an object's.
    pub(crate) fn is_object(self) -> bool {
        self.0 & 1 == 1
    }

    /// With one more bracket open, if there can be one more.
    pub(crate) fn opened(self, is_object: bool) -> Option<Self> {
        let depth = self.depth() + 1;
        // Each bit is a level, the last one is the innermost.
        let objects = (self.0 & Self::OBJECTS) << 1 | u64::from(is_object);
        let expected = if is_object {
            Expected::Key
        } else {
            Expected::Value
        };
        (depth <= DEEPEST)
            .then(|| Self(u64::from(depth) << Self::DEPTH | objects).expecting(expected))
    }

    /// With the innermost bracket closed, after a value.
    pub(crate) fn closed(self) -> Self {
        let depth = self.depth().saturating_sub(1);
        let objects = (self.0 & Self::OBJECTS) >> 1;
        Self(u64::from(depth) << Self::DEPTH | objects).expecting(Expected::AfterValue)
    }

    /// After a comma.
    pub(crate) fn next(self) -> Self {
        self.expecting(if self.is_object() {
            Expected::Key
        } else {
            Expected::Value
        })
    }
}
