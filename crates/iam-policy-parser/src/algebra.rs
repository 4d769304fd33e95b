//! Set algebra of patterns: whether two overlap, whether one covers another, and whether an
//! intersection of unions minus a union is empty. Answers are exact, unless the work budget ends first.
//!
//! Strings come before automata: strings of the positive groups, with one fresh letter for each `*`, are
//! matched against the negative patterns. Mostly one matches none of them, and there is no search. With
//! one positive group and negative patterns without `?`, this is exact: a pattern is covered by a union
//! only if one pattern of it covers it. Otherwise [the product of the patterns](crate::product) is searched.

use crate::answer::Residue;
use crate::pattern::{Pattern, Token};
use crate::product::{self, FRESH};
use crate::work_budget::WorkBudget;

/// Whether some string matches both patterns. Exact; takes time proportional to the product of both
/// lengths.
///
/// ```
/// use iam_policy_parser::{Pattern, overlaps};
/// let allowed = Pattern::wildcard("arn:aws:s3:::photos*");
/// let object = Pattern::arn_format("arn:${Partition}:s3:::${BucketName}/${ObjectName}");
/// assert!(overlaps(&allowed, &object));
/// assert!(!overlaps(&Pattern::literal("arn:aws:s3:::photos"), &object));
/// ```
#[must_use]
pub fn overlaps(left: &Pattern, right: &Pattern) -> bool {
    overlaps_within(left, right, &mut WorkBudget::steps(u64::MAX)).unwrap_or(true)
}

/// [`overlaps`] within a work budget; `None` when it ends first.
#[must_use]
pub fn overlaps_within(left: &Pattern, right: &Pattern, budget: &mut WorkBudget) -> Option<bool> {
    // When one starts with `*` and the other ends with it, each matches the other's text before its own.
    let starts = |pattern: &Pattern| pattern.tokens().first() == Some(&Token::AnyString);
    let ends = |pattern: &Pattern| pattern.tokens().last() == Some(&Token::AnyString);
    if starts(left) && ends(right) || starts(right) && ends(left) {
        return budget.spend(2).then_some(true);
    }
    meeting(left, right, budget).map(|text| text.is_some())
}

/// [`Pattern::matches`] within a work budget; `None` when it ends first.
#[must_use]
pub fn matches_within(pattern: &Pattern, text: &str, budget: &mut WorkBudget) -> Option<bool> {
    pattern.matches_within(text.chars(), budget)
}

/// The cost of comparing two patterns position by position, beside that of the positions.
const MEETING: u64 = 16;

/// A string that both patterns match, with one fresh letter wherever both are at a wildcard of any length;
/// `None` when the work budget ends first.
fn meeting(left: &Pattern, right: &Pattern, budget: &mut WorkBudget) -> Option<Option<String>> {
    let (left, right) = (left.tokens(), right.tokens());
    // Most pairs differ in a letter before the first or after the last wildcard.
    let (from_start, same_start) = agree_until_repeats(left.iter().zip(right));
    let (from_end, same_end) = if from_start {
        agree_until_repeats(left.iter().rev().zip(right.iter().rev()))
    } else {
        (false, 0)
    };
    // Comparing letters in order costs less than moving a position.
    if !budget.spend(2 + (same_start + same_end) / 8) {
        return None;
    }
    if !from_end {
        return Some(None);
    }
    let width = right.len() + 1;
    let size = (left.len() + 1) * width;
    if !budget.spend(MEETING + size as u64 / 512) {
        return None;
    }
    let mut seen = vec![0_u64; size.div_ceil(64)];
    // Pairs of positions, each with the index of the pair that it was reached from.
    let mut visited: Vec<(usize, usize, usize)> = Vec::new();
    let mut open = vec![(0_usize, 0_usize, 0_usize)];
    while let Some((i, j, from)) = open.pop() {
        let at = i * width + j;
        match seen.get_mut(at / 64) {
            Some(word) if *word & (1 << (at % 64)) == 0 => *word |= 1 << (at % 64),
            _ => continue,
        }
        if !budget.spend(1) {
            return None;
        }
        let index = visited.len();
        visited.push((i, j, from));
        match (left.get(i), right.get(j)) {
            (None, None) => return Some(Some(spell_meeting(left, right, &visited))),
            (l, r) => {
                // A star may end here ...
                if l.is_some_and(|token| token.repeats()) {
                    open.push((i + 1, j, index));
                }
                if r.is_some_and(|token| token.repeats()) {
                    open.push((i, j + 1, index));
                }
                // ... or both sides match the same character.
                if let (Some(&l), Some(&r)) = (l, r)
                    && agree(l, r)
                {
                    let next_i = if l.repeats() { i } else { i + 1 };
                    let next_j = if r.repeats() { j } else { j + 1 };
                    open.push((next_i, next_j, index));
                }
            }
        }
    }
    Some(None)
}

