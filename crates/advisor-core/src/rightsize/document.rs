//! A policy document with fewer actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use iam_policy_parser::{ActionElement, Effect, PolicyDocument, Statement, WorkBudget};
use serde_json::{Map, Value};

use crate::account::{AccountData, DocumentId};
use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;

use super::actions::{NewActions, new_actions, written};
use super::applicable::applicable;
use super::merging::StatementJson;
use super::needs::Needs;
use super::options::Wildcards;
use super::outcome::ChangeReason;
use super::packing::characters;
use super::proof::{actions_within, covers_needs};
use super::short_lists::ShortLists;

/// The work that rewriting the statements of a document, and proving that each is right, may take. Statements of real policies need a
/// hundredth.
const DOCUMENT_STEPS: u64 = 100_000_000;

/// The most characters of the new lists of actions of a document: more than all policies of an identity have room for. Many statements
/// that allow everything on a few resources would otherwise take gigabytes.
const MOST_CHARACTERS: usize = 200_000;

/// A document of the account.
#[derive(Debug)]
pub(super) struct OldDocument {
    pub(super) parsed: Arc<PolicyDocument>,
    /// Everything but the statements.
    pub(super) frame: Map<String, Value>,
    /// The statements' JSON, as in the export.
    pub(super) statements: Vec<Map<String, Value>>,
    /// By statement, the actions that it matches; of allows, those that can apply to its resources.
    matched: Vec<ActionSet>,
    /// The actions that the allows match.
    pub(super) granted: ActionSet,
    /// The lists that were found for its statements.
    lists: ShortLists,
    /// The length of the document without white space.
    pub(super) characters: usize,
    /// The text in the export.
    pub(super) text: Arc<str>,
}

/// Statements that are left as they are, by position, each with the reason.
pub(super) type LeftWhole = BTreeMap<usize, ChangeReason>;

/// What is proved while a document is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checks {
    /// Nothing yet: the document will be.
    Document,
    /// Every statement; one that is not proved stays whole.
    Statements,
}

/// A statement of a new document.
#[derive(Clone, Debug)]
pub(super) struct NewStatement {
    /// The position of the old statement.
    pub(super) index: usize,
    /// What becomes of its actions.
    pub(super) actions: NewActions,
}

impl OldDocument {
    /// Reads a document; `None` when its JSON and its statements do not agree, which a parsed document's do.
    pub(super) fn read(
        account: &AccountData,
        compiler: &PolicyCompiler,
        id: DocumentId,
    ) -> Option<Self> {
        let parsed = account.documents().get(id.index())?.clone();
        let document: Value = serde_json::from_str(account.document_text(id)).ok()?;
        let characters = characters(&document);
        let Value::Object(mut frame) = document else {
            return None;
        };
        let statements = match frame.shift_remove("Statement")? {
            Value::Array(list) => list,
            one => vec![one],
        };
        let statements: Option<Vec<_>> = (statements.into_iter())
            .map(|statement| match statement {
                Value::Object(map) => Some(map),
                _ => None,
            })
            .collect();
        let statements = statements.filter(|list| list.len() == parsed.statements.len())?;
        let mut granted = ActionSet::empty(compiler.positions());
        let mut matched = Vec::with_capacity(statements.len());
        let mut budget = WorkBudget::steps(DOCUMENT_STEPS);
        for statement in &parsed.statements {
            // A statement that takes too much work stays as it is. It counts as matching everything, so that no proof is easier.
            let actions = match statement.effect {
                Effect::Allow => applicable(compiler, statement, &mut budget),
                Effect::Deny => compiler.matched(&statement.actions, &mut budget),
            };
            let actions = actions.unwrap_or_else(|| ActionSet::full(compiler.positions()));
            if statement.effect == Effect::Allow {
                granted.union_with(&actions);
            }
            matched.push(actions);
        }
        Some(Self {
            parsed,
            frame,
            statements,
            matched,
            granted,
            lists: ShortLists::default(),
            characters,
            text: account.document_text_shared(id)?.clone(),
        })
    }

