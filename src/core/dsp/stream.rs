//! The mel spectrogram of a sound that goes on.

use super::{FrontEnd, MelFilterBank, Stft};

/// Samples in, columns of the mel power spectrogram out: the same columns that
/// [`FrontEnd::mel_power`] computes of the whole sound, but for those at its edges, whose frames
/// reach beyond it.
pub struct MelStream {
    stft: Stft,
    bank: MelFilterBank,
    n_fft: usize,
    hop_length: usize,
    /// From the first sample of the next frame on.
    waiting: Vec<f32>,
    power: Vec<f32>,
    column: Vec<f32>,
}

impl MelStream {
    /// A stream of samples at the front end's rate.
    pub fn new(front_end: &FrontEnd) -> Self {
        Self {
            stft: Stft::new(front_end.n_fft, front_end.hop_length),
            bank: MelFilterBank::new(front_end),
            n_fft: front_end.n_fft,
            hop_length: front_end.hop_length,
            waiting: Vec::new(),
            power: vec![0.0; front_end.n_fft / 2 + 1],
            column: vec![0.0; front_end.mel_bands],
        }
    }

    /// Takes samples and calls `visit` with every column of powers `[mel_bands]` that they complete.
    pub fn push(&mut self, samples: &[f32], mut visit: impl FnMut(&[f32])) {
        self.waiting.extend_from_slice(samples);
        let mut start = 0;
        while let Some(frame) = self.waiting.get(start..start + self.n_fft) {
            for (p, bin) in self.power.iter_mut().zip(self.stft.frame(frame)) {
                *p = bin.norm_sqr() as f32;
            }
            self.bank.apply(&self.power, &mut self.column);
            visit(&self.column);
            start += self.hop_length;
        }
        self.waiting.drain(..start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_pieces_the_columns_are_those_of_the_whole_sound() {
        let front_end = FrontEnd::default();
        let samples: Vec<f32> = (0..30_000)
            .map(|i| ((i * 7919 % 1013) as f32 / 507.0 - 1.0) * (i as f32 * 0.001).sin())
            .collect();
        let whole = front_end.mel_power(&samples);
        let mut stream = MelStream::new(&front_end);
        let mut columns: Vec<Vec<f32>> = Vec::new();
        for piece in samples.chunks(700) {
            stream.push(piece, |column| columns.push(column.to_vec()));
        }
        // The first frame of the stream is centred half a window into the sound.
        let first = front_end.n_fft / 2 / front_end.hop_length;
        assert_eq!(columns.len(), 1 + (30_000 - 2048) / 512);
        for (at, column) in columns.iter().enumerate() {
            for (band, value) in column.iter().enumerate() {
                assert_eq!(*value, whole.band(band)[first + at], "{at} {band}");
            }
        }
    }
}