/// The string of the pairs of positions that lead to the last one.
fn spell_meeting(left: &[Token], right: &[Token], visited: &[(usize, usize, usize)]) -> String {
    let repeats = |token: Option<&Token>| token.is_some_and(|token| token.repeats());
    let mut letters: Vec<char> = Vec::new();
    let mut index = visited.len().saturating_sub(1);
    while index > 0 {
        let Some(&(i, j, from)) = visited.get(index) else {
            break;
        };
        let Some(&(p, q, _)) = visited.get(from) else {
            break;
        };
        let (l, r) = (left.get(p), right.get(q));
        // One of them matched a character, the other did or stayed at its star. Otherwise a star ended.
        let is_character = p < i && !repeats(l) || q < j && !repeats(r);
        if let (true, Some(&l), Some(&r)) = (is_character, l, r) {
            letters.push(common(l, r));
        }
        if repeats(l) && repeats(r) {
            letters.push(FRESH);
        }
        index = from;
    }
    letters.into_iter().rev().collect()
}

/// A character that both tokens accept.
fn common(left: Token, right: Token) -> char {
    match (left, right) {
        (Token::Char(character), _) | (_, Token::Char(character)) => character,
        _ => FRESH,
    }
}

/// Whether the pairs agree up to the first that has a token of any length, and how many were compared.
fn agree_until_repeats<'t>(pairs: impl Iterator<Item = (&'t Token, &'t Token)>) -> (bool, u64) {
    let mut compared = 0;
    for (l, r) in pairs {
        compared += 1;
        if l.repeats() || r.repeats() {
            break;
        }
        if !agree(*l, *r) {
            return (false, compared);
        }
    }
    (true, compared)
}

/// Whether both tokens accept some character.
fn agree(left: Token, right: Token) -> bool {
    match (left, right) {
        (Token::Char(character), other) | (other, Token::Char(character)) => {
            other.accepts(character)
        }
        // Two excluded characters leave almost every other one.
        _ => true,
    }
}

/// Whether `outer` matches every string that `inner` matches. `false` when the default work budget ends
/// first.
///
/// ```
/// use iam_policy_parser::{Pattern, covers};
/// let outer = Pattern::wildcard("s3:*Object*");
/// assert!(covers(&outer, &Pattern::wildcard("s3:GetObject?*")));
/// assert!(!covers(&outer, &Pattern::wildcard("s3:Get*")));
/// ```
#[must_use]
pub fn covers(outer: &Pattern, inner: &Pattern) -> bool {
    outer.is_universal()
        || outer == inner
        || residue(&[&[inner]], &[outer], &mut WorkBudget::default()) == Residue::Empty
}

/// The strings that match at least one pattern of every group in `all_of`, and no pattern of
/// `none_of`.
///
/// Without groups every string matches; an empty group matches nothing.
///
/// ```
/// use iam_policy_parser::{Pattern, Residue, WorkBudget, residue};
/// let all = Pattern::wildcard("b/*");
/// let secret = Pattern::wildcard("b/secret*");
/// let budget = &mut WorkBudget::default();
/// assert_eq!(residue(&[&[&all]], &[&secret], budget), Residue::Witness("b/\u{e000}".into()));
/// assert_eq!(residue(&[&[&secret]], &[&all], budget), Residue::Empty);
/// ```
#[must_use]
pub fn residue(all_of: &[&[&Pattern]], none_of: &[&Pattern], budget: &mut WorkBudget) -> Residue {
    match decide(all_of, none_of, budget) {
        Left::Nothing => Residue::Empty,
        Left::Instance(pattern) => Residue::Witness(instance(pattern).collect()),
        Left::Text(text) => Residue::Witness(text),
        Left::Undecided => Residue::Undecided,
    }
}

