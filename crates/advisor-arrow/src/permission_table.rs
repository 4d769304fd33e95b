//! Permissions as one flat Arrow table, with a row for each statement that counts for an entity.

use std::sync::{Arc, LazyLock};

use advisor_core::{AccountData, UniqueId};
use advisor_core::{EntityDetail, EntityId, EntityKind, PolicyInEffect, PolicySource};
use arrow_array::builder::{Int32Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use iam_policy_parser::{
    ActionElement, ActionPattern, Condition, Effect, ResourceElement, Statement,
};

use crate::batch_size::BatchSize;
use crate::dictionary::{self, DictionaryColumn};
use crate::schema::versioned;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let repeated = |name: &str, nullable| Field::new(name, dictionary::data_type(), nullable);
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = |name: &str| Field::new(name, DataType::new_list(DataType::Utf8, true), true);
    versioned(vec![
        repeated("account_id", false),
        repeated("arn", false),
        repeated("entity_type", false),
        repeated("entity_name", false),
        repeated("entity_id", true),
        repeated("group_arn", true),
        repeated("policy_type", true),
        repeated("policy_name", true),
        repeated("policy_arn", true),
        Field::new("statement_index", DataType::Int32, true),
        text("sid"),
        repeated("effect", true),
        list("actions"),
        list("not_actions"),
        list("resources"),
        list("not_resources"),
        text("condition"),
        text("not_evaluated"),
    ])
});

/// The columns of the permission table: the statements of the policies that count for each user, group
/// and role, and for each managed policy that is attached or the account's own. A policy that a user has
/// through two groups has two sets of rows.
///
/// | column | type | |
/// | --- | --- | --- |
/// | `account_id` | text | the entity's account: twelve digits; `aws` for AWS-managed policies |
/// | `arn` | text | the entity's ARN, as in the report table |
/// | `entity_type` | text | `USER`, `GROUP`, `ROLE` or `POLICY` |
/// | `entity_name` | text | its name |
/// | `entity_id` | text, nullable | its unique id, such as `AROA...`; null for policies that the export only mentions |
/// | `group_arn` | text, nullable | the group through which a user has the policy; null if it is the entity's own |
/// | `policy_type` | text, nullable | `INLINE` or `MANAGED` |
/// | `policy_name` | text, nullable | the policy |
/// | `policy_arn` | text, nullable | its ARN; null for inline policies |
/// | `statement_index` | int32, nullable | the statement's position in the document, counted from 0 |
/// | `sid` | text, nullable | its `Sid` |
/// | `effect` | text, nullable | `Allow` or `Deny` |
/// | `actions` | list of text, nullable | its `Action` as written; null if it has `NotAction` |
/// | `not_actions` | list of text, nullable | its `NotAction` |
/// | `resources` | list of text, nullable | its `Resource` as written |
/// | `not_resources` | list of text, nullable | its `NotResource` |
/// | `condition` | text, nullable | its `Condition` as JSON; null if it has none |
/// | `not_evaluated` | text, nullable | why there is no statement: the export has no valid document, or lacks the group |
///
/// In a row with `not_evaluated` the columns of the statement are null; if a group is missing, also those
/// of the policy. Repeated text outside of lists is dictionary-encoded (`Dictionary(Int32, Utf8)`).
#[must_use]
pub fn permission_schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Converts permissions to record batches of [`permission_schema`], of at most 65,536 rows, sorted by ARN.
#[must_use]
pub fn permission_batches(account: &AccountData) -> PermissionBatches<'_> {
    PermissionBatches {
        account,
        entities: account.reported_entities().into_iter(),
        rows: Vec::new().into_iter(),
    }
}

/// Iterator of [`permission_batches`].
#[derive(Debug)]
pub struct PermissionBatches<'a> {
    account: &'a AccountData,
    entities: std::vec::IntoIter<EntityId>,
    /// The remaining rows of the current entity.
    rows: std::vec::IntoIter<Row<'a>>,
}

impl<'a> PermissionBatches<'a> {
    fn next_row(&mut self) -> Option<Row<'a>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            self.rows = rows(self.account, self.entities.next()?).into_iter();
        }
    }
}

impl Iterator for PermissionBatches<'_> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut columns = Columns::default();
        let mut size = BatchSize::default();
        while !size.is_full()
            && let Some(row) = self.next_row()
        {
            size.add_row(columns.push(&row));
        }
        (!size.is_empty()).then(|| columns.finish())
    }
}

/// A row of the table.
#[derive(Debug)]
struct Row<'a> {
    entity: &'a EntityDetail,
    /// The group through which the entity has the policy.
    group: Option<&'a EntityDetail>,
    policy: Option<PolicyInEffect<'a>>,
    content: Content<'a>,
}

#[derive(Debug)]
enum Content<'a> {
    /// A statement and its position.
    Statement(usize, &'a Statement),
    /// Why there is no statement.
    NotEvaluated(String),
}

fn rows(account: &AccountData, id: EntityId) -> Vec<Row<'_>> {
    let Some(entity) = account.entity(id) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for policy in account.policies_in_effect(id) {
        let group = Some(policy.holder).filter(|holder| *holder != id);
        let row = |content| Row {
            entity,
            group: group.and_then(|group| account.entity(group)),
            policy: Some(policy),
            content,
        };
        match policy.document {
            PolicySource::NotEvaluated(reason) => {
                rows.push(row(Content::NotEvaluated(reason.to_string())));
            }
            PolicySource::Document(document) => {
                let document = account.documents().get(document.index());
                let statements = document.map_or(&[][..], |document| &document.statements);
                let statements = statements.iter().enumerate();
                rows.extend(statements.map(|(index, it)| row(Content::Statement(index, it))));
            }
        }
    }
    rows.extend(entity.missing_groups.iter().map(|name| Row {
        entity,
        group: None,
        policy: None,
        content: Content::NotEvaluated(format!("the group {name} is not in the export")),
    }));
    rows
}

