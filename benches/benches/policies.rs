//! Reach under policies that were made to be expensive: seconds to compile and to decide each, once, on one thread.
//!
//! Decisions are cached, so the second report on the same policies is not what this measures.

use std::error::Error;
use std::time::Instant;

use advisor_core::{AccountData, ReachEngine};
use serde_json::{Value, json};
use service_catalog::Catalog;

const ARN: &str = "arn:aws:iam::111122223333:user/one";

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let baseline = threads.install(|| measure(&Policies::default()))?.compile;
    println!(
        "{:<44}{:>10}{:>12}{:>12}{:>12}{:>12}",
        "policies", "bytes", "compile ms", "reach ms", "steps", "undecided"
    );
    for (name, policies) in shapes() {
        let time = threads.install(|| measure(&policies))?;
        let compile = (time.compile - baseline).max(0.0);
        let (reach, steps, undecided) = (time.reach, time.steps, time.undecided);
        let bytes = policies.bytes();
        println!("{name:<44}{bytes:>10}{compile:>12.2}{reach:>12.2}{steps:>12}{undecided:>12}");
    }
    Ok(())
}

struct Time {
    compile: f64,
    reach: f64,
    steps: u64,
    undecided: usize,
}

/// The policies of a user and its groups, as documents.
#[derive(Default)]
struct Policies {
    inline: Vec<Value>,
    managed: Vec<Value>,
    groups: Vec<Policies>,
}

impl Policies {
    fn bytes(&self) -> usize {
        let own = self.inline.iter().chain(&self.managed);
        let own: usize = own.map(|document| document.to_string().len()).sum();
        own + self.groups.iter().map(Self::bytes).sum::<usize>()
    }
}

fn measure(policies: &Policies) -> Result<Time, Box<dyn Error + Send + Sync>> {
    let mut managed = Vec::new();
    let mut lists = |policies: &Policies, owner: &str| {
        let inline: Vec<Value> = (policies.inline.iter().enumerate())
            .map(|(index, document)| json!({"PolicyName": format!("p{index}"), "PolicyDocument": document}))
            .collect();
        let attached: Vec<Value> = (policies.managed.iter().enumerate())
            .map(|(index, document)| {
                let name = format!("{owner}{index}");
                let arn = format!("arn:aws:iam::111122223333:policy/{name}");
                managed.push(json!({"PolicyName": name, "PolicyId": format!("ANPA{name}"), "Arn": arn, "DefaultVersionId": "v1",
                    "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]}));
                json!({"PolicyName": name, "PolicyArn": arn})
            })
            .collect();
        (inline, attached)
    };
    let mut groups = Vec::new();
    for (index, group) in policies.groups.iter().enumerate() {
        let name = format!("g{index}");
        let (inline, attached) = lists(group, &format!("{name}-"));
        groups.push(json!({"GroupName": name, "GroupId": format!("AGPA{name}"), "Arn": format!("arn:aws:iam::111122223333:group/{name}"),
            "GroupPolicyList": inline, "AttachedManagedPolicies": attached}));
    }
    let names: Vec<&Value> = groups.iter().map(|group| &group["GroupName"]).collect();
    let (inline, attached) = lists(policies, "own-");
    let export = json!({
        "UserDetailList": [{
            "UserName": "one", "UserId": "AIDAEXAMPLEONEEXAMPLE", "Path": "/", "Arn": ARN, "GroupList": names,
            "UserPolicyList": inline, "AttachedManagedPolicies": attached,
        }],
        "GroupDetailList": groups,
        "Policies": managed,
    });
    let account = AccountData::from_export("hostile", &export.to_string())?;
    let entity = account.resolve(ARN)?;
    let start = Instant::now();
    let engine = ReachEngine::new(&account, Catalog::shared());
    let compile = start.elapsed();
    let start = Instant::now();
    let possible = engine.reach(&account, entity);
    let reach = start.elapsed();
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Time {
        compile: millis(compile),
        reach: millis(reach),
        steps: possible.steps(),
        undecided: possible.undecided(),
    })
}

/// Policies by name.
fn shapes() -> Vec<(&'static str, Policies)> {
    let mut random = Random(7);
    let mut denies = |count: usize, of: &mut dyn FnMut(&mut Random) -> String| {
        let resources: Vec<String> = (0..count).map(|_| of(&mut random)).collect();
        let inline = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": resources},
        ]});
        Policies {
            inline: vec![inline],
            ..Policies::default()
        }
    };
    let mut shapes = vec![
        (
            "6 denies of ten letters between stars",
            denies(6, &mut |random| {
                format!("arn:aws:*:*{}*", random.between_stars(10))
            }),
        ),
        (
            "20 denies of 60 letters between stars",
            denies(20, &mut |random| format!("*{}*", random.between_stars(60))),
        ),
        (
            "20 denies with letters in the Region",
            denies(20, &mut |random| {
                format!("arn:aws:ec2:*{}:*:*", random.between_stars(20))
            }),
        ),
        (
            "12 denies of words between stars",
            denies(12, &mut |random| {
                let words: Vec<&str> = (0..8).map(|_| random.pick(&WORDS)).collect();
                format!("*{}*", words.join("*"))
            }),
        ),
    ];
    for (name, statement) in STATEMENTS {
        shapes.push((name, filled(&mut random, *statement)));
    }
    shapes
}

