//! Writes the file: the page, the reports as they come, and at the end what they have in common.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use advisor_core::{Advisor, EntityKind, Grant, Granularity, ReportCoverage, State};
use hashbrown::HashMap;
use serde::Serialize;
use service_catalog::{Catalog, ServiceId};

use crate::chunks::Chunks;
use crate::dictionary::Dictionary;
use crate::encoded_report::{AccessPart, EncodedReport, Facts, STATES, ServicePart, SinglePart};
use crate::entries::Entries;
use crate::index::{Entities, FindingNames, Index, Issues, ServiceSummary};
use crate::options::HtmlOptions;
use crate::page;
use crate::report_encoder::ReportEncoder;
use crate::section::{Envelope, write_json};
use crate::statements::{self, Documents};
use crate::varint;

/// About how many bytes a report takes of the index.
const INDEX_ROW_LEN: u64 = 40;

/// How much of a report is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// All of it.
    All,
    /// Its services, without their actions.
    Services,
    /// Its row in the table.
    Row,
}

/// Writes reports into one HTML file, one after the other. They are compressed as they come: what stays in memory is a short row per
/// report, and what reports share.
///
/// [`HtmlWriter::finish`] completes the file.
#[derive(Debug)]
pub struct HtmlWriter<W: Write> {
    writer: W,
    envelope: Envelope,
    advisor: Advisor,
    catalog: Arc<Catalog>,
    options: HtmlOptions,
    coverage: ReportCoverage,
    /// How many bytes of data were written.
    written: u64,
    expected_index_len: u64,
    entities: Entities,
    services: Services,
    texts: Dictionary<Box<str>>,
    claims: Dictionary<Claim>,
    blocks: Entries,
    documents: Documents,
    statements: Entries,
    rows: Chunks,
    details: Chunks,
    has_actions: bool,
    findings: Option<FindingNames>,
    /// Told to the encoder: whether the next report has a place as a whole.
    has_room: Arc<AtomicBool>,
}

/// A state, and its reason as a text of the dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Claim(u8, u64);

impl From<&Claim> for Claim {
    fn from(claim: &Claim) -> Self {
        claim.clone()
    }
}

/// The services in the reports, in the order in which they came.
#[derive(Debug, Default)]
struct Services {
    numbers: HashMap<(Option<ServiceId>, Box<str>), usize>,
    summaries: Vec<ServiceSummary>,
    ids: Vec<Option<ServiceId>>,
    /// By service and position: whether any user or role may perform the action, and whether one did.
    actions: Vec<Vec<(bool, bool)>>,
}

/// What the page needs to show reports, beside the index.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shared<'a> {
    texts: &'a [Box<str>],
    claims: Vec<(u8, u64)>,
    actions: Vec<ServiceActions<'a>>,
    /// The number of the first document of each part with documents.
    documents: &'a [u64],
}

/// The actions of a service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceActions<'a> {
    names: Vec<&'a str>,
    /// A letter for each.
    levels: String,
}

impl<W: Write> HtmlWriter<W> {
    /// Begins the file. `reports` is how many of the encoder will be written.
    ///
    /// # Errors
    /// The writer failed.
    pub fn new(
        mut writer: W,
        encoder: &ReportEncoder,
        reports: usize,
        options: HtmlOptions,
    ) -> io::Result<Self> {
        page::write_start(&mut writer, &options.title)?;
        Ok(Self::with_envelope(
            writer,
            Envelope::Page,
            encoder,
            reports,
            options,
        ))
    }

    /// Begins the data of a file without the page around it: as a JSON object, for [`ServedPage`](crate::ServedPage).
    ///
    /// # Errors
    /// The writer failed.
    pub fn data_only(
        mut writer: W,
        encoder: &ReportEncoder,
        reports: usize,
        options: HtmlOptions,
    ) -> io::Result<Self> {
        write!(writer, "{{\"version\":\"{}\"", env!("CARGO_PKG_VERSION"))?;
        Ok(Self::with_envelope(
            writer,
            Envelope::Json,
            encoder,
            reports,
            options,
        ))
    }

