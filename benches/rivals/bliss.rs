//! Times bliss-rs's analysis of a song from file to features, decoder included, on one core: a line of JSON. `cargo xtask
//! bench` compiles this in a package of its own.

use std::time::Instant;

use bliss_audio::decoder::Decoder;
use bliss_audio::decoder::symphonia::SymphoniaDecoder;

fn main() {
    let sound = std::env::args().nth(1).expect("usage: bliss SOUND");
    // It has a thread for each feature, and all of them stay where the first one is.
    let core = core_affinity::get_core_ids().and_then(|cores| cores.into_iter().next());
    if !core.is_some_and(core_affinity::set_for_current) {
        println!(
            r#"{{"skipped": "bliss-rs", "why": "this system does not keep a program on one core"}}"#
        );
        return;
    }
    // The first does not count; `cargo xtask bench` repeats the whole.
    for counts in [false, true] {
        let started = Instant::now();
        if let Err(error) = SymphoniaDecoder::song_from_path(&sound) {
            println!(
                r#"{{"skipped": "bliss-rs", "why": {:?}}}"#,
                error.to_string()
            );
            return;
        }
        if counts {
            println!(
                r#"{{"stage": "native file to embedding", "milliseconds": {}, "by": "bliss-rs {}"}}"#,
                started.elapsed().as_secs_f64() * 1e3,
                env!("BLISS_VERSION"),
            );
        }
    }
}
