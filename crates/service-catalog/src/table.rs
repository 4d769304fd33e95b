//! The catalog's text table, and how it is read. `table_writing` writes it.
//!
//! One fact per line. Fields are separated by tabs, and the first one is the kind of line. `#` starts a comment line.
//!
//! ```text
//! service-reference  2026-08-22                      header: date of the actions and resource types
//! service-names      2026-09-27                      header: date of the display names
//! botocore           1.44.5                          header: version of the endpoint names
//! event-sources      2026-11-26                      header: date of AWS's table of event sources; optional
//! data-events        2026-11-26                      header: date of AWS's lists of data events; optional
//! unreported         NAMESPACE                       header: in the reference, but not reported by IAM
//! no-caller          SOURCE                          header: `SOURCE.amazonaws.com` holds no identity's calls
//! no-service         SOURCE                          header: AWS has the event source, IAM no service for it
//! condition          NAME  TEST...                   header: a condition on a record; it holds when one test does
//! service            NAMESPACE  NAME                 starts a service
//! source             SOURCE                          `SOURCE.amazonaws.com` carries its events, beside its namespace
//! type               NAME  ARN-FORMAT...             a resource type
//! LEVEL TRACKED SEEN NAME  [TYPE,TYPE...]            an action, for instance `W+g`
//! event              EVENT  [NAMESPACE:]ACTION       an event name whose action has another name
//! when               EVENT  CONDITION  [NAMESPACE:]ACTION  another action when the condition holds
//! implies            EVENT  [NAMESPACE:]ACTION  [WHEN]     a further action that the call exercises
//! data               EVENT  TYPE,TYPE...             logged as a data event of these CloudTrail resource types
//! management         EVENT                           documented as a management event
//! ```
//!
//! LEVEL is `L`ist, `R`ead, `W`rite, `P`ermissions management or `T`agging. TRACKED is `+` when AWS tracks the action's last
//! access, else `-`. SEEN is `g` when policy generation sees it, `o` when an operation or event leads to it, `x` when none does,
//! and missing when the service publishes no operations. WHEN is `always`, a condition, a condition with `?` (when it does not
//! hold, the record does not tell), or missing (the record never tells). Everything is sorted by byte, so that equal catalogs
//! have equal tables.

use crate::assembly::{Assembly, EventFact, Header, TableFault};
use crate::catalog::{AccessLevel, Catalog};
use crate::condition::RecordCondition;
use crate::event_reference::EventReference;

/// A text that is not a catalog's table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
#[non_exhaustive]
pub struct CatalogError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: TableFault,
}

impl Catalog {
    /// Reads a catalog from its table.
    ///
    /// # Errors
    /// The first line that breaks the format, is out of order, or names something unknown.
    pub fn parse(table: &str) -> Result<Self, CatalogError> {
        let mut reader = Reader::default();
        for (line, text) in (1..).zip(table.lines()) {
            reader
                .line(line, text)
                .map_err(|fault| CatalogError { line, fault })?;
        }
        let end = || table.lines().count();
        reader
            .finish(end)
            .map_err(|(line, fault)| CatalogError { line, fault })
    }
}

/// The fields of a line, or the parts of a field. They are short, so looking at each byte beats a search made for long texts.
struct Fields<'t> {
    rest: Option<&'t str>,
    separator: u8,
}

impl<'t> Iterator for Fields<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.take()?;
        let Some(end) = rest.bytes().position(|byte| byte == self.separator) else {
            return Some(rest);
        };
        self.rest = rest.get(end + 1..);
        rest.get(..end)
    }
}

