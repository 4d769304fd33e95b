//! Builds the columns of a batch of the report table.
//!
//! There can be millions of rows, most of them of actions that were never used. So columns are filled many
//! rows at a time, and columns with equal contents share a buffer.

use std::sync::{Arc, LazyLock};

use advisor_core::{
    ActionRow, Grant, LastAccess, NotEvaluated, ReportVisitor, ServiceRow, State, StateReason,
};
use arrow_array::builder::{ArrayBuilder, BooleanBufferBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int32Array, ListArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{ArrowNativeType, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field};
use hashbrown::HashMap;
use service_catalog::Catalog;

use crate::action_names::{ActionDictionary, ActionNames};
use crate::dictionary::{Dictionary, KeysById};
use crate::report_schema::report_schema;
use crate::schema::UTC;

/// The values of `granularity`, in the order of their keys.
static LEVELS: LazyLock<ArrayRef> = LazyLock::new(|| {
    Arc::new(StringArray::from_iter_values([
        "ENTITY", "SERVICE", "ACTION",
    ]))
});
const ENTITY: i32 = 0;
const SERVICE: i32 = 1;
const ACTION: i32 = 2;

/// The key that is stored where a column is null.
const NULL_KEY: i32 = 0;

/// The columns of a batch. They visit the rows of reports.
pub(crate) struct Columns<'a> {
    catalog: &'a Catalog,
    arns: Dictionary,
    arn: Vec<i32>,
    granularity: Vec<i32>,
    services: Services,
    service: Vec<i32>,
    action_names: ActionDictionary<'a>,
    /// Always has an entry for every row.
    action_name: Vec<i32>,
    granted: Granted,
    states: States,
    last: LastAccessed,
    /// The rows that have a total, with the total.
    total_authenticated_entities: Vec<(usize, i32)>,
    not_evaluated: Missing,
    /// The `ENTITY` rows, with what is undecided in the report.
    undecided: Vec<(usize, i32)>,
    /// Whether a row is a `SERVICE` or `ACTION` row.
    has_service: BooleanBufferBuilder,
    has_action: BooleanBufferBuilder,
    /// The service whose action rows are not filled in yet.
    open: Option<Open>,
    /// The last access of any granted service of the report.
    newest: Option<LastKeys>,
}

/// The service visited last.
#[derive(Clone, Copy)]
struct Open {
    key: i32,
    grant: Grant,
}

impl<'a> Columns<'a> {
    /// Creates columns with room for `rows` rows.
    pub(crate) fn new(names: &'a ActionNames, rows: usize) -> Self {
        Self {
            catalog: names.catalog(),
            arns: Dictionary::default(),
            arn: Vec::with_capacity(rows),
            granularity: Vec::with_capacity(rows),
            services: Services::default(),
            service: Vec::with_capacity(rows),
            action_names: ActionDictionary::new(names),
            action_name: Vec::with_capacity(rows),
            granted: Granted::new(rows),
            states: States::default(),
            last: LastAccessed::default(),
            total_authenticated_entities: Vec::new(),
            not_evaluated: Missing::default(),
            undecided: Vec::new(),
            has_service: BooleanBufferBuilder::new(rows),
            has_action: BooleanBufferBuilder::new(rows),
            open: None,
            newest: None,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.action_name.len()
    }

    /// Adds the rows of a report: an `ENTITY` row, then the rows that `visit` visits. It returns how many actions
    /// are undecided.
    pub(crate) fn push(
        &mut self,
        arn: &str,
        not_evaluated: &[NotEvaluated],
        visit: impl FnOnce(&mut Self) -> usize,
    ) {
        let first = self.rows();
        self.granularity.push(ENTITY);
        self.service.push(NULL_KEY);
        self.action_name.push(NULL_KEY);
        self.granted.append_n(1, None);
        self.has_service.append(false);
        self.has_action.append(false);
        self.not_evaluated.set(first, not_evaluated);
        let undecided = visit(self);
        self.close();
        let undecided = i32::try_from(undecided).unwrap_or(i32::MAX);
        self.undecided.push((first, undecided));
        if let Some(newest) = self.newest.take() {
            self.last.set(first, newest);
        }
        let rows = self.rows();
        self.has_service.append_n(rows - first - 1, true);
        let arn = self.arns.key(arn);
        self.arn.resize(rows, arn);
    }

    /// Fills in the rows of the actions that were visited since the last service.
    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let rows = self.rows();
        let actions = rows.saturating_sub(self.service.len());
        self.service.resize(rows, open.key);
        self.granularity.resize(rows, ACTION);
        self.has_action.append_n(actions, true);
        self.granted.append_n(1 + actions, open.grant.is_granted());
    }

