//! Sound files to mono clips.

use std::fmt;
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Trouble;
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::well_known::METADATA_ID_ID3V1;
use symphonia::core::meta::{MetadataOptions, MetadataRevision, StandardTag};
use symphonia::default::{formats, get_codecs, meta};

use super::clip::Clip;
use super::error::AudioError;
use super::header::{self, Coded, Container, SoundHeader};
use super::limits::{MAX_CHANNELS, MAX_RATE, MAX_SECONDS, MIN_RATE};
use super::tags::Tags;
use crate::message::Message;

/// Packets in a row without sound after which a file counts as ended.
const MAX_BARREN: usize = 4_096;

/// Samples louder than this times full scale are a decoder's misreading of damaged data.
const ABSURD: f32 = 1e3;

/// Frames by which a stated length may miss without a word: an MP3's last frames, roundings.
const SLACK: u64 = 4_608;

/// A decoded file.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The sound, mixed to mono (mean of the channels) at the file's own rate.
    pub clip: Clip,
    /// Channels of the file, 1 to 8.
    pub channels: usize,
    /// Sample rate of the file in Hz, 8 000..=192 000; equals `clip.rate()`.
    pub source_rate: u32,
    /// The file's tags.
    pub tags: Tags,
    /// Notes for the listener, in no particular order; mostly empty.
    pub notes: Vec<Note>,
}

/// Something about a decoded file that a listener should know; displays as one sentence.
#[derive(Debug, Clone, PartialEq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "decoding.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The file ends before its sound does.
    CutShort {
        /// Seconds decoded.
        heard: f64,
        /// Seconds that the header promises, where it does.
        whole: Option<f64>,
    },
    /// The header states no length, or an impossible one, as of a recording that was never finished.
    Unmeasured {
        /// Seconds decoded: all that are there.
        heard: f64,
    },
    /// Frames that could not be decoded were left out.
    Damaged {
        /// How many.
        frames: usize,
    },
    /// The sound goes on after [`MAX_SECONDS`].
    OnlyFirst {
        /// Minutes decoded.
        minutes: u32,
    },
    /// The file is several recordings joined, of which the first was decoded.
    OnlyFirstRecording,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort {
                heard,
                whole: Some(whole),
            } => write!(
                f,
                "The file is cut short: heard the first {heard:.1} s of {whole:.1} s."
            ),
            Self::CutShort { heard, whole: None } => {
                write!(f, "The file is cut short: heard the first {heard:.1} s.")
            }
            Self::Unmeasured { heard } => write!(
                f,
                "The file does not say truly how long it is: heard all {heard:.1} s that are there."
            ),
            Self::Damaged { frames: 1 } => f.write_str("One damaged frame was skipped."),
            Self::Damaged { frames } => write!(f, "{frames} damaged frames were skipped."),
            Self::OnlyFirst { minutes } => {
                write!(
                    f,
                    "The sound is long: only the first {minutes} minutes were heard."
                )
            }
            Self::OnlyFirstRecording => {
                f.write_str("The file joins several recordings: only the first was heard.")
            }
        }
    }
}

impl Message for Note {
    fn code(&self) -> &'static str {
        match self {
            // Two sentences in every language, so two messages.
            Self::CutShort { whole: Some(_), .. } => "decoding.cut_short_of",
            Self::Damaged { frames: 1 } => "decoding.damaged_once",
            other => other.into(),
        }
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        let seconds = |value: &f64| format!("{value:.1}");
        match self {
            Self::CutShort { heard, whole } => {
                let whole = whole.iter().map(|whole| ("whole", seconds(whole)));
                std::iter::once(("heard", seconds(heard)))
                    .chain(whole)
                    .collect()
            }
            Self::Unmeasured { heard } => vec![("heard", seconds(heard))],
            Self::Damaged { frames } => vec![("frames", frames.to_string())],
            Self::OnlyFirst { minutes } => vec![("minutes", minutes.to_string())],
            Self::OnlyFirstRecording => Vec::new(),
        }
    }
}

