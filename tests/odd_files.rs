//! Sound files as people really have them: joined, damaged, mislabelled, with channels that cancel. Each is made
//! here, from tests/data or from tones.
#![allow(clippy::unwrap_used)]

#[path = "support/flac.rs"]
mod flac;
#[path = "support/ogg.rs"]
mod ogg;

use std::path::Path;

use opus_pure::{Application, OggOpusWriter, OpusEncoder, OpusHead};
use proptest::prelude::*;
use soundalike_core::audio::{
    AudioError, Clip, Decoded, Note, SoundReader, decode_bytes, mixed, synth,
};
use soundalike_core::pipeline::Predictor;

fn data(name: &str) -> Vec<u8> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data"));
    std::fs::read(folder.join(name)).unwrap()
}

#[track_caller]
fn decode(bytes: Vec<u8>, name: &str) -> Decoded {
    decode_bytes(bytes, name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file must be heard for so many seconds, with nothing to say of it.
#[track_caller]
fn hears(bytes: Vec<u8>, name: &str, seconds: f64) {
    let decoded = decode(bytes, name);
    let found = decoded.clip.seconds();
    assert!((found - seconds).abs() < 0.06, "{name}: {found} s");
    assert_eq!(decoded.notes, [], "{name}");
    assert!(!decoded.clip.is_silent(), "{name}");
}

fn seconds(name: &str) -> f64 {
    decode(data(name), name).clip.seconds()
}

/// 16-bit samples of one second: channel `c` is `gains[c]` times a melody.
fn melody(gains: &[f32], rate: u32) -> Vec<i16> {
    (0..rate)
        .flat_map(|n| {
            let t = n as f32 / rate as f32;
            let tone = (t * 440.0 * std::f32::consts::TAU).sin() * 0.3
                + (t * 660.0 * std::f32::consts::TAU).sin() * 0.2;
            gains
                .iter()
                .map(move |gain| (tone * gain * 32_767.0) as i16)
        })
        .collect()
}

/// A RIFF file of samples, in either byte order.
fn riff(samples: &[i16], channels: u16, rate: u32, big_endian: bool) -> Vec<u8> {
    let half = |n: u16| {
        if big_endian {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    };
    let word = |n: u32| {
        if big_endian {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    };
    let size = samples.len() as u32 * 2;
    let mut file = if big_endian { b"RIFX" } else { b"RIFF" }.to_vec();
    file.extend(word(36 + size));
    file.extend(b"WAVEfmt ");
    file.extend(word(16));
    file.extend([half(1), half(channels)].concat());
    file.extend(word(rate));
    file.extend(word(rate * u32::from(channels) * 2));
    file.extend([half(channels * 2), half(16)].concat());
    file.extend(b"data");
    file.extend(word(size));
    file.extend(samples.iter().flat_map(|s| half(s.cast_unsigned())));
    file
}

fn w64(samples: &[i16], channels: u16, rate: u32) -> Vec<u8> {
    let tail = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";
    let mut file = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0".to_vec();
    file.extend(0_u64.to_le_bytes());
    file.extend([b"wave".as_slice(), tail].concat());
    file.extend([b"fmt ".as_slice(), tail].concat());
    file.extend(40_u64.to_le_bytes());
    file.extend([1, channels].map(u16::to_le_bytes).concat());
    file.extend(
        [rate, rate * u32::from(channels) * 2]
            .map(u32::to_le_bytes)
            .concat(),
    );
    file.extend([channels * 2, 16].map(u16::to_le_bytes).concat());
    file.extend([b"data".as_slice(), tail].concat());
    file.extend((24 + samples.len() as u64 * 2).to_le_bytes());
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}

fn atom(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [
        &(body.len() as u32 + 8).to_be_bytes(),
        kind.as_slice(),
        body,
    ]
    .concat()
}

/// A QuickTime film of one mono track of plain samples, `width` bytes each; `endian` adds a box that says whether
/// they are little-endian.
fn quicktime(
    kind: &[u8; 4],
    width: u32,
    endian: Option<bool>,
    samples: &[u8],
    rate: u32,
) -> Vec<u8> {
    let frames = samples.len() as u32 / width;
    let be = u32::to_be_bytes;
    let ftyp = atom(b"ftyp", b"qt  \0\0\0\0qt  ");
    let mdat = atom(b"mdat", samples);
    let header = |units: u32, length: u32| [be(0), be(0), be(0), be(units), be(length)].concat();
    let mvhd = atom(b"mvhd", &[header(rate, frames), vec![0; 80]].concat());
    let tkhd = atom(
        b"tkhd",
        &[
            [be(7), be(0), be(0), be(1), be(0), be(frames)].concat(),
            vec![0; 60],
        ]
        .concat(),
    );
    let mdhd = atom(b"mdhd", &[header(rate, frames), vec![0; 4]].concat());
    let hdlr = atom(
        b"hdlr",
        &[vec![0; 4], b"mhlrsoun".to_vec(), vec![0; 13]].concat(),
    );
    let wave = endian.map_or(Vec::new(), |little| {
        let enda = atom(b"enda", &[0, u8::from(little)]);
        atom(
            b"wave",
            &[atom(b"frma", kind), enda, atom(&[0; 4], &[])].concat(),
        )
    });
    let entry = [
        vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        vec![0, 1, 0, width as u8 * 8, 0, 0, 0, 0],
        be(rate << 16).to_vec(),
        [be(1), be(width), be(width), be(width)].concat(),
        wave,
    ]
    .concat();
    let table = |body: Vec<u8>, kind| atom(kind, &body);
    let stbl = atom(
        b"stbl",
        &[
            table(
                [be(0).to_vec(), be(1).to_vec(), atom(kind, &entry)].concat(),
                b"stsd",
            ),
            table([be(0), be(1), be(frames), be(1)].concat(), b"stts"),
            table([be(0), be(1), be(1), be(frames), be(1)].concat(), b"stsc"),
            table([be(0), be(width), be(frames)].concat(), b"stsz"),
            table([be(0), be(1), be(ftyp.len() as u32 + 8)].concat(), b"stco"),
        ]
        .concat(),
    );
    let dref = atom(
        b"dref",
        &[be(0).to_vec(), be(1).to_vec(), atom(b"url ", &be(1))].concat(),
    );
    let minf = atom(
        b"minf",
        &[atom(b"smhd", &[0; 8]), atom(b"dinf", &dref), stbl].concat(),
    );
    let mdia = atom(b"mdia", &[mdhd, hdlr, minf].concat());
    let trak = atom(b"trak", &[tkhd, mdia].concat());
    [ftyp, mdat, atom(b"moov", &[mvhd, trak].concat())].concat()
}

/// An ID3v2.4 tag of `real` bytes that claims to have `claimed`.
fn id3(claimed: u32, real: usize) -> Vec<u8> {
    let digits = [21, 14, 7, 0].map(|shift| (claimed >> shift) as u8 & 127);
    [b"ID3\x04\0\0".as_slice(), &digits, &vec![b'A'; real]].concat()
}

/// An APEv2 tag with header and footer.
fn ape(items: usize) -> Vec<u8> {
    let block = |flags: u32| {
        let size = items as u32 + 32;
        [
            b"APETAGEX\xd0\x07\0\0".as_slice(),
            &size.to_le_bytes(),
            &[1, 0, 0, 0],
            &flags.to_le_bytes(),
            &[0; 8],
        ]
        .concat()
    };
    [block(0xa000_0000), vec![b'B'; items], block(0x8000_0000)].concat()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Where each page of an Ogg file begins and ends.
fn ogg_pages(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut pages = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        assert_eq!(bytes[at..at + 4], *b"OggS");
        let segments = usize::from(bytes[at + 26]);
        let body: usize = bytes[at + 27..at + 27 + segments]
            .iter()
            .map(|l| usize::from(*l))
            .sum();
        pages.push((at, at + 27 + segments + body));
        at += 27 + segments + body;
    }
    pages
}

/// The same file with bytes changed and the checksums of its pages right again.
fn ogg_with(mut bytes: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let pages = ogg_pages(&bytes);
    change(&mut bytes);
    for (from, to) in pages {
        let sum = ogg::checksum(&bytes[from..to]);
        bytes[from + 22..from + 26].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

fn opus(channels: usize) -> Vec<u8> {
    let mut encoder = OpusEncoder::new(48_000, channels, Application::Audio).unwrap();
    let head = OpusHead::for_encoder(&encoder, 48_000);
    let mut writer = OggOpusWriter::new(Vec::new(), head).unwrap();
    let gains = vec![1.0; channels];
    let samples = melody(&gains, 48_000);
    let mut packet = vec![0; 4_000];
    for frame in samples.chunks_exact(960 * channels) {
        let length = encoder.encode_s16(frame, 960, &mut packet).unwrap();
        writer.write_packet(&packet[..length]).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn joined_files_are_heard_to_the_end() {
    let (cbr, vbr) = (seconds("cbr-44100.mp3"), seconds("vbr.mp3"));
    hears(
        [data("cbr-44100.mp3"), data("vbr.mp3")].concat(),
        "x.mp3",
        cbr + vbr,
    );
    let flac = seconds("half.flac");
    hears(
        [data("half.flac"), data("half.flac")].concat(),
        "x.flac",
        2.0 * flac,
    );
    let ogg = seconds("vorbis.ogg");
    let second = ogg_with(data("vorbis.ogg"), |bytes| {
        for (from, _) in ogg_pages(&bytes.clone()) {
            bytes[from + 14] ^= 1; // another serial number
        }
    });
    hears([data("vorbis.ogg"), second].concat(), "x.ogg", 2.0 * ogg);
    let aac = seconds("aac.aac");
    hears(
        [data("aac.aac"), data("aac.aac")].concat(),
        "x.aac",
        2.0 * aac,
    );
    hears([data("vorbis.ogg"), opus(2)].concat(), "x.ogg", ogg + 1.0);
}

#[test]
fn channels_and_rates_may_change_within_a_file() {
    let flac = |channels: u8, rate| {
        let samples = melody(&vec![1.0; usize::from(channels)], rate);
        flac_of(&samples, channels, rate)
    };
    let low_then_high = [flac(1, 11_025), flac(2, 44_100)].concat();
    let decoded = decode(low_then_high, "x.flac");
    assert!((decoded.clip.seconds() - 2.0).abs() < 0.01);
    assert_eq!((decoded.channels, decoded.source_rate), (1, 11_025));
    // The song keeps its upper bands although a jingle at a low rate comes first.
    assert_eq!(decoded.clip.rate(), 44_100);
}

/// A FLAC file of verbatim subframes of 16 bits, 4,096 frames a block.
fn flac_of(samples: &[i16], channels: u8, rate: u32) -> Vec<u8> {
    const BLOCK: usize = 4_096;
    let frames = samples.len() / usize::from(channels);
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    let packed = u64::from(rate) << 44 | u64::from(channels - 1) << 41 | 15 << 36 | frames as u64;
    info.extend(packed.to_be_bytes());
    info.extend([0; 16]);
    let mut file = [b"fLaC\x80\0\0\x22".as_slice(), &info].concat();
    for (number, block) in samples.chunks(BLOCK * usize::from(channels)).enumerate() {
        let length = block.len() / usize::from(channels);
        // Fixed block size given in 16 bits, rate of the stream info, 16 bits a sample.
        let mut frame = vec![0xff, 0xf8, 0x70, (channels - 1) << 4 | 0b1000, number as u8];
        assert!(number < 128);
        frame.extend((length as u16 - 1).to_be_bytes());
        frame.push(crc8(&frame));
        for channel in 0..usize::from(channels) {
            frame.push(0b10); // verbatim
            let column = block.iter().skip(channel).step_by(usize::from(channels));
            frame.extend(column.flat_map(|s| s.to_be_bytes()));
        }
        let sum = crc16(&frame);
        frame.extend(sum.to_be_bytes());
        file.extend(frame);
    }
    file
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| {
        (0..8).fold(sum ^ byte, |sum, _| {
            if sum >> 7 == 1 {
                sum << 1 ^ 7
            } else {
                sum << 1
            }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| {
            if sum >> 15 == 1 {
                sum << 1 ^ 0x8005
            } else {
                sum << 1
            }
        })
    })
}

#[test]
fn junk_and_wrong_tags_do_no_harm() {
    let mp3 = data("vbr.mp3");
    let whole = seconds("vbr.mp3");
    let with = |before: Vec<u8>, after: Vec<u8>| [before, mp3.clone(), after].concat();
    let v1 = [b"TAG".as_slice(), &[b' '; 125]].concat();
    for (name, bytes) in [
        (
            "a tag that says too little",
            with(id3(2_000, 30_000), vec![]),
        ),
        ("a tag that says too much", with(id3(20_000, 2_000), vec![])),
        (
            "a tag larger than the file",
            with(id3(200_000_000, 100), vec![]),
        ),
        (
            "two tags",
            with([id3(50, 50), id3(70, 70)].concat(), vec![]),
        ),
        ("zeros", with(vec![0; 100_000], vec![])),
        ("junk of 900 kB", with(noise(900_000), vec![])),
        ("an APE tag before", with(ape(5_000), vec![])),
        (
            "all tags behind",
            with(vec![], [ape(9_000), v1.clone()].concat()),
        ),
        ("zeros behind", with(vec![], vec![0; 50_000])),
    ] {
        hears(bytes, name, whole);
    }
    let middle = [mp3.clone(), ape(3_000), v1, id3(400, 400), mp3.clone()].concat();
    hears(middle, "tags in the middle", 2.0 * whole);
    for name in ["half.flac", "vorbis.ogg", "aac.aac"] {
        hears(
            [id3(300, 300), vec![0; 500], data(name)].concat(),
            name,
            seconds(name),
        );
    }
}

#[test]
fn an_absurd_number_of_frames_is_not_believed() {
    let mut bytes = data("vbr.mp3");
    let xing = bytes
        .windows(4)
        .position(|w| w == b"Xing" || w == b"Info")
        .unwrap();
    bytes[xing + 8..xing + 12].fill(0xff);
    let decoded = decode(bytes, "x.mp3");
    assert!((decoded.clip.seconds() - seconds("vbr.mp3")).abs() < 0.01);
    assert!(
        matches!(decoded.notes[..], [Note::Unmeasured { .. }]),
        "{:?}",
        decoded.notes
    );
}

#[test]
fn a_header_that_states_less_is_overruled_and_told_of() {
    let mut bytes = data("vbr.mp3");
    let xing = bytes
        .windows(4)
        .position(|w| w == b"Xing" || w == b"Info")
        .unwrap();
    bytes[xing + 8..xing + 12].copy_from_slice(&20_u32.to_be_bytes());
    let decoded = decode(bytes, "x.mp3");
    assert!((decoded.clip.seconds() - seconds("vbr.mp3")).abs() < 0.01);
    let [Note::LongerThanStated { heard, stated }] = decoded.notes[..] else {
        panic!("{:?}", decoded.notes);
    };
    assert!(stated < 1.0 && (heard - decoded.clip.seconds()).abs() < 0.01);
}

#[test]
fn both_sides_of_a_hole_are_heard_and_the_hole_is_told_of() {
    let hole = |mut bytes: Vec<u8>, from: usize, to: usize| {
        bytes[from..to].fill(0);
        bytes
    };
    for (name, from, to) in [
        ("vbr.mp3", 20_000, 30_000),
        ("cbr-44100.mp3", 16_000, 24_000),
        ("vorbis.ogg", 20_000, 24_000),
        ("aac.aac", 16_000, 24_000),
    ] {
        let whole = seconds(name);
        let decoded = decode(hole(data(name), from, to), name);
        let [
            Note::Missing {
                seconds,
                places: 1,
                at,
            },
        ] = decoded.notes[..]
        else {
            panic!("{name}: {:?}", decoded.notes);
        };
        let heard = decoded.clip.seconds();
        assert!(
            (heard + seconds - whole).abs() < 0.15,
            "{name}: {heard} + {seconds} of {whole}"
        );
        assert!(at > 0.2 && at < heard - 0.2, "{name}: {at}");
    }
    let long = flac_of(&melody(&[1.0], 96_000), 1, 96_000);
    let decoded = decode(hole(long, 90_000, 100_000), "x.flac");
    assert!(
        matches!(decoded.notes[..], [Note::Missing { places: 1, .. }]),
        "{:?}",
        decoded.notes
    );
    assert!(decoded.clip.seconds() > 0.8);
}

#[test]
fn a_lost_frame_is_not_worth_a_word() {
    let mut bytes = data("cbr-44100.mp3");
    bytes[20_000..20_010].fill(0xff);
    let decoded = decode(bytes, "x.mp3");
    assert_eq!(decoded.notes, []);
}

#[test]
fn a_file_that_is_mostly_gone_is_an_error() {
    let mut bytes = data("cbr-44100.mp3");
    let len = bytes.len();
    bytes[5_000..len - 5_000].fill(0);
    let error = decode_bytes(bytes, "x.mp3").unwrap_err();
    assert!(error.to_string().contains("cannot be decoded"), "{error}");
}

#[test]
fn an_ogg_file_without_its_beginning_says_so() {
    let bytes = data("vorbis.ogg");
    let third = ogg_pages(&bytes)[3].0;
    let error = decode_bytes(bytes[third..].to_vec(), "x.ogg").unwrap_err();
    assert!(
        error.to_string().contains("middle of an Ogg stream"),
        "{error}"
    );
    let error = decode_bytes(bytes[third + 100..].to_vec(), "x.ogg").unwrap_err();
    assert!(
        error.to_string().contains("middle of an Ogg stream"),
        "{error}"
    );
}

#[test]
fn a_decoder_that_fails_on_a_damaged_set_up_is_an_error_of_that_file() {
    let whole = data("vorbis.ogg");
    let (from, to) = ogg_pages(&whole)[1];
    for at in (from + 60..to).step_by(7) {
        let damaged = ogg_with(whole.clone(), |bytes| bytes[at] ^= 0x5a);
        let _ = decode_bytes(damaged, "x.ogg");
    }
    hears(whole, "vorbis.ogg", seconds("vorbis.ogg"));
}

#[test]
fn channels_that_cancel_are_heard_and_told_of() {
    let clean = decode(
        riff(&melody(&[1.0, 1.0], 44_100), 2, 44_100, false),
        "x.wav",
    );
    for right in [-1.0, -0.9] {
        let decoded = decode(
            riff(&melody(&[1.0, right], 44_100), 2, 44_100, false),
            "x.wav",
        );
        let [Note::Cancelling { seconds }] = decoded.notes[..] else {
            panic!("{:?}", decoded.notes);
        };
        assert_eq!(seconds, 1.0);
        assert!((decoded.clip.peak() / clean.clip.peak() - (1.0 - right) / 2.0).abs() < 0.01);
    }
    for gains in [[1.0, 0.0], [0.0, 1.0], [1.0, 0.5]] {
        let decoded = decode(riff(&melody(&gains, 44_100), 2, 44_100, false), "x.wav");
        assert_eq!(decoded.notes, []);
        assert!(decoded.clip.peak() > 0.2);
    }
    let left: Vec<f32> = clean.clip.samples().to_vec();
    let right: Vec<f32> = left.iter().map(|s| -s).collect();
    let (clip, notes) = mixed(&[&left, &right], 44_100).unwrap();
    assert_eq!(clip.samples(), left);
    assert!(matches!(notes[..], [Note::Cancelling { .. }]));
}

#[test]
fn plain_samples_in_quicktime_are_decoded_in_their_byte_order() {
    let tone: Vec<f64> = (0..8_000)
        .map(|n| (f64::from(n) * 0.3).sin() * 0.5)
        .collect();
    let expected: Vec<f32> = tone.iter().map(|v| *v as f32).collect();
    let int = |width: usize, little: bool| -> Vec<u8> {
        let bytes = |value: &f64| {
            let scaled = (value * (f64::from(8 * width as u32 - 1)).exp2()).round() as i64;
            let be = scaled.to_be_bytes()[8 - width..].to_vec();
            if little {
                be.into_iter().rev().collect()
            } else {
                be
            }
        };
        tone.iter().flat_map(bytes).collect()
    };
    let float32 = |little: bool| -> Vec<u8> {
        let order = |v: &f64| {
            if little {
                (*v as f32).to_le_bytes()
            } else {
                (*v as f32).to_be_bytes()
            }
        };
        tone.iter().flat_map(order).collect()
    };
    let float64 = |little: bool| -> Vec<u8> {
        let order = |v: &f64| {
            if little {
                v.to_le_bytes()
            } else {
                v.to_be_bytes()
            }
        };
        tone.iter().flat_map(order).collect()
    };
    for (kind, width, endian, samples) in [
        (b"in24", 3, None, int(3, false)),
        (b"in24", 3, Some(false), int(3, false)),
        (b"in24", 3, Some(true), int(3, true)),
        (b"in32", 4, Some(false), int(4, false)),
        (b"in32", 4, Some(true), int(4, true)),
        (b"fl32", 4, None, float32(false)),
        (b"fl32", 4, Some(true), float32(true)),
        (b"fl64", 8, Some(false), float64(false)),
        (b"fl64", 8, Some(true), float64(true)),
        (b"twos", 2, None, int(2, false)),
        (b"sowt", 2, None, int(2, true)),
    ] {
        let name = format!("{} {endian:?}", String::from_utf8_lossy(kind));
        let decoded = decode(quicktime(kind, width, endian, &samples, 8_000), &name);
        assert_eq!(decoded.clip.samples().len(), 8_000, "{name}");
        for (found, wanted) in decoded.clip.samples().iter().zip(&expected) {
            assert!(
                (found - wanted).abs() < 1e-4,
                "{name}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn big_endian_riff_and_w64_are_wav_files_too() {
    let samples = melody(&[1.0], 22_050);
    let wav = decode(riff(&samples, 1, 22_050, false), "x.wav");
    assert_eq!(decode(riff(&samples, 1, 22_050, true), "x.wav"), wav);
    assert_eq!(decode(w64(&samples, 1, 22_050), "x.w64"), wav);
}

#[test]
fn the_lower_half_of_he_aac_is_heard_and_the_rest_told_of() {
    let mut bytes = data("aac-44100.m4a");
    // AAC-LC with the extension that says whether a replicated band follows: none here.
    let at = bytes
        .windows(3)
        .position(|w| w == [0x56, 0xe5, 0])
        .expect("the encoder writes the extension");
    bytes[at + 2] = 0xa0; // now there is one
    let decoded = decode(bytes, "x.m4a");
    assert_eq!(decoded.notes, [Note::LowerBand { hertz: 22_050 }]);
    assert_eq!(decoded.clip, decode(data("aac-44100.m4a"), "x.m4a").clip);
}

#[test]
fn opus_is_decoded_and_its_pre_skip_left_out() {
    for channels in [1, 2] {
        let decoded = decode(opus(channels), "x.opus");
        assert_eq!((decoded.channels, decoded.source_rate), (channels, 48_000));
        assert!(
            (decoded.clip.seconds() - 1.0).abs() < 0.03,
            "{}",
            decoded.clip.seconds()
        );
        let rms = |s: &[f32]| (s.iter().map(|v| v * v).sum::<f32>() / s.len() as f32).sqrt();
        let original: Vec<f32> = melody(&[1.0], 48_000)
            .iter()
            .map(|s| f32::from(*s) / 32_768.0)
            .collect();
        let share = rms(decoded.clip.samples()) / rms(&original);
        assert!((share - 1.0).abs() < 0.1, "{share}");
    }
}

#[test]
fn high_rates_are_brought_down_while_decoding() {
    let decoded = decode(riff(&melody(&[1.0], 192_000), 1, 192_000, false), "x.wav");
    assert_eq!(
        (decoded.source_rate, decoded.clip.rate()),
        (192_000, 48_000)
    );
    assert_eq!(decoded.clip.samples().len(), 48_000);
    let original = decode(riff(&melody(&[1.0], 48_000), 1, 48_000, false), "x.wav");
    let pairs = decoded.clip.samples().iter().zip(original.clip.samples());
    // The filter rings at the ends.
    for (a, b) in pairs.skip(500).take(47_000) {
        assert!((a - b).abs() < 2e-3, "{a} {b}");
    }
}

#[test]
fn pieces_put_together_are_the_whole() {
    let song = synth::sample_song();
    let samples: Vec<i16> = song
        .samples()
        .iter()
        .map(|s| (s * 30_000.0) as i16)
        .collect();
    let bytes = riff(&samples, 1, song.rate(), false);
    let whole = decode(bytes.clone(), "x.wav");
    let mut reader = SoundReader::from_bytes(bytes, "x.wav").unwrap();
    let (mut pieces, mut count) = (Vec::new(), 0);
    while let Some(piece) = reader.next_piece(7.0).unwrap() {
        assert!(piece.seconds() >= 7.0);
        pieces.extend_from_slice(piece.samples());
        count += 1;
    }
    assert!(count > 1 && reader.ended());
    assert_eq!(pieces, whole.clip.samples());
}

#[test]
fn pieces_brought_to_a_rate_are_the_whole_brought_to_it() {
    let song = synth::sample_song();
    let quiet: Vec<i16> = song
        .samples()
        .iter()
        .map(|s| (s * 20_000.0) as i16)
        .collect();
    // Down, up, and not at all.
    for rate in [16_000, 44_100, song.rate()] {
        let bytes = riff(&quiet, 1, song.rate(), false);
        let whole = decode(bytes.clone(), "x.wav").clip;
        let whole = whole.resampled(rate).unwrap();
        let mut reader = SoundReader::from_bytes(bytes, "x.wav").unwrap();
        reader.bring_to(rate).unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = reader.next_piece(7.0).unwrap() {
            assert_eq!(piece.rate(), rate);
            // Later it changes nothing.
            reader.bring_to(8_000).unwrap();
            pieces.extend_from_slice(piece.samples());
        }
        assert_eq!(reader.source_rate(), song.rate());
        assert_eq!(pieces, whole.samples(), "at {rate} Hz");
    }
    let mut reader = SoundReader::from_bytes(riff(&quiet, 1, 22_050, false), "x.wav").unwrap();
    assert_eq!(reader.bring_to(7_999), Err(AudioError::Rate(7_999)));
}

#[test]
fn a_sound_of_several_pieces_is_predicted_as_they_are_one_by_one() {
    // Twelve minutes of another song every minute, at a rate that is not the model's.
    let song = synth::sample_song();
    let minute = |at: usize| {
        let samples = song.samples().iter().cycle().skip(at * 31_000);
        samples.take(8_000 * 60).map(|s| (s * 30_000.0) as i16)
    };
    let samples: Vec<i16> = (0..12).flat_map(minute).collect();
    let bytes = riff(&samples, 1, 8_000, false);
    let predictor = Predictor::on_processor(soundalike_shipped::MODEL).unwrap();
    let mut reader = SoundReader::from_bytes(bytes.clone(), "x.wav").unwrap();
    let found = predictor.predict_reader(&mut reader).unwrap();
    assert!((found.seconds - 720.0).abs() < 1e-6);
    assert!(
        found
            .timeline
            .windows(2)
            .all(|pair| pair[0].end == pair[1].start)
    );

    let whole = decode(bytes, "x.wav").clip.resampled(16_000).unwrap();
    let cut = 600 * 16_000;
    let parts = [&whole.samples()[..cut], &whole.samples()[cut..]];
    let parts = parts.map(|part| {
        let clip = Clip::new(part.to_vec(), 16_000).unwrap();
        predictor.predict(&clip).unwrap()
    });
    let expected: Vec<f32> = parts
        .iter()
        .flat_map(|part| part.timeline.iter().flat_map(|at| at.probabilities.clone()))
        .collect();
    let timeline = found
        .timeline
        .iter()
        .flat_map(|at| at.probabilities.clone());
    let timeline: Vec<f32> = timeline.collect();
    assert_eq!(timeline.len(), expected.len());
    for (a, b) in timeline.iter().zip(&expected) {
        // The same segments; only the order in which batches are summed may differ.
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

#[test]
fn a_sound_beyond_the_limit_is_told_of() {
    let bytes = riff(&melody(&[1.0], 8_000).repeat(90), 1, 8_000, false);
    let reader = SoundReader::from_bytes(bytes, "x.wav").unwrap();
    let mut reader = reader.limited_to(60.0);
    let piece = reader.next_piece(600.0).unwrap().unwrap();
    assert_eq!(piece.seconds(), 60.0);
    assert_eq!(reader.notes(), [Note::OnlyFirst { minutes: 1 }]);
}

/// Changes bytes of files at random, with the checksums of Ogg pages right again, for as many seconds as
/// MUTATE_SECONDS says (60), and prints what came of it. The files are kept in MUTATE_FOLDER, where it is set.
#[test]
#[ignore = "takes as long as it is told to"]
fn mutated_files_are_a_sound_or_a_sentence() {
    let seconds = std::env::var("MUTATE_SECONDS").map_or(60, |text| text.parse().unwrap());
    let names = [
        "vbr.mp3",
        "cbr-44100.mp3",
        "half.flac",
        "vorbis.ogg",
        "aac.aac",
        "aac-44100.m4a",
        "half-alac.m4a",
        "half.aiff",
        "half.aifc",
        "half.au",
        "half-float.wav",
    ];
    let mut files: Vec<(String, Vec<u8>)> = names
        .iter()
        .map(|name| ((*name).to_owned(), data(name)))
        .collect();
    files.push(("opus".to_owned(), opus(2)));
    let tone: Vec<u8> = melody(&[1.0], 8_000)
        .iter()
        .flat_map(|s| s.to_be_bytes())
        .collect();
    files.push((
        "quicktime".to_owned(),
        quicktime(b"twos", 2, None, &tone, 8_000),
    ));
    let mut random = noise(1 << 20).into_iter().cycle().skip(17);
    let mut number = move |below: usize| {
        let bytes: Vec<u8> = random.by_ref().step_by(3).take(4).collect();
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize % below
    };
    let folder = std::env::var_os("MUTATE_FOLDER").map(std::path::PathBuf::from);
    let began = std::time::Instant::now();
    let (mut heard, mut refused, mut panics) = (0, 0, 0);
    while began.elapsed().as_secs() < seconds {
        let (name, whole) = &files[number(files.len())];
        let mut bytes = whole.clone();
        for _ in 0..=number(8) {
            // Half of the changes are in the headers.
            let reach = if number(2) == 0 {
                bytes.len().min(4_096)
            } else {
                bytes.len()
            };
            let at = number(reach);
            let end = bytes.len().min(at + number(600));
            match number(4) {
                0 => bytes[at] ^= 1 << number(8),
                1 => bytes[at] = number(256) as u8,
                2 => bytes[at..end].fill(0),
                _ => drop(bytes.drain(at..end.min(at + 64).min(bytes.len() - 1).max(at))),
            }
        }
        ogg::mend(&mut bytes);
        if bytes.starts_with(b"fLaC") {
            flac::mend(&mut bytes);
        }
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{}-{name}", heard + refused)), &bytes).unwrap();
        }
        match decode_bytes(bytes, name) {
            Ok(_) => heard += 1,
            Err(error) => {
                refused += 1;
                panics += usize::from(error.to_string().contains("decoder fails"));
            }
        }
    }
    println!(
        "{} files in {seconds} s: {heard} heard, {refused} refused, {panics} of these for a panic of a decoder",
        heard + refused
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_sound_or_a_sentence(start in 0_usize..8, bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let magic: [&[u8]; 8] = [b"", b"RIFF\0\0\0\0WAVEfmt ", b"fLaC\x80\0\0\x22", b"OggS\0\x02", b"\xff\xfb\x90\x44", b"\0\0\0\x18ftypM4A ", b"\x1aE\xdf\xa3", b"caff\0\x01\0\0"];
        let file = [magic[start], &bytes].concat();
        match decode_bytes(file, "x") {
            Ok(decoded) => prop_assert!(decoded.clip.samples().iter().all(|s| s.is_finite())),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_samples_of_any_layout_are_mixed_to_as_many_seconds(
        channels in 1_usize..=8,
        rate in 8_000_u32..=192_000,
        samples in prop::collection::vec(-1.0_f32..1.0, 800..4_000),
    ) {
        let frames = samples.len() / channels;
        let columns: Vec<Vec<f32>> = (0..channels).map(|c| samples[c * frames..(c + 1) * frames].to_vec()).collect();
        let slices: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let (clip, _) = mixed(&slices, rate).unwrap();
        prop_assert_eq!(clip.samples().len(), frames);
        prop_assert!(clip.samples().iter().all(|s| s.abs() <= 1.0));
    }
}