#[derive(Default)]
struct Columns {
    account_id: DictionaryColumn,
    arn: DictionaryColumn,
    entity_type: DictionaryColumn,
    entity_name: DictionaryColumn,
    entity_id: DictionaryColumn,
    group_arn: DictionaryColumn,
    policy_type: DictionaryColumn,
    policy_name: DictionaryColumn,
    policy_arn: DictionaryColumn,
    statement_index: Int32Builder,
    sid: StringBuilder,
    effect: DictionaryColumn,
    actions: ListBuilder<StringBuilder>,
    not_actions: ListBuilder<StringBuilder>,
    resources: ListBuilder<StringBuilder>,
    not_resources: ListBuilder<StringBuilder>,
    condition: StringBuilder,
    not_evaluated: StringBuilder,
}

impl Columns {
    /// Adds a row. Returns the number of bytes of its text that is not dictionary-encoded.
    fn push(&mut self, row: &Row<'_>) -> usize {
        let entity = row.entity;
        self.account_id.push(entity.account.as_str());
        self.arn.push(&entity.arn);
        self.entity_type.push(match entity.kind {
            EntityKind::User => "USER",
            EntityKind::Group => "GROUP",
            EntityKind::Role => "ROLE",
            EntityKind::Policy => "POLICY",
        });
        self.entity_name.push(&entity.name);
        self.entity_id
            .push_option(entity.unique_id.as_ref().map(UniqueId::as_str));
        self.group_arn
            .push_option(row.group.map(|group| &*group.arn));
        let policy = row.policy.as_ref();
        self.policy_type
            .push_option(policy.map(|policy| match policy.arn {
                Some(_) => "MANAGED",
                None => "INLINE",
            }));
        self.policy_name
            .push_option(policy.map(|policy| policy.name));
        self.policy_arn
            .push_option(policy.and_then(|policy| policy.arn).map(|arn| &**arn));
        match &row.content {
            Content::Statement(index, statement) => self.push_statement(*index, statement),
            Content::NotEvaluated(reason) => {
                self.push_no_statement(reason);
                reason.len()
            }
        }
    }

    fn push_statement(&mut self, index: usize, statement: &Statement) -> usize {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        self.statement_index.append_value(index);
        self.sid.append_option(statement.sid.as_deref());
        self.effect.push(match statement.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        });
        let (actions, not_actions) = match &statement.actions {
            ActionElement::Action(patterns) => (Some(patterns), None),
            ActionElement::NotAction(patterns) => (None, Some(patterns)),
        };
        let (resources, not_resources) = match &statement.resources {
            Some(ResourceElement::Resource(patterns)) => (Some(patterns), None),
            Some(ResourceElement::NotResource(patterns)) => (None, Some(patterns)),
            None => (None, None),
        };
        let action = ActionPattern::as_str;
        let condition = statement.condition.as_ref().map(json);
        self.condition.append_option(condition.as_deref());
        self.not_evaluated.append_null();
        push_list(&mut self.actions, actions, action)
            + push_list(&mut self.not_actions, not_actions, action)
            + push_list(&mut self.resources, resources, |it| &it.text)
            + push_list(&mut self.not_resources, not_resources, |it| &it.text)
            + statement.sid.as_ref().map_or(0, String::len)
            + condition.map_or(0, |condition| condition.len())
    }

    fn push_no_statement(&mut self, reason: &str) {
        self.statement_index.append_null();
        self.sid.append_null();
        self.effect.push_option(None);
        self.actions.append_null();
        self.not_actions.append_null();
        self.resources.append_null();
        self.not_resources.append_null();
        self.condition.append_null();
        self.not_evaluated.append_value(reason);
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            self.account_id.finish()?,
            self.arn.finish()?,
            self.entity_type.finish()?,
            self.entity_name.finish()?,
            self.entity_id.finish()?,
            self.group_arn.finish()?,
            self.policy_type.finish()?,
            self.policy_name.finish()?,
            self.policy_arn.finish()?,
            Arc::new(self.statement_index.finish()),
            Arc::new(self.sid.finish()),
            self.effect.finish()?,
            Arc::new(self.actions.finish()),
            Arc::new(self.not_actions.finish()),
            Arc::new(self.resources.finish()),
            Arc::new(self.not_resources.finish()),
            Arc::new(self.condition.finish()),
            Arc::new(self.not_evaluated.finish()),
        ];
        RecordBatch::try_new(permission_schema(), columns)
    }
}

/// Adds a list. Returns the number of bytes of its text.
fn push_list<T>(
    column: &mut ListBuilder<StringBuilder>,
    patterns: Option<&Vec<T>>,
    text: impl Fn(&T) -> &str,
) -> usize {
    let mut bytes = 0;
    for pattern in patterns.into_iter().flatten() {
        let text = text(pattern);
        column.values().append_value(text);
        bytes += text.len();
    }
    column.append(patterns.is_some());
    bytes
}

fn json(condition: &Condition) -> String {
    serde_json::Value::Object(condition.clone()).to_string()
}
