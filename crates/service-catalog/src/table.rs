//! The catalog's text table: reading and writing.
//!
//! One fact per line, fields apart by tabs, the first field says what the line is. `#` starts a comment line.
//!
//! ```text
//! service-reference  2026-08-22                      header: date of the actions and resource types
//! service-names      2026-09-27                      header: date of the display names
//! botocore           1.44.5                          header: version of the event sources
//! event-sources      2026-11-26                      header: date of AWS's table of event sources; may be missing
//! unreported         NAMESPACE                       header: in the reference, but not reported by IAM
//! nobody             SOURCE                          header: `SOURCE.amazonaws.com` holds no identity's calls
//! no-service         SOURCE                          header: AWS has the event source, IAM no service for it
//! service            NAMESPACE  NAME                 starts a service
//! source             SOURCE                          another X of `X.amazonaws.com` in its CloudTrail events
//! type               NAME  ARN-FORMAT...             a resource type
//! LEVEL TRACKED      NAME  [TYPE,TYPE...]            an action, for instance `W+`
//! event              EVENT-NAME  [NAMESPACE:]ACTION  an event name whose action has another name
//! ```
//!
//! LEVEL is `L`ist, `R`ead, `W`rite, `P`ermissions management or `T`agging; TRACKED is `+` or `-`. Everything is sorted by
//! byte, so that equal catalogs have equal tables.

use std::fmt::Write;

use crate::assembly::{Assembly, Header, TableFault};
use crate::catalog::{AccessLevel, Action, Catalog, ServiceId};

/// A table that is not a catalog's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct CatalogError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: TableFault,
}

const HEADING: &str = "\
# AWS services, actions, resource types and CloudTrail event names. Made by a program; do not edit.
# Facts from: AWS's service reference (servicereference.us-east-1.amazonaws.com), the services that IAM reports for an
# allow-all policy, the service models of botocore (Apache-2.0), and AWS's table of CloudTrail event sources (EventBridge
# reference).
";

impl Catalog {
    /// Reads a catalog from its table.
    ///
    /// # Errors
    /// The first line that breaks the format, is out of order, or names something that is not there.
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

    /// Writes the catalog as a table that [`Catalog::parse`] reads back.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut table = String::from(HEADING);
        // Writing to a string cannot fail.
        let _ = self.write_table(&mut table);
        table
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "service-reference\t{}", self.sources.service_reference)?;
        writeln!(out, "service-names\t{}", self.sources.service_names)?;
        writeln!(out, "botocore\t{}", self.sources.botocore)?;
        if let Some(date) = &self.sources.event_sources {
            writeln!(out, "event-sources\t{date}")?;
        }
        for (kind, list) in [
            ("unreported", &self.unreported),
            ("nobody", &self.nobodys_sources),
            ("no-service", &self.sources_without_service),
        ] {
            for entry in list {
                writeln!(out, "{kind}\t{entry}")?;
            }
        }
        for (id, service) in self.services() {
            writeln!(out, "service\t{}\t{}", service.namespace, service.name)?;
            for source in &service.event_sources {
                writeln!(out, "source\t{source}")?;
            }
            for resource_type in service.resource_types().map(|id| self.resource_type(id)) {
                write!(out, "type\t{}", resource_type.name)?;
                for format in &resource_type.arn_formats {
                    write!(out, "\t{format}")?;
                }
                out.push('\n');
            }
            for action in service.actions().map(|id| self.action(id)) {
                self.write_action(action, out)?;
            }
            self.write_event_names(id, out)?;
        }
        Ok(())
    }

    fn write_action(&self, action: &Action, out: &mut String) -> std::fmt::Result {
        let tracked = if action.tracked { '+' } else { '-' };
        write!(
            out,
            "{}{tracked}\t{}",
            letter(action.access_level),
            action.name
        )?;
        for (position, id) in action.resource_types.iter().enumerate() {
            let before = if position == 0 { '\t' } else { ',' };
            write!(out, "{before}{}", self.resource_type(*id).name)?;
        }
        out.push('\n');
        Ok(())
    }

    fn write_event_names(&self, id: ServiceId, out: &mut String) -> std::fmt::Result {
        let range = self.service(id).event_names.clone();
        let range = range.start as usize..range.end as usize;
        for event in self.event_names.get(range).unwrap_or_default() {
            let action = self.action(event.action);
            write!(out, "event\t{}\t", event.name)?;
            if action.service != id {
                write!(out, "{}:", self.service(action.service).namespace)?;
            }
            writeln!(out, "{}", action.name)?;
        }
        Ok(())
    }
}

/// The fields of a line, or the parts of a field. They are short: looking byte by byte beats a search made for long texts.
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

/// A table being read: first the header, then the services.
#[derive(Default)]
struct Reader {
    service_reference: Option<String>,
    service_names: Option<String>,
    botocore: Option<String>,
    header: Header,
    /// There from the first service on.
    assembly: Option<Assembly>,
}

impl Reader {
    fn line(&mut self, line: usize, text: &str) -> Result<(), TableFault> {
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
            "service-reference" | "service-names" | "botocore" | "event-sources" | "unreported"
            | "nobody" | "no-service" => self.header(kind, first)?,
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
            _ => {
                let (access_level, tracked) = action_kind(kind).ok_or(TableFault::BadLine)?;
                let types = Fields {
                    rest: fields.next(),
                    separator: b',',
                };
                self.services()?
                    .action(first, access_level, tracked, types)?;
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
            "unreported" => return append(&mut self.header.unreported, value),
            "nobody" => return append(&mut self.header.nobodys_sources, value),
            _ => return append(&mut self.header.sources_without_service, value),
        };
        match slot.replace(value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(TableFault::Header(name)),
        }
    }

