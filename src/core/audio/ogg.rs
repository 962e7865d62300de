//! First pages of an Ogg file: which codec, how many channels, which rate.

use std::io::{Read, Seek};

use symphonia::core::checksum::Crc32;
use symphonia::core::io::Monitor;

use super::bytes::{be32, le32, le64, len, read_at, read_up_to};
use super::error::AudioError;

/// The flag of a stream's first page.
pub(super) const FIRST: u8 = 2;

/// The header of an Ogg file's first audio stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    pub rate: u32,
    pub channels: usize,
    /// The codec's name.
    pub codec: &'static str,
    /// The same, where there is no decoder for it.
    pub undecodable: Option<&'static str>,
    /// Whether the file ends with a page that says so.
    pub ends: bool,
}

/// Whether the page at `at` is the first of a stream.
pub(super) fn begins(file: &mut (impl Read + Seek), at: u64) -> Result<bool, AudioError> {
    let page: Option<[u8; 6]> = read_at(file, at)?;
    Ok(page.is_some_and(|page| page[5] & FIRST != 0))
}

/// Reads the first pages at `at`, where the file says `OggS`; none if no stream is sound.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Option<Stream>, AudioError> {
    let mut page = [0; 27 + 255 + 64];
    let mut position = at;
    loop {
        let filled = read_up_to(file, position, &mut page)?;
        let bytes = &page[..filled];
        if filled < 28 || !bytes.starts_with(b"OggS") || bytes[5] & FIRST == 0 {
            return Ok(None);
        }
        let segments = usize::from(bytes[26]);
        let lengths = bytes.get(27..27 + segments).unwrap_or_default();
        let body: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        if let Some(mut stream) = identify(bytes.get(27 + segments..).unwrap_or_default()) {
            stream.ends = ends(file)?;
            return Ok(Some(stream));
        }
        position += 27 + segments as u64 + body;
    }
}

fn identify(packet: &[u8]) -> Option<Stream> {
    let byte = |at: usize| packet.get(at).copied().map_or(0, usize::from);
    let (rate, channels, codec, decodable) = if packet.starts_with(b"\x01vorbis") {
        (le32(packet, 12), byte(11), "Vorbis", true)
    } else if packet.starts_with(b"\x7fFLAC") {
        let (rate, channels) = flac(packet.get(17..)?)?;
        (rate, channels, "FLAC in Ogg", true)
    } else if packet.starts_with(b"OpusHead") {
        (48_000, byte(9), "Opus", true) // always decoded at 48 kHz
    } else if packet.starts_with(b"Speex   ") {
        (le32(packet, 36), byte(48), "Speex", false)
    } else {
        return None;
    };
    Some(Stream {
        rate,
        channels,
        codec,
        undecodable: (!decodable).then_some(codec),
        ends: true,
    })
}

/// Rate and channels of a FLAC stream-info block.
pub(super) fn flac(info: &[u8]) -> Option<(u32, usize)> {
    (info.len() >= 18).then(|| {
        let word = be32(info, 10);
        (word >> 12, (word >> 9 & 7) as usize + 1)
    })
}

/// Whether the last page is marked as the last; true where no page is found, to be silent rather
/// than wrong.
fn ends(file: &mut (impl Read + Seek)) -> Result<bool, AudioError> {
    const LAST: u8 = 4;
    let end = len(file)?;
    let mut tail = vec![0; end.min(65_536 + 512) as usize];
    let filled = read_up_to(file, end - tail.len() as u64, &mut tail)?;
    let page = tail[..filled]
        .windows(6)
        .rev()
        .find(|w| w.starts_with(b"OggS"));
    Ok(page.is_none_or(|page| page[5] & LAST != 0))
}

/// Longest page: header, 255 lengths, and as many times 255 bytes.
const LONGEST_PAGE: usize = 27 + 255 + 255 * 255;

/// The undamaged pages of a file.
pub(super) struct WholePages {
    /// From where to where they lie, adjacent ones together.
    pub parts: Vec<(u64, u64)>,
    /// Frames before the first damaged page; none without one.
    pub frames: Option<u64>,
}

/// Finds the undamaged pages from `start` to `end`: a reader that meets a damaged page loses its neighbours too.
pub(super) fn whole_pages(
    file: &mut (impl Read + Seek),
    start: u64,
    end: u64,
) -> Result<WholePages, AudioError> {
    const READ: usize = 1 << 20;
    let mut pages: Vec<(u64, u64)> = Vec::new();
    let (mut granule, mut frames) = (0, None);
    let mut bytes = vec![0; READ + LONGEST_PAGE];
    let mut base = start;
    while base < end {
        let filled = read_up_to(file, base, &mut bytes)?;
        let filled = filled.min((end - base) as usize);
        let last = base + filled as u64 >= end;
        let limit = if last { filled } else { READ };
        let mut at = 0;
        while at < limit {
            match page_len(&bytes[at..filled]) {
                Some(len) => {
                    let (from, to) = (base + at as u64, base + (at + len) as u64);
                    match pages.last_mut() {
                        Some(before) if before.1 == from => before.1 = to,
                        before => {
                            if before.is_some() && frames.is_none() {
                                frames = Some(granule);
                            }
                            pages.push((from, to));
                        }
                    }
                    granule = le64(&bytes, at + 6);
                    at += len;
                }
                None => at += 1,
            }
        }
        base += at as u64;
    }
    Ok(WholePages {
        parts: pages,
        frames,
    })
}

/// Length of the undamaged page that begins with these bytes.
fn page_len(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"OggS\0") {
        return None;
    }
    let segments = usize::from(*bytes.get(26)?);
    let lengths = bytes.get(27..27 + segments)?;
    let body: usize = lengths.iter().map(|length| usize::from(*length)).sum();
    let page = bytes.get(..27 + segments + body)?;
    (checksum(page) == le32(page, 22)).then_some(page.len())
}

/// The checksum of a page, with its own four bytes taken as zeros (RFC 3533, 6).
fn checksum(page: &[u8]) -> u32 {
    let mut sum = Crc32::new(0);
    sum.process_buf_bytes(&page[..22]);
    sum.process_buf_bytes(&[0; 4]);
    sum.process_buf_bytes(&page[26..]);
    sum.crc()
}
