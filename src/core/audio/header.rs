//! What a file is, told by its content.

use std::io::{Cursor, Read, Seek};

use super::bytes::{be32, read_at, read_up_to};
use super::error::AudioError;
use super::mp4::{self, Edit};
use super::mpeg::{self, MpegKind};
use super::pcm::Pcm;
use super::wav::Wav;
use super::{aiff, au, ogg, wav};

/// A file recognised.
#[derive(Debug)]
pub(super) enum SoundHeader {
    /// Plain samples, decoded here.
    Plain(Pcm),
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
    pub codec: String,
    /// Why it cannot be decoded here, although its rate is known.
    pub refusal: Option<AudioError>,
    /// Whether the length that the container states can be relied on.
    pub states_length: bool,
    /// Whether a mark at the file's end is missing, so that it was cut.
    pub cut: bool,
    pub edit: Option<Edit>,
    /// Where an MP4's last box says it ends, bytes.
    pub end: Option<u64>,
}

/// Which of symphonia's readers opens the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Wav,
    Flac,
    Mpeg,
    Adts,
    Ogg,
    Mp4,
}

impl SoundHeader {
    /// Sample rate in Hz, where the header has one.
    pub(super) fn rate(&self) -> Option<u32> {
        match self {
            Self::Plain(pcm) => Some(pcm.rate),
            Self::Coded(coded) => coded.rate,
        }
    }

    /// Number of channels, where the header has it.
    pub(super) fn channels(&self) -> Option<usize> {
        match self {
            Self::Plain(pcm) => Some(pcm.channels),
            Self::Coded(coded) => coded.channels,
        }
    }
}

impl Coded {
    fn new(container: Container, codec: &str) -> Self {
        Self {
            container,
            rate: None,
            channels: None,
            codec: codec.to_owned(),
            refusal: None,
            states_length: false,
            cut: false,
            edit: None,
            end: None,
        }
    }
}

/// The sample rate in Hz that a sound file's header states, without decoding.
///
/// Knows every format that [`decode_bytes`](super::decode_bytes) knows, and Opus in Ogg, which a
/// browser can decode. None if the bytes are of no such format, or the rate lies outside
/// 8 000..=192 000 Hz.
#[must_use]
pub fn probe_rate(bytes: &[u8]) -> Option<u32> {
    let rate = read(&mut Cursor::new(bytes)).ok()?.rate()?;
    (super::MIN_RATE..=super::MAX_RATE)
        .contains(&rate)
        .then_some(rate)
}

/// Recognises a file.
pub(super) fn read(file: &mut (impl Read + Seek)) -> Result<SoundHeader, AudioError> {
    let at = after_id3(file)?;
    let mut start = [0; 16];
    let filled = read_up_to(file, at, &mut start)?;
    let start = &start[..filled];
    let (magic, form) = (start.get(..4).unwrap_or(b"    "), start.get(8..12));
    Ok(match (magic, form) {
        (b"RIFF" | b"RF64" | b"BW64", Some(b"WAVE")) => match wav::read(file, at)? {
            Wav::Plain(pcm) => SoundHeader::Plain(pcm),
            Wav::Adpcm(channels, rate) => SoundHeader::Coded(Coded {
                rate: Some(rate),
                channels: Some(channels),
                states_length: true,
                ..Coded::new(Container::Wav, "ADPCM in a WAV file")
            }),
        },
        (b"FORM", Some(b"AIFF")) => SoundHeader::Plain(aiff::read(file, at, false)?),
        (b"FORM", Some(b"AIFC")) => SoundHeader::Plain(aiff::read(file, at, true)?),
        (b".snd", _) => SoundHeader::Plain(au::read(file, at)?),
        (b"fLaC", _) => SoundHeader::Coded(flac(file, at)?),
        (b"OggS", _) => SoundHeader::Coded(ogg(file, at)?),
        _ if start.get(4..8) == Some(b"ftyp") => SoundHeader::Coded(mp4(file, at)?),
        _ => match known_stranger(start) {
            Some(name) => return Err(AudioError::unsupported(name)),
            None => SoundHeader::Coded(frames(file, at)?),
        },
    })
}

