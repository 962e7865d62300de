//! Progress of long work: a bar on a terminal, events of `tracing` elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::names::visible;

/// Events of a long task where there is no terminal.
const EVENTS: usize = 10;

/// Counts steps of a task of known length; shared between threads.
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    total: usize,
    done: AtomicUsize,
    started: Instant,
    quiet: bool,
    rated: bool,
}

impl Progress {
    /// Begins a task of `total` steps.
    pub fn new(name: &str, total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) =
                ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} {eta}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(visible(name).into_owned());
            bar
        });
        Self {
            bar,
            name: name.to_owned(),
            total,
            done: AtomicUsize::new(0),
            started: Instant::now(),
            quiet: false,
            rated: false,
        }
    }

    /// With the steps per second, and the time that is left in words.
    pub fn rated(mut self) -> Self {
        self.rated = true;
        if let Some(bar) = &self.bar
            && let Ok(style) = ProgressStyle::with_template(
                "{prefix} {wide_bar} {pos}/{len} {per_sec} {msg} {eta} left",
            )
        {
            bar.set_style(style);
        }
        self
    }

    /// Without events where there is no terminal: for short work.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Counts one step more.
    pub fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if self.quiet => {}
            None if done * EVENTS / self.total.max(1)
                != (done - 1) * EVENTS / self.total.max(1) =>
            {
                let seconds = self.started.elapsed().as_secs_f64();
                let rate = done as f64 / seconds.max(1e-3);
                let rate = if self.rated {
                    let left = self.total.saturating_sub(done) as f64 / rate;
                    format!(", {rate:.1} per second, {left:.0} s left")
                } else {
                    String::new()
                };
                tracing::info!(
                    "{}: {done} of {} ({seconds:.0} s{rate})",
                    self.name,
                    self.total
                );
            }
            None => {}
        }
    }

    /// Shows a few words beside the bar.
    pub fn say(&self, words: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(visible(&words).into_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
