//! Panics of the parquet crate, which asserts some of what a sound file has: on a damaged one they are errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Does a part of the decoding of a file that may be damaged. What it was working on must not be used after a panic.
///
/// # Errors
/// It panicked: what it said.
pub fn catch_panics<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let before = CATCHING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(decode));
    CATCHING.set(before);
    done.map_err(|panic| said(&*panic).unwrap_or("it is damaged").to_owned())
}

/// Whether a panic on this thread, now, is [caught](catch_panics) and becomes an error that is told. A program's panic
/// hook can ask, to stay silent then.
#[must_use]
pub fn is_catching_panics() -> bool {
    CATCHING.get()
}

fn said(panic: &dyn Any) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_what_it_said() {
        assert!(!is_catching_panics());
        assert_eq!(catch_panics(is_catching_panics), Ok(true));
        let nested = catch_panics(|| (catch_panics(|| 1), is_catching_panics()));
        assert_eq!(nested, Ok((Ok(1), true)));
        assert_eq!(catch_panics(|| panic!("said")), Err::<(), _>("said".into()));
        let damage = 7;
        let said = catch_panics(|| panic!("said {damage}"));
        assert_eq!(said, Err::<(), _>("said 7".into()));
        assert!(!is_catching_panics());
    }
}
