//! Text of the input, cut for messages.

/// Returns the start of a message. The JSON parser quotes the values that it rejects, however long they are.
pub(crate) fn shortened(message: &str) -> Box<str> {
    const LONGEST: usize = 200;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => message
            .get(..end)
            .map_or_else(Box::default, |start| format!("{start}...").into()),
        None => message.into(),
    }
}