    /// Builds the batch.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows();
        let has_service = self.has_service.finish();
        let has_action = self.has_action.finish();
        let is_service = NullBuffer::new(&has_service & &!&has_action);
        let (has_service, has_action) = (NullBuffer::new(has_service), NullBuffer::new(has_action));
        let [state, state_reason] = self.states.finish(rows)?;
        let keys = |keys: Vec<i32>| Int32Array::try_new(keys.into(), None);
        let (namespace, name) = self.services.finish(self.service, &has_service)?;
        let [last_accessed, last_entity, last_region] = self.last.finish(rows)?;
        let granularity = keys(self.granularity)?;
        let action_name = Int32Array::try_new(self.action_name.into(), Some(has_action))?;
        let total = scattered(rows, self.total_authenticated_entities.into_iter());
        let is_entity = valid_rows(rows, self.undecided.iter().map(|(row, _)| *row));
        let undecided = scattered(rows, self.undecided.into_iter());
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.arns.finish(keys(self.arn)?)?),
            Arc::new(DictionaryArray::<Int32Type>::try_new(
                granularity,
                LEVELS.clone(),
            )?),
            namespace,
            name,
            self.action_names.finish(action_name)?,
            self.granted.finish(),
            last_accessed,
            last_entity,
            last_region,
            Arc::new(Int32Array::try_new(total, Some(is_service))?),
            self.not_evaluated.finish(rows)?,
            state,
            state_reason,
            Arc::new(Int32Array::try_new(undecided, is_entity)?),
        ];
        RecordBatch::try_new(report_schema(), columns)
    }
}

impl ReportVisitor for Columns<'_> {
    fn visit_service(&mut self, row: ServiceRow<'_>) {
        self.close();
        let key = self.services.key(self.catalog, row);
        let grant = row.grant;
        self.open = Some(Open { key, grant });
        let index = self.rows();
        self.granularity.push(SERVICE);
        self.service.push(key);
        self.action_name.push(NULL_KEY);
        self.has_action.append(false);
        if let Some(last) = row.last {
            let last = self.last.keys(last);
            self.last.set(index, last);
            let is_newest = |newest: LastKeys| last.millis >= newest.millis;
            if grant == Grant::Granted && self.newest.is_none_or(is_newest) {
                self.newest = Some(last);
            }
        }
        if let Some(state) = row.state {
            self.states.set(index, state, row.state_reason);
        }
        if row.total_authenticated_entities > 0 {
            let total = i32::try_from(row.total_authenticated_entities).unwrap_or(i32::MAX);
            self.total_authenticated_entities.push((index, total));
        }
    }

    fn visit_action(&mut self, row: ActionRow<'_>) {
        let index = self.rows();
        if let Some(last) = row.last {
            let last = self.last.keys(last);
            self.last.set(index, last);
        }
        if let Some(state) = row.state {
            self.states.set(index, state, row.state_reason);
        }
        if !row.is_granted {
            self.granted.ungranted_actions.push(index);
        }
        self.action_name.push(self.action_names.key(row.action));
    }
}

/// The column `granted`.
struct Granted {
    values: BooleanBufferBuilder,
    is_valid: BooleanBufferBuilder,
    /// The rows of actions that are not granted. Their services may be.
    ungranted_actions: Vec<usize>,
}

impl Granted {
    fn new(rows: usize) -> Self {
        Self {
            values: BooleanBufferBuilder::new(rows),
            is_valid: BooleanBufferBuilder::new(rows),
            ungranted_actions: Vec::new(),
        }
    }

