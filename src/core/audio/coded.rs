//! Decodes by symphonia, packet by packet: FLAC, Ogg, MP4, Matroska, CAF and ADPCM in WAV; Opus by
//! `opus-pure`, plain samples in MP4 by [`Encoding`].

use std::collections::VecDeque;
use std::io::ErrorKind;

use nanomp3_core::DecodeError;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Trouble;
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet as CodedPacket;
use symphonia::default::{formats, get_codecs, meta};

use super::clip::all_below;
use super::damage::{Codec, Damage};
use super::error::AudioError;
use super::header::{Coded, Container};
use super::limits::ABSURD;
use super::mpeg::AAC_RATES;
use super::opus::OpusStream;
use super::pcm::{Encoding, sample};
use super::source::{Claims, Packet, PacketSource};
use super::window::{SharedFile, Window};

/// Packets in a row without sound after which a file counts as ended.
const MAX_BARREN: usize = 4_096;
/// A jump of the packets' times that is a hole, seconds.
const HOLE: f64 = 0.05;

/// One of the files of which a file may be joined: its pieces, from where to where in bytes.
pub(super) type Part = Vec<(u64, u64)>;

/// A coded file, or several joined to one.
pub(super) struct CodedSource {
    file: SharedFile,
    coded: Coded,
    /// The files still to come.
    parts: VecDeque<Part>,
    reader: Box<dyn FormatReader>,
    stream: Stream,
    /// Seconds that the ended streams state, and whether all do.
    stated: f64,
    all_stated: bool,
    broken: bool,
    ended: bool,
}

/// The track that is being decoded.
struct Stream {
    track: Track,
    decoder: Decoder,
    trim: Trim,
    /// Frames still to leave out at the start, once the rate is known.
    skip: Option<usize>,
    /// Frames still to keep, where there is a limit.
    keep: Option<usize>,
    rate: u32,
    /// Time at which the next packet is expected, seconds.
    expected: Option<f64>,
    /// Whether the packets' times are exact enough for a hole to show.
    dated: bool,
    /// Seconds decoded and found missing.
    passed: f64,
    /// Highest frequency that is decoded, Hz, where the codec has more.
    band: Option<u32>,
}

enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusStream>),
    Mp3(Box<nanomp3_core::Decoder>),
    Plain {
        encoding: Encoding,
        big_endian: bool,
        channels: usize,
        rate: u32,
    },
}

impl CodedSource {
    /// Opens the first of the `parts` of a file, of which there must be one.
    ///
    /// # Errors
    /// If its header makes no sense, or there is no decoder for it.
    pub fn open(
        file: SharedFile,
        coded: Coded,
        mut parts: VecDeque<Part>,
    ) -> Result<Self, AudioError> {
        let first = parts.pop_front().unwrap_or_default();
        let plain = coded.plain.is_some();
        let unread = |error| match error {
            AudioError::NoAudioTrack | AudioError::Damaged(_) if plain => {
                AudioError::unsupported(Codec::RareInMp4)
            }
            error => error,
        };
        let mut reader = open(&file, &coded, first).map_err(unread)?;
        let stream = Stream::begin(reader.as_mut(), &coded)?;
        let stream = stream.ok_or_else(|| unread(AudioError::NoAudioTrack))?;
        Ok(Self {
            file,
            coded,
            parts,
            reader,
            stream,
            stated: 0.0,
            all_stated: true,
            broken: false,
            ended: false,
        })
    }

    /// Counts what the stream that ended states.
    fn end_stream(&mut self) {
        match self.stream.stated(&self.coded) {
            Some(seconds) => self.stated += seconds,
            None => self.all_stated = false,
        }
    }

    /// Goes on with the next of the joined files; false if there is none that can be read.
    fn next_part(&mut self) -> bool {
        self.end_stream();
        while let Some(part) = self.parts.pop_front() {
            let opened = open(&self.file, &self.coded, part).and_then(|mut reader| {
                let stream = Stream::begin(reader.as_mut(), &self.coded)?;
                Ok(stream.map(|stream| (reader, stream)))
            });
            if let Ok(Some((reader, stream))) = opened {
                (self.reader, self.stream) = (reader, stream);
                return true;
            }
            self.broken = true;
        }
        self.ended = true;
        false
    }

