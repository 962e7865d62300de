//! Ogg pages for tests that damage files. Apart from the program's own code, which it checks.

/// The checksum of an Ogg page (RFC 3533), bit by bit.
pub fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |sum, (at, byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { *byte };
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            if sum >> 31 == 1 {
                sum << 1 ^ 0x04c1_1db7
            } else {
                sum << 1
            }
        })
    })
}

/// Makes the checksums of a file's pages right again, up to the first page that is cut off.
#[allow(
    dead_code,
    reason = "not every test that damages files changes many pages"
)]
pub fn mend(file: &mut [u8]) {
    let mut at = 0;
    while let Some(page) = file
        .get(at..)
        .and_then(|rest| rest.windows(4).position(|w| w == b"OggS"))
    {
        let from = at + page;
        let segments = usize::from(file.get(from + 26).copied().unwrap_or(0));
        let lengths = file
            .get(from + 27..from + 27 + segments)
            .unwrap_or_default();
        let body: usize = lengths.iter().map(|l| usize::from(*l)).sum();
        let to = from + 27 + segments + body;
        if to > file.len() {
            break;
        }
        let sum = checksum(&file[from..to]);
        file[from + 22..from + 26].copy_from_slice(&sum.to_le_bytes());
        at = to;
    }
}
