//! A search for a string in an intersection of unions of patterns minus a union.
//!
//! Each [`Pattern`] is a small automaton whose states are the positions between its tokens. The search goes
//! through the product of these automata, with the set of positions that each group of patterns can be at. A
//! string is in the result when every positive group is at an end and no negative pattern is. The problem is
//! hard in general: `?` and intersections can encode any formula of propositional logic. These rules decide
//! what policies contain in little more time than it takes to match one string against every pattern:
//!
//! - **Letters of negative patterns are not tried.** A letter that no positive group asks for can only
//!   bring a negative pattern nearer to a match. It is enough to try the letters of the positive groups,
//!   and one *fresh* letter that no pattern names. The exception is a negative token that excludes a
//!   letter: that letter is tried too.
//! - **A fresh letter that loses nothing is taken at once.** When the state after it still has every
//!   position of the positive groups, and no new one of the negative group, whatever follows is as
//!   possible there as here. So only the state after it is searched. Without `?` in negative patterns,
//!   this makes every `*` one fresh letter.
//! - Within one pattern, once a later `*` is reached, all positions before it can be dropped: that
//!   `*` matches everything that they would match.
//! - Once a pattern is at a final `*`, its group matches whatever follows. A positive group then needs
//!   no other position, and for a negative group the result is empty.
//! - The state that needs the fewest letters until its positive groups are at an end comes first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use crate::answer::Residue;
use crate::pattern::{Pattern, Token};
use crate::work_budget::WorkBudget;

/// Searches for a string that a pattern of each group matches, and none of the others.
pub(crate) fn search(
    all_of: &[&[&Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Residue {
    Product::search_in(all_of, none_of, budget)
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
pub(crate) const FRESH: char = '\u{e000}';

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
            .filter(|named| *named >= FRESH)
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
