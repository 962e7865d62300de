//! Perry's task by the architectures that Perry compared: a network predicts the ratings of all songs of
//! the survey from time-frequency summaries of the favourite song.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::answers::{Answers, MIN_PARTICIPANTS};
use super::hamming::{HammingRow, HammingScores};
use soundalike_core::model::multimodal;
use soundalike_core::model::stack::StackConfig;
use soundalike_survey::{COLUMNS, DWT_ROWS, MFCC_ROWS, STFT_ROWS};
use soundalike_survey::{Favourite, Features};

/// Steps of each training, with all participants in one batch, and the learning rate.
const STEPS: usize = 25;
const RATE: f64 = 1e-3;
/// Weight decay.
const DECAY: f32 = 0.05;

/// A summary of the favourite: its rows, and its field in an answer.
type Part = (usize, fn(&Features) -> &Vec<f32>);
const MFCC: Part = (MFCC_ROWS, |features| &features.mfcc);
const DWT: Part = (DWT_ROWS, |features| &features.dwt);
const STFT: Part = (STFT_ROWS, |features| &features.stft);

/// A participant's summaries and ratings.
struct Example<'a> {
    features: &'a Features,
    ratings: &'a [(usize, bool)],
}

/// Hamming accuracy of Perry's five networks over the participants whose favourite is a file of their
/// own, by leave-one-out cross-validation. A network predicts the difference from each song's log-odds
/// among the training participants.
pub(super) fn hamming(answers: &Answers, seed: u64) -> Vec<HammingRow> {
    let examples: Vec<Example<'_>> = answers
        .participants
        .iter()
        .filter_map(|participant| match &participant.favourite {
            Favourite::Own { features, .. } => Some(Example {
                features,
                ratings: &participant.ratings,
            }),
            Favourite::Song { .. } => None,
        })
        .collect();
    if examples.len() < MIN_PARTICIPANTS {
        return Vec::new();
    }
    let songs = answers.songs.len();
    let kinds: [(&str, StackConfig, &[Part]); 5] = [
        ("mfcc-cnn", multimodal::mfcc_cnn(songs), &[MFCC]),
        ("mfcc-crnn", multimodal::mfcc_crnn(songs), &[MFCC]),
        ("dwt-cnn", multimodal::dwt_cnn(songs), &[DWT]),
        ("stft-cnn", multimodal::stft_cnn(songs), &[STFT]),
        (
            "multimodal",
            multimodal::multimodal(songs),
            &[MFCC, DWT, STFT],
        ),
    ];
    kinds
        .into_iter()
        .map(|(name, plan, parts)| {
            leave_one_out(
                name,
                &of_summaries(plan, parts),
                parts,
                &examples,
                songs,
                seed,
            )
        })
        .collect()
}

/// The architecture for the smaller summaries of an answer.
fn of_summaries(mut plan: StackConfig, parts: &[Part]) -> StackConfig {
    for (branch, (rows, _)) in plan.branches.iter_mut().zip(parts) {
        branch.shape = [1, *rows, COLUMNS];
    }
    plan
}

