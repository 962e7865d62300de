//! The chunks of WAV, AIFF and CAF that hold tags.

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

/// The texts of a CAF file, whose first chunk begins at `start`; none without a chunk `info`. It holds their
/// number, then names and values that end with NUL, in UTF-8.
pub(super) fn read_caf(file: &mut (impl Read + Seek), start: u64) -> Option<ChunkTexts> {
    let mut place = start;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(place)).ok()?;
        let mut header = [0; 12];
        file.read_exact(&mut header).ok()?;
        let [a, b, c, d, length @ ..] = header;
        // The last chunk of a sound that was never finished has the length -1.
        let length = u64::try_from(i64::from_be_bytes(length)).ok()?;
        if [a, b, c, d] != *b"info" {
            place = place.checked_add(12)?.checked_add(length)?;
            continue;
        }
        let mut content = Vec::new();
        let _ = file.take(length.min(MAX_BYTES)).read_to_end(&mut content);
        let mut words = content.get(4..)?.split(|byte| *byte == 0);
        let mut texts = ChunkTexts::default();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let field = match name.to_ascii_lowercase().as_slice() {
                b"title" => &mut texts.title,
                b"artist" => &mut texts.artist,
                b"album" => &mut texts.album,
                b"genre" => &mut texts.genre,
                b"year" | b"recorded date" => &mut texts.date,
                b"track number" => &mut texts.track,
                _ => continue,
            };
            set(field, value);
        }
        return Some(texts);
    }
    None
}

/// Keeps a value, if it is the first of its field and not empty.
fn set(field: &mut Option<Vec<u8>>, value: &[u8]) {
    if field.is_none() && !value.is_empty() {
        *field = Some(value[..value.len().min(MAX_TEXT as usize)].to_owned());
    }
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
        let field = match &[a, b, c, d] {
            b"INAM" => Some(&mut texts.title),
            b"IART" => Some(&mut texts.artist),
            b"IPRD" => Some(&mut texts.album),
            b"IGNR" => Some(&mut texts.genre),
            b"ICRD" => Some(&mut texts.date),
            b"ITRK" | b"IPRT" | b"TRCK" => Some(&mut texts.track),
            _ => None,
        };
        if let Some(field) = field {
            set(field, value);
        }
        let even = length.saturating_add(length % 2);
        list = rest.get(even..).unwrap_or_default();
    }
}
