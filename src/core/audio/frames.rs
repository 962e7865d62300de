//! Decodes bare chains of frames, MP3 and AAC in ADTS, frame by frame, so that what lies between them does no
//! harm: junk, tags in the middle, files joined to one, other rates and channels.

use std::io::Read;

use nanomp3_core::{DecodeError, Decoder, MAX_SAMPLES_PER_FRAME};
use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet as CodedPacket;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::get_codecs;

use super::clip::all_below;
use super::damage::Codec;
use super::error::AudioError;
use super::extent::tag_len;
use super::limits::ABSURD;
use super::mpeg::{Frame, LengthHeader, MpegKind, find_chain, frame};
use super::source::{Claims, Packet, PacketSource};
use super::window::Window;

/// Bytes that are held ready: many frames.
const READY: usize = 65_536;
/// Samples by which an MP3 decoder is late.
const DECODER_DELAY: usize = 529;
/// Stated frames beyond this length are nonsense, seconds.
const LONGEST: f64 = 24.0 * 3600.0;
/// A file holds at least a hundredth of the smallest frames that it states, or its statement is nonsense.
const LEAST_HELD: f64 = 0.01;
const SMALLEST_FRAME: f64 = 48.0;

/// A chain of frames.
pub(super) struct FrameSource {
    bytes: Bytes,
    kind: MpegKind,
    file_len: u64,
    mp3: Box<Decoder>,
    aac: Option<(Frame, Box<dyn AudioDecoder>)>,
    pcm: Vec<f32>,
    part: Part,
    /// Seconds that the parts' headers state, as far as they do.
    stated: Option<f64>,
    nonsense: bool,
    cut: bool,
    /// Bytes passed over since the last frame, and that frame.
    junk: usize,
    last: Option<Frame>,
    /// Whether the frame before was at the right place.
    synced: bool,
}

/// One of the files of which a chain may be joined.
#[derive(Default)]
struct Part {
    frames: usize,
    /// Samples per channel still to be left out at its start.
    skip: usize,
    /// Samples per channel to be left out at its end, and those that may be.
    hold: usize,
    held: Vec<f32>,
}

impl FrameSource {
    /// The frames of a part of a file of `file_len` bytes.
    pub fn new(file: Window, kind: MpegKind, file_len: u64) -> Self {
        Self {
            bytes: Bytes::new(file),
            kind,
            file_len,
            mp3: Box::new(Decoder::new()),
            aac: None,
            pcm: vec![0.0; MAX_SAMPLES_PER_FRAME],
            part: Part::default(),
            stated: None,
            nonsense: false,
            cut: false,
            junk: 0,
            last: None,
            synced: false,
        }
    }

    /// The next frame, and it lies at the beginning of the bytes; none at the end.
    fn find_frame(&mut self) -> Result<Option<Frame>, AudioError> {
        loop {
            let bytes = self.bytes.ready(READY)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let here = frame(bytes).filter(|found| found.frames.kind == self.kind);
            if let Some(found) = here {
                let next = bytes.get(found.len..).unwrap_or_default();
                let like_last = self.last.is_some_and(|last| last.frames == found.frames);
                let follows = like_last || frame(next).is_some() || next.is_empty();
                if found.len <= bytes.len() && (self.synced && follows || chain_here(bytes)) {
                    return Ok(Some(found));
                }
                if found.len > bytes.len() && self.synced {
                    self.cut = true; // the file ends within this frame
                    return Ok(None);
                }
            }
            if let Some(len) = self.plausible_tag()? {
                self.bytes.skip(len);
                continue;
            }
            self.synced = false;
            let bytes = self.bytes.ready(READY)?;
            let found = find_chain(&bytes[1..]).filter(|(_, f)| f.frames.kind == self.kind);
            // Without a frame all is junk but the end, where the beginning of one may lie.
            let junk = match found {
                Some((start, _)) => start + 1,
                None if bytes.len() < READY => bytes.len(),
                None => READY - 8_192,
            };
            // What is too short for a chain at the very end may be the last frames.
            if found.is_none()
                && bytes.len() < READY
                && let Some(at) = last_frame(bytes, self.kind)
            {
                self.junk += at;
                self.bytes.skip(at as u64);
                self.synced = true;
                continue;
            }
            self.junk += junk;
            self.bytes.skip(junk as u64);
        }
    }

