//! The account and the names that generated accounts and trails share.

use crate::seeded::Seeded;

/// The account that owns everything generated here.
pub const ACCOUNT_ID: &str = "111122223333";

pub(crate) const TEAMS: [&str; 16] = [
    "orders", "billing", "web", "ingest", "reports", "search", "audit", "media", "accounts",
    "events", "mobile", "risk", "catalog", "mail", "fleet", "labs",
];
pub(crate) const STAGES: [&str; 4] = ["prod", "staging", "dev", "sandbox"];

/// A team and a stage, as people name roles, buckets and tables.
pub(crate) fn name(random: &mut Seeded) -> String {
    format!("{}-{}", random.pick(&TEAMS), random.pick(&STAGES))
}
