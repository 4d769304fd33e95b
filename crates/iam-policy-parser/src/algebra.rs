//! Set algebra of patterns: do two overlap, does one cover another, is anything of an intersection
//! left outside a union. Answers are exact up to a bound on work.
//!
//! Each [`Pattern`] is read as a small automaton whose states are the positions between its
//! tokens. [`residue`] walks the product of these automata: of every pattern that must match it
//! keeps one position (any way to match will do), of the patterns that must not match it keeps all
//! positions at once (no way to match may be left). Two observations keep the walk small:
//!
//! - Of two product states with the same positive positions, the one whose negative positions are
//!   a superset can be dropped: whatever escapes from it escapes from the other one too.
//! - Within one negative pattern, once a later `*` is reached, all positions before it can be
//!   dropped: what they would match, that `*` matches too.

use std::collections::{HashMap, VecDeque};

use crate::pattern::{Pattern, Token};

/// What is left of an intersection after a union is taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Residue {
    /// Nothing.
    Empty,
    /// Something; this string, one of the shortest, is an example.
    Witness(String),
    /// The bound on work was met before an answer was found.
    Undecided,
}

impl Residue {
    /// Whether something may be left: the safe answer, `true` when undecided.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        *self != Self::Empty
    }
}

/// How much work [`residue`] may spend before it answers [`Residue::Undecided`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBound {
    states: usize,
}

impl WorkBound {
    /// A bound on the number of product states that are looked at.
    #[must_use]
    pub const fn states(states: usize) -> Self {
        Self { states }
    }
}

/// 50,000 states: policies as people write them need a few hundred.
impl Default for WorkBound {
    fn default() -> Self {
        Self::states(50_000)
    }
}

/// Whether some string matches both patterns. Exact, in time proportional to the product of both
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
    let (left, right) = (left.tokens(), right.tokens());
    let width = right.len() + 1;
    let mut seen = vec![false; (left.len() + 1) * width];
    let mut open = vec![(0_usize, 0_usize)];
    while let Some((i, j)) = open.pop() {
        match seen.get_mut(i * width + j) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        match (left.get(i), right.get(j)) {
            (None, None) => return true,
            (l, r) => {
                // A star may be done ...
                if l.is_some_and(|token| token.repeats()) {
                    open.push((i + 1, j));
                }
                if r.is_some_and(|token| token.repeats()) {
                    open.push((i, j + 1));
                }
                // ... or both sides take one character, where they agree on one.
                if let (Some(&l), Some(&r)) = (l, r)
                    && agree(l, r)
                {
                    let next_i = if l.repeats() { i } else { i + 1 };
                    let next_j = if r.repeats() { j } else { j + 1 };
                    open.push((next_i, next_j));
                }
            }
        }
    }
    false
}

/// Whether one character is accepted by both tokens.
fn agree(left: Token, right: Token) -> bool {
    match (left, right) {
        (Token::Char(character), other) | (other, Token::Char(character)) => {
            other.accepts(character)
        }
        // Two exclusions still leave almost every character.
        _ => true,
    }
}

/// Whether every string that `inner` stands for is one that `outer` stands for. `false` when the
/// bound on work is met.
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
        || residue(&[&[inner]], &[outer], WorkBound::default()) == Residue::Empty
}

/// What is left of the strings that match, for every group of `all_of`, at least one of its
/// patterns, when the strings that match any pattern of `none_of` are taken away.
///
/// Without groups every string matches; an empty group matches nothing.
///
/// ```
/// use iam_policy_parser::{Pattern, Residue, WorkBound, residue};
/// let all = Pattern::wildcard("b/*");
/// let secret = Pattern::wildcard("b/secret*");
/// let rest = residue(&[&[&all]], &[&secret], WorkBound::default());
/// assert_eq!(rest, Residue::Witness("b/".into()));
/// assert_eq!(residue(&[&[&secret]], &[&all], WorkBound::default()), Residue::Empty);
/// ```
#[must_use]
pub fn residue(all_of: &[&[&Pattern]], none_of: &[&Pattern], bound: WorkBound) -> Residue {
    Product::new(all_of, none_of).search(bound)
}

/// A position in an [`Automaton`].
type Position = u32;

/// Patterns laid end to end, each followed by its end mark.
struct Automaton {
    slots: Vec<Option<Token>>,
    starts: Vec<Position>,
}

impl Automaton {
    fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Self {
        let mut automaton = Self {
            slots: Vec::new(),
            starts: Vec::new(),
        };
        for pattern in patterns {
            automaton.starts.push(position(automaton.slots.len()));
            automaton
                .slots
                .extend(pattern.tokens().iter().copied().map(Some));
            automaton.slots.push(None);
        }
        automaton
    }

    fn token(&self, at: Position) -> Option<Token> {
        self.slots.get(at as usize).copied().flatten()
    }