/// Decodes a sound file held in memory.
///
/// `name` is the file's name; only its ending is used, and only to word a refusal: the format is
/// told by the content. Formats: WAV (8 to 32-bit integers, floats, A-law, mu-law, ADPCM), FLAC,
/// MP3, Ogg Vorbis, AAC-LC and ALAC in MP4, AAC-LC in ADTS, AIFF and AIFF-C, AU. Encoder delay is
/// trimmed where the file states it. Of several tracks the first with sound is taken.
///
/// # Errors
/// See [`AudioError`]; a file that is only damaged or cut short in parts is decoded as far as it
/// goes and says so in [`Decoded::notes`].
///
/// # Examples
/// ```
/// use soundalike_core::audio::{AudioError, decode_bytes};
///
/// let bytes = std::fs::read("../../tests/data/half.flac")?;
/// let decoded = decode_bytes(bytes, "half.flac")?;
/// assert_eq!(decoded.clip.rate(), decoded.source_rate);
/// assert!(decoded.notes.is_empty());
///
/// let refused = decode_bytes(b"Dear Sir or Madam".to_vec(), "letter.mp3");
/// assert!(refused.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode_bytes(bytes: Vec<u8>, name: &str) -> Result<Decoded, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::EmptyFile);
    }
    decode(Cursor::new(bytes), name)
}

/// Decodes the sound file at `path`, as [`decode_bytes`] does, reading as it goes.
///
/// # Errors
/// Those of [`decode_bytes`], and [`AudioError::NotFound`], [`AudioError::IsDirectory`] or
/// [`AudioError::NotReadable`].
pub fn decode_file(path: &std::path::Path) -> Result<Decoded, AudioError> {
    let failed = |error| AudioError::from_io(&error);
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        return Err(AudioError::IsDirectory);
    }
    if !about.is_file() {
        return Err(AudioError::NotReadable {
            reason: "it is a device or a pipe".to_owned(),
        });
    }
    if about.len() == 0 {
        return Err(AudioError::EmptyFile);
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    decode(file, &path.to_string_lossy())
}

fn decode(mut file: impl MediaSource + 'static, name: &str) -> Result<Decoded, AudioError> {
    let header = header::read(&mut Buffered::new(&mut file)).map_err(|error| match error {
        AudioError::NotSound { .. } => AudioError::NotSound {
            extension: sound_extension(name),
        },
        other => other,
    })?;
    if let SoundHeader::Coded(Coded {
        refusal: Some(refusal),
        ..
    }) = &header
    {
        return Err(refusal.clone());
    }
    if let Some(channels) = header.channels() {
        check_channels(channels)?;
    }
    if let Some(rate) = header.rate() {
        check_rate(rate)?;
    }
    let (decoded, claims) = match header {
        SoundHeader::Plain(pcm) => {
            let unmeasured = pcm.claimed.is_none();
            let heard = pcm.decode(&mut file)?;
            let decoded = RawAudio {
                unmeasured,
                samples: heard.samples,
                channels: pcm.channels,
                rate: pcm.rate,
                tags: pcm.tags,
                longer: heard.longer,
                ..RawAudio::default()
            };
            (
                decoded,
                Claims {
                    frames: heard.missing_of,
                    cut: false,
                },
            )
        }
        SoundHeader::Coded(coded) => {
            rewind(&mut file)?;
            match (coded.end, file.byte_len()) {
                (Some(end), Some(len)) if end > len => {
                    decode_coded(Box::new(Stretched { file, end }), &coded)?
                }
                _ => decode_coded(Box::new(file), &coded)?,
            }
        }
    };
    decoded.finish(claims)
}

type Buffered<'a, R> = std::io::BufReader<&'a mut R>;

/// A file that was cut off, shown as long as it should be: symphonia skips an MP4 box that
/// reaches beyond the file's end, and with it all the sound that is there.
struct Stretched<F> {
    file: F,
    end: u64,
}

impl<F: Read> Read for Stretched<F> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(bytes)
    }
}

impl<F: Seek> Seek for Stretched<F> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match to {
            SeekFrom::End(offset) => {
                let at = self.end.checked_add_signed(offset);
                let at = at.ok_or_else(|| std::io::Error::from(ErrorKind::InvalidInput))?;
                self.file.seek(SeekFrom::Start(at))
            }
            other => self.file.seek(other),
        }
    }
}

impl<F: MediaSource> MediaSource for Stretched<F> {
    fn is_seekable(&self) -> bool {
        true
    }

    /// None, so that no tags are looked for at the missing end.
    fn byte_len(&self) -> Option<u64> {
        None
    }
}

fn rewind(file: &mut impl Seek) -> Result<(), AudioError> {
    let sought = file.seek(SeekFrom::Start(0));
    sought
        .map(|_| ())
        .map_err(|error| AudioError::from_io(&error))
}

