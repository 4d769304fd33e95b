//! Set algebra of patterns: whether two overlap, whether one covers another, and whether an
//! intersection of unions minus a union is empty. Answers are exact up to a bound on the work.
//!
//! Each [`Pattern`] is a small automaton whose states are the positions between its tokens.
//! [`residue`] searches the product of these automata, with the set of positions that each group of
//! patterns can be at. A string is in the result when every positive group is at an end and no
//! negative pattern is. Two rules keep the sets small:
//!
//! - Within one pattern, once a later `*` is reached, all positions before it can be dropped: that
//!   `*` matches everything that they would match.
//! - Once a pattern is at a final `*`, its group matches whatever follows. A positive group then needs
//!   no other position, and for a negative group the result is empty.

use std::collections::HashSet;
use std::rc::Rc;

use crate::pattern::{Pattern, Token};

/// The answer of [`residue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Residue {
    /// The set is empty.
    Empty,
    /// The set is not empty: this is one of its shortest strings.
    Witness(String),
    /// The bound on the work was reached first.
    Undecided,
}

impl Residue {
    /// Whether the set may have a string: `true` when undecided.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        *self != Self::Empty
    }
}

/// How much work [`residue`] may do before it returns [`Residue::Undecided`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBound {
    steps: usize,
}

impl WorkBound {
    /// A bound on the number of steps. A step moves one position by one character; a million take about
    /// ten milliseconds.
    #[must_use]
    pub const fn steps(steps: usize) -> Self {
        Self { steps }
    }
}

/// Two million steps. Real policies need a few thousand.
impl Default for WorkBound {
    fn default() -> Self {
        Self::steps(2_000_000)
    }
}

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
                // A star may end here ...
                if l.is_some_and(|token| token.repeats()) {
                    open.push((i + 1, j));
                }
                if r.is_some_and(|token| token.repeats()) {
                    open.push((i, j + 1));
                }
                // ... or both sides match the same character.
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

/// Whether `outer` matches every string that `inner` matches. `false` when the bound on the work is
/// reached.
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

/// The strings that match at least one pattern of every group in `all_of`, and no pattern of
/// `none_of`.
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

/// A group of patterns, one after the other, each followed by an end mark (`None`).
struct Automaton {
    slots: Vec<Option<Token>>,
    starts: Vec<Position>,
}

/// The positions that a group of patterns can be at: sorted, closed under skipping stars, without
/// those that a later star makes unnecessary.
type Positions = Box<[Position]>;

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

    fn start(&self) -> Positions {
        self.settle(self.starts.clone())
    }

    /// The positions after one more character.
    fn step(&self, positions: &[Position], symbol: char) -> Positions {
        let next = positions.iter().filter_map(|&at| {
            let token = self.token(at)?;
            token
                .accepts(symbol)
                .then_some(if token.repeats() { at } else { at + 1 })
        });
        self.settle(next.collect())
    }

    /// Whether one of the patterns matches the string so far.
    fn accepts(&self, positions: &[Position]) -> bool {
        positions.iter().any(|&at| self.token(at).is_none())
    }

    /// Whether the position is at a `*` that ends its pattern.
    fn is_final_star(&self, at: Position) -> bool {
        self.token(at) == Some(Token::AnyString) && self.token(at + 1).is_none()
    }

    fn settle(&self, positions: Vec<Position>) -> Positions {
        let mut closed = positions;
        let mut index = 0;
        while let Some(&at) = closed.get(index) {
            if self.token(at).is_some_and(Token::repeats) {
                closed.push(at + 1);
            }
            index += 1;
        }
        closed.sort_unstable();
        closed.dedup();
        if let Some(&all) = closed.iter().find(|&&at| self.is_final_star(at)) {
            return [all, all + 1].into();
        }
        let mut kept: Vec<Position> = Vec::with_capacity(closed.len());
        // Backwards: the last `*` of a pattern makes its earlier positions unnecessary.
        let mut ruled_out_from: Option<Position> = None;
        for &at in closed.iter().rev() {
            if ruled_out_from.is_some_and(|start| at >= start) {
                continue;
            }
            kept.push(at);
            if self.token(at) == Some(Token::AnyString) {
                let behind = self.starts.partition_point(|&start| start <= at);
                ruled_out_from = behind
                    .checked_sub(1)
                    .and_then(|index| self.starts.get(index))
                    .copied();
            }
        }
        kept.reverse();
        kept.into_boxed_slice()
    }

    /// The characters that the patterns distinguish at these positions.
    fn named<'a>(&'a self, positions: &'a [Position]) -> impl Iterator<Item = char> + 'a {
        positions.iter().filter_map(|&at| match self.token(at) {
            Some(Token::Char(named) | Token::AnyStringWithout(named)) => Some(named),
            _ => None,
        })
    }
}

