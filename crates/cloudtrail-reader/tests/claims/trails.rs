//! Generated trails: log files and digests of several trails, accounts and Regions.

use std::fmt::Write;

use advisor_core::DaySet;
use chrono::DateTime;
use proptest::prelude::*;

pub(crate) const ACCOUNT: &str = "111122223333";
/// A role.
pub(crate) const ANN: &str = "arn:aws:iam::111122223333:role/ann";
pub(crate) const ANN_ID: &str = "AROAANN00000000000001";
pub(crate) const OTHER_ACCOUNT: &str = "444455556666";
pub(crate) const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
pub(crate) const TRAILS: [&str; 2] = ["main", "other"];
pub(crate) const DAYS: i32 = 6;
/// 2026-01-01.
pub(crate) const FIRST: i32 = 20_454;
const DAY_MILLIS: i64 = 86_400_000;

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    ReadObject,
    WriteObject,
    WriteStream,
    ReadExpress,
    WriteExpress,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Read,
        Self::Write,
        Self::ReadObject,
        Self::WriteObject,
        Self::WriteStream,
        Self::ReadExpress,
        Self::WriteExpress,
    ];

    /// The category in a report, and the resource type.
    pub(crate) fn category(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Read => ("ManagementRead", None),
            Self::Write => ("ManagementWrite", None),
            Self::ReadObject => ("DataRead", Some("AWS::S3::Object")),
            Self::WriteObject => ("DataWrite", Some("AWS::S3::Object")),
            Self::WriteStream => ("DataWrite", Some("AWS::Made::Stream")),
            Self::ReadExpress => ("DataRead", Some("AWS::S3Express::Object")),
            Self::WriteExpress => ("DataWrite", Some("AWS::S3Express::Object")),
        }
    }
}

/// A call: service, event, kind, request parameters, and the rows of a report that it is a use of.
pub(crate) struct Call {
    service: &'static str,
    event: &'static str,
    pub(crate) kind: Kind,
    parameters: &'static str,
    pub(crate) rows: &'static [&'static str],
}

const fn call(
    service: &'static str,
    event: &'static str,
    kind: Kind,
    parameters: &'static str,
    rows: &'static [&'static str],
) -> Call {
    Call {
        service,
        event,
        kind,
        parameters,
        rows,
    }
}

pub(crate) const CALLS: [Call; 13] = [
    call(
        "ec2",
        "DescribeInstances",
        Kind::Read,
        "{}",
        &["ec2:DescribeInstances"],
    ),
    call("ec2", "UpdateIt", Kind::Write, "{}", &["ec2:UpdateIt"]),
    call(
        "ec2",
        "RunInstances",
        Kind::Write,
        "{}",
        &["ec2:RunInstances"],
    ),
    call(
        "ec2",
        "RunInstances",
        Kind::Write,
        r#"{"role":"r"}"#,
        &["ec2:RunInstances", "iam:PassRole"],
    ),
    call("iam", "CreateUser", Kind::Write, "{}", &["iam:CreateUser"]),
    call("kms", "Decrypt", Kind::Read, "{}", &["kms:Decrypt"]),
    call(
        "kinesis",
        "PutRecord",
        Kind::WriteStream,
        "{}",
        &["kinesis:PutRecord"],
    ),
    call("s3", "GetObject", Kind::ReadObject, "{}", &["s3:GetObject"]),
    call(
        "s3",
        "PutObject",
        Kind::WriteObject,
        "{}",
        &["s3:PutObject"],
    ),
    // Several events of one action, which AWS lists.
    call(
        "s3express",
        "GetObject",
        Kind::ReadExpress,
        "{}",
        &["s3express:CreateSession"],
    ),
    call(
        "s3express",
        "PutObject",
        Kind::WriteExpress,
        "{}",
        &["s3express:CreateSession"],
    ),
    // And of one of which it does not say how they are logged.
    call("xray", "SetRate", Kind::Write, "{}", &["xray:Rate"]),
    call("xray", "ReadRate", Kind::Read, "{}", &["xray:Rate"]),
];

