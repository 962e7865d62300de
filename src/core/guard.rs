//! Other people's readers are not trusted: a panic in one costs its file alone.
//!
//! WebAssembly cannot catch a panic: there the worker ends, and the page names the file and starts another
//! worker (www/engine/engine.js).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What a reader's code gives; `None` if it panics, which prints nothing.
pub fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |about| {
            if !GUARDED.get() {
                previous(about);
            }
        }));
    });
    let before = GUARDED.replace(true);
    // What was being read is thrown away after a panic, so no broken state is seen.
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_nothing_and_the_next_call_works() {
        assert_eq!(caught(|| -> i32 { panic!("a reader's bug") }), None);
        assert_eq!(caught(|| 3), Some(3));
    }
}
