//! Generated policy sets: documents on a user, on its group and on managed policies of both.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Where a document is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    UserInline,
    UserAttached,
    GroupInline,
    GroupAttached,
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) home: Home,
    pub(crate) version: Option<&'static str>,
    /// As the API returns documents.
    pub(crate) is_url_encoded: bool,
    pub(crate) statements: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Absent,
    /// `{}`: no condition.
    Empty,
    Real,
}

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) is_allow: bool,
    pub(crate) condition: Condition,
    pub(crate) is_not_action: bool,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) is_not_resource: bool,
    pub(crate) resources: Vec<String>,
}

impl Document {
    pub(crate) fn knows_variables(&self) -> bool {
        self.version == Some("2012-10-17")
    }
}

/// Known and unknown actions of every service, with wildcards at every position.
const ACTIONS: [&str; 35] = [
    "*",
    "*",
    "*:*",
    "s3:*",
    "s3:*",
    "S3:?*",
    "s3:Get*",
    "s3:*Object",
    "s3:G?tObject",
    "S3:GETOBJECT",
    "s3:GetObject",
    "s3:PutObject",
    "s3:getbucketacl",
    "s3:PutTags",
    "s3:Put*",
    "s3:*t*",
    "s3:PutPair",
    "s3:ListAllMyBuckets",
    "s3:NoSuchThing",
    "s3:??*",
    "q:*",
    "q:SendMessage",
    "q:*Queue*",
    "Q:listqueues",
    "k:Decrypt",
    "k:*",
    "K:List*",
    "n:*",
    "n:*",
    "n:Anything",
    "N:?*",
    "n:??*",
    "zz:*",
    "zz:GetObject",
    "zz:?",
];

const RESOURCES: [&str; 48] = [
    "arn:aws:s3:::*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b*",
    "arn:aws:s3:::?",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a/b",
    "arn:aws:s3:::a/b*",
    "arn:aws:s3:::a/*b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/?*",
    "arn:aws:s3:::b/a/*",
    "arn:aws:s3:::*/*",
    "arn:aws:s3:::*/a",
    "arn:aws:s3:::a?/*",
    "arn:*:s3:::a/*",
    "arn:*:s3:::*",
    "arn:a?s:s3:::a*",
    "arn:aws:s3:*",
    "arn:aws:*",
    "arn:*",
    "*/*",
    "*/b",
    "a*",
    "?*",
    "?",
    "arn:aws:q:*",
    "arn:aws:q:a:1:b",
    "arn:aws:q:a:1:*",
    "arn:aws:q:*:1:b",
    "arn:aws:q:?:*:b*",
    "arn:*:q:*:*:*",
    "arn:aws:k:*",
    "arn:aws:k:a:key/*",
    "arn:aws:k:*:key/b",
    "arn:*:k:*",
    "arn:aws:s3:::a/${aws:username}",
    "arn:aws:s3:::a/${aws:username}/*",
    "arn:aws:s3:::${aws:username}*",
    "arn:aws:q:a:1:${aws:username}",
    "${aws:username}",
    "*${aws:username}",
    "arn:${aws:username}",
    "arn:aws:s3:::a/${*}",
    "arn:aws:s3:::b${?}",
    "${*}",
    "arn:aws:s3:::b/${$",
];

/// The resources of one policy set: few and similar, so that they overlap.
fn pool() -> impl Strategy<Value = Vec<String>> {
    let kin = (any::<Index>(), 0..9_u8, any::<Index>());
    (vec(select(&RESOURCES[..]), 1..=3), vec(kin, 0..=2)).prop_map(|(first, kin)| {
        let mut pool: Vec<String> = first.into_iter().map(str::to_owned).collect();
        for (of, how, place) in kin {
            let kin = next_of_kin(of.get::<String>(&pool), how, place);
            pool.push(kin);
        }
        pool
    })
}