/// A catalog in which each way of logging has an action.
pub(crate) const CATALOG: &str = "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\n\
    condition\trole\trequestParameters.role\n\
    service\tec2\tEC2\nR+g\tDescribeInstances\nW+g\tRunInstances\nW+g\tUpdateIt\nimplies\tRunInstances\tiam:PassRole\trole\n\
    service\tiam\tIAM\nW+g\tCreateUser\nW-x\tPassRole\n\
    service\tkinesis\tKinesis\nW-o\tPutRecord\n\
    service\tkms\tKMS\nW+g\tDecrypt\n\
    service\ts3\tS3\nR-o\tGetObject\nW-o\tPutObject\nW-x\tReplicateObject\ndata\tGetObject\tAWS::S3::AccessPoint,AWS::S3::Object\ndata\tPutObject\tAWS::S3::Object\n\
    service\ts3express\tS3 Express\nW-o\tCreateSession\nevent\tGetObject\tCreateSession\nevent\tPutObject\tCreateSession\n\
    data\tCreateSession\tAWS::S3Express::Object\ndata\tGetObject\tAWS::S3Express::Object\ndata\tPutObject\tAWS::S3Express::Object\n\
    service\txray\tX-Ray\nW-o\tRate\nevent\tReadRate\tRate\nevent\tSetRate\tRate\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Ann,
    Bob,
    /// A service of AWS, whose records say what the trail holds and nothing else.
    Service,
}

/// When a record is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// On the day of the event.
    SameDay,
    /// On the next day, because it is of the last minutes of its day.
    NextDay,
    /// Two days later than it should be.
    Delayed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) caller: Caller,
    pub(crate) call: usize,
    pub(crate) delivery: Delivery,
    is_correction: bool,
    /// Whether it says whose trail it is in.
    has_recipient: bool,
    is_denied: bool,
}

/// What became of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Read,
    Missing,
    Cut,
    /// With a record that is not one.
    Malformed,
}

/// A log file.
#[derive(Clone, Debug)]
pub(crate) struct LogFile {
    pub(crate) trail: usize,
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) day: i32,
    pub(crate) records: Vec<Record>,
    pub(crate) fate: Fate,
}

/// Trails of several accounts.
#[derive(Clone, Debug)]
pub(crate) struct Trails {
    pub(crate) log_files: Vec<LogFile>,
    /// By trail: whether it has digests, and which kinds it collects.
    selectors: [(bool, [bool; 7]); 2],
}

/// What is taken away.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Removed {
    Nothing,
    Day(i32),
    Region(&'static str),
    LogFile(usize),
    Kind(Kind),
    KindOnDay(Kind, i32),
    Record(usize, usize),
    /// All log files and digests of a trail.
    Trail(usize),
    /// The digests of a day.
    Digests(usize, i32),
}

/// The bytes of an object, by name.
pub(crate) type Object = (String, Vec<u8>);

impl LogFile {
    pub(crate) fn name(&self, number: usize) -> String {
        let date = date(self.day).replace('-', "");
        let (account, region) = (self.account, self.region);
        format!("{account}_CloudTrail_{region}_{date}T0005Z_{number}.json.gz")
    }

    /// The days of its events.
    pub(crate) fn day_of(&self, record: Record) -> i32 {
        self.day
            - match record.delivery {
                Delivery::SameDay => 0,
                Delivery::NextDay => 1,
                Delivery::Delayed => 2,
            }
    }
}

impl Trails {
    pub(crate) fn has_digests(&self, trail: usize) -> bool {
        self.selectors[trail].0
    }