    fn with_envelope(
        writer: W,
        envelope: Envelope,
        encoder: &ReportEncoder,
        reports: usize,
        options: HtmlOptions,
    ) -> Self {
        let advisor = encoder.advisor();
        encoder.room().store(true, Ordering::Relaxed);
        let mut texts = Dictionary::default();
        // Number 0 means that there is none.
        texts.number("");
        Self {
            writer,
            envelope,
            advisor: advisor.clone(),
            catalog: advisor.catalog().clone(),
            coverage: advisor.coverage(),
            options,
            written: 0,
            expected_index_len: reports as u64 * INDEX_ROW_LEN,
            entities: Entities::default(),
            services: Services::default(),
            texts,
            claims: Dictionary::default(),
            blocks: Entries::new(),
            documents: Documents::new(advisor.clone(), envelope),
            statements: Entries::new(),
            rows: Chunks::new("reports"),
            details: Chunks::new("details"),
            has_actions: false,
            findings: encoder.finding_names(),
            has_room: encoder.room().clone(),
        }
    }

    /// Writes a report of the encoder.
    ///
    /// # Errors
    /// The writer failed.
    pub fn push(&mut self, report: &EncodedReport) -> io::Result<()> {
        let kept = match self.kept() {
            // It was made for another file, which was full.
            Kept::All if report.is_short => Kept::Services,
            kept => kept,
        };
        if kept != Kept::All {
            self.has_room.store(false, Ordering::Relaxed);
        }
        self.entities.push(report);
        self.entities.kept.push(kept as u8);
        let (section, offset) = self.rows.place();
        self.entities.section.push(section);
        self.entities.offset.push(offset);
        let claims = self.claims_of(report);
        let is_identity = matches!(
            report.facts.as_ref().map(|facts| facts.kind),
            Some(EntityKind::User | EntityKind::Role)
        );
        let numbers: Vec<usize> = (report.services.iter())
            .map(|row| self.services.number(&self.catalog, row))
            .collect();
        for (number, row) in numbers.iter().zip(&report.services) {
            self.has_actions |= row.granted.count > 0;
            if is_identity {
                self.services.count(*number, row);
            }
        }
        if kept == Kept::Row {
            return Ok(());
        }
        self.rows.push(report.services.len() as u64);
        for (number, row) in numbers.iter().zip(&report.services) {
            self.push_service(*number as u64, row, &claims, kept)?;
        }
        self.push_facts(report.facts.as_ref(), kept)?;
        self.rows.push(report.not_evaluated.len() as u64);
        for (name, reason) in &report.not_evaluated {
            self.push_text(name);
            self.push_text(reason);
        }
        self.push_details(report, kept);
        let (writer, envelope) = (&mut self.writer, self.envelope);
        self.written += self.rows.write_if_full(writer, envelope)?;
        self.written += self.details.write_if_full(writer, envelope)?;
        self.written += self.documents.write_if_full(&mut self.writer)?;
        Ok(())
    }

    /// Completes the file. Returns the writer.
    ///
    /// # Errors
    /// The writer failed.
    pub fn finish(mut self) -> io::Result<W> {
        self.documents.write_rest(&mut self.writer)?;
        let (writer, envelope) = (&mut self.writer, self.envelope);
        self.rows.write_rest(writer, envelope)?;
        self.details.write_rest(writer, envelope)?;
        self.blocks.write(writer, "blocks", envelope)?;
        self.statements.write(writer, "statements", envelope)?;
        let shared = Shared {
            texts: self.texts.list(),
            claims: (self.claims.list().iter())
                .map(|claim| (claim.0, claim.1))
                .collect(),
            actions: self.services.actions_of(&self.catalog),
            documents: self.documents.firsts(),
        };
        write_json(writer, "shared", &shared, envelope)?;
        self.services.count_actions();
        let index = Index {
            version: env!("CARGO_PKG_VERSION"),
            title: &self.options.title,
            now: self.advisor.now().timestamp(),
            granularity: self.options.granularity.map(Granularity::name),
            has_states: self.advisor.has_states(),
            catalog: self.catalog.fingerprint().to_string(),
            coverage: &self.coverage,
            limit: self.options.limit,
            findings: self.findings.take(),
            issues: Issues::new(self.advisor.account().issues()),
            advice: &self.entities.advice_names,
            groups: &self.entities.group_arns,
            services: &self.services.summaries,
            entities: &self.entities,
        };
        write_json(&mut self.writer, "index", &index, envelope)?;
        match envelope {
            Envelope::Page => page::write_end(&mut self.writer)?,
            Envelope::Json => self.writer.write_all(b"}")?,
        }
        Ok(self.writer)
    }

    /// How much of the next report has a place in the file.
    fn kept(&self) -> Kept {
        let shared = self.blocks.len_in_file() + self.statements.len_in_file();
        let taken = self.written + shared + self.expected_index_len;
        let limit = self.options.limit;
        if taken < limit / 100 * 93 {
            Kept::All
        } else if taken < limit / 100 * 97 {
            Kept::Services
        } else {
            Kept::Row
        }
    }