fn leave_one_out(
    name: &str,
    plan: &StackConfig,
    parts: &[Part],
    examples: &[Example<'_>],
    songs: usize,
    seed: u64,
) -> HammingRow {
    let mut scores = HammingScores::default();
    for (held_out, example) in examples.iter().enumerate() {
        let train = examples.iter().enumerate();
        let train = train.filter(|(at, _)| *at != held_out);
        let train: Vec<&Example<'_>> = train.map(|(_, example)| example).collect();
        let odds = log_odds(&train, songs);
        let liked = train.iter().flat_map(|example| example.ratings);
        let (likes, all) = liked.fold((0, 0), |(likes, all), (_, liked)| {
            (likes + usize::from(*liked), all + 1)
        });
        let logits = predict(plan, parts, &train, &[example], &odds, seed);
        scores.add(
            example.ratings,
            [
                &|song| logits[song] > 0.0,
                &|song| odds[song] > 0.0,
                &|_| 2 * likes > all,
            ],
        );
    }
    scores.row(name, examples.len(), seed)
}

/// The log-odds of a like of each song, with one like and one dislike added (Laplace smoothing).
fn log_odds(examples: &[&Example<'_>], songs: usize) -> Vec<f32> {
    let mut counts = vec![[1.0_f32; 2]; songs];
    for (song, liked) in examples.iter().flat_map(|example| example.ratings) {
        counts[*song][usize::from(*liked)] += 1.0;
    }
    counts.iter().map(|[no, yes]| (yes / no).ln()).collect()
}

/// Trains a network on some participants and predicts the others: logits `[test, songs]`.
fn predict(
    plan: &StackConfig,
    parts: &[Part],
    train: &[&Example<'_>],
    test: &[&Example<'_>],
    odds: &[f32],
    seed: u64,
) -> Vec<f32> {
    let songs = odds.len();
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    device.seed(seed);
    let scales: Vec<Vec<[f32; 2]>> = parts.iter().map(|part| scale(part, train)).collect();
    let inputs = |examples: &[&Example<'_>], device: &Device| -> Vec<Tensor<4>> {
        let parts = parts.iter().zip(&scales);
        parts
            .map(|((rows, read), scale)| {
                let values: Vec<f32> = examples
                    .iter()
                    .flat_map(|example| read(example.features).chunks(COLUMNS).zip(scale))
                    .flat_map(|(row, [mean, deviation])| {
                        row.iter().map(move |value| (value - mean) / deviation)
                    })
                    .collect();
                let shape = [examples.len(), 1, *rows, COLUMNS];
                Tensor::from_data(TensorData::new(values, shape), device)
            })
            .collect()
    };
    let (mut targets, mut mask) = (
        vec![0.0_f32; train.len() * songs],
        vec![0.0_f32; train.len() * songs],
    );
    for (example, (targets, mask)) in train
        .iter()
        .zip(targets.chunks_mut(songs).zip(mask.chunks_mut(songs)))
    {
        for &(song, liked) in example.ratings {
            targets[song] = f32::from(u8::from(liked));
            mask[song] = 1.0;
        }
    }
    let ratings = mask.iter().sum::<f32>().max(1.0);
    let shape = [train.len(), songs];
    let targets: Tensor<2> = Tensor::from_data(TensorData::new(targets, shape), &device);
    let mask: Tensor<2> = Tensor::from_data(TensorData::new(mask, shape), &device);
    let offset = |device: &Device| -> Tensor<2> {
        Tensor::from_data(TensorData::new(odds.to_vec(), [1, songs]), device)
    };
    let mut network = plan.init(&device);
    let mut optimizer = AdamWConfig::new().with_weight_decay(DECAY).init();
    let (summaries, base) = (inputs(train, &device), offset(&device));
    for _ in 0..STEPS {
        let logits = network.forward(summaries.clone()).logits + base.clone();
        // Binary cross-entropy of logits, in a form that does not overflow.
        let each = relu(logits.clone()) - logits.clone() * targets.clone()
            + (logits.abs().neg().exp() + 1.0).log();
        let loss = (each * mask.clone()).sum() / ratings;
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(RATE, network, gradients);
    }
    let output = network.valid().forward(inputs(test, &plain));
    let logits = output.logits + offset(&plain);
    logits.into_data().iter::<f32>().collect()
}

/// Mean and standard deviation of each row of a summary over participants and columns.
fn scale((rows, read): &Part, examples: &[&Example<'_>]) -> Vec<[f32; 2]> {
    let count = (examples.len() * COLUMNS).max(1) as f32;
    (0..*rows)
        .map(|row| {
            let values = || {
                examples
                    .iter()
                    .filter_map(|example| read(example.features).chunks(COLUMNS).nth(row))
                    .flatten()
            };
            let mean = values().sum::<f32>() / count;
            let square = values().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
            [mean, square.sqrt().max(1e-3)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_learns_to_predict_ratings_from_the_favourites_sound() {
        // Participants with a bright favourite like every song of the first half, the others those of the
        // second half.
        let songs = 8;
        let features = |bright: bool, n: usize| Features {
            mfcc: (0..MFCC_ROWS * COLUMNS)
                .map(|at| {
                    let row = at / COLUMNS;
                    let noise = ((at * 7 + n * 13) % 11) as f32 / 11.0;
                    noise + if bright && row < 3 { 3.0 } else { 0.0 }
                })
                .collect(),
            ..Features::default()
        };
        let all: Vec<(Features, Vec<(usize, bool)>)> = (0..24)
            .map(|n| {
                let bright = n % 2 == 0;
                let ratings = (0..songs).map(|song| (song, (song < songs / 2) == bright));
                (features(bright, n), ratings.collect())
            })
            .collect();
        let examples: Vec<Example<'_>> = all
            .iter()
            .map(|(features, ratings)| Example { features, ratings })
            .collect();
        let examples: Vec<&Example<'_>> = examples.iter().collect();
        let (train, test) = examples.split_at(18);
        let plan = of_summaries(multimodal::mfcc_cnn(songs), &[MFCC]);
        let learn = || {
            let odds = log_odds(train, songs);
            predict(&plan, &[MFCC], train, test, &odds, 1)
        };
        let logits = learn();
        for (example, logits) in test.iter().zip(logits.chunks(songs)) {
            for &(song, liked) in example.ratings {
                assert_eq!(logits[song] > 0.0, liked, "song {song}: {logits:?}");
            }
        }
        assert_eq!(learn(), logits, "one seed gives one network");
    }
}