fn check_channels(channels: usize) -> Result<(), AudioError> {
    if (1..=MAX_CHANNELS).contains(&channels) {
        Ok(())
    } else {
        Err(AudioError::Channels(channels))
    }
}

fn check_rate(rate: u32) -> Result<(), AudioError> {
    if (MIN_RATE..=MAX_RATE).contains(&rate) {
        Ok(())
    } else {
        Err(AudioError::Rate(rate))
    }
}

/// The ending of `name`, if it is one of a sound file's.
fn sound_extension(name: &str) -> Option<String> {
    const SOUND: [&str; 16] = [
        "wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "aif", "aiff", "aifc",
        "au", "snd", "opus", "wma",
    ];
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    SOUND.contains(&ending.as_str()).then_some(ending)
}

/// What a file says of its own length.
struct Claims {
    /// Frames, where stated.
    frames: Option<u64>,
    /// Whether a mark at its end is missing.
    cut: bool,
}

/// Sound as it is being gathered.
#[derive(Default)]
struct RawAudio {
    samples: Vec<f32>,
    channels: usize,
    rate: u32,
    tags: Tags,
    damaged: usize,
    unmeasured: bool,
    longer: bool,
    joined: bool,
}

impl RawAudio {
    fn finish(mut self, claims: Claims) -> Result<Decoded, AudioError> {
        let frames = self.samples.len() as u64;
        let missing = claims.frames.is_some_and(|claimed| claimed > frames);
        if self.samples.is_empty() && (missing || claims.cut || self.damaged > 0) {
            return Err(AudioError::damaged("nothing in it can be decoded"));
        }
        let mut notes = Vec::new();
        let seconds = |frames: u64| frames as f64 / f64::from(self.rate);
        if self.longer {
            notes.push(Note::OnlyFirst {
                minutes: MAX_SECONDS / 60,
            });
        } else if missing || claims.cut {
            notes.push(Note::CutShort {
                heard: seconds(frames),
                whole: claims.frames.filter(|_| missing).map(seconds),
            });
        }
        if self.unmeasured {
            notes.push(Note::Unmeasured {
                heard: seconds(frames),
            });
        }
        if self.damaged > 0 {
            notes.push(Note::Damaged {
                frames: self.damaged,
            });
        }
        if self.joined {
            notes.push(Note::OnlyFirstRecording);
        }
        self.samples.shrink_to_fit();
        Ok(Decoded {
            clip: Clip::new(self.samples, self.rate)?,
            channels: self.channels,
            source_rate: self.rate,
            tags: self.tags,
            notes,
        })
    }
}

/// Decodes by symphonia, packet by packet.
fn decode_coded(
    file: Box<dyn MediaSource>,
    coded: &Coded,
) -> Result<(RawAudio, Claims), AudioError> {
    let mut reader = open(file, coded.container)?;
    let mut raw = RawAudio {
        tags: read_tags(reader.as_mut()),
        ..RawAudio::default()
    };
    let track = reader
        .first_track(TrackType::Audio)
        .ok_or(AudioError::NoAudioTrack)?
        .clone();
    let mut decoder = make_decoder(&track, coded)?;
    let trim = Trim::new(reader.as_mut(), &track, coded);

    let mut mix = Mix::default();
    let mut skip = None;
    let mut barren = 0;
    let mut limit = usize::MAX;
    let mut broken = false;
    while barren < MAX_BARREN {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(Trouble::ResetRequired) => {
                raw.joined = true;
                break;
            }
            Err(Trouble::IoError(error)) if error.kind() != ErrorKind::UnexpectedEof => {
                return Err(AudioError::from_io(&error));
            }
            Err(_) => {
                broken = true;
                break;
            }
        };
        barren += 1;
        if packet.track_id != track.id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(Trouble::ResetRequired) => {
                raw.joined = true;
                break;
            }
            Err(_) => {
                raw.damaged += 1;
                continue;
            }
        };
        if buffer.frames() == 0 {
            continue;
        }
        let (channels, rate) = (buffer.num_planes(), buffer.spec().rate());
        if raw.rate == 0 {
            check_channels(channels)?;
            check_rate(rate)?;
            (raw.channels, raw.rate) = (channels, rate);
            limit = MAX_SECONDS as usize * rate as usize;
            skip = Some(trim.skip(rate));
        } else if (channels, rate) != (raw.channels, raw.rate) {
            raw.joined = true;
            break;
        }
        let Some(mono) = mix.mean(&buffer) else {
            raw.damaged += 1;
            continue;
        };
        barren = 0;
        let skipped = skip.as_mut().map_or(0, |skip| {
            let skipped = mono.len().min(*skip);
            *skip -= skipped;
            skipped
        });
        let wanted = &mono[skipped..];
        let room = limit - raw.samples.len();
        raw.samples
            .extend_from_slice(&wanted[..wanted.len().min(room)]);
        if wanted.len() > room {
            raw.longer = true;
            break;
        }
    }
    if raw.rate == 0 {
        raw.rate = coded.rate.unwrap_or(MIN_RATE);
    }

    let heard = raw.samples.len() as u64;
    if let Some(keep) = trim.keep(raw.rate) {
        raw.samples.truncate(keep);
    }
    let stated = trim
        .stated(&track, raw.rate)
        .filter(|_| coded.states_length);
    let missing = stated.filter(|stated| *stated > heard + SLACK);
    let claims = Claims {
        frames: missing,
        cut: coded.cut || broken && missing.is_none() && heard + SLACK < stated.unwrap_or(u64::MAX),
    };
    Ok((raw, claims))
}

