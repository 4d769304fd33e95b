//! No policies within IAM's size limits take more work than a report may, however they were searched for.
//!
//! Steps are counted, not time. A step of most shapes takes up to some fifteen nanoseconds, as the bench `policies` measures; with
//! `--search`, that bench finds some that take up to 85.
#![allow(clippy::unwrap_used)]

use advisor_core::{AccountData, Reach, ReachEngine};
use benches::{HOSTILE_USER, HostilePolicies, HostileShape, Seeded};
use service_catalog::Catalog;

fn steps(policies: &HostilePolicies) -> u64 {
    let account = AccountData::from_export("hostile", &policies.export()).unwrap();
    let engine = ReachEngine::new(&account, Catalog::shared());
    let user = account.resolve(HOSTILE_USER).unwrap();
    let reach = engine.reach(&account, user);
    assert!(reach.steps() <= Reach::MAX_STEPS, "{} steps", reach.steps());
    reach.steps()
}

#[test]
fn a_search_finds_no_policies_that_take_more_steps() {
    const { assert!(Reach::MAX_STEPS <= 8_000_000) };
    let mut random = Seeded::new(1);
    for _ in 0..2 {
        let mut shape = HostileShape::random(&mut random);
        let mut most = steps(&shape.one_policy());
        for _ in 0..6 {
            let next = shape.mutated(&mut random);
            let found = steps(&next.one_policy());
            if found > most {
                (shape, most) = (next, found);
            }
        }
        println!("{most} steps: {shape:?}");
    }
}

/// As much policy text as IAM allows, under which no steps are left.
#[test]
fn policies_of_the_largest_size_are_bounded() {
    let statement =
        || serde_json::json!({"Effect": "Deny", "NotAction": "ec2:*a*", "Resource": "*?*x"});
    let policies = HostilePolicies::filled(statement);
    assert!(policies.size() > 700_000);
    let steps = steps(&policies);
    println!("{steps} steps");
    assert!(steps > Reach::MAX_STEPS / 4);
}
