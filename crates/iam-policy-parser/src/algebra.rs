//! Set algebra of patterns: whether two overlap, whether one covers another, and whether an
//! intersection of unions minus a union is empty. Answers are exact, unless the work budget ends first.
//!
//! Each [`Pattern`] is a small automaton whose states are the positions between its tokens.
//! [`residue`] searches the product of these automata, with the set of positions that each group of
//! patterns can be at. A string is in the result when every positive group is at an end and no
//! negative pattern is. The problem is hard in general: `?` and intersections can encode any formula
//! of propositional logic. These rules decide what policies contain in little more time than it takes
//! to match one string against every pattern:
//!
//! - **Letters of negative patterns are not tried.** A letter that no positive group asks for can only
//!   bring a negative pattern nearer to a match. It is enough to try the letters of the positive groups,
//!   and one *fresh* letter that no pattern names. The exception is a negative token that excludes a
//!   letter: that letter is tried too.
//! - **A fresh letter that loses nothing is taken at once.** When the state after it still has every
//!   position of the positive groups, and no new one of the negative group, whatever follows is as
//!   possible there as here. So only the state after it is searched. Without `?` in negative patterns,
//!   this makes every `*` one fresh letter.
//! - **Strings before automata.** Strings of the positive groups, with one fresh letter for each `*`, are
//!   matched against the negative patterns. Mostly one matches none of them, and there is no search. With
//!   one positive group and negative patterns without `?`, this is exact: a pattern is covered by a union
//!   only if one pattern of it covers it.
//! - Within one pattern, once a later `*` is reached, all positions before it can be dropped: that
//!   `*` matches everything that they would match.
//! - Once a pattern is at a final `*`, its group matches whatever follows. A positive group then needs
//!   no other position, and for a negative group the result is empty.
//! - The state that needs the fewest letters until its positive groups are at an end comes first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use crate::pattern::{Pattern, Token};
use crate::work_budget::WorkBudget;

/// The answer of [`residue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Residue {
    /// The set is empty.
    Empty,
    /// The set is not empty: this is one of its strings. U+E000 stands for a letter that no pattern names.
    Witness(String),
    /// The work budget ended first.
    Undecided,
}

impl Residue {
    /// Whether the set may have a string: `true` when undecided.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        *self != Self::Empty
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
    pattern.matches_within(text, budget)
}

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
    if !budget.spend(size as u64 / 512) {
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
    let answer = match all_of {
        [] => None,
        [group] => among_instances(group, none_of, budget),
        [first, second, rest @ ..] => among_meetings(first, second, rest, none_of, budget),
    };
    match answer {
        Some(Residue::Undecided) | None => {
            if budget.left() == 0 {
                return Residue::Undecided;
            }
            search_all(all_of, none_of, budget)
        }
        Some(decided) => decided,
    }
}

