//! Policies that are made to be expensive, within IAM's size limits, and a search for worse ones.
//!
//! A [`HostileShape`] describes statements of a few kinds; [`HostileShape::policies`] fills a user's policies with them.
//! [`HostileShape::mutated`] changes one thing, so that a climb over mutations finds what costs most.

use serde_json::{Value, json};

use crate::seeded::Seeded;

/// The ARN of the user of [`HostilePolicies::export`].
pub const HOSTILE_USER: &str = "arn:aws:iam::111122223333:user/hostile-0";

const HOSTILE_ACCOUNT: &str = "arn:aws:iam::111122223333";

/// IAM's limits, in characters: a managed policy, the inline policies of a user and of a group, and how many managed
/// policies a user and a group can have, and how many groups a user can be in.
const MANAGED_SIZE: usize = 6_144;
const USER_INLINE_SIZE: usize = 2_048;
const GROUP_INLINE_SIZE: usize = 5_120;
const USER_MANAGED: usize = 20;
const GROUP_MANAGED: usize = 10;
const GROUPS: usize = 10;

/// The policies of a user and its groups, as documents.
#[derive(Clone, Debug, Default)]
pub struct HostilePolicies {
    /// The user's inline policies.
    pub inline: Vec<Value>,
    /// Its managed policies.
    pub managed: Vec<Value>,
    /// The policies of its groups.
    pub groups: Vec<HostilePolicies>,
}

impl HostilePolicies {
    /// All policies that IAM lets a user have, filled with statements. The first statement allows everything.
    pub fn filled(mut statement: impl FnMut() -> Value) -> Self {
        let mut document = |size, is_first| document(size, is_first, &mut statement);
        Self {
            inline: vec![document(USER_INLINE_SIZE, true)],
            managed: (0..USER_MANAGED)
                .map(|_| document(MANAGED_SIZE, false))
                .collect(),
            groups: (0..GROUPS)
                .map(|_| Self {
                    inline: vec![document(GROUP_INLINE_SIZE, false)],
                    managed: (0..GROUP_MANAGED)
                        .map(|_| document(MANAGED_SIZE, false))
                        .collect(),
                    groups: Vec::new(),
                })
                .collect(),
        }
    }

    /// The size of the documents, in characters.
    #[must_use]
    pub fn size(&self) -> usize {
        let own = self.inline.iter().chain(&self.managed);
        let own: usize = own
            .map(|document| document.to_string().chars().count())
            .sum();
        own + self.groups.iter().map(Self::size).sum::<usize>()
    }

    /// An account export with the user [`HOSTILE_USER`], who has these policies.
    #[must_use]
    pub fn export(&self) -> String {
        Self::export_users(std::slice::from_ref(self))
    }

    /// An account export with the users `hostile-0`, `hostile-1` ..., who have these policies.
    #[must_use]
    pub fn export_users(policies: &[Self]) -> String {
        let (mut users, mut groups, mut managed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, own) in policies.iter().enumerate() {
            let user = format!("hostile-{index}");
            let mut names = Vec::new();
            for (index, group) in own.groups.iter().enumerate() {
                let name = format!("{user}-group-{index}");
                let (inline, attached) = group.lists(&name, &mut managed);
                let arn = format!("{HOSTILE_ACCOUNT}:group/{name}");
                groups.push(json!({
                    "GroupName": name, "GroupId": format!("AGPA{name}"), "Arn": arn,
                    "GroupPolicyList": inline, "AttachedManagedPolicies": attached,
                }));
                names.push(name);
            }
            let (inline, attached) = own.lists(&user, &mut managed);
            users.push(json!({
                "UserName": user, "UserId": format!("AIDA{user}"), "Path": "/",
                "Arn": format!("{HOSTILE_ACCOUNT}:user/{user}"), "GroupList": names,
                "UserPolicyList": inline, "AttachedManagedPolicies": attached,
            }));
        }
        json!({"UserDetailList": users, "GroupDetailList": groups, "Policies": managed}).to_string()
    }

    /// The inline policies and the attachments as an export lists them. Adds the managed policies.
    fn lists(&self, owner: &str, managed: &mut Vec<Value>) -> (Vec<Value>, Vec<Value>) {
        let inline = self.inline.iter().enumerate().map(|(index, document)| {
            json!({"PolicyName": format!("p{index}"), "PolicyDocument": document})
        });
        let attached = self.managed.iter().enumerate().map(|(index, document)| {
            let name = format!("{owner}-policy-{index}");
            let arn = format!("{HOSTILE_ACCOUNT}:policy/{name}");
            managed.push(json!({
                "PolicyName": name, "PolicyId": format!("ANPA{name}"), "Arn": arn, "DefaultVersionId": "v1",
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}],
            }));
            json!({"PolicyName": name, "PolicyArn": arn})
        });
        (inline.collect(), attached.collect())
    }
}