fn next_of_kin(text: &str, how: u8, place: Index) -> String {
    // Placeholders are not changed, only what follows them.
    let stem = text.strip_suffix('*').unwrap_or(text);
    let fixed = text.rfind('}').map_or(0, |end| end + 1);
    let place = fixed + place.index(text.len() - fixed + 1);
    let (left, right) = text.split_at(place);
    match how {
        0 => format!("{text}*"),
        1 => format!("{stem}?*"),
        2 => stem.to_owned() + if stem.is_empty() { "a" } else { "" },
        3 => format!("{left}*{right}"),
        4 => format!("{left}*"),
        5 if !right.is_empty() => format!("{left}?{}", &right[1..]),
        6 => format!("{left}${{aws:username}}"),
        7 => format!("{left}${{aws:username}}*"),
        _ => format!("{stem}b*"),
    }
}

/// One element of a `Resource` list.
#[derive(Clone, Debug)]
enum Choice {
    All,
    FromPool(Index),
    /// A pattern split at its final `*`: what ends there, and what goes on.
    Split(Index),
    /// One of these two.
    Half(Index, bool),
}

fn resources() -> impl Strategy<Value = Vec<Choice>> {
    let choice = prop_oneof![
        1 => Just(Choice::All),
        8 => any::<Index>().prop_map(Choice::FromPool),
        2 => any::<Index>().prop_map(Choice::Split),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(of, longer)| Choice::Half(of, longer)),
    ];
    vec(choice, 1..=3)
}

fn written(choices: &[Choice], pool: &[String]) -> Vec<String> {
    let halves = |of: &Index| {
        let text = of.get(pool);
        let stem = text.strip_suffix('*').unwrap_or(text);
        // IAM has no empty resource.
        let shorter = if stem.is_empty() { "?" } else { stem };
        [shorter.to_owned(), format!("{stem}?*")]
    };
    choices
        .iter()
        .flat_map(|choice| match choice {
            Choice::All => vec!["*".to_owned()],
            Choice::FromPool(of) => vec![of.get(pool).clone()],
            Choice::Split(of) => halves(of).to_vec(),
            Choice::Half(of, longer) => vec![halves(of)[usize::from(*longer)].clone()],
        })
        .collect()
}