/// Whether [`residue`] has a string; `None` when the work budget ends first. Does not write the string, which is most of the
/// work when an instance of the first pattern is left.
///
/// ```
/// use iam_policy_parser::{Pattern, WorkBudget, is_anything_left};
/// let (all, secret) = (Pattern::wildcard("b/*"), Pattern::wildcard("b/secret*"));
/// let budget = &mut WorkBudget::default();
/// assert_eq!(is_anything_left(&[&[&all]], &[&secret], budget), Some(true));
/// ```
#[must_use]
pub fn is_anything_left(
    all_of: &[&[&Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    match decide(all_of, none_of, budget) {
        Left::Nothing => Some(false),
        Left::Instance(_) | Left::Text(_) => Some(true),
        Left::Undecided => None,
    }
}

/// What is left of a set.
enum Left<'p> {
    Nothing,
    /// The [`instance`] of a pattern.
    Instance(&'p Pattern),
    Text(String),
    Undecided,
}

/// The cost of a question beside that of its patterns.
const QUESTION: u64 = 8;

fn decide<'p>(
    all_of: &[&[&'p Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Left<'p> {
    if !budget.spend(QUESTION) {
        return Left::Undecided;
    }
    let answer = match all_of {
        [] => None,
        [group] => among_instances(group, none_of, budget),
        [first, second, rest @ ..] => among_meetings(first, second, rest, none_of, budget),
    };
    match answer {
        Some(decided) => decided,
        None if budget.left() == 0 => Left::Undecided,
        None => match search_all(all_of, none_of, budget) {
            Residue::Empty => Left::Nothing,
            Residue::Witness(text) => Left::Text(text),
            Residue::Undecided => Left::Undecided,
        },
    }
}

/// Tries the instance of each pattern. Exact when the patterns have no wildcards, and when every wildcard of the negative patterns
/// is a `*`: a string that matches one of these then still does without one of its fresh letters, and with more of them where it
/// has one.
fn among_instances<'p>(
    group: &[&'p Pattern],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<Left<'p>> {
    for pattern in group {
        if matches_none(&instance(pattern), none_of, budget)? {
            return Some(Left::Instance(pattern));
        }
    }
    let is_exact = none_of.iter().all(|pattern| pattern.has_only_stars())
        || group.iter().all(|pattern| pattern.is_literal());
    is_exact.then_some(Left::Nothing)
}

/// Tries a common string of each pair of patterns of the first two groups.
fn among_meetings<'p>(
    first: &[&'p Pattern],
    second: &[&'p Pattern],
    rest: &[&[&Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<Left<'p>> {
    let mut do_meet = false;
    for left in first {
        for right in second {
            let Some(text) = meeting(left, right, budget)? else {
                continue;
            };
            do_meet = true;
            let letters = text.chars();
            if matches_each(&letters, rest, budget)? && matches_none(&letters, none_of, budget)? {
                return Some(Left::Text(text));
            }
        }
    }
    (!do_meet).then_some(Left::Nothing)
}

fn matches_none(
    text: &(impl Iterator<Item = char> + Clone),
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    for pattern in none_of {
        if pattern.matches_within(text.clone(), budget)? {
            return Some(false);
        }
    }
    Some(true)
}

fn matches_each(
    text: &(impl Iterator<Item = char> + Clone),
    groups: &[&[&Pattern]],
    budget: &mut WorkBudget,
) -> Option<bool> {
    for group in groups {
        if matches_none(text, group, budget)? {
            return Some(false);
        }
    }
    Some(true)
}

/// The string that the pattern matches with one fresh letter for each wildcard. Most patterns differ from it in a letter at
/// their start, so it is not written.
fn instance(pattern: &Pattern) -> impl Iterator<Item = char> + Clone {
    pattern.tokens().iter().map(|token| match token {
        Token::Char(character) => *character,
        _ => FRESH,
    })
}

/// Searches with the negative patterns that a string of the first group can match.
fn search_all(all_of: &[&[&Pattern]], none_of: &[&Pattern], budget: &mut WorkBudget) -> Residue {
    let Some(first) = all_of.first() else {
        return product::search(all_of, none_of, budget);
    };
    let mut relevant: Vec<&Pattern> = Vec::new();
    for pattern in none_of {
        for positive in *first {
            match overlaps_within(pattern, positive, budget) {
                Some(false) => {}
                Some(true) => {
                    relevant.push(pattern);
                    break;
                }
                None => return Residue::Undecided,
            }
        }
    }
    product::search(all_of, &relevant, budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::wildcard(text)).collect()
    }

    fn left(all_of: &[&[&str]], none_of: &[&str]) -> Residue {
        let groups: Vec<Vec<Pattern>> = all_of.iter().map(|group| patterns(group)).collect();
        let groups: Vec<Vec<&Pattern>> =
            groups.iter().map(|group| group.iter().collect()).collect();
        let groups: Vec<&[&Pattern]> = groups.iter().map(Vec::as_slice).collect();
        let none_of = patterns(none_of);
        residue(
            &groups,
            &none_of.iter().collect::<Vec<_>>(),
            &mut WorkBudget::default(),
        )
    }

    #[test]
    fn unions_cover_together() {
        assert_eq!(left(&[&["a*"]], &["a", "a?*"]), Residue::Empty);
        assert_eq!(left(&[&["*"]], &["?*"]), Residue::Witness(String::new()));
        assert_eq!(left(&[&["*"]], &["", "?", "??*"]), Residue::Empty);
        assert_eq!(
            left(&[&["b/*"]], &["b/secret/*"]),
            Residue::Witness("b/\u{e000}".into())
        );
        assert!(matches!(
            left(&[&["x*"]], &["*a", "*b"]),
            Residue::Witness(_)
        ));
    }

    #[test]
    fn groups_intersect() {
        assert_eq!(
            left(&[&["a*", "b*"], &["*c"], &["??"]], &["ac"]),
            Residue::Witness("bc".into())
        );
        assert_eq!(
            left(&[&["a*", "b*"], &["*c"], &["??"]], &["?c"]),
            Residue::Empty
        );
        assert_eq!(left(&[&["a"], &[]], &[]), Residue::Empty);
        assert_eq!(left(&[], &[]), Residue::Witness(String::new()));
    }

    #[test]
    fn many_groups_do_not_multiply_the_work() {
        // As in a data perimeter of many NotResource denies: ten billion ways to choose one each.
        let groups: Vec<Vec<String>> = (0..10)
            .map(|i| {
                (0..10)
                    .map(|j| format!("arn:aws:s3:::b{i}{j}*/*"))
                    .collect()
            })
            .collect();
        let groups: Vec<Vec<&str>> = groups
            .iter()
            .map(|group| group.iter().map(String::as_str).collect())
            .collect();
        let groups: Vec<&[&str]> = groups.iter().map(Vec::as_slice).collect();
        assert_eq!(left(&groups, &[]), Residue::Empty);
        let shared = [groups.as_slice(), &[&["arn:aws:s3:::b*"]]].concat();
        assert_eq!(left(&shared, &[]), Residue::Empty);
    }

    #[test]
    fn work_is_bounded_and_the_bound_is_safe() {
        let long = Pattern::wildcard(&format!("*{}", "ab".repeat(20)));
        let short = Pattern::wildcard("*a");
        let answer = residue(&[&[&long]], &[&short], &mut WorkBudget::steps(10));
        assert_eq!(answer, Residue::Undecided);
        assert!(answer.is_possible());
        let answer = residue(&[&[&long]], &[&short], &mut WorkBudget::default());
        let witness = format!("{FRESH}{}", "ab".repeat(20));
        assert_eq!(answer, Residue::Witness(witness));
    }
}