/// A document of at most this size.
fn document(size: usize, is_first: bool, statement: &mut impl FnMut() -> Value) -> Value {
    let mut statements = Vec::new();
    if is_first {
        statements.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    }
    let mut left = size - 100;
    loop {
        let next = statement();
        let length = next.to_string().chars().count() + 1;
        if length > left {
            break;
        }
        left -= length;
        statements.push(next);
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Kinds of statements that take turns in filling policies.
#[derive(Clone, Debug)]
pub struct HostileShape {
    kinds: Vec<StatementKind>,
    seed: u64,
}

/// A kind of statement.
#[derive(Clone, Debug)]
struct StatementKind {
    is_allow: bool,
    has_condition: bool,
    is_not_action: bool,
    is_not_resource: bool,
    actions: usize,
    resources: usize,
    action: Vec<Piece>,
    resource: Vec<Piece>,
}

/// A part of a pattern. The letters are other ones each time.
#[derive(Clone, Copy, Debug)]
enum Piece {
    Text(&'static str),
    Letters(usize),
    Marks(usize),
    /// Up to so many marks.
    SomeMarks(usize),
    /// So many letters, with stars between them.
    BetweenStars(usize),
    /// So many times `*?`.
    StarMarks(usize),
    /// So many times the same letter.
    Same(usize),
}

const TEXTS: [&str; 14] = [
    "*", "?", ":", "/", "a", "arn:", "arn:aws:", "arn:*:", "arn:*:*:", "s3:::", "ec2:", "*:*",
    "*/", "A",
];
const SERVICES: [&str; 8] = [
    "ec2:",
    "s3:",
    "iam:",
    "sagemaker:",
    "glue:",
    "rds:",
    "EC2:",
    "zz:",
];
const NAMES: [&str; 7] = ["*", "Describe", "Get", "*e*", "List*", "?", "a"];

impl Piece {
    fn random(random: &mut Seeded) -> Self {
        let most = random.pick(&[3, 10, 40, 200, 1_500]);
        let size = random.between(1, most);
        match random.below(10) {
            0..4 => Self::Text(random.pick(&TEXTS)),
            4 => Self::Letters(size),
            5 => Self::Marks(size.min(60)),
            6 => Self::SomeMarks(size.min(60)),
            7 => Self::BetweenStars(size),
            8 => Self::StarMarks(size),
            _ => Self::Same(size),
        }
    }

    fn add_to(self, text: &mut String, random: &mut Seeded) {
        let mut letter = || char::from(random.pick(b"abcdefghijklmnopqrstuvwxyz0123456789"));
        match self {
            Self::Text(fixed) => text.push_str(fixed),
            Self::Letters(count) => text.extend((0..count).map(|_| letter())),
            Self::Marks(count) => text.extend((0..count).map(|_| '?')),
            Self::SomeMarks(most) => {
                let count = random.below(most + 1);
                text.extend((0..count).map(|_| '?'));
            }
            Self::BetweenStars(count) => {
                for _ in 0..count {
                    text.push(letter());
                    text.push('*');
                }
            }
            Self::StarMarks(count) => text.extend((0..count).flat_map(|_| ['*', '?'])),
            Self::Same(count) => text.extend((0..count).map(|_| 'a')),
        }
    }
}

impl StatementKind {
    fn random(random: &mut Seeded) -> Self {
        let pieces = |random: &mut Seeded, most| -> Vec<Piece> {
            let count = random.between(1, most);
            (0..count).map(|_| Piece::random(random)).collect()
        };
        Self {
            is_allow: random.percent(30),
            has_condition: random.percent(5),
            is_not_action: random.percent(15),
            is_not_resource: random.percent(30),
            actions: random.pick(&[1, 1, 1, 3, 100]),
            resources: random.pick(&[1, 1, 3, 20, 1_000]),
            action: Self::random_action(random),
            resource: pieces(random, 5),
        }
    }

    fn random_action(random: &mut Seeded) -> Vec<Piece> {
        if random.percent(60) {
            return vec![Piece::Text("*")];
        }
        let mut action = vec![Piece::Text(random.pick(&SERVICES))];
        for _ in 0..random.between(1, 3) {
            // Names have no colons and slashes.
            action.push(match Piece::random(random) {
                Piece::Text(_) => Piece::Text(random.pick_or(&NAMES, "*")),
                other => other,
            });
        }
        action
    }

    fn mutate(&mut self, random: &mut Seeded) {
        match random.below(12) {
            0 => self.is_allow = !self.is_allow,
            1 => self.is_not_action = !self.is_not_action,
            2 => self.is_not_resource = !self.is_not_resource,
            3 => self.actions = (self.actions * random.between(1, 4) / 2).clamp(1, 1_000),
            4 => self.resources = (self.resources * random.between(1, 4) / 2).clamp(1, 3_000),
            5 => self.action = Self::random_action(random),
            6 => self.has_condition = random.percent(10),
            _ => {
                let at = random.below(self.resource.len() + 1);
                let remove = random.below(3) != 0 && self.resource.len() > 1;
                let end = (at + usize::from(remove)).min(self.resource.len());
                let new = random.percent(70).then(|| Piece::random(random));
                self.resource.splice(at..end, new);
            }
        }
        if self.resource.is_empty() {
            self.resource.push(Piece::Text("*"));
        }
    }

    fn statement(&self, random: &mut Seeded) -> Value {
        let mut texts = |pieces: &[Piece], count: usize| -> Vec<String> {
            // No statement may be larger than a policy.
            let mut left = 1_500_usize;
            let mut texts = Vec::new();
            while texts.len() < count {
                let mut text = String::new();
                for piece in pieces {
                    piece.add_to(&mut text, random);
                }
                left = left.saturating_sub(text.len() + 3);
                if left == 0 && !texts.is_empty() {
                    break;
                }
                text.truncate(1_500);
                texts.push(text);
            }
            texts
        };
        let (actions, resources) = (
            texts(&self.action, self.actions),
            texts(&self.resource, self.resources),
        );
        let one_or_all = |mut texts: Vec<String>| match texts.len() {
            1 => json!(texts.pop()),
            _ => json!(texts),
        };
        let mut statement = json!({
            "Effect": if self.is_allow { "Allow" } else { "Deny" },
            if self.is_not_action { "NotAction" } else { "Action" }: one_or_all(actions),
            if self.is_not_resource { "NotResource" } else { "Resource" }: one_or_all(resources),
        });
        if let Some(elements) = statement.as_object_mut().filter(|_| self.has_condition) {
            let condition = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
            elements.insert("Condition".to_owned(), condition);
        }
        statement
    }
}

impl HostileShape {
    /// One to four random kinds of statements.
    #[must_use]
    pub fn random(random: &mut Seeded) -> Self {
        let count = random.between(1, 4);
        Self {
            kinds: (0..count).map(|_| StatementKind::random(random)).collect(),
            seed: random.draw(),
        }
    }

    /// This shape with a few changes.
    #[must_use]
    pub fn mutated(&self, random: &mut Seeded) -> Self {
        let mut mutated = self.clone();
        for _ in 0..random.between(1, 3) {
            let kind = random.below(mutated.kinds.len());
            match random.below(10) {
                0 if mutated.kinds.len() < 6 => mutated.kinds.push(StatementKind::random(random)),
                1 if mutated.kinds.len() > 1 => _ = mutated.kinds.remove(kind),
                2 => mutated.seed = random.draw(),
                _ => {
                    if let Some(kind) = mutated.kinds.get_mut(kind) {
                        kind.mutate(random);
                    }
                }
            }
        }
        mutated
    }

    /// A user with as much policy text as IAM allows, of statements of these kinds in turn.
    #[must_use]
    pub fn policies(&self) -> HostilePolicies {
        let mut random = Seeded::new(self.seed);
        let mut kinds = self.kinds.iter().cycle();
        HostilePolicies::filled(|| {
            let kind = kinds.next();
            kind.map_or(Value::Null, |kind| kind.statement(&mut random))
        })
    }

    /// A user with one inline policy of statements of these kinds in turn.
    #[must_use]
    pub fn one_policy(&self) -> HostilePolicies {
        let mut random = Seeded::new(self.seed);
        let mut kinds = self.kinds.iter().cycle();
        let mut statement = || {
            let kind = kinds.next();
            kind.map_or(Value::Null, |kind| kind.statement(&mut random))
        };
        HostilePolicies {
            inline: vec![document(USER_INLINE_SIZE, true, &mut statement)],
            ..HostilePolicies::default()
        }
    }
}