    /// Goes on with the tracks that follow in the same file, as in chained Ogg.
    fn reset(&mut self) -> Result<(), AudioError> {
        self.end_stream();
        match Stream::begin(self.reader.as_mut(), &self.coded) {
            Ok(Some(stream)) => self.stream = stream,
            Ok(None) => {}
            Err(_) => self.broken = true,
        }
        Ok(())
    }
}

impl PacketSource for CodedSource {
    fn next(&mut self, packet: &mut Packet) -> Result<bool, AudioError> {
        let mut barren = 0;
        while packet.samples.is_empty() && !self.ended {
            barren += 1;
            if barren > MAX_BARREN || self.stream.keep == Some(0) {
                self.broken |= barren > MAX_BARREN;
                self.next_part();
                continue;
            }
            match self.reader.next_packet() {
                Ok(Some(coded)) if coded.track_id == self.stream.track.id => {
                    self.stream.decode(&coded, packet);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.stream.missing_at_end(&self.coded, packet);
                    self.next_part();
                }
                Err(Trouble::ResetRequired) => self.reset()?,
                Err(Trouble::IoError(error)) if error.kind() != ErrorKind::UnexpectedEof => {
                    return Err(AudioError::from_io(&error));
                }
                Err(Trouble::IoError(_)) => {
                    self.broken = true;
                    self.next_part();
                }
                // Damage; the reader finds the next packet by itself.
                Err(_) => {}
            }
        }
        Ok(!packet.samples.is_empty())
    }

    fn claims(&self) -> Claims {
        Claims {
            seconds: Some(self.stated).filter(|_| self.all_stated && self.ended),
            cut: self.coded.cut || self.broken,
            unmeasured: false,
            band: self.stream.band,
        }
    }
}

impl Stream {
    /// The reader's first track with sound; none if there is none.
    fn begin(reader: &mut dyn FormatReader, coded: &Coded) -> Result<Option<Self>, AudioError> {
        let Some(track) = reader.first_track(TrackType::Audio).cloned() else {
            return Ok(None);
        };
        let (decoder, band) = Decoder::of(&track, coded)?;
        Ok(Some(Self {
            trim: Trim::new(reader, coded),
            decoder,
            track,
            skip: None,
            keep: None,
            rate: 0,
            expected: None,
            dated: matches!(coded.container, Container::Flac | Container::Ogg),
            passed: 0.0,
            band,
        }))
    }

    /// What is missing before the last page of a damaged Ogg file: no later page corrects its times.
    fn missing_at_end(&self, coded: &Coded, packet: &mut Packet) {
        if let (Some(frames), Some(whole)) = (coded.whole_frames, self.track.num_frames)
            && self.rate > 0
        {
            let rate = f64::from(self.rate);
            let missing = whole as f64 / rate - self.passed;
            if missing > HOLE {
                packet.missing = missing;
                packet.missing_at = Some(frames as f64 / rate);
            }
        }
    }

    /// Decodes a packet. One that cannot be decoded is missing, and so is what the times jump over.
    fn decode(&mut self, coded: &CodedPacket, packet: &mut Packet) {
        let (at, length) = (
            self.seconds(coded.pts.get()),
            self.seconds(coded.dur.get() as i64),
        );
        if let Some(expected) = self.expected {
            // After a hole the first page's packets are dated by its end, and the next page takes that back.
            let hole = at - expected;
            if hole.abs() > HOLE && self.dated {
                packet.missing += hole;
            }
        }
        self.passed += packet.missing;
        self.expected = Some(at + length);
        if !self.decoder.decode(coded, packet) || !all_below(&packet.samples, ABSURD) {
            packet.samples.clear();
            packet.missing += length;
            self.passed += length;
            return;
        }
        if packet.channels == 0 || packet.samples.is_empty() {
            return;
        }
        if self.rate == 0 {
            self.rate = packet.rate;
            let skip = self.decoder.delay() + self.trim.skip(packet.rate);
            (self.skip, self.keep) = (Some(skip), self.trim.keep(packet.rate));
        }
        let frames = packet.samples.len() / packet.channels;
        let skipped = self.skip.map_or(0, |skip| skip.min(frames));
        self.skip = self.skip.map(|skip| skip - skipped);
        packet.samples.drain(..skipped * packet.channels);
        self.passed += (frames - skipped) as f64 / f64::from(packet.rate);
        if let Some(keep) = &mut self.keep {
            let kept = (frames - skipped).min(*keep);
            *keep -= kept;
            packet.samples.truncate(kept * packet.channels);
        }
    }