    fn services(&mut self) -> Result<&mut Assembly, TableFault> {
        self.assembly.as_mut().ok_or(TableFault::NoService)
    }

    fn start_services(&mut self) -> Result<&mut Assembly, TableFault> {
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
        // A table may be without services, but not without its header.
        self.start_services().map_err(|fault| (end(), fault))?;
        self.assembly
            .map_or_else(|| Ok(Catalog::default()), Assembly::finish)
    }
}

/// Adds to a sorted list.
fn append(list: &mut Vec<Box<str>>, value: &str) -> Result<(), TableFault> {
    if list.last().is_some_and(|last| &**last >= value) {
        return Err(TableFault::OutOfOrder(value.to_owned()));
    }
    list.push(value.into());
    Ok(())
}

fn letter(level: AccessLevel) -> char {
    match level {
        AccessLevel::List => 'L',
        AccessLevel::Read => 'R',
        AccessLevel::Write => 'W',
        AccessLevel::PermissionsManagement => 'P',
        AccessLevel::Tagging => 'T',
    }
}

fn action_kind(kind: &str) -> Option<(AccessLevel, bool)> {
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
    characters.next().is_none().then_some((level, tracked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ActionId;

    const TABLE: &str = "\
# a comment
service-reference\t2026-08-22
service-names\t2026-09-27
botocore\t1.44.5
unreported\tdeeplens
unreported\tdiode
service\tcloudwatch\tAmazon CloudWatch
source\tmonitoring
type\talarm\tarn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}
L+\tDescribeAlarms\talarm
W-\tPutMetricData
event\tGetBucketAlarm\ts3:GetObject

service\ts3\tAmazon S3
type\tbucket\tarn:${Partition}:s3:::${BucketName}
type\tobject\tarn:${Partition}:s3:::${BucketName}/${ObjectName}\tarn:other
R-\tGetObject\tobject
P+\tPutBucketPolicy\tbucket,object
T-\tTagResource\tbucket
event\tHeadObject\tGetObject
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

    #[test]
    fn errors_name_the_line_and_the_reason() {
        let instead = |line: &str, other: &str| {
            assert!(TABLE.contains(line), "{line}");
            fault(&TABLE.replace(line, other))
        };
        let unknown_type = TableFault::UnknownResourceType("bucket".to_owned());
        assert_eq!(instead("\talarm\nW-", "\tbucket\nW-"), (10, unknown_type));
        let unknown_action = TableFault::UnknownAction("GetThing".to_owned());
        assert_eq!(
            instead("HeadObject\tGetObject", "HeadObject\tGetThing"),
            (20, unknown_action)
        );
        let unknown_action = TableFault::UnknownAction("s4:GetObject".to_owned());
        assert_eq!(
            instead("s3:GetObject", "s4:GetObject"),
            (12, unknown_action)
        );
        let out_of_order = |name: &str| TableFault::OutOfOrder(name.to_owned());
        assert_eq!(
            instead("service\ts3", "service\tcloudwatch"),
            (14, out_of_order("cloudwatch"))
        );
        assert_eq!(
            instead("PutBucketPolicy", "GetObject"),
            (18, out_of_order("GetObject"))
        );
        assert_eq!(
            instead("TagResource", "putbucketpolicy"),
            (19, out_of_order("putbucketpolicy"))
        );
        assert_eq!(
            instead("HeadObject", "getobject"),
            (20, out_of_order("getobject"))
        );
        assert_eq!(
            instead("monitoring", "cloudwatch"),
            (8, out_of_order("cloudwatch"))
        );
        assert_eq!(
            instead("unreported\tdiode", "unreported\tdeeplens"),
            (6, out_of_order("deeplens"))
        );
        assert_eq!(
            instead("type\tobject", "type\tbucket"),
            (16, out_of_order("bucket"))
        );
        assert_eq!(instead("\tAmazon S3", ""), (14, TableFault::BadLine));
        assert_eq!(instead("R-\t", "X-\t"), (17, TableFault::BadLine));
        assert_eq!(instead("R-\t", "R*\t"), (17, TableFault::BadLine));
        assert_eq!(instead("R-\t", "R-+\t"), (17, TableFault::BadLine));
        assert_eq!(
            instead("HeadObject\tGetObject", "HeadObject\tGetObject\tX"),
            (20, TableFault::BadLine)
        );
        assert_eq!(
            instead("service\ts3", "service\tS3"),
            (14, TableFault::BadName("S3".to_owned()))
        );
        assert_eq!(
            instead("# a comment", "source\ts3"),
            (1, TableFault::NoService)
        );
        assert_eq!(instead("T-\t", "botocore\t"), (19, TableFault::LateHeader));
        assert_eq!(
            instead("botocore\t1.44.5\n", ""),
            (6, TableFault::Header("botocore"))
        );
        assert_eq!(
            instead("service-names", "botocore"),
            (4, TableFault::Header("botocore"))
        );
        assert_eq!(fault(""), (0, TableFault::Header("service-reference")));
        let no_arn = "\tarn:${Partition}:s3:::${BucketName}\n";
        assert_eq!(instead(no_arn, "\n"), (15, TableFault::NoArnFormat));
        let message = Catalog::parse("# nothing\nservice\n")
            .unwrap_err()
            .to_string();
        assert_eq!(message, "line 2: this is not a line of a catalog");
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
            "\t", "\n", ",", ":", "", "é", "\u{0}", "service", "event\t", "W+\t", "s3", " ",
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
