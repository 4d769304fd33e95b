//! Reach under policies that were made to be expensive: CPU milliseconds of the first report, on one thread, and what a
//! step of the work budget takes.
//!
//! Decisions are cached, so the second report on the same policies is not what this measures. With `--search SECONDS`
//! it also searches for worse policies: a climb over random changes, again and again from a random start, and prints the
//! worst one.

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use advisor_core::{AccountData, Reach, ReachEngine};
use benches::{HOSTILE_USER, HostilePolicies, HostileShape, Seeded};
use serde_json::{Value, json};
use service_catalog::Catalog;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--search");
    let search = arguments
        .nth(1)
        .map(|seconds| seconds.parse())
        .transpose()?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    println!(
        "at most {} steps; {:<36}{:>10}{:>10}{:>12}{:>10}{:>12}",
        Reach::MAX_STEPS,
        "policies",
        "bytes",
        "ms",
        "steps",
        "ns/step",
        "undecided"
    );
    for (name, policies) in shapes() {
        print(name, policies.size(), &measure(&policies)?);
    }
    if let Some(seconds) = search {
        climb(Duration::from_secs(seconds), seed)?;
    }
    Ok(())
}

fn print(name: &str, bytes: usize, cost: &Cost) {
    let Cost {
        millis,
        steps,
        undecided,
    } = *cost;
    let each = millis * 1e6 / (steps.max(1) as f64);
    println!("{name:<60}{bytes:>10}{millis:>10.1}{steps:>12}{each:>10.1}{undecided:>12}");
}

/// Searches for the policies that take most time. Every climb ends after many changes in a row without a gain.
fn climb(time: Duration, seed: u64) -> Outcome<()> {
    const PATIENCE: usize = 60;
    let mut random = Seeded::new(seed);
    let start = Instant::now();
    let (mut tried, mut climbs) = (0, 0);
    let mut worst: Option<(f64, HostileShape)> = None;
    while start.elapsed() < time {
        let mut shape = HostileShape::random(&mut random);
        let mut cost = measure(&shape.policies())?.millis;
        let mut failures = 0;
        while failures < PATIENCE && start.elapsed() < time {
            let next = shape.mutated(&mut random);
            let next_cost = measure(&next.policies())?.millis;
            tried += 1;
            failures += 1;
            if next_cost > cost {
                failures = if next_cost > cost * 1.02 { 0 } else { failures };
                (shape, cost) = (next, next_cost);
            }
        }
        climbs += 1;
        if worst.as_ref().is_none_or(|(most, _)| cost > *most) {
            let policies = shape.policies();
            print(
                &format!("search: climb {climbs}"),
                policies.size(),
                &measure(&policies)?,
            );
            println!("{shape:?}");
            worst = Some((cost, shape));
        }
    }
    println!("{tried} policy sets in {climbs} climbs");
    let Some((_, shape)) = worst else {
        return Ok(());
    };
    // Once may be bad luck.
    let policies = shape.policies();
    let mut costs: Vec<Cost> = (0..5).map(|_| measure(&policies)).collect::<Outcome<_>>()?;
    costs.sort_by(|one, other| one.millis.total_cmp(&other.millis));
    if let Some(median) = costs.get(2) {
        print("search: the worst, median of five", policies.size(), median);
    }
    let examples = policies
        .managed
        .first()
        .map(Value::to_string)
        .unwrap_or_default();
    println!("{}", examples.chars().take(1_000).collect::<String>());
    Ok(())
}

struct Cost {
    millis: f64,
    steps: u64,
    undecided: usize,
}

fn measure(policies: &HostilePolicies) -> Outcome<Cost> {
    let account = AccountData::from_export("hostile", &policies.export())?;
    let entity = account.resolve(HOSTILE_USER)?;
    let engine = ReachEngine::new(&account, Catalog::shared());
    let start = cpu_time();
    let reach = engine.reach(&account, entity);
    let time = cpu_time().saturating_sub(start);
    Ok(Cost {
        millis: time.as_secs_f64() * 1e3,
        steps: reach.steps(),
        undecided: reach.undecided(),
    })
}

/// The time that this thread has spent on a processor; where the system does not say, the time since the first call.
fn cpu_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Policies by name.
fn shapes() -> Vec<(&'static str, HostilePolicies)> {
    let mut random = Random(7);
    let mut denies = |count: usize, of: &mut dyn FnMut(&mut Random) -> String| {
        let resources: Vec<String> = (0..count).map(|_| of(&mut random)).collect();
        let inline = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": resources},
        ]});
        HostilePolicies {
            inline: vec![inline],
            ..HostilePolicies::default()
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
        shapes.push((name, HostilePolicies::filled(|| statement(&mut random))));
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