    /// The records of a log file that its trail collects, without what is taken away.
    pub(crate) fn records(&self, number: usize, removed: Removed) -> impl Iterator<Item = Record> {
        let file = &self.log_files[number];
        let (_, collected) = self.selectors[file.trail];
        let records = file.records.iter().copied().enumerate();
        let kept = records.filter(move |(index, record)| {
            let kind = CALLS[record.call].kind;
            let is_gone = match removed {
                Removed::Kind(gone) => gone == kind,
                Removed::KindOnDay(gone, day) => gone == kind && file.day_of(*record) == day,
                Removed::Record(of, gone) => of == number && gone == *index,
                _ => false,
            };
            collected[Kind::ALL.iter().position(|it| *it == kind).unwrap()] && !is_gone
        });
        kept.map(|(_, record)| record)
    }

    /// Whether a record of a kind is left that is of a day and Region of the account, in a log file that is read.
    pub(crate) fn has_record(&self, of: (i32, &str, Kind), removed: Removed) -> bool {
        let (day, region, kind) = of;
        self.log_files.iter().enumerate().any(|(number, file)| {
            let here = (file.account, file.region, file.fate) == (ACCOUNT, region, Fate::Read);
            here && self
                .records(number, removed)
                .any(|record| CALLS[record.call].kind == kind && FIRST + file.day_of(record) == day)
        })
    }

    /// Whether a log file of the account and a Region is read.
    pub(crate) fn has_read(&self, region: &str) -> bool {
        let mut files = self.log_files.iter();
        files.any(|file| (file.account, file.region, file.fate) == (ACCOUNT, region, Fate::Read))
    }

    /// Whether a log file, and the digest that lists it, is left.
    pub(crate) fn is_left(&self, file: &LogFile, removed: Removed) -> bool {
        match removed {
            Removed::Day(day) => file.day != day,
            Removed::Region(region) => file.region != region,
            Removed::Trail(trail) => file.trail != trail,
            _ => true,
        }
    }

    /// Whether what is taken away tells of data that is missing: without it, the gap is not known. When the digests of a day are gone,
    /// the break between the others tells as much.
    pub(crate) fn tells_of_gaps(&self, removed: Removed) -> bool {
        self.log_files.iter().enumerate().any(|(number, file)| {
            let is_gone = matches!(removed, Removed::LogFile(gone) if gone == number)
                || !self.is_left(file, removed);
            let is_told_otherwise = match removed {
                Removed::Region(_) => true,
                Removed::LogFile(_) => self.has_digests(file.trail),
                // The break between the digests is of the day of the delivery.
                Removed::Day(_) => {
                    let is_delayed = |record: &Record| record.delivery == Delivery::Delayed;
                    self.has_digests(file.trail) && !file.records.iter().any(is_delayed)
                }
                _ => false,
            };
            is_gone && file.fate != Fate::Read && !is_told_otherwise
        })
    }