    fn seconds(&self, units: i64) -> f64 {
        self.track.time_base.map_or(0.0, |base| {
            units as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get())
        })
    }

    /// Seconds that the container states.
    fn stated(&self, coded: &Coded) -> Option<f64> {
        if !coded.states_length || self.rate == 0 {
            return None;
        }
        let rate = f64::from(self.rate);
        if let Trim::Frames { length, .. } = self.trim {
            return Some(length as f64 / rate);
        }
        let whole = match (self.track.duration, self.track.time_base) {
            (Some(duration), Some(_)) => Some(self.seconds(duration.get() as i64)),
            _ => self.track.num_frames.map(|frames| frames as f64 / rate),
        };
        let skipped = self.trim.skip(self.rate) as f64 / rate;
        whole.map(|whole| (whole - skipped).max(0.0))
    }
}

impl Decoder {
    /// The decoder of a track; and the highest frequency that it decodes, Hz, where the codec has more.
    fn of(track: &Track, coded: &Coded) -> Result<(Self, Option<u32>), AudioError> {
        if let Some((encoding, big_endian, channels)) = coded.plain {
            let plain = Self::Plain {
                encoding,
                big_endian,
                channels,
                rate: coded.rate.unwrap_or_default(),
            };
            return Ok((plain, None));
        }
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(AudioError::unsupported(coded.codec.clone()));
        };
        if parameters.codec == CODEC_ID_OPUS {
            let head = parameters.extra_data.as_deref().unwrap_or_default();
            return Ok((Self::Opus(Box::new(OpusStream::new(head)?)), None));
        }
        if [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&parameters.codec) {
            return Ok((Self::Mp3(Box::new(nanomp3_core::Decoder::new())), None));
        }
        let options = AudioDecoderOptions::default();
        let make = |parameters: &AudioCodecParameters| {
            get_codecs().make_audio_decoder(parameters, &options)
        };
        let config = parameters.extra_data.as_deref().unwrap_or_default();
        let core = he_aac_core(config).filter(|_| parameters.codec == CODEC_ID_AAC);
        let made = match &core {
            Some((config, _)) => {
                let mut parameters = AudioCodecParameters::new();
                parameters
                    .for_codec(CODEC_ID_AAC)
                    .with_extra_data(Box::from(*config));
                make(&parameters)
            }
            None => make(parameters),
        };
        match made {
            Ok(decoder) => Ok((Self::Symphonia(decoder), core.map(|(_, rate)| rate / 2))),
            Err(Trouble::Unsupported(_)) => Err(AudioError::unsupported(coded.codec.clone())),
            Err(_) => Err(Damage::SenselessHeader(coded.codec.to_string()).into()),
        }
    }

    /// Frames that the decoder makes before the sound and does not leave out by itself.
    fn delay(&self) -> usize {
        match self {
            Self::Opus(opus) => opus.pre_skip(),
            Self::Symphonia(_) | Self::Mp3(_) | Self::Plain { .. } => 0,
        }
    }

    /// False if the packet cannot be decoded.
    fn decode(&mut self, coded: &CodedPacket, packet: &mut Packet) -> bool {
        match self {
            Self::Symphonia(decoder) => {
                let Ok(buffer) = decoder.decode(coded) else {
                    return false;
                };
                (packet.channels, packet.rate) = (buffer.num_planes(), buffer.spec().rate());
                buffer.copy_to_vec_interleaved(&mut packet.samples);
                true
            }
            Self::Mp3(decoder) => {
                packet
                    .samples
                    .resize(nanomp3_core::MAX_SAMPLES_PER_FRAME, 0.0);
                let decoded = decoder.decode(&coded.data, &mut packet.samples).1;
                let about = match decoded {
                    Ok(about) => about,
                    Err(error) => {
                        packet.samples.clear();
                        return matches!(error, DecodeError::ReservoirUnavailable(_));
                    }
                };
                let channels = usize::from(about.channels.num());
                packet.samples.truncate(about.samples_produced * channels);
                (packet.channels, packet.rate) = (channels, about.sample_rate);
                true
            }
            Self::Opus(opus) => opus.decode(&coded.data, coded.trim_end.get(), packet),
            Self::Plain {
                encoding,
                big_endian,
                channels,
                rate,
            } => {
                (packet.channels, packet.rate) = (*channels, *rate);
                let frame = encoding.width() * *channels;
                let whole = &coded.data[..coded.data.len() / frame * frame];
                let samples = whole.chunks_exact(encoding.width());
                let decoded = samples.map(|bytes| sample(*encoding, *big_endian, bytes));
                packet.samples.extend(decoded);
                true
            }
        }
    }
}

