//! Runs a comparison on many generated policy sets.

use std::cell::RefCell;

use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use crate::generated::{Document, policy_sets};

/// Two threads share a run.
const THREADS: usize = 2;

/// What all policy sets showed. `PROPTEST_CASES` asks for more of them.
pub(crate) fn compare_many<Seen: Default + Send>(
    sets_a_thread: u32,
    compare: impl Fn(&[Document], &RefCell<Seen>) -> Result<(), TestCaseError> + Sync,
    and: impl Fn(Seen, Seen) -> Seen,
) -> Seen {
    let one_thread = || {
        let seen = RefCell::new(Seen::default());
        let config = Config {
            cases: Config::default().cases.max(sets_a_thread),
            source_file: Some(file!()),
            failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
            ..Config::default()
        };
        TestRunner::new(config)
            .run(&policy_sets(), |documents| compare(&documents, &seen))
            .unwrap_or_else(|error| panic!("{error}"));
        seen.into_inner()
    };
    std::thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(one_thread));
        let seen = threads.map(|thread| thread.join().expect("the comparison holds"));
        seen.into_iter().reduce(and).unwrap()
    })
}