    /// The objects that are left.
    pub(crate) fn objects(&self, removed: Removed) -> Vec<Object> {
        let mut objects = Vec::new();
        for (number, file) in self.log_files.iter().enumerate() {
            let is_gone = matches!(removed, Removed::LogFile(gone) if gone == number);
            if is_gone || file.fate == Fate::Missing || !self.is_left(file, removed) {
                continue;
            }
            let mut text = String::from(r#"{"Records":["#);
            for (index, record) in self.records(number, removed).enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_record(&mut text, file, record, number * 10 + index);
            }
            if file.fate == Fate::Malformed {
                let comma = if text.ends_with('[') { "" } else { "," };
                _ = write!(text, r#"{comma}{{"eventName":"A"}}"#);
            }
            if file.fate == Fate::Read || file.fate == Fate::Malformed {
                text.push_str("]}");
            }
            objects.push((file.name(number), text.into_bytes()));
        }
        objects.extend(self.digests(removed));
        objects
    }

    /// One digest per trail, account, Region and day, also of days without log files.
    fn digests(&self, removed: Removed) -> Vec<Object> {
        let mut digests = Vec::new();
        for (trail, name) in TRAILS.iter().enumerate() {
            if !self.has_digests(trail) {
                continue;
            }
            for (region, day) in REGIONS
                .into_iter()
                .flat_map(|region| (0..=DAYS).map(move |day| (region, day)))
            {
                let here = LogFile {
                    trail,
                    account: ACCOUNT,
                    region,
                    day,
                    records: Vec::new(),
                    fate: Fate::Read,
                };
                let is_gone =
                    matches!(removed, Removed::Digests(of, on) if of == trail && on == day);
                if is_gone || !self.is_left(&here, removed) {
                    continue;
                }
                let of_digest = |file: &LogFile| {
                    (file.trail, file.account, file.region, file.day)
                        == (trail, ACCOUNT, region, day)
                };
                let listed = self.log_files.iter().enumerate();
                let listed = listed.filter(|(_, file)| of_digest(file));
                let listed: Vec<String> = listed
                    .map(|(number, file)| {
                        let days = file.records.iter().map(|record| file.day_of(*record));
                        let (first, last) = (days.clone().min(), days.max());
                        let time = |day: Option<i32>| match day {
                            Some(day) => format!(r#""{}T00:00:00Z""#, date(day)),
                            None => "null".to_owned(),
                        };
                        format!(
                            r#"{{"s3Object":"{}","oldestEventTime":{},"newestEventTime":{}}}"#,
                            file.name(number),
                            time(first),
                            time(last)
                        )
                    })
                    .collect();
                let (start, end) = (date(day), date(day + 1));
                let compact = end.replace('-', "");
                let own = format!(
                    "{ACCOUNT}_CloudTrail-Digest_{region}_{name}_{region}_{compact}T000000Z.json.gz"
                );
                let text = format!(
                    r#"{{"awsAccountId":"{ACCOUNT}","digestStartTime":"{start}T00:00:00Z","digestEndTime":"{end}T00:00:00Z","digestS3Object":"{own}","logFiles":[{}]}}"#,
                    listed.join(",")
                );
                digests.push((own, text.into_bytes()));
            }
        }
        digests
    }
}

pub(crate) fn date(day: i32) -> String {
    DaySet::date_of(FIRST + day).unwrap().to_string()
}

fn write_record(text: &mut String, file: &LogFile, record: Record, number: usize) {
    let call = &CALLS[record.call];
    let minutes = match record.delivery {
        Delivery::SameDay => 3,
        Delivery::NextDay => -5,
        Delivery::Delayed => -2 * 24 * 60 + 600,
    };
    let millis =
        DaySet::start_of(FIRST + file.day) + minutes * 60_000 + number as i64 * 1_000 % DAY_MILLIS;
    let time = DateTime::from_timestamp_millis(millis).unwrap();
    let (category, resource_type) = call.kind.category();
    let read_only = category.ends_with("Read");
    let category = if category.starts_with("Data") {
        "Data"
    } else {
        "Management"
    };
    let resources = match resource_type {
        Some(name) => format!(r#","resources":[{{"type":"{name}","ARN":"arn:aws:x:::y"}}]"#),
        None => String::new(),
    };
    let recipient = match record.has_recipient {
        true => format!(r#","recipientAccountId":"{}""#, file.account),
        false => String::new(),
    };
    let error = match record.is_denied {
        true => r#","errorCode":"AccessDenied""#,
        false => "",
    };
    let identity = match record.caller {
        Caller::Service => r#"{"type":"AWSService","invokedBy":"x.amazonaws.com"}"#.to_owned(),
        Caller::Ann => format!(
            r#"{{"type":"AssumedRole","principalId":"{ANN_ID}:s","arn":"arn:aws:sts::{ACCOUNT}:assumed-role/ann/s","accountId":"{ACCOUNT}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{ANN_ID}","arn":"{ANN}","accountId":"{ACCOUNT}","userName":"ann"}}}}}}"#
        ),
        Caller::Bob => format!(
            r#"{{"type":"IAMUser","principalId":"AIDABOB00000000000001","arn":"arn:aws:iam::{ACCOUNT}:user/bob","accountId":"{ACCOUNT}","userName":"bob"}}"#
        ),
    };
    let addendum = match (record.is_correction, record.delivery) {
        (true, _) => r#","addendum":{"reason":"UPDATED_DATA","updatedFields":"requestParameters"}"#,
        (false, Delivery::Delayed) => r#","addendum":{"reason":"DELIVERY_DELAY"}"#,
        (false, _) => "",
    };
    _ = write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{}","eventSource":"{}.amazonaws.com","eventName":"{}","awsRegion":"{}","requestParameters":{},"responseElements":null,"eventID":"00000000-0000-4000-8000-{number:012}","readOnly":{read_only}{resources},"eventType":"AwsApiCall"{recipient}{error}{addendum},"eventCategory":"{category}"}}"#,
        time.format("%Y-%m-%dT%H:%M:%SZ"),
        call.service,
        call.event,
        file.region,
        call.parameters,
    );
}

pub(crate) fn trails() -> impl Strategy<Value = Trails> {
    let selectors = (
        any::<bool>(),
        prop::array::uniform7(prop::bool::weighted(0.85)),
    );
    (
        prop::collection::vec(log_file(), 1..14),
        prop::array::uniform2(selectors),
    )
        .prop_map(|(log_files, selectors)| Trails {
            log_files,
            selectors,
        })
}

fn log_file() -> impl Strategy<Value = LogFile> {
    let caller = prop::sample::select(vec![Caller::Ann, Caller::Bob, Caller::Bob, Caller::Service]);
    let delivery = prop_oneof![
        16 => Just(Delivery::SameDay),
        3 => Just(Delivery::NextDay),
        1 => Just(Delivery::Delayed),
    ];
    let flags = [0.2, 0.1, 0.1].map(prop::bool::weighted);
    let record = (caller, 0..CALLS.len(), delivery, flags);
    let record = record.prop_map(|(caller, call, delivery, flags)| {
        let [lacks_recipient, is_denied, is_correction] = flags;
        Record {
            caller,
            call,
            delivery,
            is_correction,
            has_recipient: !lacks_recipient,
            is_denied,
        }
    });
    let account = prop::sample::select(vec![ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT, OTHER_ACCOUNT]);
    let region = prop::sample::select(REGIONS.to_vec());
    let fate = prop_oneof![
        12 => Just(Fate::Read),
        1 => Just(Fate::Missing),
        1 => Just(Fate::Cut),
        1 => Just(Fate::Malformed),
    ];
    let records = prop::collection::vec(record, 0..6);
    (0..2_usize, account, region, 1..DAYS, records, fate).prop_map(
        |(trail, account, region, day, records, fate)| LogFile {
            trail,
            account,
            region,
            day,
            records,
            fate,
        },
    )
}

/// Whole parts of trails.
pub(crate) fn removed_places() -> impl Strategy<Value = Removed> {
    prop_oneof![
        (1..DAYS).prop_map(Removed::Day),
        prop::sample::select(REGIONS.to_vec()).prop_map(Removed::Region),
        (0..2_usize).prop_map(Removed::Trail),
        (0..2_usize, 1..DAYS).prop_map(|(trail, day)| Removed::Digests(trail, day)),
    ]
}

/// Parts of what trails hold.
pub(crate) fn removed_records() -> impl Strategy<Value = Removed> {
    let kind = || prop::sample::select(Kind::ALL.to_vec());
    prop_oneof![
        (0..14_usize).prop_map(Removed::LogFile),
        kind().prop_map(Removed::Kind),
        (kind(), 0..DAYS).prop_map(|(kind, day)| Removed::KindOnDay(kind, day)),
        (0..14_usize, 0..5_usize).prop_map(|(file, record)| Removed::Record(file, record)),
    ]
}
