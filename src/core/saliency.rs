//! Saliency by occlusion (Zeiler and Fergus 2014): each patch of a segment's spectrogram is hidden in turn, and
//! where the genre becomes less probable, the patch is evidence for it.

use crate::model::ModelError;
use crate::pipeline::{AnalysisSession, Predictor};

/// Patches across the bands, and across the frames of a segment.
pub const PATCHES: usize = 8;

impl AnalysisSession {
    /// The segment whose middle is nearest to a time in seconds.
    pub fn segment_at(&self, seconds: f64) -> usize {
        let distance = |segment: usize| {
            let (start, end) = self.segment_span(segment);
            ((start + end) / 2.0 - seconds).abs()
        };
        (0..self.segments())
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(0)
    }

    /// The saliency of each patch of one row of a segment for a genre, `[PATCHES]` from left to right: by
    /// how much, in nats, the logarithm of its probability falls when the patch is hidden. Negative
    /// ones are evidence against it. Row 0 has the lowest bands. A hidden patch has the mean of its bands
    /// over the segment. Nothing if the segment is not predicted yet or lies in a piece before the last, there is no such genre or
    /// row, or the model's input is no spectrogram.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn patch_saliency(
        &self,
        predictor: &Predictor,
        segment: usize,
        genre: usize,
        row: usize,
    ) -> Result<Vec<f32>, ModelError> {
        let model = predictor.model();
        let (Some(whole), Some(picture)) = (self.output_of(segment), self.segment_values(segment))
        else {
            return Ok(Vec::new());
        };
        if genre >= whole.logits.len() || row >= PATCHES || !model.input().is_log_mel() {
            return Ok(Vec::new());
        }
        let (bands, frames) = (model.front_end.mel_bands, model.front_end.segment_frames);
        let edge = |at: usize, of: usize| at * of / PATCHES;
        let hidden: Vec<f32> = (0..PATCHES)
            .flat_map(|column| {
                let mut picture = picture.to_vec();
                for band in edge(row, bands)..edge(row + 1, bands) {
                    let line = &mut picture[band * frames..(band + 1) * frames];
                    let mean = line.iter().sum::<f32>() / frames as f32;
                    line[edge(column, frames)..edge(column + 1, frames)].fill(mean);
                }
                picture
            })
            .collect();
        let before = model.calibration.log_probability(&whole.logits, genre);
        let outputs = predictor.segments(&[&hidden]).await?;
        let after = |logits: &[f32]| model.calibration.log_probability(logits, genre);
        Ok(outputs.iter().map(|h| before - after(&h.logits)).collect())
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::audio::{Clip, synth};
    use soundalike_shipped as shipped;

    #[test]
    fn every_patch_has_a_finite_share_and_some_matter() {
        let predictor = Predictor::on_processor(shipped::MODEL).expect("shipped");
        let song = synth::sample_song();
        let samples = song.samples()[..3 * song.rate() as usize].to_vec();
        let clip = Clip::new(samples, song.rate()).expect("a clip");
        let analysis = predictor
            .analysed(&clip)
            .expect("a sound that can be analysed");
        let genre = analysis.answer().best();
        let mut all = Vec::new();
        for row in 0..PATCHES {
            let patches = analysis.patch_saliency(&predictor, 0, genre, row);
            let patches = pollster::block_on(patches).expect("a sound that can be analysed");
            assert_eq!(patches.len(), PATCHES);
            all.extend(patches);
        }
        assert!(all.iter().all(|p| p.is_finite()));
        assert!(all.iter().any(|p| p.abs() > 0.01), "{all:?}");
        let none = analysis.patch_saliency(&predictor, 99, genre, 0);
        assert!(pollster::block_on(none).expect("nothing").is_empty());
    }

    #[test]
    fn the_nearest_segment_is_found() {
        let predictor = Predictor::on_processor(shipped::MODEL).expect("shipped");
        let analysis =
            AnalysisSession::begin(&synth::sample_song(), predictor.model()).expect("begun");
        assert_eq!(analysis.segment_at(-5.0), 0);
        assert_eq!(analysis.segment_at(1e9), analysis.segments() - 1);
        let (start, end) = analysis.segment_span(2);
        assert_eq!(analysis.segment_at((start + end) / 2.0), 2);
    }
}
