//! Limits the size of record batches.

/// The maximum number of rows of a batch.
const ROWS: usize = 1 << 16;

/// A batch with this many bytes of text is full, because offsets have 32 bits.
const TEXT: usize = 1 << 28;

/// The size of a batch under construction.
#[derive(Default)]
pub(crate) struct BatchSize {
    rows: usize,
    text: usize,
}

impl BatchSize {
    /// Adds a row with this many bytes of text.
    pub(crate) fn add_row(&mut self, text: usize) {
        self.rows += 1;
        self.text = self.text.saturating_add(text);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.text >= TEXT
    }
}