    /// Length of the tag that begins here, if frames or another tag follow where it says it ends: some tags say
    /// too much.
    fn plausible_tag(&mut self) -> Result<Option<u64>, AudioError> {
        let bytes = self.bytes.ready(READY)?;
        let Some(len) = tag_len(bytes) else {
            return Ok(None);
        };
        if (len as usize) < bytes.len() {
            let next = &bytes[len as usize..];
            let sound = next.is_empty() || frame(next).is_some() || tag_len(next).is_some();
            let padded = next.iter().take(4_096).position(|byte| *byte != 0);
            return Ok((sound || padded != Some(0)).then_some(len));
        }
        Ok(Some(len).filter(|len| *len <= self.bytes.left()))
    }

    /// A frame that states a length begins another part.
    fn begin_part(&mut self, header: LengthHeader, found: Frame) {
        self.part = Part::default();
        *self.mp3 = Decoder::new();
        if let Some((delay, padding)) = header.gaps {
            self.part.skip = delay + DECODER_DELAY;
            self.part.hold = padding.saturating_sub(DECODER_DELAY);
        }
        let Some(frames) = header.frames else {
            return;
        };
        let (delay, padding) = header.gaps.unwrap_or_default();
        let samples = (f64::from(frames) * found.samples as f64) - (delay + padding) as f64;
        let seconds = samples.max(0.0) / f64::from(found.frames.rate);
        let held = self.file_len as f64 >= LEAST_HELD * SMALLEST_FRAME * f64::from(frames);
        if seconds > LONGEST || !held {
            self.nonsense = true;
        } else {
            *self.stated.get_or_insert(0.0) += seconds;
        }
    }

    /// Decodes the frame at the beginning of the bytes; false if it cannot be decoded.
    fn decode(&mut self, found: Frame, packet: &mut Packet) -> Result<bool, AudioError> {
        let bytes = self.bytes.ready(READY)?;
        let bytes = &bytes[..found.len];
        if self.kind == MpegKind::Adts {
            let bytes = bytes.to_vec();
            return self.decode_aac(found, &bytes, packet);
        }
        match self.mp3.decode(bytes, &mut self.pcm).1 {
            Ok(about) => {
                let channels = usize::from(about.channels.num());
                let samples = &self.pcm[..about.samples_produced * channels];
                if !all_below(samples, ABSURD) {
                    return Ok(false);
                }
                (packet.channels, packet.rate) = (channels, about.sample_rate);
                self.part.pass(samples, channels, &mut packet.samples);
                Ok(true)
            }
            // The first frames of a stream that was cut out of another refer to frames before it.
            Err(DecodeError::ReservoirUnavailable(_)) => Ok(self.part.frames < 4),
            Err(_) => Ok(false),
        }
    }

    fn decode_aac(
        &mut self,
        found: Frame,
        bytes: &[u8],
        packet: &mut Packet,
    ) -> Result<bool, AudioError> {
        let same = |before: &Frame| {
            before.frames.rate == found.frames.rate
                && before.frames.channels == found.frames.channels
        };
        if !self.aac.as_ref().is_some_and(|(before, _)| same(before)) {
            let mut parameters = AudioCodecParameters::new();
            parameters
                .for_codec(CODEC_ID_AAC)
                .with_sample_rate(found.frames.rate);
            match found.frames.channels {
                Some(1) => parameters.with_channels(CHANNEL_LAYOUT_MONO),
                Some(2) => parameters.with_channels(CHANNEL_LAYOUT_STEREO),
                _ => return Err(unsupported_aac()),
            };
            let decoder = get_codecs()
                .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
                .map_err(|_| unsupported_aac())?;
            self.aac = Some((found, decoder));
        }
        let Some((_, decoder)) = &mut self.aac else {
            return Ok(false);
        };
        // Without a checksum the header has seven bytes, else nine.
        let header = if bytes[1] & 1 == 1 { 7 } else { 9 };
        let coded = CodedPacket::new(
            0,
            Timestamp::new(0),
            Duration::new(1_024),
            bytes.get(header..).unwrap_or_default(),
        );
        let Ok(buffer) = decoder.decode(&coded) else {
            return Ok(false);
        };
        (packet.channels, packet.rate) = (buffer.num_planes(), buffer.spec().rate());
        buffer.copy_to_vec_interleaved(&mut packet.samples);
        Ok(all_below(&packet.samples, ABSURD))
    }
}

