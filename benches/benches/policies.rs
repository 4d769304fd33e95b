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
    let baseline = threads.install(|| measure(&json!([])))?.compile;
    println!("{:<44}{:>12}{:>12}", "policies", "compile ms", "reach ms");
    for (name, statements) in shapes() {
        let time = threads.install(|| measure(&statements))?;
        let compile = (time.compile - baseline).max(0.0);
        println!("{name:<44}{compile:>12.2}{:>12.2}", time.reach);
    }
    Ok(())
}

struct Time {
    compile: f64,
    reach: f64,
}

fn measure(statements: &Value) -> Result<Time, Box<dyn Error + Send + Sync>> {
    let export = json!({"UserDetailList": [{
        "UserName": "one", "UserId": "AIDAEXAMPLEONEEXAMPLE", "Path": "/", "Arn": ARN,
        "UserPolicyList": [{"PolicyName": "own",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }]});
    let account = AccountData::from_export("hostile", &export.to_string())?;
    let entity = account.resolve(ARN)?;
    let start = Instant::now();
    let engine = ReachEngine::new(&account, Catalog::shared());
    let compile = start.elapsed();
    let start = Instant::now();
    std::hint::black_box(engine.reach(&account, entity));
    let reach = start.elapsed();
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Time {
        compile: millis(compile),
        reach: millis(reach),
    })
}

/// Statements by name.
fn shapes() -> Vec<(&'static str, Value)> {
    let mut random = Random(7);
    let mut denies = |count: usize, of: &mut dyn FnMut(&mut Random) -> String| {
        let resources: Vec<String> = (0..count).map(|_| of(&mut random)).collect();
        json!([
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": resources},
        ])
    };
    vec![
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
    ]
}

const WORDS: [&str; 8] = [
    "prod", "secret", "customer", "payroll", "backup", "internal", "archive", "orders",
];

/// A linear congruential generator: the shapes are the same in every run.
struct Random(u64);

impl Random {
    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let index = (self.0 >> 33) as usize % items.len();
        items[index]
    }

    fn between_stars(&mut self, count: usize) -> String {
        let letters: Vec<char> = ('a'..='z').collect();
        let picked: Vec<String> = (0..count)
            .map(|_| self.pick(&letters).to_string())
            .collect();
        picked.join("*")
    }
}
