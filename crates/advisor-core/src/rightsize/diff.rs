//! The change of each statement as a diff.

use serde_json::Value;

use crate::text::Printable;

use super::outcome::Rightsized;
use super::paths::{json_lines, new_path, today_path};

/// Longer statements are shown as removed and added.
const MOST_CELLS: usize = 4_000_000;

/// A diff of the policies that change, by statement, with all lines of the statements that change.
pub(super) fn diff(entity: &Rightsized) -> String {
    let mut text = String::new();
    if let Some(basis) = &entity.rests_on {
        text.push_str(&format!(
            "# {}\n# Rests on {basis}.\n",
            Printable(&entity.arn)
        ));
    }
    for policy in entity.changed_policies() {
        let new = entity.new_policies.iter();
        let new = new.filter(|new| new.replaces.iter().any(|it| it == policy.key()));
        let new: Vec<String> = new.map(new_path).collect();
        let new = if new.is_empty() {
            "/dev/null".to_owned()
        } else {
            new.join(" ")
        };
        text.push_str(&format!("--- {}\n+++ {new}\n", today_path(policy)));
        for statement in &*policy.statements {
            let Some(old) = &statement.old else { continue };
            let sid = statement.sid.as_deref().unwrap_or_default();
            let space = if sid.is_empty() { "" } else { " " };
            let number = statement.index;
            let merged = match statement.merged_into {
                Some(other) => format!(", written with statement {other}"),
                None => String::new(),
            };
            text.push_str(&format!(
                "@@ statement {number}{space}{}{merged} @@\n",
                Printable(sid)
            ));
            let lines =
                |map: &serde_json::Map<String, Value>| json_lines(&Value::Object(map.clone()));
            let (old, new) = (lines(old), statement.new.as_ref().map(lines));
            for (sign, line) in changes(&old, &new.unwrap_or_default()) {
                text.push_str(&format!("{sign}{line}\n"));
            }
        }
    }
    text
}

/// The lines of both texts: ` ` for those of both, `-` for those of the first only, `+` for those of the second only.
fn changes<'a>(old: &'a [String], new: &'a [String]) -> Vec<(char, &'a str)> {
    let same_start = old
        .iter()
        .zip(new)
        .take_while(|(old, new)| old == new)
        .count();
    let (start, old) = old.split_at(same_start);
    let (_, new) = new.split_at(same_start);
    let mut all: Vec<(char, &str)> = start.iter().map(|line| (' ', &**line)).collect();
    let removed = old.iter().map(|line| ('-', &**line));
    let added = new.iter().map(|line| ('+', &**line));
    if old.len().saturating_mul(new.len()) > MOST_CELLS {
        all.extend(removed.chain(added));
        return all;
    }
    let common = common_lengths(old, new);
    let at = |i: usize, j: usize| common.get(i * (new.len() + 1) + j).copied().unwrap_or(0);
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(left), Some(right)) if left == right => {
                all.push((' ', left));
                (i, j) = (i + 1, j + 1);
            }
            (Some(left), right) if right.is_none() || at(i + 1, j) >= at(i, j + 1) => {
                all.push(('-', left));
                i += 1;
            }
            (_, Some(right)) => {
                all.push(('+', right));
                j += 1;
            }
            _ => return all,
        }
    }
}

/// By positions in both texts, the length of the longest common subsequence of the lines from there on.
fn common_lengths(old: &[String], new: &[String]) -> Vec<u32> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            let of = |at: usize| common.get(at).copied().unwrap_or_default();
            let length = if left == right {
                of((i + 1) * width + j + 1) + 1
            } else {
                of((i + 1) * width + j).max(of(i * width + j + 1))
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = length;
            }
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_lines_stay() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (lines("a b c d"), lines("a x c d e"));
        let shown: Vec<String> = (changes(&old, &new).iter())
            .map(|(sign, line)| format!("{sign}{line}"))
            .collect();
        assert_eq!(shown, [" a", "-b", "+x", " c", " d", "+e"]);
        assert_eq!(changes(&old, &[]).len(), 4);
    }
}