    /// What becomes of each statement.
    pub(super) fn rewrite(
        &self,
        compiler: &PolicyCompiler,
        needs: &Needs,
        left_whole: &LeftWhole,
        wildcards: Wildcards,
        checks: Checks,
    ) -> Vec<NewStatement> {
        let mut budget = WorkBudget::steps(DOCUMENT_STEPS);
        let mut room = MOST_CHARACTERS;
        // The fewest actions that were kept of a statement whose list had no room. Lists of as many are not tried.
        let mut fewest_without_room = usize::MAX;
        let mut rewritten = Vec::with_capacity(self.parsed.statements.len());
        for (index, statement) in self.parsed.statements.iter().enumerate() {
            let matched = self.matched(index);
            let kept = matched.common_len(&needs.keep);
            let actions = match left_whole.get(&index) {
                Some(reason) => NewActions::Same(Some(reason.clone())),
                None if statement.effect == Effect::Deny || matched.is_within(&needs.keep) => {
                    NewActions::Same(None)
                }
                None if kept >= fewest_without_room => {
                    NewActions::Same(Some(ChangeReason::TooMuchWork))
                }
                None => rewrite(
                    compiler,
                    (index, statement),
                    matched,
                    needs,
                    (wildcards, &self.lists),
                    checks,
                    &mut budget,
                ),
            };
            let actions = match actions {
                NewActions::List(list) => {
                    let length = list.iter().map(String::len).sum();
                    match room.checked_sub(length) {
                        Some(left) => {
                            room = left;
                            NewActions::List(list)
                        }
                        None => {
                            fewest_without_room = fewest_without_room.min(kept);
                            NewActions::Same(Some(ChangeReason::TooMuchWork))
                        }
                    }
                }
                same => same,
            };
            rewritten.push(NewStatement { index, actions });
        }
        rewritten
    }

    /// A document with these statements.
    pub(super) fn with_statements<'a>(
        &self,
        statements: impl Iterator<Item = &'a StatementJson>,
    ) -> Value {
        let mut document = self.frame.clone();
        let list = statements.cloned().map(Value::Object).collect();
        document.insert("Statement".to_owned(), Value::Array(list));
        Value::Object(document)
    }

    /// The JSON of a new statement; `None` when nothing is left of it.
    pub(super) fn json(&self, statement: &NewStatement) -> Option<Map<String, Value>> {
        let old = self.statements.get(statement.index)?;
        match &statement.actions {
            NewActions::Same(_) => Some(old.clone()),
            NewActions::List(list) if list.is_empty() => None,
            NewActions::List(list) => {
                let list = || Value::Array(list.iter().cloned().map(Value::String).collect());
                // In the place of the old element.
                let elements = old.iter().map(|(key, value)| match key.as_str() {
                    "Action" | "NotAction" => ("Action".to_owned(), list()),
                    _ => (key.clone(), value.clone()),
                });
                Some(elements.collect())
            }
        }
    }

    /// Whether a statement allows.
    pub(super) fn is_allow(&self, index: usize) -> bool {
        let statement = self.parsed.statements.get(index);
        statement.is_some_and(|statement| statement.effect == Effect::Allow)
    }

    /// The statements, each with the actions that it matches.
    pub(super) fn matches(&self) -> impl Iterator<Item = (&Statement, &ActionSet)> {
        self.parsed.statements.iter().zip(&self.matched)
    }

    /// The actions that a statement matches.
    pub(super) fn matched(&self, index: usize) -> &ActionSet {
        self.matched.get(index).unwrap_or(&self.granted)
    }
}

/// Rewrites the actions of an allow, and proves that what it then allows is right. What is not proved stays as it was.
fn rewrite(
    compiler: &PolicyCompiler,
    (index, statement): (usize, &Statement),
    matched: &ActionSet,
    needs: &Needs,
    lists: (Wildcards, &ShortLists),
    checks: Checks,
    budget: &mut WorkBudget,
) -> NewActions {
    let unproved = || NewActions::Same(Some(ChangeReason::TooMuchWork));
    let old = (&statement.actions, matched);
    let Some(entries) = new_actions(compiler, old, needs, budget) else {
        return unproved();
    };
    let entries = match entries {
        Ok(entries) => entries,
        Err(reason) => return NewActions::Same(Some(reason)),
    };
    let element = &statement.actions;
    let list = written(
        compiler.catalog(),
        &entries,
        (index, element),
        lists,
        budget,
    );
    let Some(list) = list else {
        return unproved();
    };
    if checks == Checks::Document {
        return NewActions::List(list);
    }
    match is_proved(compiler, (element, matched), &list, needs, budget) {
        Some(true) => NewActions::List(list),
        _ => unproved(),
    }
}

/// Whether the list matches only what the old actions match, and everything of it that is needed.
fn is_proved(
    compiler: &PolicyCompiler,
    old: (&ActionElement, &ActionSet),
    list: &[String],
    needs: &Needs,
    budget: &mut WorkBudget,
) -> Option<bool> {
    let patterns: Result<Vec<_>, _> = list.iter().map(|text| text.parse()).collect();
    let new = ActionElement::Action(patterns.ok()?);
    if !actions_within(&new, old.0, budget)? {
        return Some(false);
    }
    let covered = compiler.matched(&new, budget)?;
    covers_needs(compiler.catalog(), old, (&[&new], &covered), needs, budget)
}
