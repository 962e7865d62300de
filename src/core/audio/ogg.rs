//! First pages of an Ogg file: which codec, how many channels, which rate.

use std::io::{Read, Seek};

use super::bytes::{be32, le32, len, read_up_to};
use super::error::AudioError;

/// The header of an Ogg file's first audio stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    pub rate: u32,
    pub channels: usize,
    /// The codec's name, where there is no decoder for it.
    pub undecodable: Option<&'static str>,
    /// Whether the file ends with a page that says so.
    pub ends: bool,
}

/// Reads the first pages at `at`, where the file says `OggS`; none if no stream is sound.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64) -> Result<Option<Stream>, AudioError> {
    const FIRST: u8 = 2;
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
    let (rate, channels, undecodable) = if packet.starts_with(b"\x01vorbis") {
        (le32(packet, 12), byte(11), None)
    } else if packet.starts_with(b"\x7fFLAC") {
        let (rate, channels) = flac(packet.get(17..)?)?;
        (rate, channels, None)
    } else if packet.starts_with(b"OpusHead") {
        (48_000, byte(9), Some("Opus")) // always decoded at 48 kHz
    } else if packet.starts_with(b"Speex   ") {
        (le32(packet, 36), byte(48), Some("Speex"))
    } else {
        return None;
    };
    Some(Stream {
        rate,
        channels,
        undecodable,
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
