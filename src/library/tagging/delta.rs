//! How one file is made of another that differs in little: parts that stay, and bytes.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a block that is looked for in the other file.
const BLOCK: usize = 2048;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Part {
    /// Bytes of the other file.
    Same {
        /// Where they begin.
        from: usize,
        /// How many they are.
        length: usize,
    },
    /// Other bytes.
    Bytes {
        /// In base64.
        #[serde(serialize_with = "to_text", deserialize_with = "from_text")]
        bytes: Vec<u8>,
    },
}

fn to_text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

/// `wanted` as parts of `other`. Beginning and end that both share are found at once; between them, blocks of the
/// other file are looked for by a sum that is carried on byte by byte, as rsync does (Tridgell, Mackerras 1996).
pub(super) fn parts(wanted: &[u8], other: &[u8]) -> Vec<Part> {
    let shared = wanted.iter().zip(other).take_while(|(a, b)| a == b).count();
    let ends = wanted[shared..]
        .iter()
        .rev()
        .zip(other[shared..].iter().rev());
    let ending = ends.take_while(|(a, b)| a == b).count();
    let mut parts = Parts::default();
    parts.same(0, shared);
    let middle = &wanted[shared..wanted.len() - ending];
    between(
        middle,
        &other[shared..other.len() - ending],
        shared,
        &mut parts,
    );
    parts.same(other.len() - ending, ending);
    parts.found
}

/// The file that parts make of another one; `None` where they do not fit it.
pub(super) fn joined(parts: &[Part], other: &[u8]) -> Option<Vec<u8>> {
    let mut wanted = Vec::new();
    for part in parts {
        match part {
            Part::Same { from, length } => {
                wanted.extend(other.get(*from..from.checked_add(*length)?)?);
            }
            Part::Bytes { bytes } => wanted.extend(bytes),
        }
    }
    Some(wanted)
}

/// Parts in their order, none of them empty.
#[derive(Default)]
struct Parts {
    found: Vec<Part>,
}

impl Parts {
    fn same(&mut self, from: usize, length: usize) {
        if length > 0 {
            self.found.push(Part::Same { from, length });
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let bytes = bytes.to_vec();
            self.found.push(Part::Bytes { bytes });
        }
    }
}

/// A sum over [`BLOCK`] bytes that follows a step by one byte.
#[derive(Clone, Copy)]
struct Sum {
    plain: u32,
    weighted: u32,
}

impl Sum {
    fn of(block: &[u8]) -> Self {
        let start = Self {
            plain: 0,
            weighted: 0,
        };
        block.iter().fold(start, |sum, &byte| {
            let plain = sum.plain.wrapping_add(u32::from(byte));
            Self {
                plain,
                weighted: sum.weighted.wrapping_add(plain),
            }
        })
    }

    fn step(self, out: u8, next: u8) -> Self {
        let (out, next) = (u32::from(out), u32::from(next));
        let plain = self.plain.wrapping_sub(out).wrapping_add(next);
        let gone = out.wrapping_mul(BLOCK as u32);
        Self {
            plain,
            weighted: self.weighted.wrapping_sub(gone).wrapping_add(plain),
        }
    }

    fn key(self) -> u64 {
        u64::from(self.plain) << 32 | u64::from(self.weighted)
    }
}

/// Appends the parts of `wanted`; `other` begins at `offset` of its file.
fn between(wanted: &[u8], other: &[u8], offset: usize, parts: &mut Parts) {
    let mut places: HashMap<u64, usize> = HashMap::new();
    for (at, block) in other.chunks_exact(BLOCK).enumerate() {
        // Of equal blocks the first: whatever follows it is compared.
        places.entry(Sum::of(block).key()).or_insert(at * BLOCK);
    }
    let (mut taken, mut at) = (0, 0);
    let mut sum = wanted.get(..BLOCK).map(Sum::of);
    while let Some(here) = sum {
        let place = places.get(&here.key()).copied();
        let place = place.filter(|&place| other[place..place + BLOCK] == wanted[at..at + BLOCK]);
        let Some(place) = place else {
            let next = wanted.get(at + BLOCK);
            sum = next.map(|&next| here.step(wanted[at], next));
            at += 1;
            continue;
        };
        let before = wanted[taken..at]
            .iter()
            .rev()
            .zip(other[..place].iter().rev());
        let before = before.take_while(|(a, b)| a == b).count();
        let after = wanted[at..].iter().zip(&other[place..]);
        let after = after.take_while(|(a, b)| a == b).count();
        parts.bytes(&wanted[taken..at - before]);
        parts.same(offset + place - before, before + after);
        at += after;
        taken = at;
        sum = wanted.get(at..at + BLOCK).map(Sum::of);
    }
    parts.bytes(&wanted[taken..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look like none before.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn a_file_is_made_of_another_whatever_was_put_in_cut_out_or_changed() {
        let audio = noise(1, 100_000);
        let (tag, other_tag) = (noise(2, 700), noise(3, 5_000));
        let cases = [
            (vec![], vec![]),
            (audio.clone(), vec![]),
            (vec![], audio.clone()),
            (audio.clone(), audio.clone()),
            (
                [&tag[..], &audio].concat(),
                [&other_tag[..], &audio].concat(),
            ),
            ([&audio[..], &tag].concat(), audio.clone()),
            // In the middle, with another number at the beginning, as a chunk of WAV is moved.
            (
                [b"1", &audio[..50_000], &tag, &audio[50_000..]].concat(),
                [b"2", &audio[..], &other_tag].concat(),
            ),
            (vec![0; 30_000], vec![0; 20_000]),
        ];
        for (wanted, other) in cases {
            let found = parts(&wanted, &other);
            assert_eq!(joined(&found, &other).as_deref(), Some(&wanted[..]));
        }
    }

    #[test]
    fn what_both_files_have_is_not_kept_again() {
        let audio = noise(1, 100_000);
        let wanted = [b"1", &audio[..50_000], &noise(2, 700), &audio[50_000..]].concat();
        let other = [b"2", &audio[..], &noise(3, 5_000)].concat();
        let bytes = |part: &Part| match part {
            Part::Same { .. } => 0,
            Part::Bytes { bytes } => bytes.len(),
        };
        let kept: usize = parts(&wanted, &other).iter().map(bytes).sum();
        // The tag and the number, and what is left of a block that they cut.
        assert!((701..701 + BLOCK).contains(&kept), "{kept}");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let same = |from, length| vec![Part::Same { from, length }];
        assert_eq!(joined(&same(2, 3), b"1234"), None);
        assert_eq!(joined(&same(usize::MAX, 2), b"1234"), None);
        assert_eq!(joined(&same(1, 3), b"1234").as_deref(), Some(&b"234"[..]));
    }
}
