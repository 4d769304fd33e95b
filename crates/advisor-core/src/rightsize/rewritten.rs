//! A document rewritten for what is needed of it. Entities that have the same document and need the same of it share the work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use iam_policy_parser::PolicyDocument;
use serde_json::{Map, Value};
use service_catalog::{Catalog, ServiceId};

use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;

use super::actions::NewActions;
use super::document::{Checks, LeftWhole, NewStatement, OldDocument};
use super::merging::{StatementJson, merged};
use super::needs::Needs;
use super::options::RightsizeOptions;
use super::outcome::{ChangeReason, StatementChange};
use super::packing::characters;
use super::proof::{Proof, prove};

/// The approximate limit in bytes of the rewritten documents that are kept, of all documents of an account. Without a bound, right-sizing all of
/// 10,000 generated identities took some 1.4 GB, and reports on them 0.3 GB.
const MOST_KEPT: usize = 128 << 20;

/// A document rewritten for what is needed of it.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) changes: bool,
    pub(super) statements: Arc<[StatementChange]>,
    /// The document that they make; `None` when it does not change, or nothing is left.
    pub(super) document: Option<Arc<Value>>,
    /// The length of that document.
    pub(super) characters: usize,
    /// The actions that the allows still match.
    pub(super) granted: ActionSet,
    /// What was proved about that document; nothing is left of an empty one to prove but that nothing was needed. `None` when it does not
    /// change, or is too long for every entity.
    pub(super) proof: Option<(Proof, ActionSet)>,
    /// The statements that are left as they are although they could be rewritten.
    left_whole: LeftWhole,
}

/// What decides how a document is rewritten.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    keep: ActionSet,
    whole_services: Vec<ServiceId>,
    unknown_source: Option<Arc<str>>,
    marked_names: Vec<Box<str>>,
}

/// The rewritten forms of one document.
#[derive(Debug, Default)]
pub(super) struct RewrittenForms(Mutex<KeptForms>);

#[derive(Debug, Default)]
struct KeptForms {
    forms: HashMap<Key, Arc<Rewritten>>,
    /// What they take, about.
    bytes: usize,
}

impl RewrittenForms {
    /// The document rewritten for these needs.
    pub(super) fn get(
        &self,
        old: &OldDocument,
        compiler: &PolicyCompiler,
        needs: &Needs,
        options: &RightsizeOptions,
        all_kept: &AtomicUsize,
    ) -> Arc<Rewritten> {
        let mut keep = needs.keep.clone();
        keep.intersect_with(&old.granted);
        let key = Key {
            keep,
            whole_services: needs.whole_services.clone(),
            unknown_source: needs.unknown_source.clone(),
            marked_names: (needs.marked_names.iter())
                .map(|name| name.as_str().into())
                .collect(),
        };
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rewritten) = known().forms.get(&key) {
            return rewritten.clone();
        }
        // Two threads may make the same: what they make is equal.
        let left_whole = LeftWhole::new();
        let made = Arc::new(Rewritten::new(old, compiler, needs, options, left_whole));
        known().keep(key, made.clone(), all_kept);
        made
    }
}