/// Opens a container whose kind is known, with any tags before and after it.
fn open(
    file: Box<dyn MediaSource>,
    container: Container,
) -> Result<Box<dyn FormatReader>, AudioError> {
    let mut probe = Probe::new();
    match container {
        Container::Wav => probe.register_format::<formats::WavReader<'_>>(),
        Container::Flac => probe.register_format::<formats::FlacReader<'_>>(),
        Container::Mpeg => probe.register_format::<formats::MpaReader<'_>>(),
        Container::Adts => probe.register_format::<formats::AdtsReader<'_>>(),
        Container::Ogg => probe.register_format::<formats::OggReader<'_>>(),
        Container::Mp4 => probe.register_format::<formats::IsoMp4Reader<'_>>(),
    }
    probe.register_metadata::<meta::Id3v2Reader<'_>>();
    probe.register_metadata::<meta::Id3v1Reader<'_>>();
    let stream = MediaSourceStream::new(file, Default::default());
    // Pictures are not looked at.
    let options = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    probe
        .probe(&Hint::new(), stream, FormatOptions::default(), options)
        .map_err(|trouble| match trouble {
            Trouble::IoError(error) if error.kind() != ErrorKind::UnexpectedEof => {
                AudioError::from_io(&error)
            }
            Trouble::IoError(_) => AudioError::damaged("it ends within its header"),
            Trouble::DecodeError(reason)
            | Trouble::Unsupported(reason)
            | Trouble::LimitError(reason) => AudioError::damaged(reason),
            other => AudioError::damaged(other.to_string()),
        })
}

fn make_decoder(track: &Track, coded: &Coded) -> Result<Box<dyn AudioDecoder>, AudioError> {
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        return Err(AudioError::NoAudioTrack);
    };
    // An MP3 without a length header has its length guessed from its size; symphonia would trim
    // by that guess, so for MP3 the trimming is done here.
    let options = AudioDecoderOptions::default().gapless(coded.container != Container::Mpeg);
    get_codecs()
        .make_audio_decoder(parameters, &options)
        .map_err(|trouble| match trouble {
            Trouble::Unsupported(_) => AudioError::unsupported(&coded.codec),
            _ => AudioError::damaged(format!("its {} header makes no sense", coded.codec)),
        })
}

fn read_tags(reader: &mut dyn FormatReader) -> Tags {
    let mut tags = Tags::default();
    let mut old = None;
    let mut metadata = reader.metadata();
    loop {
        if let Some(revision) = metadata.current() {
            // ID3v1 cuts its texts at 30 characters, so it comes last.
            if revision.info.metadata == METADATA_ID_ID3V1 {
                old = Some(revision.clone());
            } else {
                fill_tags(&mut tags, revision);
            }
        }
        if metadata.pop().is_none() {
            break;
        }
    }
    if let Some(revision) = old {
        fill_tags(&mut tags, &revision);
    }
    tags
}

