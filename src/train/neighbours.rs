//! Precision at k: how many of a clip's nearest neighbours have its genre.

use soundalike_core::audio::{self, Clip};
use soundalike_core::dsp::{FrontEnd, Spectrogram, mfcc};
use soundalike_core::model::mean;

use super::metrics;

/// Number of MFCCs in the baseline.
const COEFFICIENTS: usize = 20;

/// Mean and standard deviation over time of 20 MFCCs and of their differences from frame to frame, the
/// classical description of timbre: `[4 · 20]`.
pub(super) fn mfcc_statistics(clip: &Clip) -> Result<Vec<f32>, audio::AudioError> {
    let front_end = FrontEnd::default();
    let clip = clip.resampled(front_end.sample_rate)?;
    let coefficients: Spectrogram = mfcc(&front_end.log_mel(clip.samples()), COEFFICIENTS);
    let mut statistics = Vec::new();
    let mut describe = |values: &[f32]| {
        let count = values.len().max(1) as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
        statistics.extend([mean, variance.sqrt()]);
    };
    for coefficient in 0..COEFFICIENTS {
        let row = coefficients.band(coefficient);
        describe(row);
        let differences: Vec<f32> = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
        describe(&differences);
    }
    Ok(statistics)
}

/// Each column with mean zero and deviation one, so that none outweighs the others.
pub(super) fn standardised(rows: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let width = rows.first().map_or(0, Vec::len);
    let centre = mean(width, rows.iter().map(Vec::as_slice));
    let squares: Vec<Vec<f32>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&centre)
                .map(|(v, c)| (v - c) * (v - c))
                .collect()
        })
        .collect();
    let variance = mean(width, squares.iter().map(Vec::as_slice));
    rows.iter()
        .map(|row| {
            let columns = row.iter().zip(centre.iter().zip(&variance));
            columns
                .map(|(v, (c, variance))| (v - c) / variance.sqrt().max(1e-6))
                .collect()
        })
        .collect()
}

/// Mean share of a clip's `k` nearest neighbours, by cosine from the mean of all, that have its genre.
/// Neither the clip itself nor other clips of its artist count; a clip without any neighbour left is
/// left out.
pub fn precision_at(
    rows: &[Vec<f32>],
    labels: &[usize],
    artists: &[&str],
    k: usize,
) -> Option<f64> {
    ranked_precision(rows, labels, artists, k, |_, _, cosine| cosine)
}

/// [`precision_at`] of neighbours ranked by any score of two clips and their cosine, the highest first.
pub(super) fn ranked_precision(
    rows: &[Vec<f32>],
    labels: &[usize],
    artists: &[&str],
    k: usize,
    score: impl Fn(usize, usize, f32) -> f32,
) -> Option<f64> {
    let width = rows.first()?.len();
    let centre = mean(width, rows.iter().map(Vec::as_slice));
    let directions: Vec<Vec<f32>> = rows
        .iter()
        .map(|row| {
            let row: Vec<f32> = row.iter().zip(&centre).map(|(v, c)| v - c).collect();
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            row.into_iter().map(|v| v / length).collect()
        })
        .collect();
    let shares = (0..rows.len()).filter_map(|clip| {
        let mut others: Vec<(f32, usize)> = (0..rows.len())
            .filter(|&other| {
                let known = !artists[clip].is_empty();
                other != clip && !(known && artists[clip].eq_ignore_ascii_case(artists[other]))
            })
            .map(|other| {
                let pairs = directions[clip].iter().zip(&directions[other]);
                (score(clip, other, pairs.map(|(a, b)| a * b).sum()), other)
            })
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        others.truncate(k);
        let same = others
            .iter()
            .filter(|(_, other)| labels[*other] == labels[clip]);
        let same = same.count();
        (!others.is_empty()).then(|| same as f64 / others.len() as f64)
    });
    metrics::mean(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_by_the_same_artist_do_not_count() {
        let rows = [[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [-1.0, 0.2], [-0.9, 0.1]];
        let rows = rows.map(|row| row.to_vec());
        let labels = [0, 0, 1, 1, 1];
        // With everybody: 0 and 1 find each other, 3 and 4 too, 2 finds the wrong genre.
        assert_eq!(
            precision_at(&rows, &labels, &["", "", "", "", ""], 1),
            Some(0.8)
        );
        // Without their artist's other song 0 and 1 find 2, which is of another genre.
        assert_eq!(
            precision_at(&rows, &labels, &["a", "A", "", "", ""], 1),
            Some(0.4)
        );
        assert_eq!(precision_at(&[], &[], &[], 1), None);
        // A score that knows the genres finds nothing else.
        let knowing =
            |a: usize, b: usize, cosine| cosine + if labels[a] == labels[b] { 9.0 } else { 0.0 };
        let found = ranked_precision(&rows, &labels, &[""; 5], 1, knowing);
        assert_eq!(found, Some(1.0));
    }
}
