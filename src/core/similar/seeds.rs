//! Several songs as one query: more like these, less like those.

use super::directions::{exact_dot, normalise};

/// What remains of the wanted direction after the unwanted is taken away, at least.
const WANTED_LEFT: f64 = 0.5;

/// One direction for several with weights: a positive weight asks for more like it, a negative one for less (Rocchio 1971,
/// "Relevance feedback in information retrieval"). With `p` the mean of the wanted and `n` the mean of the unwanted
/// directions, by weight, it is `p − β·n` at length one. `β` is the sum of the negative weights over that of the positive,
/// but at most one, and so small that `(p − β·n)·p ≥ ½·p·p`: what is not wanted never turns the query away from what is.
///
/// `parts` are unit vectors of one length. `None` if no weight is positive, a weight or length is wrong, or the wanted
/// directions cancel out.
pub fn blend(parts: &[(&[f32], f32)]) -> Option<Vec<f32>> {
    let dimensions = parts.first()?.0.len();
    let fits = |(row, weight): &(&[f32], f32)| row.len() == dimensions && weight.is_finite();
    let sum = |sign: f32| -> f32 { parts.iter().map(|(_, w)| (w * sign).max(0.0)).sum() };
    let (wanted, unwanted) = (sum(1.0), sum(-1.0));
    if wanted <= 0.0 || !wanted.is_finite() || !parts.iter().all(fits) {
        return None;
    }
    let mean = |sign: f32, total: f32| {
        let mut mean = vec![0.0_f32; dimensions];
        for (row, weight) in parts {
            let share = (weight * sign).max(0.0) / total.max(f32::MIN_POSITIVE);
            mean.iter_mut().zip(*row).for_each(|(m, v)| *m += share * v);
        }
        mean
    };
    let mut query = mean(1.0, wanted);
    let away = mean(-1.0, unwanted);
    let (own, common) = (exact_dot(&query, &query), exact_dot(&query, &away));
    let mut beta = f64::from((unwanted / wanted).min(1.0));
    if common > 0.0 {
        beta = beta.min((1.0 - WANTED_LEFT) * own / common);
    }
    let usable = own.sqrt() > 1e-6;
    query
        .iter_mut()
        .zip(&away)
        .for_each(|(q, a)| *q -= beta as f32 * a);
    (usable && normalise(&mut query)).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::super::testing::clustered;
    use super::*;

    #[test]
    fn the_unwanted_repels_but_never_turns_the_query_away_from_the_wanted() {
        let songs = clustered(60, 8, 3, 0.6);
        for seed in 0..20 {
            let (wanted, near) = (songs.row(seed), songs.row(seed + 3));
            let alone = blend(&[(wanted, 2.0)]).expect("one");
            assert!(exact_dot(&alone, wanted) > 0.999_99);
            for weight in [-0.3, -1.0, -50.0] {
                let query = blend(&[(wanted, 1.0), (near, weight)]).expect("two");
                assert!(exact_dot(&query, near) < exact_dot(wanted, near));
                assert!(exact_dot(&query, wanted) > 0.0);
            }
        }
    }

    #[test]
    fn the_heavier_seed_is_nearer() {
        let songs = clustered(10, 8, 2, 0.1);
        let query = blend(&[(songs.row(0), 3.0), (songs.row(1), 1.0)]).expect("two");
        assert!(exact_dot(&query, songs.row(0)) > exact_dot(&query, songs.row(1)));
    }

    #[test]
    fn what_cancels_out_or_asks_for_nothing_is_no_query() {
        let (a, opposite) = ([0.6, 0.8], [-0.6, -0.8]);
        assert_eq!(blend(&[]), None);
        assert_eq!(blend(&[(&a, -1.0)]), None);
        assert_eq!(blend(&[(&a, f32::NAN)]), None);
        assert_eq!(blend(&[(&a, 1.0), (&opposite, 1.0)]), None);
        assert_eq!(blend(&[(&a, 1.0), (&a[..1], 1.0)]), None);
        assert!(blend(&[(&a, 1.0), (&a, -1.0)]).is_some());
    }
}
