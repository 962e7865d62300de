//! What a file is, told by its content.

use std::collections::VecDeque;
use std::io::{Cursor, Read, Seek};

use super::bytes::{be32, read_at, read_up_to};
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::extent::after_tags;
use super::mp4::{self, Edit};
use super::mpeg::{self, Frames, SEARCH};
use super::pcm::{Encoding, Pcm};
use super::wav::{W64, Wav};
use super::{aiff, au, ogg, wav};

/// A file recognised.
#[derive(Debug)]
pub(super) enum SoundHeader {
    /// Plain samples.
    Plain(Pcm),
    /// A bare chain of frames: MPEG audio or AAC in ADTS.
    Frames(Frames),
    /// Anything else, decoded by symphonia.
    Coded(Coded),
}

/// A coded file.
#[derive(Debug)]
pub(super) struct Coded {
    pub container: Container,
    /// Sample rate in Hz, where the header has one.
    pub rate: Option<u32>,
    pub channels: Option<usize>,
    /// The codec's name, as far as known.
    pub codec: Codec,
    /// Why it cannot be decoded here, although its rate is known.
    pub refusal: Option<AudioError>,
    /// Whether the length that the container states can be relied on.
    pub states_length: bool,
    /// Whether a mark at the file's end is missing, so that it was cut.
    pub cut: bool,
    pub edit: Option<Edit>,
    /// Where an MP4's last box says it ends, bytes.
    pub end: Option<u64>,
    /// Plain samples in MP4: how they are written, whether big-endian, and channels.
    pub plain: Option<(Encoding, bool, usize)>,
    /// Frames before the first damaged page of an Ogg file.
    pub whole_frames: Option<u64>,
}

/// Which of symphonia's readers opens the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Wav,
    Flac,
    Ogg,
    Mp4,
    Matroska,
    Caf,
}

impl SoundHeader {
    /// Sample rate in Hz, where the header has one.
    pub(super) fn rate(&self) -> Option<u32> {
        match self {
            Self::Plain(pcm) => Some(pcm.rate),
            Self::Frames(frames) => Some(frames.rate),
            Self::Coded(coded) => coded.rate,
        }
    }

    /// Number of channels, where the header has it.
    pub(super) fn channels(&self) -> Option<usize> {
        match self {
            Self::Plain(pcm) => Some(pcm.channels),
            Self::Frames(frames) => frames.channels,
            Self::Coded(coded) => coded.channels,
        }
    }
}

impl Coded {
    fn new(container: Container, codec: impl Into<Codec>) -> Self {
        Self {
            container,
            rate: None,
            channels: None,
            codec: codec.into(),
            refusal: None,
            states_length: false,
            cut: false,
            edit: None,
            end: None,
            plain: None,
            whole_frames: None,
        }
    }
}

/// The sample rate in Hz that a sound file's header states, without decoding.
///
/// Knows the formats that [`decode_bytes`](super::decode_bytes) knows, but not the rates of Matroska and CAF. None if the bytes are of no such format, or the rate lies outside
/// 8 000..=192 000 Hz.
#[must_use]
pub fn probe_rate(bytes: &[u8]) -> Option<u32> {
    let rate = read(&mut Cursor::new(bytes)).ok()?.0.rate()?;
    (super::MIN_RATE..=super::MAX_RATE)
        .contains(&rate)
        .then_some(rate)
}

/// Recognises a file; where its sound begins, past tags and junk, comes with it.
pub(super) fn read(file: &mut (impl Read + Seek)) -> Result<(SoundHeader, u64), AudioError> {
    let after = after_tags(file)?;
    if let Some(header) = read_at_start(file, after)? {
        return Ok((header, after));
    }
    // Some tags say too much or too little, and some files begin with junk.
    // A tag that says too much hides the beginning, so the whole of it is looked through first.
    for from in [0, after] {
        if let Some(at) = find_magic(file, from)?
            && let Some(header) = read_at_start(file, at)?
        {
            return Ok((header, at));
        }
        if let Some((at, frames)) = mpeg::find(file, from)? {
            return Ok((SoundHeader::Frames(frames), at));
        }
    }
    let mut bytes = vec![0; SEARCH];
    let filled = read_up_to(file, after, &mut bytes)?;
    let mut windows = bytes[..filled].windows(5);
    if windows.any(|window| window == b"OggS\0") {
        return Err(middle_of_ogg());
    }
    Err(AudioError::NotSound { extension: None })
}

