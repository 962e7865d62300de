//! What every decoder gives: packets of interleaved samples, and what is missing between them.

use super::error::AudioError;

/// Some decoded frames of one layout.
#[derive(Debug, Default)]
pub(super) struct Packet {
    /// Channels of `samples`; 0 if the packet only tells of something missing.
    pub channels: usize,
    /// Hz.
    pub rate: u32,
    /// Interleaved, full scale ±1.
    pub samples: Vec<f32>,
    /// Seconds that are missing right before these frames; negative where a hole before was stated too long.
    pub missing: f64,
    /// When that was, seconds from the start, where it was not right before these frames.
    pub missing_at: Option<f64>,
}

impl Packet {
    pub fn clear(&mut self) {
        self.channels = 0;
        self.samples.clear();
        self.missing = 0.0;
        self.missing_at = None;
    }
}

/// What a file says of its own length, known at its end.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Claims {
    /// Seconds that its headers state, where they can be relied on.
    pub seconds: Option<f64>,
    /// Whether a mark at its end is missing, or the end came within a frame.
    pub cut: bool,
    /// Whether its header states no length although the format has a place for it, or an impossible one.
    pub unmeasured: bool,
    /// Highest frequency that is decoded, Hz, where the codec has more.
    pub band: Option<u32>,
}

/// A file's decoder.
pub(super) trait PacketSource: Send {
    /// Decodes the next packet into `packet`, which was cleared; false at the end. Damaged parts are passed
    /// over and told of in [`Packet::missing`].
    ///
    /// # Errors
    /// If the file cannot be read, or nothing of it can be decoded.
    fn next(&mut self, packet: &mut Packet) -> Result<bool, AudioError>;

    /// What the file says of its length; complete after the end.
    fn claims(&self) -> Claims;
}
