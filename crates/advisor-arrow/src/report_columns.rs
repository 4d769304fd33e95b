//! The columns of the report table under construction.
//!
//! There may be millions of rows, so that writing them to fresh memory is most of the work. It is avoided where it can
//! be: the room for all rows is there from the start, zeroed, and what was never accessed, as most actions were not, is
//! not written; columns that say the same have the same buffer.

use std::iter::repeat_n;
use std::sync::{Arc, LazyLock};

use advisor_core::Report;
use advisor_core::report::{LastAccess, NotEvaluated, ServiceRow};
use arrow_array::builder::{ArrayBuilder, BooleanBufferBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int32Array, ListArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field};
use service_catalog::Catalog;

use crate::action_names::{ActionDictionary, ActionNames};
use crate::dictionary::{Dictionary, KeysById};
use crate::instant::UTC;
use crate::report_table::report_schema;

/// The values of `granularity`, in the order of their keys.
static LEVELS: LazyLock<ArrayRef> = LazyLock::new(|| {
    Arc::new(StringArray::from_iter_values([
        "ENTITY", "SERVICE", "ACTION",
    ]))
});
const ENTITY: i32 = 0;
const SERVICE: i32 = 1;
const ACTION: i32 = 2;

/// What is in the place of a value where a column is null.
const NOTHING: i32 = 0;

/// How many rows a report's services have, those that are granted and those that are not.
pub(crate) fn service_rows(report: &Report) -> (usize, usize) {
    let rows = |row: ServiceRow<'_>| 1 + row.actions().len();
    (
        report.service_rows().map(rows).sum(),
        report.ungranted_service_rows().map(rows).sum(),
    )
}

/// All columns of a batch.
pub(crate) struct Columns<'a> {
    catalog: &'a Catalog,
    /// How many rows there are so far.
    rows: usize,
    arns: Dictionary,
    arn: Vec<i32>,
    granularity: Vec<i32>,
    services: Services,
    service: Vec<i32>,
    action_names: ActionDictionary<'a>,
    action_name: Vec<i32>,
    granted: BooleanBufferBuilder,
    last: LastAccessed,
    total_authenticated_entities: Vec<i32>,
    not_evaluated: Missing,
    /// Whether a row is about a service, or an action of one.
    has_service: BooleanBufferBuilder,
    has_action: BooleanBufferBuilder,
}

impl<'a> Columns<'a> {
    /// Room for so many rows of reports that name actions as this catalog does.
    pub(crate) fn new(names: &'a ActionNames<'a>, rows: usize) -> Self {
        Self {
            catalog: names.catalog(),
            rows: 0,
            arns: Dictionary::default(),
            arn: Vec::with_capacity(rows),
            granularity: Vec::with_capacity(rows),
            services: Services::default(),
            service: Vec::with_capacity(rows),
            action_names: ActionDictionary::new(names),
            action_name: Vec::with_capacity(rows),
            granted: BooleanBufferBuilder::new(rows),
            last: LastAccessed::new(rows),
            total_authenticated_entities: vec![0; rows],
            not_evaluated: Missing::new(rows),
            has_service: BooleanBufferBuilder::new(rows),
            has_action: BooleanBufferBuilder::new(rows),
        }
    }

    /// A report's rows.
    pub(crate) fn push(&mut self, report: &Report) {
        let (granted, ungranted) = service_rows(report);
        let arn = self.arns.key(report.arn());
        self.arn.extend(repeat_n(arn, 1 + granted + ungranted));
        self.has_service.append(false);
        self.has_service.append_n(granted + ungranted, true);
        self.granted.append(false);
        self.granted.append_n(granted, true);
        self.granted.append_n(ungranted, false);
        self.push_entity(report);
        for row in report.service_rows() {
            self.push_service(row);
        }
        for row in report.ungranted_service_rows() {
            self.push_service(row);
        }
    }

    /// The row that says that there is a report, also when it lists no service: when anything was last
    /// accessed, and what could not be evaluated.
    fn push_entity(&mut self, report: &Report) {
        self.granularity.push(ENTITY);
        self.service.push(NOTHING);
        self.action_name.push(NOTHING);
        self.has_action.append(false);
        let last = report.service_rows().filter_map(|row| row.last);
        if let Some(last) = last.max_by_key(|last| last.millis) {
            self.last.set(self.rows, last);
        }
        self.not_evaluated.set(self.rows, report.not_evaluated());
        self.rows += 1;
    }

    /// A service's row and those of its actions.
    fn push_service(&mut self, row: ServiceRow<'_>) {
        let actions = row.actions();
        let service = self.services.key(self.catalog, row);
        self.service.extend(repeat_n(service, 1 + actions.len()));
        self.granularity.push(SERVICE);
        self.granularity.extend(repeat_n(ACTION, actions.len()));
        self.action_name.push(NOTHING);
        self.has_action.append(false);
        self.has_action.append_n(actions.len(), true);
        if let Some(last) = row.last {
            self.last.set(self.rows, last);
        }
        let total = i32::try_from(row.total_authenticated_entities).unwrap_or(i32::MAX);
        set(&mut self.total_authenticated_entities, self.rows, total);
        self.rows += 1;

        for (index, (_, last)) in row.actions().enumerate() {
            if let Some(last) = last {
                self.last.set(self.rows + index, last);
            }
        }
        if actions.len() > 0 {
            let actions = row.actions().map(|(action, _)| action);
            self.action_name.extend(self.action_names.keys(actions));
        }
        self.rows += actions.len();
    }

