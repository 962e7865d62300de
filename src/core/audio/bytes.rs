//! Reading headers: small pieces at absolute positions, never more than was asked for.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::error::AudioError;

/// The `N` bytes at `at`, or none where the file ends before.
pub(super) fn read_at<const N: usize>(
    file: &mut (impl Read + Seek),
    at: u64,
) -> Result<Option<[u8; N]>, AudioError> {
    let mut bytes = [0; N];
    Ok(read_up_to(file, at, &mut bytes)?.eq(&N).then_some(bytes))
}

/// Fills `bytes` from `at` as far as the file goes; returns how far.
pub(super) fn read_up_to(
    file: &mut (impl Read + Seek),
    at: u64,
    bytes: &mut [u8],
) -> Result<usize, AudioError> {
    let seek = file.seek(SeekFrom::Start(at));
    seek.map_err(|error| AudioError::from_io(&error))?;
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(AudioError::from_io(&error)),
        }
    }
    Ok(filled)
}

/// The file's length in bytes.
pub(super) fn len(file: &mut impl Seek) -> Result<u64, AudioError> {
    file.seek(SeekFrom::End(0))
        .map_err(|error| AudioError::from_io(&error))
}

pub(super) fn be16(bytes: &[u8], at: usize) -> u16 {
    word(bytes, at).map_or(0, u16::from_be_bytes)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    word(bytes, at).map_or(0, u32::from_be_bytes)
}

pub(super) fn be64(bytes: &[u8], at: usize) -> u64 {
    word(bytes, at).map_or(0, u64::from_be_bytes)
}

pub(super) fn le16(bytes: &[u8], at: usize) -> u16 {
    word(bytes, at).map_or(0, u16::from_le_bytes)
}

pub(super) fn le32(bytes: &[u8], at: usize) -> u32 {
    word(bytes, at).map_or(0, u32::from_le_bytes)
}

pub(super) fn le64(bytes: &[u8], at: usize) -> u64 {
    word(bytes, at).map_or(0, u64::from_le_bytes)
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