/// Reads a table: first the header, then the services.
#[derive(Default)]
struct Reader<'t> {
    service_reference: Option<String>,
    service_names: Option<String>,
    botocore: Option<String>,
    header: Header,
    /// `Some` from the first service on.
    assembly: Option<Assembly<'t>>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: usize, text: &'t str) -> Result<(), TableFault> {
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let mut fields = Fields {
            rest: Some(text),
            separator: b'\t',
        };
        let kind = fields.next().ok_or(TableFault::BadLine)?;
        let first = fields.next().ok_or(TableFault::BadLine)?;
        match kind {
            "service-reference" | "service-names" | "botocore" | "event-sources"
            | "data-events" | "unreported" | "no-caller" | "no-service" => {
                self.header(kind, first)?;
            }
            "service" => {
                let name = fields.next().ok_or(TableFault::BadLine)?;
                self.start_services()?.service(first, name)?;
            }
            "source" => self.services()?.event_source(first)?,
            "type" => self.services()?.resource_type(first, fields.by_ref())?,
            "event" => {
                let target = fields.next().ok_or(TableFault::BadLine)?;
                self.services()?.event(first, target, line)?;
            }
            "condition" => self.condition(first, fields.by_ref())?,
            "when" => {
                let condition = fields.next().ok_or(TableFault::BadLine)?;
                let action = fields.next().ok_or(TableFault::BadLine)?;
                let fact = EventFact::Alternative { condition, action };
                self.services()?.event_fact(first, fact, line)?;
            }
            "implies" => {
                let action = fields.next().ok_or(TableFault::BadLine)?;
                let when = fields.next();
                let fact = EventFact::Implied { action, when };
                self.services()?.event_fact(first, fact, line)?;
            }
            "data" => {
                let resource_types = Fields {
                    rest: Some(fields.next().ok_or(TableFault::BadLine)?),
                    separator: b',',
                };
                let fact = EventFact::Data {
                    resource_types: sorted(resource_types)?,
                };
                self.services()?.event_fact(first, fact, line)?;
            }
            "management" => {
                self.services()?
                    .event_fact(first, EventFact::Management, line)?;
            }
            _ => {
                let (access_level, tracked, event_reference) =
                    action_kind(kind).ok_or(TableFault::BadLine)?;
                let types = Fields {
                    rest: fields.next(),
                    separator: b',',
                };
                self.services()?
                    .action(first, access_level, tracked, event_reference, types)?;
            }
        }
        fields.next().map_or(Ok(()), |_| Err(TableFault::BadLine))
    }

    fn header(&mut self, kind: &str, value: &str) -> Result<(), TableFault> {
        if self.assembly.is_some() {
            return Err(TableFault::LateHeader);
        }
        let (slot, name) = match kind {
            "service-reference" => (&mut self.service_reference, "service-reference"),
            "service-names" => (&mut self.service_names, "service-names"),
            "botocore" => (&mut self.botocore, "botocore"),
            "event-sources" => (&mut self.header.sources.event_sources, "event-sources"),
            "data-events" => (&mut self.header.sources.data_events, "data-events"),
            "unreported" => return append(&mut self.header.unreported, value),
            "no-caller" => return append(&mut self.header.sources_without_caller, value),
            _ => return append(&mut self.header.sources_without_service, value),
        };
        match slot.replace(value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(TableFault::Header(name)),
        }
    }

    fn condition(
        &mut self,
        name: &str,
        tests: impl Iterator<Item = &'t str>,
    ) -> Result<(), TableFault> {
        if self.assembly.is_some() {
            return Err(TableFault::LateHeader);
        }
        let conditions = &mut self.header.conditions;
        if conditions.last().is_some_and(|last| last.name() >= name) {
            return Err(TableFault::OutOfOrder(name.to_owned()));
        }
        let is_reserved = name.is_empty() || name == "always" || name.ends_with('?');
        let condition = RecordCondition::parse(name, tests).filter(|_| !is_reserved);
        conditions.push(condition.ok_or_else(|| TableFault::BadCondition(name.to_owned()))?);
        Ok(())
    }

    fn services(&mut self) -> Result<&mut Assembly<'t>, TableFault> {
        self.assembly.as_mut().ok_or(TableFault::NoService)
    }

    fn start_services(&mut self) -> Result<&mut Assembly<'t>, TableFault> {
        if self.assembly.is_none() {
            let header =
                |slot: &mut Option<String>, name| slot.take().ok_or(TableFault::Header(name));
            let mut start = std::mem::take(&mut self.header);
            start.sources.service_reference =
                header(&mut self.service_reference, "service-reference")?;
            start.sources.service_names = header(&mut self.service_names, "service-names")?;
            start.sources.botocore = header(&mut self.botocore, "botocore")?;
            self.assembly = Some(Assembly::new(start));
        }
        self.services()
    }

    fn finish(mut self, end: impl FnOnce() -> usize) -> Result<Catalog, (usize, TableFault)> {
        // A table needs a header, but no services.
        self.start_services().map_err(|fault| (end(), fault))?;
        self.assembly
            .map_or_else(|| Ok(Catalog::default()), Assembly::finish)
    }
}

/// The names of a list, which must be sorted and not empty.
fn sorted<'t>(names: impl Iterator<Item = &'t str>) -> Result<Vec<&'t str>, TableFault> {
    let names: Vec<&str> = names.collect();
    let mut before = "";
    for name in &names {
        if *name <= before {
            return Err(TableFault::OutOfOrder((*name).to_owned()));
        }
        before = name;
    }
    Ok(names)
}