    /// The numbers in the file of a report's claims.
    fn claims_of(&mut self, report: &EncodedReport) -> Vec<u64> {
        let claims = report.claims.iter();
        claims
            .map(|(state, reason)| {
                let reason = self.texts.number(&**reason);
                self.claims.number(&Claim(state_number(*state), reason)) + 1
            })
            .collect()
    }

    fn push_text(&mut self, text: &str) {
        let number = self.texts.number(text);
        self.rows.push(number);
    }

    fn push_service(
        &mut self,
        number: u64,
        row: &ServicePart,
        claims: &[u64],
        kept: Kept,
    ) -> io::Result<()> {
        let granted = match row.grant {
            Grant::Granted => 0,
            Grant::Ungranted => 1,
            _ => 2,
        };
        self.rows.push(number);
        self.rows.push(granted);
        self.rows.push(claim_number(row.claim, claims));
        self.rows.push(row.total_entities.into());
        self.rows.push(row.granted.count.into());
        self.rows.push(row.granted.used.into());
        self.push_access(row.last.as_ref());
        if kept != Kept::All {
            // No block, no single actions, and no statements.
            self.rows.extend(&[0, 0, 0]);
            return Ok(());
        }
        let block = if row.granted.count == 0 {
            0
        } else {
            self.blocks.number(block_of(row, claims))? + 1
        };
        self.rows.push(block);
        self.rows.push(row.single.len() as u64);
        for action in &row.single {
            self.push_single(action, claims);
        }
        self.push_statements(row)
    }

    /// The statements that grant the service: how many, plus 1, or 0 when they were not found.
    fn push_statements(&mut self, row: &ServicePart) -> io::Result<()> {
        let Some(parts) = &row.statements else {
            self.rows.push(0);
            return Ok(());
        };
        self.rows.push(parts.len() as u64 + 1);
        for part in &**parts {
            let (documents, texts) = (&mut self.documents, &mut self.texts);
            let entry = statements::entry_of(part, documents, texts)?;
            let number = self.statements.number(entry)?;
            self.rows.push(number);
        }
        Ok(())
    }

    fn push_single(&mut self, action: &SinglePart, claims: &[u64]) {
        let position = u64::from(action.position) << 1 | u64::from(action.is_granted);
        self.rows.push(position);
        self.rows.push(claim_number(action.claim, claims));
        self.push_access(action.last.as_ref());
    }

    /// The time as seconds before the report, with a mark in the lowest bit when milliseconds follow.
    fn push_access(&mut self, access: Option<&AccessPart>) {
        let Some(access) = access else {
            return self.rows.push(0);
        };
        let seconds = access.millis.div_euclid(1_000);
        let millis = access.millis.rem_euclid(1_000);
        let before = self.advisor.now().timestamp().saturating_sub(seconds);
        // Times are limited to a few hundred thousand years: nothing overflows.
        let zigzag = ((before << 1) ^ (before >> 63)) as u64;
        self.rows.push((zigzag << 1 | u64::from(millis != 0)) + 1);
        if millis != 0 {
            self.rows.push(millis.unsigned_abs());
        }
        self.push_text(access.entity.as_deref().unwrap_or_default());
        self.push_text(&access.region);
    }

    /// What a report has beside its rows: where it stands among the details, or 0 for nothing. It is JSON, with its length before it.
    fn push_details(&mut self, report: &EncodedReport, kept: Kept) {
        let findings: Vec<&str> = report.findings.iter().map(|found| &*found.json).collect();
        let rightsized = report.rightsized.as_deref().filter(|_| kept == Kept::All);
        let excluded = report.excluded.as_deref();
        if findings.is_empty() && rightsized.is_none() && excluded.is_none() {
            return self.rows.push(0);
        }
        let json = format!(
            "{{\"findings\":[{}],\"rightsized\":{},\"excluded\":{}}}",
            findings.join(","),
            rightsized.unwrap_or("null"),
            serde_json::Value::from(excluded)
        );
        let (section, offset) = self.details.place();
        self.rows.push(u64::from(section) + 1);
        self.rows.push(offset.into());
        self.details.push(json.len() as u64);
        self.details.extend(json.as_bytes());
    }