fn unsupported_aac() -> AudioError {
    AudioError::unsupported(Codec::RareAac)
}

/// Whether a chain of frames begins with these bytes.
fn chain_here(bytes: &[u8]) -> bool {
    find_chain(&bytes[..bytes.len().min(16_384)]).is_some_and(|(start, _)| start == 0)
}

/// Where a frame begins with which the bytes end exactly.
fn last_frame(bytes: &[u8], kind: MpegKind) -> Option<usize> {
    (1..bytes.len()).find(|&at| {
        frame(&bytes[at..])
            .is_some_and(|found| found.frames.kind == kind && at + found.len == bytes.len())
    })
}

impl Part {
    /// Passes samples on, without those that belong to the encoder's gaps.
    fn pass(&mut self, samples: &[f32], channels: usize, out: &mut Vec<f32>) {
        let skipped = self.skip.min(samples.len() / channels);
        self.skip -= skipped;
        let samples = &samples[skipped * channels..];
        if self.hold == 0 && self.held.is_empty() {
            out.extend_from_slice(samples);
            return;
        }
        self.held.extend_from_slice(samples);
        let ready = self.held.len().saturating_sub(self.hold * channels);
        out.extend(self.held.drain(..ready));
    }
}

impl PacketSource for FrameSource {
    fn next(&mut self, packet: &mut Packet) -> Result<bool, AudioError> {
        while packet.samples.is_empty() {
            let Some(found) = self.find_frame()? else {
                return Ok(false);
            };
            if let Some(last) = self.last
                && self.junk >= last.len
            {
                packet.missing += self.junk as f64 / last.len as f64 * last.seconds();
            }
            if self.last.is_some_and(|last| last.frames != found.frames) {
                self.part.frames = 0; // another encoder's frames, whose first refer to none before them
            }
            (self.junk, self.last, self.synced) = (0, Some(found), true);
            let bytes = self.bytes.ready(READY)?;
            let header = match self.kind {
                MpegKind::Adts => None,
                _ => LengthHeader::of(&bytes[..found.len]),
            };
            if let Some(header) = header {
                self.begin_part(header, found);
            } else {
                if !self.decode(found, packet)? {
                    packet.samples.clear();
                    packet.missing += found.seconds();
                }
                self.part.frames += 1;
            }
            self.bytes.skip(found.len as u64);
        }
        Ok(true)
    }

    fn claims(&self) -> Claims {
        Claims {
            seconds: self.stated,
            cut: self.cut,
            unmeasured: self.nonsense,
            band: None,
        }
    }
}

/// A file's bytes from the front on.
struct Bytes {
    file: Window,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Bytes {
    fn new(file: Window) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    /// The next `count` bytes, or as many as there are.
    fn ready(&mut self, count: usize) -> Result<&[u8], AudioError> {
        if self.buffer.len() - self.at < count && !self.ended {
            self.buffer.drain(..self.at);
            self.at = 0;
            let missing = (4 * count - self.buffer.len()) as u64;
            let filled = (&mut self.file)
                .take(missing)
                .read_to_end(&mut self.buffer)
                .map_err(|error| AudioError::from_io(&error))?;
            self.ended = (filled as u64) < missing;
        }
        let end = self.buffer.len().min(self.at + count);
        Ok(&self.buffer[self.at..end])
    }

    fn skip(&mut self, count: u64) {
        let held = (self.buffer.len() - self.at) as u64;
        if count <= held {
            self.at += count as usize;
            return;
        }
        (self.buffer, self.at) = (Vec::new(), 0);
        self.file.pass(count - held);
    }

    /// Bytes up to the end.
    fn left(&self) -> u64 {
        (self.buffer.len() - self.at) as u64 + self.file.left()
    }
}