fn middle_of_ogg() -> AudioError {
    Damage::MiddleOfOgg.into()
}

/// Recognises a file that begins exactly at `at`; none if it does not.
fn read_at_start(
    file: &mut (impl Read + Seek),
    at: u64,
) -> Result<Option<SoundHeader>, AudioError> {
    let mut start = [0; 16];
    let filled = read_up_to(file, at, &mut start)?;
    let start = &start[..filled];
    let (magic, form) = (start.get(..4).unwrap_or(b"    "), start.get(8..12));
    Ok(Some(match (magic, form) {
        (b"RIFF" | b"RF64" | b"BW64" | b"RIFX", Some(b"WAVE")) => {
            let found = wav::read(file, at)?;
            wave(file, found)?
        }
        _ if start == W64 => {
            let found = wav::read_w64(file, at)?;
            wave(file, found)?
        }
        (b"FORM", Some(b"AIFF")) => SoundHeader::Plain(aiff::read(file, at, false)?),
        (b"FORM", Some(b"AIFC")) => SoundHeader::Plain(aiff::read(file, at, true)?),
        (b".snd", _) => SoundHeader::Plain(au::read(file, at)?),
        (b"fLaC", _) => SoundHeader::Coded(flac(file, at)?),
        (b"OggS", _) => SoundHeader::Coded(ogg(file, at)?),
        (b"caff", _) => SoundHeader::Coded(Coded::new(Container::Caf, Codec::Unknown("CAF"))),
        (b"\x1aE\xdf\xa3", _) => SoundHeader::Coded(Coded::new(
            Container::Matroska,
            Codec::Unknown("Matroska or WebM"),
        )),
        _ if matches!(
            start.get(4..8),
            Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free")
        ) =>
        {
            SoundHeader::Coded(mp4(file, at)?)
        }
        _ => match known_stranger(start) {
            Some(name) => return Err(AudioError::unsupported(name)),
            None => return Ok(mpeg::read(file, at)?.map(SoundHeader::Frames)),
        },
    }))
}

fn wave(file: &mut (impl Read + Seek), wav: Wav) -> Result<SoundHeader, AudioError> {
    Ok(match wav {
        Wav::Plain(pcm) => SoundHeader::Plain(pcm),
        Wav::Adpcm(channels, rate) => SoundHeader::Coded(Coded {
            rate: Some(rate),
            channels: Some(channels),
            states_length: true,
            ..Coded::new(
                Container::Wav,
                Codec::Inside {
                    codec: "ADPCM",
                    format: "WAV",
                },
            )
        }),
        Wav::Mpeg(start) => match mpeg::find(file, start)? {
            Some((_, frames)) => SoundHeader::Frames(frames),
            None => return Err(Damage::NothingDecodable.into()),
        },
    })
}

/// Where a FLAC or Ogg file begins within the first mebibyte from `from` on.
fn find_magic(file: &mut (impl Read + Seek), from: u64) -> Result<Option<u64>, AudioError> {
    let mut bytes = vec![0; SEARCH];
    let filled = read_up_to(file, from, &mut bytes)?;
    let begins = |window: &[u8]| {
        is_flac(window) || window.starts_with(b"OggS\0") && window[5] & ogg::FIRST != 0
    };
    let found = bytes[..filled].windows(8).position(begins);
    Ok(found.map(|at| from + at as u64))
}

/// Whether a FLAC file begins with these eight bytes: its mark, and the header of a stream-info block.
fn is_flac(bytes: &[u8]) -> bool {
    bytes.starts_with(b"fLaC") && bytes[4] & 0x7f == 0 && bytes[5..8] == [0, 0, 34]
}