    /// `at` and the positions behind the stars that start there.
    fn closure(&self, at: Position) -> impl Iterator<Item = Position> + '_ {
        let mut next = Some(at);
        std::iter::from_fn(move || {
            let here = next?;
            next = self
                .token(here)
                .is_some_and(Token::repeats)
                .then(|| here + 1);
            Some(here)
        })
    }

    fn accepts_end(&self, at: Position) -> bool {
        self.closure(at).any(|here| self.token(here).is_none())
    }

    /// Where `at` may go by `symbol`; stars at `at` may be skipped first.
    fn steps(&self, at: Position, symbol: char) -> impl Iterator<Item = Position> + '_ {
        self.closure(at).filter_map(move |here| {
            let token = self.token(here)?;
            token
                .accepts(symbol)
                .then_some(if token.repeats() { here } else { here + 1 })
        })
    }
}

/// Positions fit, as patterns are shorter than 4 GiB of characters.
fn position(index: usize) -> Position {
    Position::try_from(index).unwrap_or(Position::MAX)
}

struct Product {
    /// One automaton a group; a state holds one position in each.
    positive: Vec<Automaton>,
    /// All patterns that must not match; a state holds a set of positions.
    negative: Automaton,
    /// A character that no pattern names: stands for all such.
    fresh: char,
}

#[derive(Clone)]
struct State {
    positive: Box<[Position]>,
    /// Sorted, closed under skipping stars, trimmed.
    negative: Box<[Position]>,
}

struct Visited {
    state: State,
    /// Index of the state this one was reached from, and by which character.
    from: Option<(usize, char)>,
}

impl Product {
    fn new(all_of: &[&[&Pattern]], none_of: &[&Pattern]) -> Self {
        let named = || {
            all_of
                .iter()
                .flat_map(|group| group.iter())
                .chain(none_of)
                .flat_map(|pattern| pattern.tokens())
                .filter_map(|token| match token {
                    Token::Char(named) | Token::AnyStringWithout(named) => Some(*named),
                    _ => None,
                })
        };
        let fresh = ('a'..='z')
            .rev()
            .skip(2) // x first: the customary "any letter"
            .chain('\u{e000}'..)
            .find(|candidate| named().all(|character| character != *candidate))
            .unwrap_or('\u{10fffd}');
        Self {
            positive: all_of
                .iter()
                .map(|group| Automaton::new(group.iter().copied()))
                .collect(),
            negative: Automaton::new(none_of.iter().copied()),
            fresh,
        }
    }

    fn search(&self, bound: WorkBound) -> Residue {
        let mut visited: Vec<Visited> = Vec::new();
        let mut kept: HashMap<Box<[Position]>, Vec<Box<[Position]>>> = HashMap::new();
        let mut open: VecDeque<usize> = VecDeque::new();

        let negative = self.settle(self.negative.starts.clone());
        let starts: Vec<&[Position]> = self
            .positive
            .iter()
            .map(|group| group.starts.as_slice())
            .collect();
        for_each_choice(&starts, &mut |choice| {
            let state = State {
                positive: choice.into(),
                negative: negative.clone(),
            };
            self.visit(state, None, &mut visited, &mut kept, &mut open);
        });

        while let Some(index) = open.pop_front() {
            let Some(state) = visited.get(index).map(|entry| entry.state.clone()) else {
                continue;
            };
            if self.is_accepted(&state) {
                return Residue::Witness(spell(&visited, index));
            }
            for symbol in self.symbols(&state) {
                let targets: Vec<Vec<Position>> = self
                    .positive
                    .iter()
                    .zip(&state.positive)
                    .map(|(group, &at)| group.steps(at, symbol).collect())
                    .collect();
                if targets.iter().any(Vec::is_empty) {
                    continue;
                }
                let negative = self.settle(
                    state
                        .negative
                        .iter()
                        .flat_map(|&at| self.negative.steps(at, symbol))
                        .collect(),
                );
                let targets: Vec<&[Position]> = targets.iter().map(Vec::as_slice).collect();
                for_each_choice(&targets, &mut |choice| {
                    let state = State {
                        positive: choice.into(),
                        negative: negative.clone(),
                    };
                    self.visit(
                        state,
                        Some((index, symbol)),
                        &mut visited,
                        &mut kept,
                        &mut open,
                    );
                });
            }
            if visited.len() > bound.states {
                return Residue::Undecided;
            }
        }
        Residue::Empty
    }