impl KeptForms {
    /// Keeps a form. Where there is no room for it, those of the same document make room.
    fn keep(&mut self, key: Key, form: Arc<Rewritten>, all_kept: &AtomicUsize) {
        let bytes = form.bytes();
        if all_kept.load(Ordering::Relaxed).saturating_add(bytes) > MOST_KEPT {
            all_kept.fetch_sub(self.bytes, Ordering::Relaxed);
            *self = Self::default();
        }
        let before = all_kept.fetch_add(bytes, Ordering::Relaxed);
        let is_new = || !self.forms.contains_key(&key);
        if before.saturating_add(bytes) <= MOST_KEPT && is_new() {
            self.bytes += bytes;
            self.forms.insert(key, form);
        } else {
            all_kept.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// What a value takes in memory, about.
fn value_bytes(value: &Value) -> usize {
    let parts: usize = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(value_bytes).sum(),
        Value::Object(members) => members_bytes(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + parts
}

fn members_bytes(members: &Map<String, Value>) -> usize {
    let each =
        |(name, value): (&String, &Value)| size_of::<String>() + name.len() + value_bytes(value);
    members.iter().map(each).sum()
}

impl Rewritten {
    fn new(
        old: &OldDocument,
        compiler: &PolicyCompiler,
        needs: &Needs,
        options: &RightsizeOptions,
        left_whole: LeftWhole,
    ) -> Self {
        let rewritten = Self::proved(old, compiler, needs, options, &left_whole);
        Self {
            left_whole,
            ..rewritten
        }
    }

    fn proved(
        old: &OldDocument,
        compiler: &PolicyCompiler,
        needs: &Needs,
        options: &RightsizeOptions,
        left_whole: &LeftWhole,
    ) -> Self {
        // The document as a whole is proved. Only when that fails, each statement is, to find those that must stay.
        for checks in [Checks::Document, Checks::Statements] {
            let statements = old.rewrite(compiler, needs, left_whole, options.wildcards, checks);
            let rewritten = Self::of(old, compiler, &statements, needs);
            if !rewritten.changes {
                return rewritten;
            }
            // No entity can have it, so that nothing is to be proved.
            if rewritten.characters > options.limits.most_characters() {
                return rewritten;
            }
            let new = rewritten.document.as_deref();
            if let Some(proof) = prove_documents(old, compiler, new, needs) {
                return Self {
                    proof: Some(proof),
                    ..rewritten
                };
            }
        }
        let stays = |index| NewStatement {
            index,
            actions: NewActions::Same(Some(ChangeReason::TooMuchWork)),
        };
        let statements: Vec<_> = (0..old.statements.len()).map(stays).collect();
        Self::of(old, compiler, &statements, needs)
    }

    fn of(
        old: &OldDocument,
        compiler: &PolicyCompiler,
        statements: &[NewStatement],
        needs: &Needs,
    ) -> Self {
        let is_changed = |it: &NewStatement| matches!(it.actions, NewActions::List(_));
        let changes = statements.iter().any(is_changed);
        let mut granted = ActionSet::empty(compiler.positions());
        for statement in statements.iter().filter(|it| old.is_allow(it.index)) {
            let mut matched = old.matched(statement.index).clone();
            if is_changed(statement) {
                matched.intersect_with(&needs.keep);
            }
            granted.union_with(&matched);
        }
        let changed = statements
            .iter()
            .map(|it| statement_change(old, compiler.catalog(), it, needs));
        let mut changed: Vec<StatementChange> = changed.collect();
        let document = if changes {
            merged_document(old, &mut changed)
        } else {
            None
        };
        Self {
            changes,
            statements: changed.into(),
            characters: document.as_ref().map_or(0, characters),
            document: document.map(Arc::new),
            granted,
            proof: None,
            left_whole: LeftWhole::new(),
        }
    }

    /// What it takes in memory with its key, about.
    fn bytes(&self) -> usize {
        let texts = |texts: &[String]| {
            texts
                .iter()
                .map(|it| size_of::<String>() + it.len())
                .sum::<usize>()
        };
        let statements = self.statements.iter().map(|it| {
            let members = [&it.old, &it.new].into_iter().flatten().map(members_bytes);
            size_of::<StatementChange>()
                + texts(&it.removed_services)
                + texts(&it.removed_actions)
                + members.sum::<usize>()
        });
        // The key has one more set, and the proof may.
        let sets = 3 * self.granted.bytes();
        size_of::<Self>()
            + sets
            + statements.sum::<usize>()
            + self.document.as_deref().map_or(0, value_bytes)
    }

    /// The document rewritten again, with more statements left as they are.
    pub(super) fn leaving_whole(
        &self,
        old: &OldDocument,
        compiler: &PolicyCompiler,
        needs: &Needs,
        options: &RightsizeOptions,
        (statements, reason): (impl Iterator<Item = usize>, &ChangeReason),
    ) -> Self {
        let mut left_whole = self.left_whole.clone();
        left_whole.extend(statements.map(|index| (index, reason.clone())));
        Self::new(old, compiler, needs, options, left_whole)
    }

    /// The statements of the new document.
    pub(super) fn left(&self) -> impl Iterator<Item = &StatementJson> {
        let document = self.document.as_ref();
        let statements = document.and_then(|it| it.get("Statement")?.as_array());
        statements
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
    }
}

/// The document of what is left of the statements, those of one scope written as one; `None` when nothing is.
fn merged_document(old: &OldDocument, changed: &mut [StatementChange]) -> Option<Value> {
    let pairs = changed.iter().zip(&old.statements);
    let left = pairs.filter_map(|(change, same)| match &change.old {
        Some(_) => Some((change.index, change.new.as_ref()?)),
        None => Some((change.index, same)),
    });
    let (indices, left): (Vec<usize>, Vec<&StatementJson>) = left.unzip();
    let merged = merged(left.into_iter().map(|statement| (&old.frame, statement)));
    let document = old.with_statements(merged.iter().map(|it| &*it.statement));
    let groups: Vec<Vec<usize>> = merged.into_iter().map(|it| it.of).collect();
    let is_empty = groups.is_empty();
    for group in groups {
        let mut group = group.into_iter().filter_map(|at| indices.get(at).copied());
        let first = group.next();
        for index in group {
            if let Some(change) = changed.get_mut(index) {
                change.merged_into = first;
            }
        }
    }
    (!is_empty).then_some(document)
}

/// Proves a new document, read from its text as AWS will read it.
fn prove_documents(
    old: &OldDocument,
    compiler: &PolicyCompiler,
    new: Option<&Value>,
    needs: &Needs,
) -> Option<(Proof, ActionSet)> {
    let parsed = new.map(|document| PolicyDocument::parse(&document.to_string()));
    let parsed = parsed.transpose().ok()?;
    let new: Vec<&PolicyDocument> = parsed.iter().collect();
    let old: Vec<_> = old.matches().collect();
    prove(compiler, &old, &new, needs)
}

/// What becomes of a statement.
fn statement_change(
    old: &OldDocument,
    catalog: &Catalog,
    statement: &NewStatement,
    needs: &Needs,
) -> StatementChange {
    let parsed = old.parsed.statements.get(statement.index);
    let mut change = StatementChange {
        index: statement.index,
        sid: parsed.and_then(|parsed| parsed.sid.clone()),
        stays: None,
        removed_services: Vec::new(),
        removed_actions: Vec::new(),
        old: None,
        new: None,
        merged_into: None,
    };
    match &statement.actions {
        NewActions::Same(reason) => change.stays = reason.clone(),
        NewActions::List(_) => {
            change.old = old.statements.get(statement.index).cloned();
            change.new = old.json(statement);
            list_removed(&mut change, catalog, old.matched(statement.index), needs);
        }
    }
    change
}

/// Lists what a statement does not grant any more, by service and by action.
fn list_removed(
    change: &mut StatementChange,
    catalog: &Catalog,
    matched: &ActionSet,
    needs: &Needs,
) {
    for (_, service) in catalog.services() {
        let range = service.action_range();
        let mut granted = matched.iter_range(range.clone()).peekable();
        if granted.peek().is_none() {
            continue;
        }
        let namespace = service.namespace();
        if matched.iter_common(&needs.keep, range).next().is_none() {
            change.removed_services.push(namespace.to_owned());
            continue;
        }
        let removed = granted.filter(|position| !needs.keep.contains(*position));
        let names = removed.filter_map(|position| catalog.action_at(position));
        let names = names.map(|id| format!("{namespace}:{}", catalog.action(id).name()));
        change.removed_actions.extend(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_kept_within_the_bound_of_all_documents() {
        let key = |position| {
            let mut keep = ActionSet::empty(10);
            keep.insert(position);
            Key {
                keep,
                whole_services: Vec::new(),
                unknown_source: None,
                marked_names: Vec::new(),
            }
        };
        let form = || {
            Arc::new(Rewritten {
                changes: false,
                statements: Arc::default(),
                document: Some(Arc::new(Value::String("a".repeat(1_000)))),
                characters: 0,
                granted: ActionSet::empty(10),
                proof: None,
                left_whole: LeftWhole::new(),
            })
        };
        let all = AtomicUsize::new(0);
        let mut kept = KeptForms::default();
        for position in [1, 2, 2] {
            kept.keep(key(position), form(), &all);
        }
        assert_eq!(kept.forms.len(), 2);
        assert!(kept.bytes > 2_000);
        assert_eq!(all.load(Ordering::Relaxed), kept.bytes);

        // Another document takes the rest of the room: this one gives up its own, which has room again then.
        all.fetch_add(MOST_KEPT - kept.bytes, Ordering::Relaxed);
        kept.keep(key(3), form(), &all);
        assert_eq!(kept.forms.len(), 1);
        assert!(all.load(Ordering::Relaxed) <= MOST_KEPT);
        // Without any room, nothing is kept.
        all.store(MOST_KEPT + kept.bytes, Ordering::Relaxed);
        kept.keep(key(4), form(), &all);
        assert!(kept.forms.is_empty());
        assert_eq!(all.load(Ordering::Relaxed), MOST_KEPT);
    }
}