/// The FLAC files that lie one after another from `start` to `end`, from where to where.
pub(super) fn flac_parts(
    file: &mut (impl Read + Seek),
    start: u64,
    end: u64,
) -> Result<VecDeque<Vec<(u64, u64)>>, AudioError> {
    const READ: usize = 1 << 20;
    let mut starts = Vec::new();
    let mut bytes = vec![0; READ];
    let mut at = start;
    while at < end {
        let filled = read_up_to(file, at, &mut bytes)?;
        let marks = bytes[..filled].windows(8).enumerate();
        let found = marks.filter(|(_, window)| is_flac(window));
        starts.extend(
            found
                .map(|(offset, _)| at + offset as u64)
                .filter(|at| *at < end),
        );
        if filled < READ {
            break;
        }
        at += (READ - 7) as u64; // a mark may lie across the border
    }
    let ends = starts.iter().copied().skip(1).chain([end]);
    Ok(starts
        .iter()
        .copied()
        .zip(ends)
        .map(|part| vec![part])
        .collect())
}

fn flac(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    let info: [u8; 18] = read_at(file, at + 8)?.ok_or(Damage::HeaderCutShort)?;
    let (rate, channels) = ogg::flac(&info).unwrap_or_default();
    let frames_stated = be32(&info, 14) != 0 || info[13] & 15 != 0;
    Ok(Coded {
        rate: Some(rate),
        channels: Some(channels),
        states_length: frames_stated,
        ..Coded::new(Container::Flac, "FLAC")
    })
}

fn ogg(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    if !ogg::begins(file, at)? {
        return Err(middle_of_ogg());
    }
    let stream = ogg::read(file, at)?.ok_or(AudioError::NoAudioTrack)?;
    Ok(Coded {
        rate: Some(stream.rate),
        channels: Some(stream.channels),
        refusal: stream.undecodable.map(AudioError::unsupported),
        cut: !stream.ends,
        ..Coded::new(Container::Ogg, stream.codec)
    })
}

fn mp4(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    let track = mp4::read(file, at)?;
    if let Some((encoding, big_endian)) = track.plain {
        return Ok(Coded {
            rate: Some(track.rate),
            channels: Some(track.channels),
            states_length: true,
            edit: track.edit,
            end: Some(track.end),
            plain: Some((encoding, big_endian, track.channels)),
            ..Coded::new(Container::Mp4, "plain samples")
        });
    }
    let (codec, decodable) = match &track.codec {
        b"mp4a" => (Codec::RareAac, true),
        b"alac" => ("Apple Lossless".into(), true),
        b"fLaC" => ("FLAC".into(), true),
        b".mp3" => ("MP3".into(), true),
        b"Opus" => ("Opus".into(), true),
        b"ac-3" | b"ec-3" => ("Dolby Digital".into(), false),
        b"samr" | b"sawb" => ("AMR".into(), false),
        b"drms" | b"enca" => ("".into(), true),
        other => {
            return Ok(Coded {
                rate: Some(track.rate),
                ..Coded::new(Container::Mp4, String::from_utf8_lossy(other).as_ref())
            });
        }
    };
    Ok(Coded {
        rate: Some(track.rate),
        // ALAC and AAC tell the truth elsewhere; only a plain impossibility is believed.
        channels: None,
        refusal: match &track.codec {
            b"drms" | b"enca" => Some(AudioError::Protected),
            _ if !decodable => Some(AudioError::unsupported(codec.clone())),
            _ => None,
        },
        states_length: true,
        edit: track.edit,
        end: Some(track.end),
        ..Coded::new(Container::Mp4, codec)
    })
}

/// Formats that hold sound and have no reader here, by their first bytes.
fn known_stranger(start: &[u8]) -> Option<Codec> {
    const STRANGERS: [(&[u8], &str); 12] = [
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA)"),
        (b"wvpk", "WavPack"),
        (b"MAC ", "Monkey's Audio"),
        (b"#!AMR", "AMR"),
        (b"MPCK", "Musepack"),
        (b"MP+", "Musepack"),
        (b"TTA1", "True Audio"),
        (b"DSD ", "DSD"),
        (b"FRM8", "DSD"),
        (b"\x0b\x77", "Dolby Digital (AC-3)"),
        (b".RMF", "RealAudio"),
        (b"FLV\x01", "Flash Video"),
    ];
    if start.starts_with(b"MThd") {
        return Some(Codec::Midi);
    }
    let found = STRANGERS.iter().find(|(magic, _)| start.starts_with(magic));
    let avi = start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ");
    found
        .map(|(_, name)| *name)
        .or(avi.then_some("AVI"))
        .map(Codec::from)
}