/// Adds to a sorted list.
fn append(list: &mut Vec<Box<str>>, value: &str) -> Result<(), TableFault> {
    if list.last().is_some_and(|last| &**last >= value) {
        return Err(TableFault::OutOfOrder(value.to_owned()));
    }
    list.push(value.into());
    Ok(())
}

fn action_kind(kind: &str) -> Option<(AccessLevel, bool, EventReference)> {
    let mut characters = kind.chars();
    let level = match characters.next()? {
        'L' => AccessLevel::List,
        'R' => AccessLevel::Read,
        'W' => AccessLevel::Write,
        'P' => AccessLevel::PermissionsManagement,
        'T' => AccessLevel::Tagging,
        _ => return None,
    };
    let tracked = match characters.next()? {
        '+' => true,
        '-' => false,
        _ => return None,
    };
    let event_reference = match characters.next() {
        None => EventReference::Unknown,
        Some('g') => EventReference::PolicyGeneration,
        Some('o') => EventReference::Named,
        Some('x') => EventReference::Unnamed,
        Some(_) => return None,
    };
    let is_whole = characters.next().is_none();
    is_whole.then_some((level, tracked, event_reference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ActionId;
    use crate::table_writing::HEADING;

    const TABLE: &str = "\
# a comment
service-reference\t2026-08-22
service-names\t2026-09-27
botocore\t1.44.5
event-sources\t2026-11-26
unreported\tdeeplens
unreported\tdiode
no-caller\ts3lifecycle
no-service\temrwal
condition\tversion\trequestParameters.versionId
service\tcloudwatch\tAmazon CloudWatch
source\tmonitoring
type\talarm\tarn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}
L+g\tDescribeAlarms\talarm
W-o\tPutMetricData
event\tGetBucketAlarm\ts3:GetObject

service\ts3\tAmazon S3
type\tbucket\tarn:${Partition}:s3:::${BucketName}
type\tobject\tarn:${Partition}:s3:::${BucketName}/${ObjectName}\tarn:other
R-\tGetObject\tobject
P+\tPutBucketPolicy\tbucket,object
T-x\tTagResource\tbucket
event\tHeadObject\tGetObject
when\tGetObject\tversion\tPutBucketPolicy
implies\tGetObject\tTagResource\tversion?
implies\tGetObject\tcloudwatch:PutMetricData
implies\tHeadObject\tTagResource\talways
data\tGetObject\tAWS::S3::AccessPoint,AWS::S3::Object
management\tHeadObject
";

    fn fault(table: &str) -> (usize, TableFault) {
        let error = Catalog::parse(table).unwrap_err();
        (error.line, error.fault)
    }

    #[test]
    fn a_table_is_read() {
        let catalog = Catalog::parse(TABLE).unwrap();
        assert_eq!(catalog.sources().service_reference, "2026-08-22");
        assert_eq!(catalog.sources().service_names, "2026-09-27");
        assert_eq!(catalog.sources().botocore, "1.44.5");
        assert_eq!(
            catalog.unreported_namespaces().collect::<Vec<_>>(),
            ["deeplens", "diode"]
        );
        let s3 = catalog.service_by_namespace("s3").unwrap();
        assert_eq!(catalog.service(s3).name(), "Amazon S3");
        assert_eq!(catalog.service_by_namespace("S3"), None);
        let put = catalog.action_by_name(s3, "PUTbucketPOLICY").unwrap();
        let action = catalog.action(put);
        assert_eq!(
            (action.name(), action.service(), action.is_tracked()),
            ("PutBucketPolicy", s3, true)
        );
        assert_eq!(action.access_level(), AccessLevel::PermissionsManagement);
        let types = action
            .resource_types()
            .iter()
            .map(|id| catalog.resource_type(*id));
        assert_eq!(
            types.map(|of| of.arn_formats().len()).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(catalog.action_at(put.index()), Some(put));
        assert_eq!(catalog.action_at(catalog.action_count()), None);
        assert_eq!(
            catalog
                .actions_of(s3)
                .map(ActionId::index)
                .collect::<Vec<_>>(),
            [2, 3, 4]
        );
        assert_eq!(catalog.service(s3).action_range(), 2..5);
        let resolved = catalog.resolve_event("monitoring.amazonaws.com", "GetBucketAlarm");
        assert_eq!(resolved.service, Some(s3));
        assert_eq!(resolved.action, catalog.action_by_name(s3, "GetObject"));
        assert_eq!(
            catalog.sources().event_sources.as_deref(),
            Some("2026-11-26")
        );
        assert_eq!(catalog.sources().data_events, None);
        let seen = catalog
            .actions()
            .filter(|(_, action)| action.is_seen_by_policy_generation());
        assert_eq!(seen.count(), 1);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bare: String = TABLE
            .lines()
            .skip(1)
            .filter(|line| !line.is_empty())
            .map(|line| format!("{line}\n"))
            .collect();
        let written = Catalog::parse(TABLE).unwrap().to_table();
        assert_eq!(written, format!("{HEADING}{bare}"));
        assert_eq!(Catalog::parse(&written).unwrap().to_table(), written);
        let windows = TABLE.replace('\n', "\r\n");
        assert_eq!(Catalog::parse(&windows).unwrap().to_table(), written);
    }

    #[test]
    fn the_embedded_table_is_what_the_writer_writes() {
        let embedded = include_str!("../data/catalog.txt");
        assert!(Catalog::parse(embedded).unwrap().to_table() == embedded);
        assert_eq!(Catalog::embedded().services().count(), 456);
    }

    /// The line of the table above that starts so.
    fn line_of(start: &str) -> usize {
        TABLE
            .lines()
            .position(|line| line.starts_with(start))
            .unwrap()
            + 1
    }

    #[test]
    fn errors_name_the_line_and_the_reason() {
        let instead = |line: &str, other: &str| {
            assert!(TABLE.contains(line), "{line}");
            fault(&TABLE.replacen(line, other, 1))
        };
        let is = |start: &str, fault: TableFault| (line_of(start), fault);
        let unknown_type = TableFault::UnknownResourceType("bucket".to_owned());
        assert_eq!(
            instead("\talarm\nW-", "\tbucket\nW-"),
            is("L+g", unknown_type)
        );
        let unknown_action = |name: &str| TableFault::UnknownAction(name.to_owned());
        assert_eq!(
            instead("HeadObject\tGetObject", "HeadObject\tGetThing"),
            is("event\tHeadObject", unknown_action("GetThing"))
        );
        assert_eq!(
            instead("s3:GetObject", "s4:GetObject"),
            is("event\tGetBucketAlarm", unknown_action("s4:GetObject"))
        );
        let out_of_order = |name: &str| TableFault::OutOfOrder(name.to_owned());
        assert_eq!(
            instead("service\ts3", "service\tcloudwatch"),
            is("service\ts3", out_of_order("cloudwatch"))
        );
        assert_eq!(
            instead("P+\tPutBucketPolicy", "P+\tGetObject"),
            is("P+", out_of_order("GetObject"))
        );
        assert_eq!(
            instead("T-x\tTagResource", "T-x\tputbucketpolicy"),
            is("T-x", out_of_order("putbucketpolicy"))
        );
        assert_eq!(
            instead("event\tHeadObject", "event\tgetobject"),
            is("event\tHeadObject", out_of_order("getobject"))
        );
        assert_eq!(
            instead("source\tmonitoring", "source\tcloudwatch"),
            is("source", out_of_order("cloudwatch"))
        );
        assert_eq!(
            instead("unreported\tdiode", "unreported\tdeeplens"),
            is("unreported\tdiode", out_of_order("deeplens"))
        );
        assert_eq!(
            instead("type\tobject", "type\tbucket"),
            is("type\tobject", out_of_order("bucket"))
        );
        assert_eq!(
            instead("\tAmazon S3", ""),
            is("service\ts3", TableFault::BadLine)
        );
        for kind in ["X-\t", "R*\t", "R-+\t", "R-gg\t"] {
            assert_eq!(instead("R-\t", kind), is("R-", TableFault::BadLine));
        }
        assert_eq!(
            instead("HeadObject\tGetObject", "HeadObject\tGetObject\tX"),
            is("event\tHeadObject", TableFault::BadLine)
        );
        assert_eq!(
            instead("service\ts3", "service\tS3"),
            is("service\ts3", TableFault::BadName("S3".to_owned()))
        );
        assert_eq!(
            instead("# a comment", "source\ts3"),
            (1, TableFault::NoService)
        );
        assert_eq!(
            instead("T-x\t", "botocore\t"),
            is("T-x", TableFault::LateHeader)
        );
        assert_eq!(
            instead("botocore\t1.44.5\n", ""),
            (
                line_of("service\tcloudwatch") - 1,
                TableFault::Header("botocore")
            )
        );
        assert_eq!(
            instead("service-names", "botocore"),
            is("botocore", TableFault::Header("botocore"))
        );
        assert_eq!(fault(""), (0, TableFault::Header("service-reference")));
        let no_arn = "\tarn:${Partition}:s3:::${BucketName}\n";
        assert_eq!(
            instead(no_arn, "\n"),
            is("type\tbucket", TableFault::NoArnFormat)
        );
        let message = Catalog::parse("# nothing\nservice\n")
            .unwrap_err()
            .to_string();
        assert_eq!(message, "line 2: this is not a line of a catalog");
    }

    #[test]
    fn errors_of_facts_about_events_name_the_line_and_the_reason() {
        let instead = |line: &str, other: &str| {
            assert!(TABLE.contains(line), "{line}");
            fault(&TABLE.replacen(line, other, 1))
        };
        let is = |start: &str, fault: TableFault| (line_of(start), fault);
        let when = "when\tGetObject\tversion";
        assert_eq!(
            instead(when, "when\tGetObject\tother"),
            is("when", TableFault::UnknownCondition("other".to_owned()))
        );
        assert_eq!(
            instead(when, "when\tGetThing\tversion"),
            is("when", TableFault::UnknownEvent("GetThing".to_owned()))
        );
        let implies = "implies\tGetObject\tTagResource\tversion?";
        assert_eq!(
            instead(implies, "implies\tGetObject\tTagThing\tversion?"),
            is("implies", TableFault::UnknownAction("TagThing".to_owned()))
        );
        assert_eq!(
            instead(implies, "implies\tGetObject\tTagResource\tother?"),
            is("implies", TableFault::UnknownCondition("other".to_owned()))
        );
        // Kinds of line, events and actions all come in order, and one event in one spelling.
        let late = "implies\tHeadObject\tTagResource\talways";
        assert_eq!(
            instead(late, "implies\tGetObject\tTagResource\talways"),
            is(late, TableFault::OutOfOrder("GetObject".to_owned()))
        );
        assert_eq!(
            instead(late, "implies\tgetobject\tTagResource\talways"),
            is(late, TableFault::OutOfOrder("getobject".to_owned()))
        );
        assert_eq!(
            instead(late, "when\tHeadObject\tversion\tGetObject"),
            is(late, TableFault::OutOfOrder("HeadObject".to_owned()))
        );
        assert_eq!(
            instead("AWS::S3::AccessPoint,AWS::S3::Object", "B,A"),
            is("data", TableFault::OutOfOrder("A".to_owned()))
        );
        let condition = "condition\tversion\trequestParameters.versionId";
        for wrong in [
            "condition\tversion",
            "condition\tversion\tversionId",
            "condition\talways\trequestParameters.a",
            "condition\ta?\trequestParameters.a",
        ] {
            let (line, fault) = instead(condition, wrong);
            assert_eq!(line, line_of("condition"), "{wrong}");
            let expected = matches!(fault, TableFault::BadCondition(_) | TableFault::BadLine);
            assert!(expected, "{wrong}: {fault:?}");
        }
        assert_eq!(
            instead("management\tHeadObject", condition),
            is("management", TableFault::LateHeader)
        );
    }

    /// Whatever a table holds, reading it gives a catalog or an error, and a catalog is written and read back.
    #[test]
    fn mutated_tables_never_panic() {
        let mut state = 1_u64;
        let mut below = |limit: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit.max(1)
        };
        let spare = [
            "\t",
            "\n",
            ",",
            ":",
            "",
            "é",
            "\u{0}",
            "service",
            "event\t",
            "implies\t",
            "W+\t",
            "s3",
            " ",
        ];
        let mut accepted = 0;
        for _ in 0..20_000 {
            let mut pieces: Vec<&str> = TABLE.split_inclusive(['\t', '\n', ',', ':']).collect();
            for _ in 0..=below(3) {
                let (at, other) = (below(pieces.len()), below(pieces.len()));
                match below(4) {
                    0 => pieces.swap(at, other),
                    1 => drop(pieces.remove(at)),
                    2 => pieces.insert(at, pieces[other]),
                    _ => pieces.insert(at, spare[below(spare.len())]),
                }
            }
            if let Ok(catalog) = Catalog::parse(&pieces.concat()) {
                accepted += 1;
                let table = catalog.to_table();
                assert_eq!(
                    Catalog::parse(&table).map(|catalog| catalog.to_table()),
                    Ok(table)
                );
            }
        }
        assert!((100..19_900).contains(&accepted), "{accepted}");
    }
}