/// Position after any ID3v2 tags at the file's start.
fn after_id3(file: &mut (impl Read + Seek)) -> Result<u64, AudioError> {
    let mut at = 0;
    for _ in 0..16 {
        match read_at::<10>(file, at)? {
            Some(tag) if tag.starts_with(b"ID3") => {
                let size = tag[6..]
                    .iter()
                    .fold(0, |size, byte| size << 7 | u64::from(byte & 127));
                let footer = if tag[5] & 0x10 == 0 { 0 } else { 10 };
                at += 10 + size + footer;
            }
            _ => break,
        }
    }
    Ok(at)
}

fn flac(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    let info: [u8; 18] =
        read_at(file, at + 8)?.ok_or_else(|| AudioError::damaged("its header is cut short"))?;
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
    let stream = ogg::read(file, at)?.ok_or(AudioError::NoAudioTrack)?;
    Ok(Coded {
        rate: Some(stream.rate),
        channels: Some(stream.channels),
        refusal: stream.undecodable.map(AudioError::unsupported),
        cut: !stream.ends,
        ..Coded::new(Container::Ogg, "Vorbis")
    })
}

fn mp4(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    let track = mp4::read(file, at)?;
    let (codec, decodable) = match &track.codec {
        b"mp4a" => ("AAC of a kind other than LC in mono or stereo", true),
        b"alac" => ("Apple Lossless", true),
        b"fLaC" => ("FLAC", true),
        b".mp3" => ("MP3", true),
        b"Opus" => ("Opus", false),
        b"ac-3" | b"ec-3" => ("Dolby Digital", false),
        b"samr" | b"sawb" => ("AMR", false),
        b"drms" | b"enca" => ("", true),
        other => {
            return Ok(Coded {
                rate: Some(track.rate),
                ..Coded::new(Container::Mp4, &String::from_utf8_lossy(other))
            });
        }
    };
    Ok(Coded {
        rate: Some(track.rate),
        // ALAC and AAC tell the truth elsewhere; only a plain impossibility is believed.
        channels: None,
        refusal: match &track.codec {
            b"drms" | b"enca" => Some(AudioError::Protected),
            _ if !decodable => Some(AudioError::unsupported(codec)),
            _ => None,
        },
        states_length: true,
        edit: track.edit,
        end: Some(track.end),
        ..Coded::new(Container::Mp4, codec)
    })
}

fn frames(file: &mut (impl Read + Seek), at: u64) -> Result<Coded, AudioError> {
    let frames = mpeg::find(file, at)?.ok_or(AudioError::NotSound { extension: None })?;
    let coded = match frames.kind {
        MpegKind::Mp3 => Coded::new(Container::Mpeg, "MP3"),
        MpegKind::OtherLayer => Coded {
            refusal: Some(AudioError::unsupported("MPEG audio of layer I or II")),
            ..Coded::new(Container::Mpeg, "MPEG audio")
        },
        MpegKind::Adts => Coded::new(
            Container::Adts,
            "AAC of a kind other than LC in mono or stereo",
        ),
    };
    Ok(Coded {
        rate: Some(frames.rate),
        channels: frames.channels,
        states_length: frames.states_length,
        ..coded
    })
}

/// Formats that hold sound and have no reader here, by their first bytes.
fn known_stranger(start: &[u8]) -> Option<&'static str> {
    const STRANGERS: [(&[u8], &str); 12] = [
        (b"\x1aE\xdf\xa3", "WebM or Matroska"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA)"),
        (b"MThd", "MIDI, notes without sound,"),
        (b"caff", "Apple Core Audio (CAF)"),
        (b"wvpk", "WavPack"),
        (b"MAC ", "Monkey's Audio"),
        (b"#!AMR", "AMR"),
        (b"MPCK", "Musepack"),
        (b"MP+", "Musepack"),
        (b"TTA1", "True Audio"),
        (b"DSD ", "DSD"),
        (b"FLV\x01", "Flash Video"),
    ];
    let found = STRANGERS.iter().find(|(magic, _)| start.starts_with(magic));
    let avi = start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ");
    found.map(|(_, name)| *name).or(avi.then_some("AVI"))
}
