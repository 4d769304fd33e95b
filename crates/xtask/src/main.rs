//! The project's own chores: tests, catalog refresh, benches.
fn main() {}
