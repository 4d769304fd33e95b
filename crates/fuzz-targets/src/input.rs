//! An input that is read as choices and values. At its end there are zeros.

/// What is left of the input.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        if let Some(start) = array.get_mut(..taken.len()) {
            start.copy_from_slice(taken);
        }
        array
    }

    /// Bytes after a byte with their number.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = self.byte();
        self.take(length.into())
    }

    /// A choice.
    pub(crate) fn of<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        let index = usize::from(self.byte()) % choices.len();
        choices.get(index).unwrap()
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