    /// The batch.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let has_service = self.has_service.finish();
        let has_action = self.has_action.finish();
        let is_service = NullBuffer::new(&has_service & &!&has_action);
        let (has_service, has_action) = (NullBuffer::new(has_service), NullBuffer::new(has_action));
        let keys = |keys: Vec<i32>| Int32Array::try_new(keys.into(), None);
        let (namespace, name) = self.services.finish(self.service, &has_service)?;
        let [last_accessed, last_entity, last_region] = self.last.finish()?;
        let granularity = keys(self.granularity)?;
        let action_name = Int32Array::try_new(self.action_name.into(), Some(has_action))?;
        let total = self.total_authenticated_entities;
        let columns: Vec<ArrayRef> = vec![
            self.arns.finish(keys(self.arn)?)?,
            Arc::new(DictionaryArray::<Int32Type>::try_new(
                granularity,
                LEVELS.clone(),
            )?),
            namespace,
            name,
            self.action_names.finish(action_name)?,
            Arc::new(BooleanArray::new(self.granted.finish(), Some(has_service))),
            last_accessed,
            last_entity,
            last_region,
            Arc::new(Int32Array::try_new(total.into(), Some(is_service))?),
            self.not_evaluated.finish()?,
        ];
        RecordBatch::try_new(report_schema(), columns)
    }
}

/// Puts a value in the place of a row. Zero is there.
fn set<T>(values: &mut [T], row: usize, value: T) {
    if let Some(place) = values.get_mut(row) {
        *place = value;
    }
}

/// The namespaces and names of services, which have the same keys as long as no two services have one name.
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
        let namespaces: ScalarBuffer<i32> = namespaces.into();
        let are_same = (0..).zip(&self.name_keys).all(|(key, name)| key == *name);
        let names = if are_same {
            namespaces.clone()
        } else {
            let name = |key: &i32| {
                let index = usize::try_from(*key).ok();
                let name = index.and_then(|index| self.name_keys.get(index));
                name.copied().unwrap_or(NOTHING)
            };
            namespaces.iter().map(name).collect()
        };
        let column = |keys| Int32Array::try_new(keys, Some(is_valid.clone()));
        Ok((
            self.namespaces.finish(column(namespaces)?)?,
            self.names.finish(column(names)?)?,
        ))
    }
}

/// When, by whom and where: null together.
struct LastAccessed {
    is_valid: BooleanBufferBuilder,
    millis: Vec<i64>,
    entities: Dictionary,
    entity: Vec<i32>,
    regions: Dictionary,
    region: Vec<i32>,
}

impl LastAccessed {
    fn new(rows: usize) -> Self {
        let mut is_valid = BooleanBufferBuilder::new(rows);
        is_valid.append_n(rows, false);
        Self {
            is_valid,
            millis: vec![0; rows],
            entities: Dictionary::default(),
            entity: vec![NOTHING; rows],
            regions: Dictionary::default(),
            region: vec![NOTHING; rows],
        }
    }

    fn set(&mut self, row: usize, last: LastAccess<'_>) {
        self.is_valid.set_bit(row, true);
        set(&mut self.millis, row, last.millis);
        set(&mut self.entity, row, self.entities.key(last.entity));
        set(&mut self.region, row, self.regions.key(last.region));
    }

    fn finish(mut self) -> Result<[ArrayRef; 3], ArrowError> {
        let is_valid = NullBuffer::new(self.is_valid.finish());
        let keys = |keys: Vec<i32>| Int32Array::try_new(keys.into(), Some(is_valid.clone()));
        let millis = TimestampMillisecondArray::try_new(self.millis.into(), Some(is_valid.clone()));
        Ok([
            Arc::new(millis?.with_timezone(UTC)),
            self.entities.finish(keys(self.entity)?)?,
            self.regions.finish(keys(self.region)?)?,
        ])
    }
}

/// What could not be evaluated: lists of names, in few rows.
struct Missing {
    is_valid: BooleanBufferBuilder,
    names: StringBuilder,
    /// Where the names of a row begin, and where those of the last one end.
    offsets: Vec<i32>,
    /// So many offsets are right already.
    known: usize,
}

impl Missing {
    fn new(rows: usize) -> Self {
        let mut is_valid = BooleanBufferBuilder::new(rows);
        is_valid.append_n(rows, false);
        Self {
            is_valid,
            names: StringBuilder::new(),
            offsets: vec![0; rows + 1],
            known: 0,
        }
    }

    fn set(&mut self, row: usize, missing: &[NotEvaluated]) {
        if missing.is_empty() {
            return;
        }
        self.is_valid.set_bit(row, true);
        self.catch_up(row + 1);
        for missing in missing {
            self.names.append_value(&missing.name);
        }
    }

    /// The first offsets are right: there is no further name in the rows before.
    fn catch_up(&mut self, offsets: usize) {
        let names = i32::try_from(self.names.len()).unwrap_or(i32::MAX);
        // Zero is there.
        if names > 0 {
            let places = self.offsets.iter_mut().take(offsets).skip(self.known);
            places.for_each(|place| *place = names);
        }
        self.known = offsets;
    }

    fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        self.catch_up(self.offsets.len());
        let list = ListArray::try_new(
            Arc::new(Field::new_list_field(DataType::Utf8, true)),
            OffsetBuffer::new(self.offsets.into()),
            Arc::new(self.names.finish()),
            Some(NullBuffer::new(self.is_valid.finish())),
        )?;
        Ok(Arc::new(list))
    }
}
