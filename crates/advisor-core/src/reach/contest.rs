//! Decides the actions that both an allow and a scoped deny cover.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::{Pattern, WorkBudget, is_anything_left};

use crate::action_set::ActionSet;
use crate::compiled_policy::{CompiledPolicy, CompiledStatement, PolicyCompiler};
use crate::decisions::Decided;
use crate::statement_resources::Resources;

/// What each question may take at first. Those that need more share what is then left.
const FIRST_STEPS: u64 = 1_000;

/// The steps for deciding one allow, where each is decided: about 0.4 ms. Real policies need a few hundred.
const ALLOW_STEPS: u64 = 40_000;

/// What a decision costs beside its question: it is looked up, and kept.
const DECISION_STEPS: u64 = 12;

/// Decides the actions that both an allow and a scoped deny cover.
pub(super) struct Contest<'a> {
    compiler: &'a PolicyCompiler,
    allows: Vec<&'a CompiledStatement>,
    /// The denies with the same actions, in the order of their resources.
    denies: Vec<DenyGroup<'a>>,
}

struct DenyGroup<'a> {
    actions: &'a Arc<ActionSet>,
    denies: Vec<&'a CompiledStatement>,
}

/// Of contested actions: what is not possible, and what is not decided.
pub(super) struct Contested {
    pub(super) impossible: ActionSet,
    pub(super) undecided: ActionSet,
}

/// Actions that the same statements cover on the same scope: one question.
struct Question {
    positions: Vec<usize>,
    /// The index of the denies that cover them.
    denied: usize,
    /// The allows that cover them and that are not decided yet, with the scope.
    open: Vec<(usize, u32)>,
}

/// What denies cover together. A string is denied if it matches one of `none_of`, or nothing of one of
/// `excepted`.
struct Denied<'a> {
    /// The denies' resources by id, in an order that their content decides.
    ids: Vec<u32>,
    none_of: Vec<&'a Pattern>,
    excepted: Vec<Vec<&'a Pattern>>,
}

impl<'a> Denied<'a> {
    /// What scoped denies cover together; `None` when the work budget ends first.
    fn by(mut denies: Vec<&'a CompiledStatement>, budget: &mut WorkBudget) -> Option<Self> {
        // Ids depend on what was compiled first, and how many steps a question takes on the order of the denies.
        denies.sort_by_key(|deny| (deny.resources_hash, deny.resources_id));
        denies.dedup_by_key(|deny| deny.resources_id);
        let mut denied = Self {
            ids: denies.iter().map(|deny| deny.resources_id).collect(),
            none_of: Vec::new(),
            excepted: Vec::new(),
        };
        let mut patterns = 0;
        for deny in denies {
            match &*deny.resources {
                // Compiled to `CompiledPolicy::denied`.
                Resources::All => {}
                Resources::Only(only) => {
                    patterns += only.len();
                    denied.none_of.extend(only);
                }
                Resources::AllBut(but) => {
                    patterns += but.len();
                    denied.excepted.push(but.iter().collect());
                }
            }
        }
        let cost = denied.ids.len() + patterns;
        budget.spend(cost as u64).then_some(denied)
    }

    /// The key of [`Contest::decision`], with room for the scope and the allow.
    fn key(&self) -> Vec<u32> {
        let room = [0, 0].into_iter();
        room.chain(self.ids.iter().copied()).collect()
    }
}