    fn append_n(&mut self, rows: usize, granted: Option<bool>) {
        self.values.append_n(rows, granted == Some(true));
        self.is_valid.append_n(rows, granted.is_some());
    }

    fn finish(mut self) -> ArrayRef {
        for row in self.ungranted_actions {
            self.values.set_bit(row, false);
        }
        let is_valid = NullBuffer::new(self.is_valid.finish());
        Arc::new(BooleanArray::new(self.values.finish(), Some(is_valid)))
    }
}

/// The columns `state` and `state_reason`. Most rows have a state, or none has.
#[derive(Default)]
struct States {
    /// Up to the last row that has a state.
    states: Vec<i32>,
    state_names: Dictionary,
    reasons: Vec<i32>,
    reason_texts: Dictionary,
    /// Many rows have the same reason.
    known: HashMap<StateReason, i32, foldhash::fast::RandomState>,
}

/// The key of a row without a value.
const NO_KEY: i32 = -1;

impl States {
    fn set(&mut self, row: usize, state: State, reason: Option<&StateReason>) {
        self.states.resize(row, NO_KEY);
        self.reasons.resize(row, NO_KEY);
        self.states.push(self.state_names.key(state.name()));
        let reason = reason.map_or(NO_KEY, |reason| self.reason_key(reason));
        self.reasons.push(reason);
    }

    fn reason_key(&mut self, reason: &StateReason) -> i32 {
        if let Some(key) = self.known.get(reason) {
            return *key;
        }
        let key = self.reason_texts.key(&reason.to_string());
        self.known.insert(reason.clone(), key);
        key
    }

    fn finish(self, rows: usize) -> Result<[ArrayRef; 2], ArrowError> {
        let column = |mut keys: Vec<i32>, values: Dictionary| {
            keys.resize(rows, NO_KEY);
            let is_valid: NullBuffer = keys.iter().map(|key| *key != NO_KEY).collect();
            for key in &mut keys {
                *key = (*key).max(NULL_KEY);
            }
            let keys = Int32Array::try_new(keys.into(), Some(is_valid))?;
            Ok::<ArrayRef, ArrowError>(Arc::new(values.finish(keys)?))
        };
        let states = column(self.states, self.state_names)?;
        Ok([states, column(self.reasons, self.reason_texts)?])
    }
}

/// The namespaces and names of services. They have the same keys unless two services have the same name.
#[derive(Default)]
struct Services {
    namespaces: Dictionary,
    names: Dictionary,
    /// The key of the name, by the key of the namespace.
    name_keys: Vec<i32>,
    keys: KeysById,
}

impl Services {
    /// The key of a service's namespace.
    fn key(&mut self, catalog: &Catalog, row: ServiceRow<'_>) -> i32 {
        let mut make = |name: &str| {
            let key = self.namespaces.key(row.namespace);
            if usize::try_from(key) == Ok(self.name_keys.len()) {
                self.name_keys.push(self.names.key(name));
            }
            key
        };
        match row.service {
            Some(id) => (self.keys).get(id.index(), || make(catalog.service(id).name())),
            None => make(row.namespace),
        }
    }

    /// The columns of namespaces and of names.
    fn finish(
        self,
        namespaces: Vec<i32>,
        is_valid: &NullBuffer,
    ) -> Result<(ArrayRef, ArrayRef), ArrowError> {
        let keys: ScalarBuffer<i32> = namespaces.into();
        let column = |keys| Int32Array::try_new(keys, Some(is_valid.clone()));
        let namespaces = self.namespaces.finish(column(keys.clone())?)?;
        let are_same = (0..).zip(&self.name_keys).all(|(key, name)| key == *name);
        if are_same {
            let names = namespaces.with_values(self.names.values());
            return Ok((Arc::new(namespaces), Arc::new(names)));
        }
        let name = |key: &i32| {
            let index = usize::try_from(*key).ok();
            let name = index.and_then(|index| self.name_keys.get(index));
            name.copied().unwrap_or(NULL_KEY)
        };
        let names = self
            .names
            .finish(column(keys.iter().map(name).collect())?)?;
        Ok((Arc::new(namespaces), Arc::new(names)))
    }
}

