//! The events of a trail.

/// What a record says was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Such as `ec2.amazonaws.com`.
    pub(super) source: String,
    pub(super) name: String,
    pub(super) is_read: bool,
}

/// The index of an event, which is added if it is new.
pub(super) fn index_of(event: Event, events: &mut Vec<Event>) -> usize {
    if let Some(known) = events.iter().position(|known| *known == event) {
        return known;
    }
    events.push(event);
    events.len() - 1
}