/// Patterns are shorter than 4 GiB of characters, so positions fit.
fn position(index: usize) -> Position {
    Position::try_from(index).unwrap_or(Position::MAX)
}

struct Product {
    /// All of these groups must match.
    positive: Vec<Automaton>,
    /// This group must not match.
    negative: Automaton,
    /// A character that no pattern names. It stands for all such characters.
    fresh: char,
}

/// The positions of all groups: the positive ones, then the negative one.
type State = Box<[Positions]>;

struct Visited {
    state: Rc<State>,
    /// The index of the state that this one was reached from, and the character.
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
            .skip(2) // start with x, which reads as "any letter"
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

    fn automata(&self) -> impl Iterator<Item = &Automaton> {
        self.positive.iter().chain([&self.negative])
    }

    /// Searches breadth first, so that the string found is one of the shortest.
    fn search(&self, bound: WorkBound) -> Residue {
        let mut visited: Vec<Visited> = Vec::new();
        let mut known: HashSet<Rc<State>> = HashSet::new();
        let mut steps = 0_usize;
        let start = self.automata().map(Automaton::start).collect();
        self.visit(start, None, &mut visited, &mut known);

        let mut index = 0;
        while let Some(state) = visited.get(index).map(|entry| entry.state.clone()) {
            if self.is_left(&state) {
                return Residue::Witness(spell(&visited, index));
            }
            let size: usize = state.iter().map(|positions| positions.len()).sum();
            for symbol in self.symbols(&state) {
                steps = steps.saturating_add(size);
                if steps > bound.steps {
                    return Residue::Undecided;
                }
                let next = self
                    .automata()
                    .zip(state.iter())
                    .map(|(automaton, positions)| automaton.step(positions, symbol))
                    .collect();
                self.visit(next, Some((index, symbol)), &mut visited, &mut known);
            }
            index += 1;
        }
        Residue::Empty
    }

    /// Adds a state to visit, unless it is known or no string can follow from it.
    fn visit(
        &self,
        state: State,
        from: Option<(usize, char)>,
        visited: &mut Vec<Visited>,
        known: &mut HashSet<Rc<State>>,
    ) {
        let Some((negative, positive)) = state.split_last() else {
            return;
        };
        let is_lost = positive.iter().any(|positions| positions.is_empty())
            || negative.iter().any(|&at| self.negative.is_final_star(at));
        if is_lost {
            return;
        }
        let state = Rc::new(state);
        if known.insert(state.clone()) {
            visited.push(Visited { state, from });
        }
    }

    /// Whether the string so far matches every positive group and not the negative one.
    fn is_left(&self, state: &State) -> bool {
        let Some((negative, positive)) = state.split_last() else {
            return false;
        };
        self.positive
            .iter()
            .zip(positive)
            .all(|(group, positions)| group.accepts(positions))
            && !self.negative.accepts(negative)
    }

    /// The characters that some pattern distinguishes here, and one for all others.
    fn symbols(&self, state: &State) -> Vec<char> {
        let mut symbols: Vec<char> = self
            .automata()
            .zip(state.iter())
            .flat_map(|(automaton, positions)| automaton.named(positions))
            .collect();
        symbols.push(self.fresh);
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }
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
        let answer = residue(&[&[&long]], &[&short], WorkBound::steps(10));
        assert_eq!(answer, Residue::Undecided);
        assert!(answer.is_possible());
        let answer = residue(&[&[&long]], &[&short], WorkBound::default());
        assert_eq!(answer, Residue::Witness("ab".repeat(20)));
    }
}
