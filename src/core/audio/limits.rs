//! What is accepted: rates, channels, lengths.

/// Lowest sample rate accepted, Hz: telephone quality.
pub const MIN_RATE: u32 = 8_000;
/// Highest sample rate accepted, Hz.
pub const MAX_RATE: u32 = 192_000;
/// Most channels a source may have: 7.1 surround.
pub const MAX_CHANNELS: usize = 8;
/// Longest sound that is decoded, seconds; the rest of a longer one is left out, with a note.
pub const MAX_SECONDS: u32 = 60 * 60;

/// Highest sample rate at which a decoded sound is kept, Hz. What lies above is brought down to it while it is
/// decoded: no feature looks above 24 kHz.
pub const MAX_KEPT_RATE: u32 = 48_000;
/// Samples louder than this times full scale are a decoder's misreading of damaged data.
pub(super) const ABSURD: f32 = 1e3;

/// The rate within range that is nearest to `rate`.
pub(super) fn clamp_rate(rate: u32) -> u32 {
    rate.clamp(MIN_RATE, MAX_RATE)
}
