//! The trails that `cargo xtask bench-ingest` reads, and the answers that every engine must give for them.
//!
//! A trail spans 300 days and consists of blocks of 5,000 records. A block is a quarter of an hour of one Region; blocks are
//! evenly spaced, so trails of any length cover the same days. Records do not depend on the size of the objects that hold
//! them: trails of small and of large objects have the same answer.
//!
//! There are two trails. The *regular* one repeats a lot: about a hundred sessions per block, 1,000 principals, a few dozen
//! parameter layouts. In the *varied* one much less recurs: thousands of principals and sessions, more than 60 services whose
//! parameters are nested and up to 20 KB long, rare fields, escapes, and text beyond ASCII.

mod answer;
mod block;
mod event;
mod files;
mod gzip;
mod regular;
mod time;
mod trail;
mod varied;

pub use answer::{Answer, AnswerError, Attempts, Key};
pub use block::{BLOCK, DAYS};
pub use files::{TrailFiles, VERSION};
pub use trail::{IngestTrail, TrailKind};