/// Tries the instance of each pattern. Exact when every wildcard of the negative patterns is a `*`: a
/// string that matches one of these then still does without one of its fresh letters, and with more of them
/// where it has one.
fn among_instances(
    group: &[&Pattern],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<Residue> {
    for pattern in group {
        let text = instance(pattern);
        if !budget.spend(pattern.tokens().len() as u64 / 4 + 1) {
            return None;
        }
        if matches_none(&text, none_of, budget)? {
            return Some(Residue::Witness(text));
        }
    }
    let is_exact = none_of.iter().all(|pattern| pattern.has_only_stars());
    is_exact.then_some(Residue::Empty)
}

/// Tries a common string of each pair of patterns of the first two groups.
fn among_meetings(
    first: &[&Pattern],
    second: &[&Pattern],
    rest: &[&[&Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<Residue> {
    let mut do_meet = false;
    for left in first {
        for right in second {
            let Some(text) = meeting(left, right, budget)? else {
                continue;
            };
            do_meet = true;
            if matches_each(&text, rest, budget)? && matches_none(&text, none_of, budget)? {
                return Some(Residue::Witness(text));
            }
        }
    }
    (!do_meet).then_some(Residue::Empty)
}

fn matches_none(text: &str, none_of: &[&Pattern], budget: &mut WorkBudget) -> Option<bool> {
    for pattern in none_of {
        if pattern.matches_within(text, budget)? {
            return Some(false);
        }
    }
    Some(true)
}

fn matches_each(text: &str, groups: &[&[&Pattern]], budget: &mut WorkBudget) -> Option<bool> {
    for group in groups {
        if matches_none(text, group, budget)? {
            return Some(false);
        }
    }
    Some(true)
}

/// The string that the pattern matches with one fresh letter for each wildcard.
fn instance(pattern: &Pattern) -> String {
    let letters = pattern.tokens().iter().map(|token| match token {
        Token::Char(character) => *character,
        _ => FRESH,
    });
    letters.collect()
}

/// Searches with the negative patterns that a string of the first group can match.
fn search_all(all_of: &[&[&Pattern]], none_of: &[&Pattern], budget: &mut WorkBudget) -> Residue {
    let Some(first) = all_of.first() else {
        return Product::search_in(all_of, none_of, budget);
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
    Product::search_in(all_of, &relevant, budget)
}

/// A position in one of the patterns of a [`Product`].
type Position = u32;

/// The patterns of all groups, one after the other, each followed by an end mark. The negative group is
/// the last.
struct Product {
    slots: Vec<Slot>,
    /// Where each pattern starts.
    starts: Vec<Position>,
    /// The positions of each group.
    groups: Vec<std::ops::Range<Position>>,
    /// The index of the negative group.
    negative: u32,
    /// A character that no pattern names. It stands for all such characters.
    fresh: char,
}

struct Slot {
    /// `None` at the end of a pattern.
    token: Option<Token>,
    /// Where the pattern starts.
    pattern: Position,
    group: u32,
    /// How many characters the rest of the pattern needs.
    needs: u32,
}

/// The positions that each group can be at: sorted, closed under skipping stars, without those that a
/// star makes unnecessary.
type State = Box<[Position]>;

struct Visited {
    state: Rc<State>,
    /// The index of the state that this one was reached from, and the character.
    from: Option<(usize, char)>,
}

/// Characters that policies cannot contain, so that negative patterns name none of them: IAM allows
/// characters up to U+00FF.
const FRESH: char = '\u{e000}';

/// The cost of a state beside that of each position: it is made, hashed and kept.
const STATE: u64 = 48;

/// The cost of a product beside that of each token.
const PRODUCT: u64 = 128;

impl Product {
    fn search_in(all_of: &[&[&Pattern]], none_of: &[&Pattern], budget: &mut WorkBudget) -> Residue {
        let patterns = all_of.iter().flat_map(|group| group.iter()).chain(none_of);
        let size: usize = patterns.map(|pattern| pattern.tokens().len() + 1).sum();
        if budget.spend(2 * size as u64 + PRODUCT) {
            Self::new(all_of, none_of).search(budget)
        } else {
            Residue::Undecided
        }
    }

    fn new(all_of: &[&[&Pattern]], none_of: &[&Pattern]) -> Self {
        let mut product = Self {
            slots: Vec::new(),
            starts: Vec::new(),
            groups: Vec::new(),
            negative: small(all_of.len()),
            fresh: FRESH,
        };
        for group in all_of.iter().chain([&none_of]) {
            product.push_group(group);
        }
        product.fresh = product.fresh();
        product
    }

    fn push_group(&mut self, patterns: &[&Pattern]) {
        let group = small(self.groups.len());
        let start = small(self.slots.len());
        for pattern in patterns {
            let pattern_start = small(self.slots.len());
            self.starts.push(pattern_start);
            let tokens = pattern.tokens();
            let mut needs = tokens.iter().filter(|token| !token.repeats()).count();
            for token in tokens.iter().copied().map(Some).chain([None]) {
                self.slots.push(Slot {
                    token,
                    pattern: pattern_start,
                    group,
                    needs: small(needs),
                });
                needs -= usize::from(token.is_some_and(|token| !token.repeats()));
            }
        }
        self.groups.push(start..small(self.slots.len()));
    }

    fn fresh(&self) -> char {
        let named: HashSet<char> = self
            .slots
            .iter()
            .filter_map(|slot| match slot.token {
                Some(Token::Char(named) | Token::AnyStringWithout(named)) => Some(named),
                _ => None,
            })
            .collect();
        (FRESH..)
            .find(|candidate| !named.contains(candidate))
            .unwrap_or('\u{10fffd}')
    }

    fn slot(&self, at: Position) -> Option<&Slot> {
        self.slots.get(at as usize)
    }

    /// Whether the position is at a `*` that ends its pattern.
    fn is_final_star(&self, at: Position) -> bool {
        let token = |at| self.slot(at).map(|slot| slot.token);
        token(at) == Some(Some(Token::AnyString)) && token(at + 1) == Some(None)
    }

    /// Searches the states that need the fewest characters first.
    fn search(&self, budget: &mut WorkBudget) -> Residue {
        let mut search = Search {
            product: self,
            visited: Vec::new(),
            known: HashSet::new(),
            open: BinaryHeap::new(),
        };
        let start = self.settle(self.starts.iter().copied());
        let is_enough = budget.spend(self.starts.len() as u64);
        let mut outcome = if is_enough {
            search.visit(start, None, budget)
        } else {
            Err(Stop::Budget)
        };
        while outcome.is_ok() {
            let Some(Reverse((_, index))) = search.open.pop() else {
                return Residue::Empty;
            };
            outcome = search.expand(index, budget);
        }
        match outcome {
            Err(Stop::Found(index)) => Residue::Witness(search.spell(index)),
            _ => Residue::Undecided,
        }
    }

    /// The state after one more character; `None` when no string can follow.
    fn step(&self, state: &[Position], symbol: char) -> Option<State> {
        self.settle(state.iter().filter_map(|&at| {
            let token = self.slot(at)?.token?;
            token
                .accepts(symbol)
                .then_some(if token.repeats() { at } else { at + 1 })
        }))
    }

    /// Makes a state of positions in ascending order; `None` when no string can follow, since a positive
    /// group has no position or the negative group matches whatever follows.
    fn settle(&self, reached: impl Iterator<Item = Position>) -> Option<State> {
        let mut state: Vec<Position> = Vec::new();
        // Earlier positions are in the state already, or are unnecessary.
        let mut next: Position = 0;
        // All groups before this one have a position.
        let mut groups: u32 = 0;
        for mut at in reached {
            while at >= next {
                let slot = self.slot(at)?;
                if slot.group == groups && groups < self.negative {
                    groups += 1;
                }
                if slot.group > groups {
                    return None;
                }
                let repeats = slot.token.is_some_and(Token::repeats);
                if slot.token == Some(Token::AnyString) {
                    let unnecessary_from = if self.is_final_star(at) {
                        let group = self.groups.get(slot.group as usize)?;
                        next = group.end;
                        group.start
                    } else {
                        slot.pattern
                    };
                    let kept = state.partition_point(|&kept| kept < unnecessary_from);
                    state.truncate(kept);
                    if next > at {
                        if slot.group == self.negative {
                            return None;
                        }
                        state.extend([at, at + 1]);
                        break;
                    }
                }
                state.push(at);
                next = at + 1;
                if repeats {
                    at += 1;
                }
            }
        }
        (groups == self.negative).then(|| state.into_boxed_slice())
    }

    /// Whether the string so far matches every positive group and not the negative one.
    fn is_left(&self, state: &[Position]) -> bool {
        let mut groups = 0;
        for slot in state.iter().filter_map(|&at| self.slot(at)) {
            if slot.token.is_none() {
                if slot.group == self.negative {
                    return false;
                }
                if slot.group == groups {
                    groups += 1;
                }
            }
        }
        groups == self.negative
    }

    /// The characters to try.
    fn symbols(&self, state: &[Position]) -> Vec<char> {
        let mut symbols: Vec<char> = state
            .iter()
            .filter_map(|&at| self.slot(at))
            .filter_map(|slot| match slot.token? {
                Token::Char(named) if slot.group != self.negative => Some(named),
                Token::AnyStringWithout(named) if slot.group == self.negative => Some(named),
                _ => None,
            })
            .collect();
        symbols.push(self.fresh);
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    /// How many characters each positive group needs at least, in total.
    fn needs(&self, state: &[Position]) -> u64 {
        let mut total = 0;
        let mut least: Option<(u32, u32)> = None;
        for slot in state.iter().filter_map(|&at| self.slot(at)) {
            if slot.group == self.negative {
                break;
            }
            least = match least {
                Some((group, needs)) if group == slot.group => Some((group, needs.min(slot.needs))),
                before => {
                    total += before.map_or(0, |(_, needs)| u64::from(needs));
                    Some((slot.group, slot.needs))
                }
            };
        }
        total + least.map_or(0, |(_, needs)| u64::from(needs))
    }

    /// Whether every string that can follow `here` can follow `there` too.
    fn loses_nothing(&self, here: &[Position], there: &[Position]) -> bool {
        let negative = |state: &[Position]| {
            let start = self.groups.last().map_or(0, |group| group.start);
            state.partition_point(|&at| at < start)
        };
        let (positive_here, _) = here.split_at(negative(here));
        let (_, negative_there) = there.split_at(negative(there));
        positive_here.iter().all(|&at| self.is_in(at, there))
            && negative_there.iter().all(|&at| self.is_in(at, here))
    }

    /// Whether the state has the position, or a star that matches whatever can follow it.
    fn is_in(&self, at: Position, state: &[Position]) -> bool {
        let first_from = |start: Position| {
            let first = state.get(state.partition_point(|&kept| kept < start));
            first.copied()
        };
        let Some(slot) = self.slot(at) else {
            return false;
        };
        let group = self.groups.get(slot.group as usize);
        let is_star = |star: Position| {
            let token = self.slot(star).and_then(|slot| slot.token);
            token == Some(Token::AnyString)
        };
        first_from(at) == Some(at)
            || first_from(slot.pattern).is_some_and(|first| {
                let is_same = self
                    .slot(first)
                    .is_some_and(|of| of.pattern == slot.pattern);
                is_same && first >= at && is_star(first)
            })
            || group.is_some_and(|group| {
                first_from(group.start)
                    .is_some_and(|first| group.contains(&first) && self.is_final_star(first))
            })
    }
}

/// Why a search ends before all states are visited.
enum Stop {
    /// This state's string is left.
    Found(usize),
    Budget,
}

struct Search<'p> {
    product: &'p Product,
    visited: Vec<Visited>,
    known: HashSet<Rc<State>>,
    /// The states to expand: how many characters they need, and their index.
    open: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Search<'_> {
    /// Visits the states after one more character.
    fn expand(&mut self, index: usize, budget: &mut WorkBudget) -> Result<(), Stop> {
        let Some(state) = self.visited.get(index).map(|entry| entry.state.clone()) else {
            return Ok(());
        };
        for symbol in self.product.symbols(&state) {
            if !budget.spend(state.len() as u64 + STATE / 2) {
                return Err(Stop::Budget);
            }
            let next = self.product.step(&state, symbol);
            self.visit(next, Some((index, symbol)), budget)?;
        }
        Ok(())
    }

    /// Adds a state to expand, unless it is known; or the state after fresh letters that lose nothing.
    fn visit(
        &mut self,
        state: Option<State>,
        mut from: Option<(usize, char)>,
        budget: &mut WorkBudget,
    ) -> Result<(), Stop> {
        let fresh = self.product.fresh;
        let mut next = state;
        while let Some(state) = next {
            let state = Rc::new(state);
            if !self.known.insert(state.clone()) {
                return Ok(());
            }
            let index = self.visited.len();
            self.visited.push(Visited {
                state: state.clone(),
                from,
            });
            // The fresh letter is tried, too.
            if !budget.spend(2 * state.len() as u64 + STATE) {
                return Err(Stop::Budget);
            }
            next = self
                .product
                .step(&state, fresh)
                .filter(|next| *next != *state && self.product.loses_nothing(&state, next));
            from = Some((index, fresh));
            if next.is_none() {
                if self.product.is_left(&state) {
                    return Err(Stop::Found(index));
                }
                let needs = self.product.needs(&state);
                self.open.push(Reverse((needs, index)));
            }
        }
        Ok(())
    }

    /// The string that leads to a state.
    fn spell(&self, mut index: usize) -> String {
        let mut characters = Vec::new();
        while let Some((from, symbol)) = self.visited.get(index).and_then(|entry| entry.from) {
            characters.push(symbol);
            index = from;
        }
        characters.into_iter().rev().collect()
    }
}

/// Patterns are shorter than 4 GiB of characters, so positions fit.
fn small(index: usize) -> Position {
    Position::try_from(index).unwrap_or(Position::MAX)
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