/// The columns of the last access: time, entity and Region, which are null together. Few rows have values,
/// so only these are stored until the columns are built.
#[derive(Default)]
struct LastAccessed {
    rows: Vec<(usize, LastKeys)>,
    entities: Dictionary,
    regions: Dictionary,
}

/// The last access in a row.
#[derive(Clone, Copy)]
struct LastKeys {
    millis: i64,
    entity: i32,
    region: i32,
}

impl LastAccessed {
    fn keys(&mut self, last: LastAccess<'_>) -> LastKeys {
        LastKeys {
            millis: last.millis,
            entity: self.entities.key(last.entity),
            region: self.regions.key(last.region),
        }
    }

    fn set(&mut self, row: usize, last: LastKeys) {
        self.rows.push((row, last));
    }

    fn finish(self, rows: usize) -> Result<[ArrayRef; 3], ArrowError> {
        let is_valid = valid_rows(rows, self.rows.iter().map(|(row, _)| *row));
        let millis = scattered(rows, self.rows.iter().map(|(row, it)| (*row, it.millis)));
        let millis = TimestampMillisecondArray::try_new(millis, is_valid.clone())?;
        let entity = scattered(rows, self.rows.iter().map(|(row, it)| (*row, it.entity)));
        let entity = Int32Array::try_new(entity, is_valid.clone())?;
        let region = scattered(rows, self.rows.iter().map(|(row, it)| (*row, it.region)));
        let region = Int32Array::try_new(region, is_valid)?;
        Ok([
            Arc::new(millis.with_timezone(UTC)),
            Arc::new(self.entities.finish(entity)?),
            Arc::new(self.regions.finish(region)?),
        ])
    }
}

/// The null buffer of a column in which only these rows have values.
fn valid_rows(rows: usize, valid: impl Iterator<Item = usize>) -> Option<NullBuffer> {
    let mut is_valid = BooleanBufferBuilder::new(rows);
    is_valid.append_n(rows, false);
    for row in valid {
        is_valid.set_bit(row, true);
    }
    Some(NullBuffer::new(is_valid.finish()))
}

/// A column with these values in their rows, and zeros in all others.
fn scattered<T: ArrowNativeType>(
    rows: usize,
    values_by_row: impl Iterator<Item = (usize, T)>,
) -> ScalarBuffer<T> {
    let mut values = vec![T::default(); rows];
    for (row, value) in values_by_row {
        if let Some(slot) = values.get_mut(row) {
            *slot = value;
        }
    }
    values.into()
}

/// The column of lists of what could not be evaluated. Few rows have one.
#[derive(Default)]
struct Missing {
    names: StringBuilder,
    /// The rows that have a list, in order, with the number of names up to the list's end.
    rows: Vec<(usize, i32)>,
}

impl Missing {
    /// Sets the list of a row. Rows must be set in order.
    fn set(&mut self, row: usize, missing: &[NotEvaluated]) {
        if missing.is_empty() {
            return;
        }
        for missing in missing {
            self.names.append_value(&missing.name);
        }
        let names = i32::try_from(self.names.len()).unwrap_or(i32::MAX);
        self.rows.push((row, names));
    }

    fn finish(mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let mut offsets = vec![0; rows + 1];
        let ends = self.rows.iter().skip(1).map(|(row, _)| *row);
        for ((row, names), next) in self.rows.iter().zip(ends.chain([rows])) {
            if let Some(offsets) = offsets.get_mut(row + 1..=next) {
                offsets.fill(*names);
            }
        }
        let list = ListArray::try_new(
            Arc::new(Field::new_list_field(DataType::Utf8, true)),
            OffsetBuffer::new(offsets.into()),
            Arc::new(self.names.finish()),
            valid_rows(rows, self.rows.iter().map(|(row, _)| *row)),
        )?;
        Ok(Arc::new(list))
    }
}