    fn push_facts(&mut self, facts: Option<&Facts>, kept: Kept) -> io::Result<()> {
        let Some(facts) = facts else {
            // No runs of days, no policies, nothing related.
            self.rows.extend(&[0, 0, 0]);
            return Ok(());
        };
        let runs: Vec<(i32, i32)> = facts.days.runs().collect();
        self.rows.push(runs.len() as u64);
        let mut before = 0;
        for (first, last) in runs {
            self.rows.push_signed(i64::from(first) - before);
            self.rows.push_signed(i64::from(last) - i64::from(first));
            before = i64::from(last);
        }
        self.rows.push(facts.policies.len() as u64);
        for policy in &facts.policies {
            self.push_text(&policy.name);
            self.push_text(policy.arn.as_deref().unwrap_or_default());
            self.push_text(policy.group.as_deref().unwrap_or_default());
            let document = match policy.document {
                Some(id) if kept == Kept::All => Some(self.documents.number(id)?),
                Some(id) => self.documents.known(id),
                None => None,
            };
            self.rows.push(document.map_or(0, |number| number + 1));
        }
        self.rows.push(facts.related.len() as u64);
        for arn in &facts.related {
            self.push_text(arn);
        }
        Ok(())
    }
}

fn state_number(state: State) -> u8 {
    let position = STATES.iter().position(|known| *known == state);
    position.map_or(0, |position| position as u8 + 1)
}

/// The number of a claim in the file; 0 for none.
fn claim_number(claim: Option<u32>, claims: &[u64]) -> u64 {
    let claim = claim.and_then(|claim| claims.get(claim as usize));
    claim.copied().unwrap_or(0)
}

/// The granted actions of a service as an entry of the file, which identities with the same permissions share.
fn block_of(row: &ServicePart, claims: &[u64]) -> Vec<u8> {
    let mut block = Vec::with_capacity(row.granted.positions.len() + 16);
    varint::push(&mut block, row.granted.count.into());
    block.extend_from_slice(&row.granted.positions);
    varint::push(&mut block, row.granted.runs.len() as u64);
    for (claim, count) in &row.granted.runs {
        varint::push(&mut block, claim_number(*claim, claims));
        varint::push(&mut block, (*count).into());
    }
    block
}

impl Services {
    fn number(&mut self, catalog: &Catalog, row: &ServicePart) -> usize {
        let key = (row.service, row.namespace.clone());
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.summaries.len();
        let service = row.service.map(|id| catalog.service(id));
        self.summaries.push(ServiceSummary {
            namespace: row.namespace.clone(),
            name: service
                .map_or(&*row.namespace, |service| service.name())
                .into(),
            ..ServiceSummary::default()
        });
        let actions = service.map_or(0, |service| service.actions().len());
        self.actions.push(vec![(false, false); actions]);
        self.ids.push(row.service);
        self.numbers.insert(key, number);
        number
    }

    /// Counts a row of a user or role.
    fn count(&mut self, number: usize, row: &ServicePart) {
        let (Some(summary), Some(actions)) =
            (self.summaries.get_mut(number), self.actions.get_mut(number))
        else {
            return;
        };
        let last = row.last.as_ref().map(|last| last.millis.div_euclid(1_000));
        summary.last = summary.last.max(last);
        if row.grant == Grant::Granted {
            summary.granted += 1;
            summary.used += u32::from(last.is_some());
        } else {
            summary.ungranted += 1;
        }
        for position in row.granted.each_position() {
            if let Some((is_granted, _)) = actions.get_mut(position) {
                *is_granted = true;
            }
        }
        for action in row.single.iter().filter(|action| action.last.is_some()) {
            if let Some((_, is_used)) = actions.get_mut(action.position as usize) {
                *is_used = true;
            }
        }
    }

    fn count_actions(&mut self) {
        for (summary, actions) in self.summaries.iter_mut().zip(&self.actions) {
            let count = |is: &dyn Fn(&(bool, bool)) -> bool| {
                u32::try_from(actions.iter().filter(|it| is(it)).count()).unwrap_or(u32::MAX)
            };
            summary.actions_granted = count(&|(granted, _)| *granted);
            summary.actions_used = count(&|(granted, used)| *granted && *used);
        }
    }

    fn actions_of<'a>(&self, catalog: &'a Catalog) -> Vec<ServiceActions<'a>> {
        let actions_of = |service: &Option<ServiceId>| {
            let actions = service.map(|id| catalog.service(id).actions());
            let actions = actions.into_iter().flatten();
            let (names, levels) = actions
                .map(|id| catalog.action(id))
                .map(|action| (action.name(), action.access_level().letter()))
                .unzip();
            ServiceActions { names, levels }
        };
        self.ids.iter().map(actions_of).collect()
    }
}
