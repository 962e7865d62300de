//! The chunks of WAV and AIFF that hold tags.

use std::io::{Read, Seek, SeekFrom};

use super::fields::ChunkTexts;

/// Bytes of an ID3 chunk or a list that are read at most.
const MAX_BYTES: u64 = 1 << 26;
/// Bytes of a text that are read at most.
const MAX_TEXT: u64 = 1 << 12;
/// Chunks of a file that are looked at.
const MAX_CHUNKS: usize = 4096;

/// What the chunks of a file hold.
#[derive(Default)]
pub(super) struct Chunks {
    /// Its ID3v2 tags.
    pub id3: Vec<Vec<u8>>,
    /// Its texts.
    pub texts: ChunkTexts,
}

/// A chunk's name, where its content begins, and its length in bytes as stated.
struct Chunk {
    name: [u8; 4],
    start: u64,
    length: u64,
}

impl Chunk {
    /// The chunk at a place; none where there is no name of four letters.
    fn at(file: &mut (impl Read + Seek), place: u64, big_endian: bool) -> Option<Self> {
        file.seek(SeekFrom::Start(place)).ok()?;
        let mut header = [0; 8];
        file.read_exact(&mut header).ok()?;
        let [a, b, c, d, length @ ..] = header;
        let name = [a, b, c, d];
        let is_name = name.iter().all(|byte| (b' '..=b'~').contains(byte));
        is_name.then_some(Self {
            name,
            start: place + 8,
            length: u64::from(if big_endian {
                u32::from_be_bytes(length)
            } else {
                u32::from_le_bytes(length)
            }),
        })
    }

    /// Its content up to a number of bytes, as far as the file goes.
    fn content(&self, file: &mut (impl Read + Seek), most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        if file.seek(SeekFrom::Start(self.start)).is_ok() {
            // What could be read before an error is kept.
            let _ = file.take(self.length.min(most)).read_to_end(&mut bytes);
        }
        bytes
    }
}

/// The tags of a file in chunks whose first chunk begins at `start`. `form` are its first twelve bytes.
pub(super) fn read(file: &mut (impl Read + Seek), start: u64, form: [u8; 12]) -> Chunks {
    let big_endian = matches!(&form[..4], b"FORM" | b"RIFX");
    let mut found = Chunks::default();
    let mut place = start;
    let mut sound: Option<u64> = None;
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = Chunk::at(file, place, big_endian) else {
            break;
        };
        let mut length = chunk.length;
        let text =
            |file: &mut _| Some(chunk.content(file, MAX_TEXT)).filter(|text| !text.is_empty());
        match &chunk.name {
            b"ID3 " | b"id3 " => found.id3.push(chunk.content(file, MAX_BYTES)),
            b"LIST" => {
                let content = chunk.content(file, MAX_BYTES);
                if let Some(list) = content.strip_prefix(b"INFO") {
                    read_info(list, big_endian, &mut found.texts);
                }
            }
            b"NAME" if &form[..4] == b"FORM" => {
                let title = text(file);
                found.texts.title = found.texts.title.take().or(title);
            }
            b"AUTH" if &form[..4] == b"FORM" => {
                let artist = text(file);
                found.texts.artist = found.texts.artist.take().or(artist);
            }
            // Lengths of RF64: of the file, of the sound, of the frames.
            b"ds64" => {
                let sizes = chunk.content(file, 16);
                if let Some(bytes) = sizes.get(8..16) {
                    sound = bytes.try_into().ok().map(u64::from_le_bytes);
                }
            }
            b"data" if length == u64::from(u32::MAX) => length = sound.unwrap_or(length),
            _ => {}
        }
        let end = chunk.start.saturating_add(length);
        // Chunks begin at even places, but some programs forget it.
        let even = end.saturating_add(length % 2);
        let follows = |file: &mut _, place| Chunk::at(file, place, big_endian).is_some();
        place = if follows(file, even) { even } else { end };
    }
    found
}

/// The items of a list `INFO`: a name of four letters, a length and a text that ends with NUL.
fn read_info(mut list: &[u8], big_endian: bool, texts: &mut ChunkTexts) {
    while let Some((header, rest)) = list.split_first_chunk::<8>() {
        let [a, b, c, d, length @ ..] = *header;
        let length = if big_endian {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        };
        let length = length as usize;
        let value = &rest[..length.min(rest.len())];
        let value = value.split(|byte| *byte == 0).next().unwrap_or_default();
        let value = &value[..value.len().min(MAX_TEXT as usize)];
        let field = match &[a, b, c, d] {
            b"INAM" => Some(&mut texts.title),
            b"IART" => Some(&mut texts.artist),
            b"IPRD" => Some(&mut texts.album),
            b"IGNR" => Some(&mut texts.genre),
            b"ICRD" => Some(&mut texts.date),
            b"ITRK" | b"IPRT" | b"TRCK" => Some(&mut texts.track),
            _ => None,
        };
        if let Some(field) = field
            && field.is_none()
            && !value.is_empty()
        {
            *field = Some(value.to_owned());
        }
        let even = length.saturating_add(length % 2);
        list = rest.get(even..).unwrap_or_default();
    }
}