type MakeStatement = fn(&mut Random) -> Value;

/// Statements to fill all of a user's policies with.
const STATEMENTS: &[(&str, MakeStatement)] = &[
    (
        "full: short denies",
        |random| json!({"Effect": "Deny", "Action": "*", "Resource": format!("*{}", random.letters(2))}),
    ),
    ("full: lists of short denies", |random| {
        let resources: Vec<String> = (0..100)
            .map(|_| format!("*{}", random.letters(2)))
            .collect();
        json!({"Effect": "Deny", "Action": "*", "Resource": resources})
    }),
    (
        "full: allows of everything on something",
        |random| json!({"Effect": "Allow", "Action": "*", "Resource": format!("*{}", random.letters(2))}),
    ),
    (
        "full: allows of all but something",
        |random| json!({"Effect": "Allow", "NotAction": format!("ec2:{}*", random.letters(2)), "NotResource": format!("*{}", random.letters(2))}),
    ),
    ("full: denies of all but an action", |random| {
        let service = random.pick(&SERVICES);
        json!({"Effect": "Deny", "NotAction": format!("{service}:*{}*", random.letters(1)), "Resource": format!("*{}", random.letters(2))})
    }),
    ("full: lists of actions with a leading star", |random| {
        let actions: Vec<String> = (0..100)
            .map(|_| format!("ec2:*{}", random.letters(2)))
            .collect();
        json!({"Effect": "Deny", "Action": actions, "Resource": "arn:aws:ec2:*:*:*/a"})
    }),
    (
        "full: all but letters between stars",
        |random| json!({"Effect": "Deny", "Action": "*", "NotResource": format!("*{}*", random.between_stars(30))}),
    ),
    ("full: letters and question marks", |random| {
        let part = |random: &mut Random| {
            let marks = "?".repeat(random.pick(&[1, 2, 3, 5]));
            format!("*{marks}*{}", random.letters(1))
        };
        let resource = format!("arn:{}:{}:{}*", part(random), part(random), part(random));
        json!({"Effect": "Deny", "Action": "*", "Resource": resource})
    }),
    ("full: allows and denies between stars", |random| {
        json!({"Effect": random.pick(&["Allow", "Deny"]), "Action": format!("{}:*", random.pick(&SERVICES)),
            "Resource": format!("arn:*:*{}*", random.between_stars(20))})
    }),
    (
        "full: question marks of every length",
        |random| json!({"Effect": "Deny", "Action": "*", "Resource": format!("arn:*:*:{}:*", "?".repeat(random.pick(&[0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 13])))}),
    ),
];

const SERVICES: [&str; 6] = ["ec2", "s3", "iam", "sagemaker", "glue", "rds"];

/// A user with as much policy text as IAM allows, most of it of one kind of statement.
fn filled(random: &mut Random, statement: MakeStatement) -> Policies {
    let mut document = |size: usize, is_first: bool| {
        let mut statements = Vec::new();
        if is_first {
            statements.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        }
        let mut left = size - 100;
        loop {
            let next = statement(random);
            let length = next.to_string().len() + 1;
            if length > left {
                break;
            }
            left -= length;
            statements.push(next);
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    };
    Policies {
        inline: vec![document(2_048, true)],
        managed: (0..20).map(|_| document(6_144, false)).collect(),
        groups: (0..10)
            .map(|_| Policies {
                inline: vec![document(5_120, false)],
                managed: (0..10).map(|_| document(6_144, false)).collect(),
                groups: Vec::new(),
            })
            .collect(),
    }
}

const WORDS: [&str; 8] = [
    "prod", "secret", "customer", "payroll", "backup", "internal", "archive", "orders",
];

/// A linear congruential generator: the shapes are the same in every run.
struct Random(u64);

impl Random {
    fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(self.0 >> 33).unwrap_or_default() % items.len().max(1);
        items.get(index).copied().unwrap_or_default()
    }

    fn letters(&mut self, count: usize) -> String {
        let letters: Vec<char> = ('a'..='z').chain('0'..='9').collect();
        (0..count).map(|_| self.pick(&letters)).collect()
    }

    fn between_stars(&mut self, count: usize) -> String {
        let letters: Vec<char> = ('a'..='z').collect();
        let picked: Vec<String> = (0..count)
            .map(|_| self.pick(&letters).to_string())
            .collect();
        picked.join("*")
    }
}
