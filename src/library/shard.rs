//! Parts of a collection for several machines.

use std::path::Path;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::paths::bytes_of;

/// One of several parts of a collection. Which part a file is in depends on its path below its folder alone,
/// so that machines with the folder in different places agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// This part, from one.
    part: u32,
    /// How many there are.
    parts: u32,
}

impl Shard {
    /// Whether a file is in this part, by its path below its folder.
    pub fn holds(&self, below: &Path) -> bool {
        let digest = Sha256::digest(bytes_of(below));
        let mut number = [0; 8];
        number.copy_from_slice(&digest[..8]);
        u64::from_le_bytes(number) % u64::from(self.parts) == u64::from(self.part - 1)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `2/5`: the second of five parts.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it must be part and number of parts, such as 1/4".to_owned();
        let (part, parts) = text.split_once('/').ok_or_else(wrong)?;
        let (part, parts): (u32, u32) = match (part.parse(), parts.parse()) {
            (Ok(part), Ok(parts)) => (part, parts),
            _ => return Err(wrong()),
        };
        if part == 0 || part > parts {
            return Err(format!("there is no part {part} of {parts}"));
        }
        Ok(Self { part, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_one_part() {
        let shards: Vec<Shard> = (1..=4)
            .map(|part| format!("{part}/4").parse().expect("a part"))
            .collect();
        let mut sizes = [0; 4];
        for number in 0..400 {
            let path = format!("artist/{number}.mp3");
            let held: Vec<usize> = (0..4)
                .filter(|&part| shards[part].holds(Path::new(&path)))
                .collect();
            assert_eq!(held.len(), 1);
            sizes[held[0]] += 1;
        }
        // A binomial share of 400: five standard deviations.
        assert!(
            sizes.iter().all(|size| (57..=143).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn parts_that_do_not_exist_are_refused() {
        for text in ["0/4", "5/4", "1", "a/b", "1/0", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
