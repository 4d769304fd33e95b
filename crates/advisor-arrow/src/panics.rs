//! Catches panics of the parquet crate, which panics on some damaged files.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a part of the decoding of a file that may be damaged. The values that it works on must not be used
/// after a panic.
///
/// # Errors
/// The message of a panic.
pub fn catch_panics<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let before = CATCHING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(decode));
    CATCHING.set(before);
    done.map_err(|panic| message(&*panic).unwrap_or("the file is damaged").to_owned())
}

/// Whether a panic on this thread would now be [caught](catch_panics) and returned as an error. A panic hook can
/// use this to print nothing.
#[must_use]
pub fn is_catching_panics() -> bool {
    CATCHING.get()
}

fn message(panic: &dyn Any) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert!(!is_catching_panics());
        assert_eq!(catch_panics(is_catching_panics), Ok(true));
        let nested = catch_panics(|| (catch_panics(|| 1), is_catching_panics()));
        assert_eq!(nested, Ok((Ok(1), true)));
        assert_eq!(
            catch_panics(|| panic!("damaged")),
            Err::<(), _>("damaged".into())
        );
        let damage = 7;
        let message = catch_panics(|| panic!("at {damage}"));
        assert_eq!(message, Err::<(), _>("at 7".into()));
        assert!(!is_catching_panics());
    }
}