    /// Opens `state` unless nothing can escape from it, or an easier state is known already.
    fn visit(
        &self,
        state: State,
        from: Option<(usize, char)>,
        visited: &mut Vec<Visited>,
        kept: &mut HashMap<Box<[Position]>, Vec<Box<[Position]>>>,
        open: &mut VecDeque<usize>,
    ) {
        if self.is_swallowed(&state) {
            return;
        }
        let known = kept.entry(state.positive.clone()).or_default();
        if known
            .iter()
            .any(|negative| is_subset(negative, &state.negative))
        {
            return;
        }
        known.retain(|negative| !is_subset(&state.negative, negative));
        known.push(state.negative.clone());
        open.push_back(visited.len());
        visited.push(Visited { state, from });
    }

    fn is_accepted(&self, state: &State) -> bool {
        self.positive
            .iter()
            .zip(&state.positive)
            .all(|(group, &at)| group.accepts_end(at))
            && !state
                .negative
                .iter()
                .any(|&at| self.negative.accepts_end(at))
    }

    /// A negative pattern stands at its final `*`: whatever follows, it matches.
    fn is_swallowed(&self, state: &State) -> bool {
        state.negative.iter().any(|&at| {
            self.negative.token(at) == Some(Token::AnyString)
                && self.negative.token(at + 1).is_none()
        })
    }

    /// Sorts a set of negative positions and drops those that a later `*` of the same pattern
    /// makes needless.
    fn settle(&self, positions: Vec<Position>) -> Box<[Position]> {
        let mut closed: Vec<Position> = positions
            .into_iter()
            .flat_map(|at| self.negative.closure(at))
            .collect();
        closed.sort_unstable();
        closed.dedup();
        let mut kept: Vec<Position> = Vec::with_capacity(closed.len());
        // Backwards: the first `*` met in a pattern rules its earlier positions out.
        let mut ruled_out_from: Option<Position> = None;
        for &at in closed.iter().rev() {
            if ruled_out_from.is_some_and(|start| at >= start) {
                continue;
            }
            kept.push(at);
            if self.negative.token(at) == Some(Token::AnyString) {
                let starts = &self.negative.starts;
                let behind = starts.partition_point(|&start| start <= at);
                ruled_out_from = behind
                    .checked_sub(1)
                    .and_then(|index| starts.get(index))
                    .copied();
            }
        }
        kept.reverse();
        kept.into_boxed_slice()
    }

    /// The characters that some pattern tells apart here, and one for all others.
    fn symbols(&self, state: &State) -> Vec<char> {
        let positive = self
            .positive
            .iter()
            .zip(&state.positive)
            .flat_map(|(group, &at)| group.closure(at).map(|here| group.token(here)));
        let negative = state.negative.iter().map(|&at| self.negative.token(at));
        let mut symbols: Vec<char> = positive
            .chain(negative)
            .filter_map(|token| match token {
                Some(Token::Char(named) | Token::AnyStringWithout(named)) => Some(named),
                _ => None,
            })
            .collect();
        symbols.push(self.fresh);
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }
}

/// Calls `each` with every way to take one element of each list.
fn for_each_choice(lists: &[&[Position]], each: &mut dyn FnMut(&[Position])) {
    fn extend(
        lists: &[&[Position]],
        chosen: &mut Vec<Position>,
        each: &mut dyn FnMut(&[Position]),
    ) {
        let Some((first, rest)) = lists.split_first() else {
            return each(chosen);
        };
        for &element in *first {
            chosen.push(element);
            extend(rest, chosen, each);
            chosen.pop();
        }
    }
    extend(lists, &mut Vec::with_capacity(lists.len()), each);
}

/// Both sorted.
fn is_subset(small: &[Position], large: &[Position]) -> bool {
    let mut large = large.iter();
    small
        .iter()
        .all(|wanted| large.by_ref().any(|found| found == wanted))
}

fn spell(visited: &[Visited], mut index: usize) -> String {
    let mut characters = Vec::new();
    while let Some((from, symbol)) = visited.get(index).and_then(|entry| entry.from) {
        characters.push(symbol);
        index = from;
    }
    characters.into_iter().rev().collect()
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
            WorkBound::default(),
        )
    }

    #[test]
    fn unions_cover_together() {
        assert_eq!(left(&[&["a*"]], &["a", "a?*"]), Residue::Empty);
        assert_eq!(left(&[&["*"]], &["?*"]), Residue::Witness(String::new()));
        assert_eq!(left(&[&["*"]], &["", "?", "??*"]), Residue::Empty);
        assert_eq!(
            left(&[&["b/*"]], &["b/secret/*"]),
            Residue::Witness("b/".into())
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
    fn work_is_bounded_and_the_bound_is_safe() {
        let long = Pattern::wildcard(&format!("*{}", "ab".repeat(20)));
        let short = Pattern::wildcard("*a");
        let answer = residue(&[&[&long]], &[&short], WorkBound::states(10));
        assert_eq!(answer, Residue::Undecided);
        assert!(answer.is_possible());
        let answer = residue(&[&[&long]], &[&short], WorkBound::default());
        assert_eq!(answer, Residue::Witness("ab".repeat(20)));
    }
}
