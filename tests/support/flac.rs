//! FLAC frames for tests that damage files. Apart from the program's own code, which it checks.

/// Makes the checksums of all frames right again (RFC 9639, 9.1.8 and 9.3), so that damage reaches what is decoded
/// behind them. Frames are found by how the first one begins, which all of a stream of one block size share.
pub fn mend(file: &mut [u8]) {
    let Some(first) = file
        .windows(2)
        .position(|w| w[0] == 0xff && w[1] & 0xfe == 0xf8)
    else {
        return;
    };
    let Some(begin) = file.get(first..first + 4).map(<[u8]>::to_vec) else {
        return;
    };
    let starts: Vec<usize> = (first..file.len().saturating_sub(4))
        .filter(|&at| file[at..at + 4] == begin[..])
        .collect();
    let ends = starts.iter().skip(1).copied().chain([file.len()]);
    for (&start, end) in starts.iter().zip(ends) {
        let frame = &mut file[start..end];
        let header = header_len(frame);
        if header + 3 > frame.len() {
            continue;
        }
        frame[header] = crc(&frame[..header], 0x07, 8) as u8;
        let sum = crc(&frame[..frame.len() - 2], 0x8005, 16) as u16;
        let foot = frame.len() - 2;
        frame[foot..].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Bytes of a frame's header before its checksum: four, the number coded as UTF-8 codes characters, and what the
/// codes of block size and rate announce.
fn header_len(frame: &[u8]) -> usize {
    let number = match frame.get(4).map_or(0, |byte| byte.leading_ones()) {
        0 | 1 => 1,
        bytes => bytes as usize,
    };
    let block = match frame[2] >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let rate = match frame[2] & 15 {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    4 + number + block + rate
}

/// A cyclic redundancy check, bit by bit.
fn crc(bytes: &[u8], polynomial: u32, bits: u32) -> u32 {
    let top = 1 << (bits - 1);
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << (bits - 8), |sum, _| {
            let shifted = sum << 1;
            let sum = if sum & top == 0 {
                shifted
            } else {
                shifted ^ polynomial
            };
            sum & (top | (top - 1))
        })
    })
}
