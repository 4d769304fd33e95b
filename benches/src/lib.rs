//! Generates the inputs of the benches and load tests from a seed and the embedded catalog.
//!
//! The same shape and seed give the same bytes on every machine.
//!
//! ```
//! use benches::{AccountShape, TrailGenerator};
//!
//! let shape = AccountShape { identities: 20, managed_policies: 10, ..AccountShape::default() };
//! let account = advisor_core::AccountData::from_export("generated", &shape.export())?;
//! assert_eq!(account.issues(), []);
//!
//! let trail = TrailGenerator::new(&shape, 15);
//! let object = trail.object_gzip(0, 100)?;
//! assert!(object.len() < trail.object_json(0, 100).len() / 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod hostile_policies;
pub mod ingest;
mod names;
mod policies;
mod seeded;
mod trail;

pub use account::{AccountShape, Identity, IdentityKind};
pub use hostile_policies::{HOSTILE_USER, HostilePolicies, HostileShape};
pub use names::ACCOUNT_ID;
pub use policies::PolicyGenerator;
pub use seeded::Seeded;
pub use trail::{Event, TrailGenerator, cover};
