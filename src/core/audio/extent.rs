//! Where a file's sound begins and ends between tags.

use std::io::{Read, Seek};

use super::bytes::{le32, len, read_at};
use super::error::AudioError;

/// Tags in a row that are passed over, at either end.
const MOST_TAGS: usize = 16;

/// Length in bytes of an ID3v1, ID3v2 or APEv2 tag that begins with these bytes; none if no tag does.
pub(super) fn tag_len(start: &[u8]) -> Option<u64> {
    if start.len() >= 10 && start.starts_with(b"ID3") && start[3] != 0xff && start[4] != 0xff {
        let size = start[6..10]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(byte & 127));
        let footer = if start[5] & 0x10 == 0 { 0 } else { 10 };
        return Some(10 + size + footer);
    }
    if start.len() >= 128 && start.starts_with(b"TAG") {
        return Some(128); // at the end of a file that others were joined to
    }
    // An APEv2 header; its size counts the items and the footer.
    let header = start.len() >= 32 && start.starts_with(b"APETAGEX") && start[23] & 0x20 != 0;
    header.then(|| 32 + u64::from(le32(start, 12)))
}

/// Position after any tags at the file's start.
pub(super) fn after_tags(file: &mut (impl Read + Seek)) -> Result<u64, AudioError> {
    let end = len(file)?;
    let mut at = 0;
    for _ in 0..MOST_TAGS {
        let Some(start) = read_at::<32>(file, at)? else {
            break;
        };
        match tag_len(&start) {
            Some(len) if at + len < end => at += len,
            _ => break,
        }
    }
    Ok(at)
}

/// Position before any tags at the file's end: APEv2, Lyrics3v2, ID3v2.4 with a footer, ID3v1.
pub(super) fn before_tags(file: &mut (impl Read + Seek)) -> Result<u64, AudioError> {
    let mut end = len(file)?;
    for _ in 0..MOST_TAGS {
        let length = tag_before(file, end)?;
        if length == 0 || length > end {
            break;
        }
        end -= length;
    }
    Ok(end)
}

/// Length of the tag that ends at `end`; 0 if none does.
fn tag_before(file: &mut (impl Read + Seek), end: u64) -> Result<u64, AudioError> {
    if let Some(at) = end.checked_sub(128)
        && read_at::<3>(file, at)? == Some(*b"TAG")
    {
        return Ok(128);
    }
    if let Some(at) = end.checked_sub(32)
        && let Some(footer) = read_at::<32>(file, at)?
        && footer.starts_with(b"APETAGEX")
    {
        let header = if footer[23] & 0x80 == 0 { 0 } else { 32 };
        return Ok(u64::from(le32(&footer, 12)) + header);
    }
    if let Some(at) = end.checked_sub(15)
        && let Some(footer) = read_at::<15>(file, at)?
        && footer.ends_with(b"LYRICS200")
    {
        let digits = std::str::from_utf8(&footer[..6]).unwrap_or_default();
        return Ok(digits.parse::<u64>().map_or(0, |size| size + 15));
    }
    if let Some(at) = end.checked_sub(10)
        && let Some(footer) = read_at::<10>(file, at)?
        && footer.starts_with(b"3DI")
    {
        let size = footer[6..10]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(byte & 127));
        return Ok(size + 20);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn id3(size: u8) -> Vec<u8> {
        let mut tag = b"ID3\x04\0\0\0\0\0".to_vec();
        tag.push(size);
        tag.resize(10 + usize::from(size), 7);
        tag
    }

    fn ape(items: usize, header: bool) -> Vec<u8> {
        let block = |is_header: bool| {
            let mut block = b"APETAGEX\xd0\x07\0\0".to_vec();
            block.extend((items as u32 + 32).to_le_bytes());
            block.extend(1_u32.to_le_bytes());
            let flags = if header { 1 << 31 } else { 0 } | if is_header { 1 << 29 } else { 0_u32 };
            block.extend(flags.to_le_bytes());
            block.resize(32, 0);
            block
        };
        let mut tag = if header { block(true) } else { Vec::new() };
        tag.resize(tag.len() + items, 9);
        tag.extend(block(false));
        tag
    }

    #[test]
    fn tags_at_both_ends_are_passed_over_even_twice() -> Result<(), AudioError> {
        let sound = vec![1; 300];
        let mut v1 = b"TAG".to_vec();
        v1.resize(128, b' ');
        let lyrics = [b"LYRICSBEGINabc".as_slice(), b"000014LYRICS200"].concat();
        let parts: [Vec<u8>; 8] = [
            id3(20),
            id3(5),
            ape(40, true),
            sound,
            ape(40, true),
            ape(11, false),
            lyrics,
            v1,
        ];
        let start: usize = parts[..3].iter().map(Vec::len).sum();
        let mut file = Cursor::new(parts.concat());
        assert_eq!(after_tags(&mut file)?, start as u64);
        assert_eq!(before_tags(&mut file)?, start as u64 + 300);
        Ok(())
    }

    #[test]
    fn a_tag_that_claims_more_than_the_file_is_none() -> Result<(), AudioError> {
        let mut file = Cursor::new(id3(100)[..50].to_vec());
        assert_eq!(after_tags(&mut file)?, 0);
        Ok(())
    }
}