/// Fills what tags lack from a revision of symphonia's metadata.
fn fill_tags(tags: &mut Tags, revision: &MetadataRevision) {
    let tracks = revision.per_track.iter().map(|track| &track.metadata);
    let mut album_artist = None;
    for tag in std::iter::once(&revision.media)
        .chain(tracks)
        .flat_map(|m| &m.tags)
    {
        let (field, text) = match &tag.std {
            Some(StandardTag::TrackTitle(text)) => (&mut tags.title, text),
            Some(StandardTag::Artist(text)) => (&mut tags.artist, text),
            Some(StandardTag::Album(text)) => (&mut tags.album, text),
            Some(StandardTag::AlbumArtist(text)) => (&mut album_artist, text),
            _ => continue,
        };
        if field.is_none() {
            *field = Tags::clean(text);
        }
    }
    tags.artist = tags.artist.take().or(album_artist);
}

/// Which of the decoded frames belong to the sound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trim {
    /// All, or the decoder trims by itself.
    Nothing,
    /// Frames at the file's rate.
    Frames { delay: u64, length: u64 },
    /// Seconds.
    Seconds { start: f64, length: Option<f64> },
}

impl Trim {
    fn new(reader: &mut dyn FormatReader, track: &Track, coded: &Coded) -> Self {
        match coded.container {
            Container::Mpeg => match (track.delay, track.num_frames) {
                (Some(delay), Some(length)) if coded.states_length => Self::Frames {
                    delay: u64::from(delay),
                    length,
                },
                _ => Self::Nothing,
            },
            Container::Mp4 => match (coded.edit, itunes_gap(reader)) {
                (Some(edit), None) => Self::Seconds {
                    start: edit.start,
                    length: edit.length,
                },
                (Some(edit), Some(_)) if edit.start > 0.0 => Self::Seconds {
                    start: edit.start,
                    length: edit.length,
                },
                (_, Some((delay, length))) => Self::Frames { delay, length },
                (None, None) => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }

    /// Frames to leave out at the start.
    fn skip(self, rate: u32) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Frames { delay, .. } => delay as usize,
            Self::Seconds { start, .. } => (start * f64::from(rate)).round() as usize,
        }
    }

    /// Frames to keep after that.
    fn keep(self, rate: u32) -> Option<usize> {
        match self {
            Self::Nothing => None,
            Self::Frames { length, .. } => Some(length as usize),
            Self::Seconds { length, .. } => {
                length.map(|length| (length * f64::from(rate)).round() as usize)
            }
        }
    }

    /// Frames that the container says will be heard.
    fn stated(self, track: &Track, rate: u32) -> Option<u64> {
        let whole = match (track.duration, track.time_base) {
            (Some(duration), Some(base)) => {
                let seconds = duration.get() as f64 * f64::from(base.numer.get())
                    / f64::from(base.denom.get());
                Some((seconds * f64::from(rate)) as u64)
            }
            _ => track.num_frames,
        };
        match self {
            Self::Frames { length, .. } => Some(length),
            Self::Nothing | Self::Seconds { .. } => {
                whole.map(|whole| whole.saturating_sub(self.skip(rate) as u64))
            }
        }
    }
}

/// Delay and length in frames from iTunes' note of an encoder's gaps.
fn itunes_gap(reader: &mut dyn FormatReader) -> Option<(u64, u64)> {
    let metadata = reader.metadata();
    let revision = metadata.current()?;
    let tag = revision
        .media
        .tags
        .iter()
        .find(|tag| tag.raw.key.ends_with("iTunSMPB"))?;
    let text = tag.raw.value.to_string();
    let mut words = text.split_whitespace().skip(1);
    let mut number = || u64::from_str_radix(words.next()?, 16).ok();
    let (delay, _padding, length) = (number()?, number()?, number()?);
    (length > 0).then_some((delay, length))
}

/// Mixes packets, reusing its buffers.
#[derive(Default)]
struct Mix {
    interleaved: Vec<f32>,
    mono: Vec<f32>,
}

impl Mix {
    /// Mean of the channels; none if a sample is no number or absurdly loud.
    fn mean(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Option<&[f32]> {
        let channels = buffer.num_planes();
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        let frames = self.interleaved.chunks_exact(channels);
        self.mono.clear();
        self.mono
            .extend(frames.map(|frame| frame.iter().sum::<f32>() / channels as f32));
        let sane = self.mono.iter().all(|sample| sample.abs() < ABSURD);
        sane.then_some(&self.mono)
    }
}