/// The configuration of the AAC-LC stream within HE-AAC, which holds the lower half of the spectrum, and its rate in
/// Hz (ISO 14496-3, 1.6.2.1); none if it is something else.
fn he_aac_core(config: &[u8]) -> Option<([u8; 2], u32)> {
    const LC: u16 = 2;
    let word = u16::from_be_bytes(*config.first_chunk()?);
    let (kind, rate, channels) = (word >> 11, word >> 7 & 15, word >> 3 & 15);
    let extended = config.get(2..4) == Some(&[0x56, 0xe5])
        && config.get(4).is_some_and(|flags| flags & 0x80 != 0);
    // Spectral band replication, that with parametric stereo, or the older way: LC with an extension.
    let replicated = matches!(kind, 5 | 29) || kind == LC && extended;
    if !replicated || !(1..=2).contains(&channels) {
        return None;
    }
    let hertz = *AAC_RATES.get(usize::from(rate))?;
    Some(((LC << 11 | rate << 7 | channels << 3).to_be_bytes(), hertz))
}

/// Opens a container whose kind is known.
fn open(file: &SharedFile, coded: &Coded, part: Part) -> Result<Box<dyn FormatReader>, AudioError> {
    let mut probe = Probe::new();
    match coded.container {
        Container::Wav => probe.register_format::<formats::WavReader<'_>>(),
        Container::Flac => probe.register_format::<formats::FlacReader<'_>>(),
        Container::Ogg => probe.register_format::<formats::OggReader<'_>>(),
        Container::Mp4 => probe.register_format::<formats::IsoMp4Reader<'_>>(),
        Container::Matroska => probe.register_format::<formats::MkvReader<'_>>(),
        Container::Caf => probe.register_format::<formats::CafReader<'_>>(),
    }
    probe.register_metadata::<meta::Id3v2Reader<'_>>();
    let start = part.first().map_or(0, |(start, _)| *start);
    let shown = coded.end.map_or(0, |end| end.saturating_sub(start));
    let window = Window::of_parts(file, part).shown_to(shown);
    let stream = MediaSourceStream::new(Box::new(window), Default::default());
    // Pictures are not looked at.
    let options = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    probe
        .probe(&Hint::new(), stream, FormatOptions::default(), options)
        .map_err(|trouble| match trouble {
            Trouble::IoError(error) if error.kind() != ErrorKind::UnexpectedEof => {
                AudioError::from_io(&error)
            }
            Trouble::IoError(_) => Damage::EndsInHeader.into(),
            Trouble::DecodeError(reason)
            | Trouble::Unsupported(reason)
            | Trouble::LimitError(reason) => Damage::Decoder(reason.to_owned()).into(),
            other => Damage::Decoder(other.to_string()).into(),
        })
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
    fn new(reader: &mut dyn FormatReader, coded: &Coded) -> Self {
        if coded.container != Container::Mp4 {
            return Self::Nothing;
        }
        match (coded.edit, itunes_gap(reader)) {
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