type Draft = (bool, Condition, bool, Vec<&'static str>, bool, Vec<Choice>);

fn draft() -> impl Strategy<Value = Draft> {
    let condition = prop_oneof![
        6 => Just(Condition::Absent),
        1 => Just(Condition::Empty),
        2 => Just(Condition::Real),
    ];
    (
        prop::bool::weighted(0.45),
        condition,
        prop::bool::weighted(0.15),
        vec(select(&ACTIONS[..]), 1..=3),
        prop::bool::weighted(0.25),
        resources(),
    )
}

/// One to four, mostly one or two: small sets find as many faults in less time.
fn few<S: Strategy, F: Fn() -> S>(each: F) -> impl Strategy<Value = Vec<S::Value>> + use<S, F> {
    prop_oneof![vec(each(), 1..=2), vec(each(), 1..=4)]
}

/// One to four documents of one to four statements each.
pub(crate) fn policy_sets() -> impl Strategy<Value = Vec<Document>> {
    let home = || {
        let every = [
            Home::UserInline,
            Home::UserAttached,
            Home::GroupInline,
            Home::GroupAttached,
        ];
        select(every.to_vec())
    };
    let version = || {
        prop_oneof![
            6 => Just(Some("2012-10-17")),
            1 => Just(Some("2008-10-17")),
            1 => Just(None),
        ]
    };
    let document = move || (home(), version(), any::<bool>(), few(draft));
    (pool(), few(document)).prop_map(|(pool, documents)| {
        documents
            .into_iter()
            .map(|(home, version, is_url_encoded, drafts)| Document {
                home,
                version,
                is_url_encoded,
                statements: drafts
                    .into_iter()
                    .map(
                        |(
                            is_allow,
                            condition,
                            is_not_action,
                            actions,
                            is_not_resource,
                            choices,
                        )| {
                            let resources = written(&choices, &pool);
                            Statement {
                                is_allow,
                                condition,
                                is_not_action,
                                actions,
                                is_not_resource,
                                resources,
                            }
                        },
                    )
                    .collect(),
            })
            .collect()
    })
}

pub(crate) const USER: &str = "arn:aws:iam::123456789012:user/some/ann";
pub(crate) const GROUP: &str = "arn:aws:iam::123456789012:group/some/staff";

pub(crate) fn policy_arn(index: usize) -> String {
    format!("arn:aws:iam::123456789012:policy/p{index}")
}

/// The documents that count for each ARN: of the user, of the group, and of one managed policy.
pub(crate) fn in_effect(documents: &[Document]) -> Vec<(String, BTreeSet<usize>)> {
    let at = |homes: &[Home]| -> BTreeSet<usize> {
        (0..documents.len())
            .filter(|index| homes.contains(&documents[*index].home))
            .collect()
    };
    let of_group = at(&[Home::GroupInline, Home::GroupAttached]);
    let mut in_effect = vec![
        (USER.to_owned(), (0..documents.len()).collect()),
        (GROUP.to_owned(), of_group),
    ];
    if at(&[Home::UserAttached, Home::GroupAttached]).contains(&0) {
        in_effect.push((policy_arn(0), BTreeSet::from([0])));
    }
    in_effect
}

/// The account as `aws iam get-account-authorization-details` prints it.
pub(crate) fn export(documents: &[Document]) -> Value {
    let at = |home: Home| {
        documents
            .iter()
            .enumerate()
            .filter(move |(_, document)| document.home == home)
    };
    let inline = |home: Home| -> Value {
        at(home)
            .map(|(index, document)| {
                json!({"PolicyName": format!("p{index}"), "PolicyDocument": document_json(document)})
            })
            .collect()
    };
    let attached = |home: Home| -> Value {
        at(home)
            .map(|(index, _)| json!({"PolicyName": format!("p{index}"), "PolicyArn": policy_arn(index)}))
            .collect()
    };
    let policies: Value = at(Home::UserAttached)
        .chain(at(Home::GroupAttached))
        .map(|(index, document)| {
            // Only the default version grants permissions.
            let older = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
            json!({
                "PolicyName": format!("p{index}"),
                "PolicyId": format!("ANPA{index}"),
                "Arn": policy_arn(index),
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": "v2", "IsDefaultVersion": true, "Document": document_json(document)},
                    {"VersionId": "v1", "IsDefaultVersion": false, "Document": older},
                ],
            })
        })
        .collect();
    json!({
        "UserDetailList": [{
            "UserName": "ann", "UserId": "AIDAANN", "Arn": USER, "GroupList": ["staff"],
            "UserPolicyList": inline(Home::UserInline),
            "AttachedManagedPolicies": attached(Home::UserAttached),
        }],
        "GroupDetailList": [{
            "GroupName": "staff", "GroupId": "AGPASTAFF", "Arn": GROUP,
            "GroupPolicyList": inline(Home::GroupInline),
            "AttachedManagedPolicies": attached(Home::GroupAttached),
        }],
        "RoleDetailList": [],
        "Policies": policies,
    })
}

fn document_json(document: &Document) -> Value {
    let statements: Vec<Value> = document.statements.iter().map(statement_json).collect();
    let mut json = json!({"Statement": one_or_many(&statements)});
    if let Some(version) = document.version {
        json["Version"] = version.into();
    }
    if document.is_url_encoded {
        url_encoded(&json.to_string()).into()
    } else {
        json
    }
}

fn statement_json(statement: &Statement) -> Value {
    let action = if statement.is_not_action {
        "NotAction"
    } else {
        "Action"
    };
    let resource = if statement.is_not_resource {
        "NotResource"
    } else {
        "Resource"
    };
    let mut json = json!({
        "Effect": if statement.is_allow { "Allow" } else { "Deny" },
        action: one_or_many(&statement.actions),
        resource: one_or_many(&statement.resources),
    });
    match statement.condition {
        Condition::Absent => {}
        Condition::Empty => json["Condition"] = json!({}),
        Condition::Real => {
            json["Condition"] = json!({"StringEquals": {"aws:username": "ann"}});
        }
    }
    json
}

fn one_or_many<T: Clone + Into<Value>>(items: &[T]) -> Value {
    match items {
        [one] => one.clone().into(),
        many => many.to_vec().into(),
    }
}

fn url_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
