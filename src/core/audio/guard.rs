//! Decoders are not trusted: a panic in one becomes an error of its file alone.
//!
//! WebAssembly cannot catch a panic: there the worker ends, and the page names the file and starts another
//! worker (www/engine/engine.js).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::error::AudioError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder's code; its panic is [`AudioError::Damaged`] and prints nothing.
pub(super) fn guarded<T>(run: impl FnOnce() -> Result<T, AudioError>) -> Result<T, AudioError> {
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
    // Whatever was being decoded is thrown away afterwards, so no broken state is seen.
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(before);
    result.unwrap_or_else(|_| Err(AudioError::damaged("its decoder fails on it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_call_works() {
        let failed = guarded(|| -> Result<(), AudioError> { panic!("a decoder's bug") });
        assert!(matches!(failed, Err(AudioError::Damaged { .. })));
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }
}
