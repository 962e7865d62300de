//! Decoding, end to end: every format, and every way a file can disappoint.
//!
//! The files in tests/data are made by tests/make_data.sh from [`master`].
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};

use soundalike_core::audio::{
    AudioError, Clip, Decoded, MAX_KEPT_RATE, MAX_SECONDS, Note, decode_bytes, decode_file,
    probe_rate, synth,
};

const RATE: u32 = 22_050;

/// Three seconds and more in stereo: the sample song's start on the left, a later and quieter part on the
/// right, so that neither channel alone passes for the mix.
fn master() -> (Vec<f32>, Vec<f32>) {
    let song = synth::sample_song();
    let length = 6 * RATE as usize;
    let left = song.samples()[..length].to_vec();
    let right = song.samples()[length..2 * length].iter();
    (left, right.map(|sample| 0.5 * sample).collect())
}

/// The mix of the master's first `seconds`.
fn expected(seconds: f64) -> Vec<f32> {
    let (left, right) = master();
    let length = (seconds * f64::from(RATE)) as usize;
    let clip = Clip::from_channels(&[&left[..length], &right[..length]], RATE).unwrap();
    clip.samples().to_vec()
}

fn data(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("tests/data")
        .join(name)
}

fn decode(name: &str) -> Decoded {
    decode_file(&data(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Called by make_data.sh: writes the master where MASTER says.
#[test]
#[ignore = "writes the source of tests/data"]
fn write_master() {
    let path = std::env::var("MASTER").unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    let (left, right) = master();
    for (left, right) in left.iter().zip(&right) {
        file.write_sample(*left).unwrap();
        file.write_sample(*right).unwrap();
    }
    file.finalize().unwrap();
}

// ---- Formats ---------------------------------------------------------------------------------

#[test]
fn lossless_files_decode_sample_by_sample() {
    // 16 bits round by half a step per channel: 1.6e-5. Mu-law keeps 13 bits at most.
    for (name, tolerance) in [
        ("half.flac", 2e-5),
        ("half-alac.m4a", 2e-5),
        ("half.aiff", 2e-5),
        ("half.aifc", 2e-5),
        ("half.au", 2e-5),
        ("half-mulaw.au", 0.02),
        ("half-float.wav", 1e-7),
    ] {
        let decoded = decode(name);
        let wanted = expected(0.5);
        assert_eq!(decoded.notes, [], "{name}");
        assert_eq!((decoded.channels, decoded.source_rate), (2, RATE), "{name}");
        assert_eq!(decoded.clip.samples().len(), wanted.len(), "{name}");
        for (n, (got, wanted)) in decoded.clip.samples().iter().zip(&wanted).enumerate() {
            assert!(
                (got - wanted).abs() <= tolerance,
                "{name}, {n}: {got} {wanted}"
            );
        }
    }
}

#[test]
fn lossy_files_decode_to_the_same_moment() {
    // What the codecs discard at these rates leaves a correlation of 0.992 and more; a shift by
    // one of their frames, or by an encoder's delay, brings it to 0.5 or less.
    for (name, rate, seconds) in [
        ("cbr-44100.mp3", 44_100, 3.0),
        ("vbr.mp3", RATE, 3.0),
        ("aac-44100.m4a", 44_100, 3.0),
        ("vorbis.ogg", RATE, 3.0),
    ] {
        let decoded = decode(name);
        assert_eq!(decoded.notes, [], "{name}");
        assert_eq!((decoded.channels, decoded.source_rate), (2, rate), "{name}");
        assert!(
            (decoded.clip.seconds() - seconds).abs() < 0.003,
            "{name}: {}",
            decoded.clip.seconds()
        );
        let resampled = decoded.clip.resampled(RATE).unwrap();
        let wanted = expected(seconds);
        let at_zero = correlation(resampled.samples(), &wanted);
        assert!(at_zero >= 0.99, "{name}: {at_zero}");
        let later = correlation(&resampled.samples()[1..], &wanted);
        let earlier = correlation(resampled.samples(), &wanted[1..]);
        assert!(
            at_zero > later && at_zero > earlier,
            "{name}: {earlier} {at_zero} {later}"
        );
    }
}

#[test]
fn a_bare_aac_stream_is_heard_with_its_encoders_delay() {
    // ADTS states no delay; ffmpeg's encoder has one of 1024 samples.
    let decoded = decode("aac.aac");
    assert_eq!((decoded.channels, decoded.source_rate), (2, RATE));
    let samples = &decoded.clip.samples()[1_024..];
    assert!(correlation(samples, &expected(3.0)) >= 0.99);
}

#[test]
fn bytes_and_file_decode_alike() {
    for entry in std::fs::read_dir(data("")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let name = path.to_string_lossy();
        assert_eq!(decode_bytes(bytes, &name), decode_file(&path), "{name}");
    }
}

#[test]
fn the_format_is_told_by_content_not_by_name() {
    let bytes = std::fs::read(data("vorbis.ogg")).unwrap();
    assert_eq!(decode_bytes(bytes, "song.wav").unwrap().source_rate, RATE);
}

#[test]
fn the_rate_is_known_without_decoding() {
    for (name, rate) in [
        ("cbr-44100.mp3", 44_100),
        ("vbr.mp3", RATE),
        ("aac-44100.m4a", 44_100),
        ("aac.aac", RATE),
        ("half-alac.m4a", RATE),
        ("vorbis.ogg", RATE),
        ("half.flac", RATE),
        ("half.aiff", RATE),
        ("half.aifc", RATE),
        ("half.au", RATE),
        ("half-float.wav", RATE),
    ] {
        assert_eq!(
            probe_rate(&std::fs::read(data(name)).unwrap()),
            Some(rate),
            "{name}"
        );
    }
    assert_eq!(probe_rate(b""), None);
    assert_eq!(probe_rate(b"no sound at all, only a sentence"), None);
}

// ---- WAV in its varieties --------------------------------------------------------------------

fn hound_wav(
    spec: hound::WavSpec,
    mut write: impl FnMut(&mut hound::WavWriter<&mut std::io::Cursor<Vec<u8>>>),
) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    write(&mut writer);
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// A WAV by hand: codec `tag`, `bits` per sample, `data` as it is.
fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let align = channels * bits.div_ceil(8);
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    bytes[4..8].copy_from_slice(&(36 + data.len() as u32).to_le_bytes());
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(align)).to_le_bytes());
    bytes.extend(align.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn wav_of_every_width_rate_and_number_of_channels() {
    let rates = [
        8_000, 11_025, 22_050, 44_056, 44_100, 48_000, 96_000, 192_000,
    ];
    for (bits, channels) in (1..=8).flat_map(|n| [8, 16, 24, 32].map(|bits| (bits, n))) {
        let rate = rates[usize::from(channels) - 1];
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        // Channel c of frame n holds (n + c) / 100 of full scale.
        let full = f64::from(bits - 1).exp2();
        let bytes = hound_wav(spec, |writer| {
            for n in 0..50 {
                for c in 0..channels {
                    let value = f64::from(n + i32::from(c)) / 100.0 * full;
                    writer.write_sample(value.round() as i32).unwrap();
                }
            }
        });
        assert_eq!(probe_rate(&bytes), Some(rate));
        let decoded = decode_bytes(bytes, "x.wav").unwrap();
        assert_eq!(decoded.channels, usize::from(channels));
        assert_eq!(decoded.source_rate, rate);
        assert_eq!(decoded.clip.rate(), rate.min(MAX_KEPT_RATE));
        if rate > MAX_KEPT_RATE {
            continue; // resampled: tests/odd_files.rs
        }
        assert_eq!(decoded.clip.samples().len(), 50);
        for (n, sample) in decoded.clip.samples().iter().enumerate() {
            let wanted = (n as f64 + f64::from(channels - 1) / 2.0) / 100.0;
            let error = (f64::from(*sample) - wanted).abs();
            assert!(
                error <= 0.51 / full + 1e-7,
                "{bits} bits, {channels} channels: {error}"
            );
        }
    }
}

#[test]
fn wav_of_doubles_and_of_telephone_codes() {
    let doubles: Vec<u8> = [0.25_f64, -0.5]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let clip = decode_bytes(wav(3, 1, 8_000, 64, &doubles), "x.wav")
        .unwrap()
        .clip;
    assert_eq!(clip.samples(), [0.25, -0.5]);
    let clip = decode_bytes(wav(6, 1, 8_000, 8, &[0xaa, 0x2a]), "x.wav")
        .unwrap()
        .clip;
    assert_eq!(clip.samples(), [32_256.0 / 32_768.0, -32_256.0 / 32_768.0]);
    let clip = decode_bytes(wav(7, 1, 8_000, 8, &[0x80, 0xff]), "x.wav")
        .unwrap()
        .clip;
    assert_eq!(clip.samples(), [32_124.0 / 32_768.0, 0.0]);
}

#[test]
fn a_wav_streamed_before_its_length_was_known_is_heard_whole_and_says_so() {
    for size in [0, 0x7fff_ffff, 0xffff_ffff_u32] {
        let mut bytes = wav(1, 1, 8_000, 16, &[0, 64, 0, 192]);
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        bytes[40..44].copy_from_slice(&size.to_le_bytes());
        let decoded = decode_bytes(bytes, "x.wav").unwrap();
        assert_eq!(decoded.clip.samples(), [0.5, -0.5], "{size:#x}");
        assert!(matches!(decoded.notes[..], [Note::Unmeasured { .. }]));
    }
}

#[test]
fn a_header_that_claims_two_gigabytes_in_a_kilobyte_is_only_noted() {
    let mut bytes = wav(1, 1, 8_000, 16, &[0; 1_000]);
    bytes[40..44].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    let decoded = decode_bytes(bytes, "x.wav").unwrap();
    assert_eq!(decoded.clip.samples().len(), 500);
    let note = decoded.notes[0].to_string();
    assert!(
        note.contains("cut short") && note.contains("of 117440.5 s"),
        "{note}"
    );
}

#[test]
fn only_the_first_hour_is_heard() {
    let bytes = wav(
        1,
        1,
        8_000,
        8,
        &vec![100; 8_000 * (MAX_SECONDS as usize + 1)],
    );
    let decoded = decode_bytes(bytes, "x.wav").unwrap();
    assert_eq!(decoded.clip.seconds(), f64::from(MAX_SECONDS));
    assert_eq!(decoded.notes, [Note::OnlyFirst { minutes: 60 }]);
    assert!(decoded.notes[0].to_string().contains("first 60 minutes"));
}

// ---- Files cut short or damaged --------------------------------------------------------------

#[test]
fn a_file_cut_short_is_heard_as_far_as_it_goes_and_says_so() {
    for (name, whole) in [
        ("cbr-44100.mp3", Some(3.0)),
        ("vbr.mp3", Some(3.0)),
        ("vorbis.ogg", None),
        ("half.flac", Some(0.5)),
        ("half.aiff", Some(0.5)),
        ("half.au", Some(0.5)),
        ("half-float.wav", Some(0.5)),
        ("aac-44100.m4a", Some(3.0)),
    ] {
        let mut bytes = std::fs::read(data(name)).unwrap();
        bytes.truncate(bytes.len() * 6 / 10);
        let decoded = decode_bytes(bytes, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(Note::CutShort { heard, whole: said }) = decoded.notes.first() else {
            panic!("{name}: {:?}", decoded.notes);
        };
        assert!((heard - decoded.clip.seconds()).abs() < 0.01, "{name}");
        assert!(*heard > 0.1 && *heard < 2.5, "{name}: {heard}");
        assert_eq!(said.is_some(), whole.is_some(), "{name}");
        if let (Some(said), Some(whole)) = (said, whole) {
            assert!((said - whole).abs() < 0.1, "{name}: {said}");
        }
        assert!(
            decoded.notes[0]
                .to_string()
                .contains("cut short: heard the first")
        );
    }
}

#[test]
fn damaged_frames_are_skipped_and_counted() {
    let mut bytes = std::fs::read(data("vorbis.ogg")).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 300] {
        *byte ^= 0x5a;
    }
    let decoded = decode_bytes(bytes, "x.ogg").unwrap();
    assert!(decoded.clip.seconds() > 1.0);
}

// ---- What is refused, and how ----------------------------------------------------------------

fn refusal(bytes: &[u8], name: &str) -> String {
    decode_bytes(bytes.to_vec(), name).unwrap_err().to_string()
}

#[test]
fn what_is_not_there_or_not_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = decode_file(&folder.path().join("none.mp3")).unwrap_err();
    assert_eq!(missing, AudioError::NotFound);
    assert!(missing.to_string().contains("not found"));
    let error = decode_file(folder.path()).unwrap_err();
    assert_eq!(error, AudioError::IsDirectory);
    assert!(error.to_string().contains("folder"));
    let empty = folder.path().join("empty.wav");
    std::fs::File::create(&empty).unwrap();
    assert_eq!(decode_file(&empty).unwrap_err(), AudioError::EmptyFile);
    assert!(refusal(b"", "empty.wav").contains("0 bytes"));
    #[cfg(unix)]
    assert!(
        decode_file(Path::new("/dev/null"))
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn what_is_not_sound_is_refused_by_its_content() {
    let text = "Dear diary, today I renamed a text file to song.mp3.\n".repeat(200);
    let message = refusal(text.as_bytes(), "song.mp3");
    assert!(
        message.contains("not a sound file") && message.contains("ends in .mp3"),
        "{message}"
    );
    assert!(message.contains("WAV, FLAC, MP3"));
    assert!(!refusal(text.as_bytes(), "notes.txt").contains("ends in"));
    let noise: Vec<u8> = synth::noise(3, 10.0, 8_000)
        .samples()
        .iter()
        .map(|sample| (sample * 127.0) as i8 as u8)
        .collect();
    assert!(refusal(&noise, "x.bin").contains("not a sound file"));
    assert!(refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "x.png").contains("not a sound file"));
    assert!(refusal(b"x", "x").contains("not a sound file"));
}

#[test]
fn formats_without_a_decoder_are_named() {
    for (start, name) in [
        (b"MThd\0\0\0\x06".as_slice(), "MIDI"),
        (b"wvpk\0\0\0\x06", "WavPack"),
        (b"#!AMR\n\0\0", "AMR"),
        (b"\x0b\x77\0\0\0\0\0\0", "AC-3"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    ] {
        let message = refusal(start, "x");
        assert!(
            message.contains(name) && message.contains("cannot decode"),
            "{message}"
        );
    }
    assert!(refusal(&wav(0x161, 2, 44_100, 16, &[0; 8]), "x.wav").contains("Windows Media"));
    assert!(refusal(&wav(0x4242, 2, 44_100, 16, &[0; 8]), "x.wav").contains("0x4242"));
}

#[test]
fn protected_files_are_refused() {
    let mut bytes = std::fs::read(data("aac-44100.m4a")).unwrap();
    let entry = bytes.windows(4).position(|word| word == b"mp4a").unwrap();
    bytes[entry..entry + 4].copy_from_slice(b"drms");
    assert!(refusal(&bytes, "x.m4a").contains("protected by digital rights"));
}

#[test]
fn a_film_without_sound_has_no_audio_track() {
    let mut bytes = std::fs::read(data("aac-44100.m4a")).unwrap();
    let handler = bytes.windows(4).position(|word| word == b"soun").unwrap();
    bytes[handler..handler + 4].copy_from_slice(b"vide");
    assert!(refusal(&bytes, "x.mp4").contains("no audio track"));
}

#[test]
fn headers_that_promise_the_impossible_are_refused() {
    assert!(refusal(&wav(1, 0, 44_100, 16, &[0; 8]), "x.wav").contains("0 channels"));
    assert!(refusal(&wav(1, 9, 44_100, 16, &[0; 36]), "x.wav").contains("9 channels"));
    assert!(refusal(&wav(1, 1, 4_000, 16, &[0; 8]), "x.wav").contains("4000 Hz"));
    assert!(refusal(&wav(1, 1, 384_000, 16, &[0; 8]), "x.wav").contains("384000 Hz"));
    assert!(refusal(&wav(1, 1, 0, 16, &[0; 8]), "x.wav").contains("0 Hz"));
    assert!(refusal(&wav(1, 2, 44_100, 16, &[]), "x.wav").contains("no sound"));
    let nan: Vec<u8> = [0.5_f32, f32::NAN]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    assert!(refusal(&wav(3, 1, 44_100, 32, &nan), "x.wav").contains("NaN"));
    assert!(refusal(&wav(1, 1, 44_100, 64, &[0; 8]), "x.wav").contains("64 bits"));
}

#[test]
fn a_header_alone_is_damaged() {
    for (name, length) in [
        ("half.flac", 42),
        ("vorbis.ogg", 58),
        ("aac-44100.m4a", 40),
        ("half-float.wav", 30),
        ("half.au", 20),
        ("half.aiff", 16),
    ] {
        let bytes = std::fs::read(data(name)).unwrap();
        let message = refusal(&bytes[..length], name);
        assert!(message.contains("damaged beyond use"), "{name}: {message}");
    }
}

#[test]
fn every_refusal_is_one_sentence_without_a_name() {
    let mut message = Vec::new();
    for bytes in [b"".as_slice(), b"text", b"RIFF\0\0\0\0WAVE"] {
        writeln!(message, "{}", refusal(bytes, "secret.wav")).unwrap();
    }
    let message = String::from_utf8(message).unwrap();
    assert!(!message.contains("secret"));
    for line in message.lines() {
        assert!(line.contains(';') && !line.ends_with('.'), "{line}");
    }
}

// ---- Hostile bytes ---------------------------------------------------------------------------

/// Decodes in well under a second, or refuses; a panic fails the test by itself.
fn survives(bytes: Vec<u8>, what: &str) {
    let start = std::time::Instant::now();
    let _ = probe_rate(&bytes);
    let _ = decode_bytes(bytes, "x");
    let seconds = start.elapsed().as_secs_f64();
    assert!(seconds < 1.0 * slowness(), "{what}: {seconds} s");
}

/// Unoptimised builds are given ten times as long.
fn slowness() -> f64 {
    if cfg!(debug_assertions) { 10.0 } else { 1.0 }
}

/// FUZZ=2000 runs the longer course.
fn rounds(usual: usize) -> usize {
    std::env::var("FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}

#[test]
fn no_truncation_panics_or_hangs() {
    for entry in std::fs::read_dir(data("")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for n in 0..50 {
            // Half of the cuts fall into the first kilobyte, where the headers are.
            let length = if n < 25 {
                n * 41
            } else {
                bytes.len() * (n - 25) / 25
            };
            let length = length.min(bytes.len());
            survives(
                bytes[..length].to_vec(),
                &format!("{path:?} cut at {length}"),
            );
        }
    }
}

#[test]
fn no_flipped_bytes_panic_or_hang() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for entry in std::fs::read_dir(data("")).unwrap() {
        let path = entry.unwrap().path();
        let mut original = std::fs::read(&path).unwrap();
        original.truncate(20_000);
        for round in 0..rounds(if cfg!(debug_assertions) { 20 } else { 100 }) {
            let mut bytes = original.clone();
            for _ in 0..=random(8) {
                // Half of the flips fall into the first kilobyte.
                let reach = if random(2) == 0 {
                    bytes.len().min(1_024)
                } else {
                    bytes.len()
                };
                bytes[random(reach)] = random(256) as u8;
            }
            if std::env::var("FUZZ_KEEP").is_ok() {
                std::fs::write("/tmp/fuzz-last", &bytes).unwrap();
            }
            survives(bytes, &format!("{path:?}, round {round}"));
        }
    }
}