impl<'a> Contest<'a> {
    pub(super) fn new(compiler: &'a PolicyCompiler, policies: &[&'a CompiledPolicy]) -> Self {
        let mut denies: Vec<DenyGroup<'a>> = Vec::new();
        let mut groups: HashMap<u32, usize> = HashMap::new();
        for deny in policies.iter().flat_map(|policy| &policy.scoped_denies) {
            let index = *groups.entry(deny.actions_id).or_insert_with(|| {
                denies.push(DenyGroup {
                    actions: &deny.actions,
                    denies: Vec::new(),
                });
                denies.len() - 1
            });
            if let Some(group) = denies.get_mut(index) {
                group.denies.push(deny);
            }
        }
        Self {
            compiler,
            allows: policies.iter().flat_map(|policy| &policy.allows).collect(),
            denies,
        }
    }

    /// Decides which contested actions are possible.
    pub(super) fn decide(&self, contested: &ActionSet, budget: &mut WorkBudget) -> Contested {
        let mut answer = Contested {
            impossible: ActionSet::empty(self.compiler.positions()),
            undecided: ActionSet::empty(self.compiler.positions()),
        };
        let mut denied = Vec::new();
        let Some(mut open) = self.questions(contested, &mut denied, budget) else {
            answer.undecided = contested.clone();
            return answer;
        };
        // Rounds with a growing share for every question, so that the cheap ones are decided first.
        let mut share = FIRST_STEPS;
        let mut last_share = 0;
        while !open.is_empty() {
            share = share.min(budget.left() / open.len() as u64);
            if share <= last_share {
                break;
            }
            last_share = share;
            open.retain_mut(|question| {
                let Some(denied) = denied.get(question.denied) else {
                    return false;
                };
                let possible = self.ask(question, denied, share, budget);
                if possible == Some(false) {
                    for position in &question.positions {
                        answer.impossible.insert(*position);
                    }
                }
                possible.is_none()
            });
            share *= 8;
        }
        for position in open.iter().flat_map(|question| &question.positions) {
            answer.undecided.insert(*position);
        }
        answer
    }

    /// Groups the contested actions by the statements that cover them; `None` when the work budget ends
    /// first.
    fn questions(
        &self,
        contested: &ActionSet,
        denied: &mut Vec<Denied<'a>>,
        budget: &mut WorkBudget,
    ) -> Option<Vec<Question>> {
        let mut classes = Classes::new(contested, |position| self.compiler.scope_of(position));
        let mut seen: HashMap<u32, ()> = HashMap::new();
        for allow in &self.allows {
            if seen.insert(allow.actions_id, ()).is_none() {
                classes.split(&allow.actions, budget)?;
            }
            for part in [&allow.named, &allow.unsure].into_iter().flatten() {
                classes.split(part, budget)?;
            }
        }
        for group in &self.denies {
            classes.split(group.actions, budget)?;
        }
        let mut questions = Vec::new();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        for positions in classes.into_classes() {
            let statements = self.allows.len() + self.denies.len();
            if !budget.spend(statements as u64 / 4 + 1) {
                return None;
            }
            let position = *positions.first()?;
            let covering: Vec<usize> = (self.denies.iter().enumerate())
                .filter(|(_, group)| group.actions.contains(position))
                .map(|(index, _)| index)
                .collect();
            let index = match known.get(&covering) {
                Some(index) => *index,
                None => {
                    denied.push(self.denied(&covering, budget)?);
                    known.insert(covering, denied.len() - 1);
                    denied.len() - 1
                }
            };
            let open = (self.allows.iter().enumerate())
                .filter(|(_, allow)| allow.actions.contains(position))
                .map(|(index, allow)| (index, self.compiler.scope_in(allow, position)))
                .collect();
            questions.push(Question {
                positions,
                denied: index,
                open,
            });
        }
        Some(questions)
    }

    /// What groups of denies cover together; `None` when the work budget ends first.
    fn denied(&self, groups: &[usize], budget: &mut WorkBudget) -> Option<Denied<'a>> {
        let denies = groups
            .iter()
            .filter_map(|index| self.denies.get(*index))
            .flat_map(|group| group.denies.iter().copied());
        Denied::by(denies.collect(), budget)
    }

    /// By the index of the allow: the contested actions that it covers, but only on resources that denies cover. What is not
    /// decided within the work budget is not among them.
    pub(super) fn taken_from_allows(
        &self,
        contested: &ActionSet,
        budget: &mut WorkBudget,
    ) -> HashMap<usize, ActionSet> {
        let mut taken = HashMap::new();
        let mut denied = Vec::new();
        let questions = self.questions(contested, &mut denied, budget);
        for question in questions.unwrap_or_default() {
            let Some(denied) = denied.get(question.denied) else {
                continue;
            };
            let mut key = denied.key();
            for (index, scope) in question.open {
                let Some(allow) = self.allows.get(index) else {
                    continue;
                };
                if !budget.spend(decision_steps(&key)) {
                    return taken;
                }
                let allowed = ALLOW_STEPS.min(budget.left());
                let decision = self.decision(allow, scope, denied, &mut key, allowed);
                let _ = budget.spend(decision.steps);
                if decision.answer == Some(false) {
                    let none = || ActionSet::empty(self.compiler.positions());
                    let taken = taken.entry(index).or_insert_with(none);
                    for position in &question.positions {
                        taken.insert(*position);
                    }
                }
            }
        }
        taken
    }

    /// Whether an allow has a resource in a scope that no deny covers. The answers are cached by resources, so that actions,
    /// identities and policies share them.
    fn decision(
        &self,
        allow: &CompiledStatement,
        scope: u32,
        denied: &Denied<'_>,
        key: &mut [u32],
        allowed: u64,
    ) -> Decided {
        if let Some(start) = key.first_chunk_mut() {
            *start = [scope, allow.resources_id];
        }
        self.compiler.decisions().get(key, allowed, |budget| {
            is_any_allowed(
                self.compiler.formats(scope),
                &allow.resources,
                denied,
                budget,
            )
        })
    }

    /// Whether an action is possible: whether one of the open allows has a resource that no deny covers.
    /// Spends at most the share.
    fn ask(
        &self,
        question: &mut Question,
        denied: &Denied<'_>,
        share: u64,
        budget: &mut WorkBudget,
    ) -> Option<bool> {
        let mut own = WorkBudget::steps(share);
        let position = question.positions.first().copied().unwrap_or_default();
        let mut is_possible = false;
        let mut undecided = Vec::new();
        let mut key = denied.key();
        for (index, scope) in question.open.drain(..) {
            let Some(allow) = self.allows.get(index) else {
                continue;
            };
            if is_possible || !own.spend(decision_steps(&key)) {
                undecided.push((index, scope));
                continue;
            }
            let decision = self.decision(allow, scope, denied, &mut key, own.left());
            let is_unsure = allow
                .unsure
                .as_ref()
                .is_some_and(|all| all.contains(position));
            match decision.answer {
                Some(false) => {}
                Some(true) if !is_unsure => is_possible = true,
                _ => undecided.push((index, scope)),
            }
            let _ = own.spend(decision.steps);
        }
        question.open = undecided;
        let _ = budget.spend(own.spent());
        if is_possible {
            Some(true)
        } else {
            question.open.is_empty().then_some(false)
        }
    }
}

