//! Names that may be meant by a mistyped one.

use service_catalog::{ActionId, Catalog, ServiceId};

/// How many letters may be wrong.
const MOST_MISTYPED: usize = 2;
/// Longer names are no names of IAM.
const LONGEST: usize = 256;

/// The action of a service with the name that is most like another, if that is a mistype away.
pub(crate) fn nearest_action(
    catalog: &Catalog,
    service: ServiceId,
    name: &str,
) -> Option<ActionId> {
    let actions = catalog.actions_of(service);
    nearest(name, actions.map(|id| (catalog.action(id).name(), id)))
}

/// Of things with names, the one with the name that is most like another, if that is a mistype away. Case does not matter.
pub(crate) fn nearest<'a, T>(name: &str, others: impl Iterator<Item = (&'a str, T)>) -> Option<T> {
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let others = others.filter(|(other, _)| other.len().abs_diff(name.len()) <= MOST_MISTYPED);
    let steps = others.map(|(other, thing)| (distance(&name, &other.to_ascii_lowercase()), thing));
    let (steps, thing) = steps.min_by_key(|(steps, _)| *steps)?;
    (steps <= MOST_MISTYPED).then_some(thing)
}

/// How many letters are to be added, left out or changed to make one text of another.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (number, letter) in from.bytes().enumerate() {
        let mut diagonal = number;
        let mut left = number + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(to.bytes()) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = changed.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        for (from, to, expected) in [
            ("queue", "queue", 0),
            ("qeue", "queue", 1),
            ("queues", "queue", 1),
            ("qwewe", "queue", 2),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_name_is_found_whatever_its_case() {
        let find = |name: &str| nearest(name, [("ListUsers", 1), ("CreateUser", 2)].into_iter());
        assert_eq!(find("createusr"), Some(2));
        assert_eq!(find("ListUser"), Some(1));
        assert_eq!((find("DeleteUser"), find("")), (None, None));
    }
}