/// What a decision with this key costs beside its question.
fn decision_steps(key: &[u32]) -> u64 {
    DECISION_STEPS + key.len() as u64 / 16
}

/// Sets of positions that no statement distinguishes.
struct Classes {
    /// The class of each contested position.
    class_of: Vec<(usize, u32)>,
    /// The index in `class_of` by position.
    index_of: HashMap<usize, usize>,
    count: u32,
}

impl Classes {
    fn new(contested: &ActionSet, scope: impl Fn(usize) -> u32) -> Self {
        let mut classes: HashMap<u32, u32> = HashMap::new();
        let mut class_of = Vec::new();
        let mut index_of = HashMap::new();
        for position in contested.iter() {
            let next = u32::try_from(classes.len()).unwrap_or(u32::MAX);
            let class = *classes.entry(scope(position)).or_insert(next);
            index_of.insert(position, class_of.len());
            class_of.push((position, class));
        }
        Self {
            count: u32::try_from(classes.len()).unwrap_or(u32::MAX),
            class_of,
            index_of,
        }
    }

    /// Splits each class into what is in the set and what is not; `None` when the work budget ends first.
    fn split(&mut self, set: &ActionSet, budget: &mut WorkBudget) -> Option<()> {
        // Going through the smaller of the set and the contested positions.
        let members = set.len();
        if !budget.spend(members.min(self.class_of.len()) as u64 + 40) {
            return None;
        }
        let mut renamed: HashMap<u32, u32> = HashMap::new();
        let indexes: Vec<usize> = if members < self.class_of.len() {
            (set.iter())
                .filter_map(|position| self.index_of.get(&position).copied())
                .collect()
        } else {
            (self.class_of.iter().enumerate())
                .filter(|(_, (position, _))| set.contains(*position))
                .map(|(index, _)| index)
                .collect()
        };
        for index in indexes {
            if let Some((_, class)) = self.class_of.get_mut(index) {
                *class = *renamed.entry(*class).or_insert_with(|| {
                    self.count += 1;
                    self.count - 1
                });
            }
        }
        Some(())
    }

    /// The positions of each class, ascending; the classes by their first position.
    fn into_classes(self) -> Vec<Vec<usize>> {
        let mut index_of: HashMap<u32, usize> = HashMap::new();
        let mut classes: Vec<Vec<usize>> = Vec::new();
        for (position, class) in self.class_of {
            let index = *index_of.entry(class).or_insert_with(|| {
                classes.push(Vec::new());
                classes.len() - 1
            });
            if let Some(positions) = classes.get_mut(index) {
                positions.push(position);
            }
        }
        classes
    }
}

/// Whether some string of the formats is allowed and not denied; `None` when the work budget ends first.
fn is_any_allowed(
    formats: &[Pattern],
    allowed: &Resources,
    denied: &Denied<'_>,
    budget: &mut WorkBudget,
) -> Option<bool> {
    let own = match allowed {
        Resources::All => 0,
        Resources::Only(patterns) | Resources::AllBut(patterns) => patterns.len(),
    };
    // Listing the patterns costs less than moving a position.
    let listed = own + denied.none_of.len() + denied.excepted.len();
    if !budget.spend(listed as u64 / 4) {
        return None;
    }
    let formats: Vec<&Pattern> = formats.iter().collect();
    let mut all_of: Vec<&[&Pattern]> = vec![&formats];
    all_of.extend(denied.excepted.iter().map(Vec::as_slice));
    let (only, none_of): (Vec<&Pattern>, Vec<&Pattern>);
    let none_of: &[&Pattern] = match allowed {
        Resources::All => &denied.none_of,
        Resources::Only(patterns) => {
            only = patterns.iter().collect();
            all_of.push(&only);
            &denied.none_of
        }
        Resources::AllBut(patterns) => {
            none_of = patterns
                .iter()
                .chain(denied.none_of.iter().copied())
                .collect();
            &none_of
        }
    };
    is_anything_left(&all_of, none_of, budget)
}
