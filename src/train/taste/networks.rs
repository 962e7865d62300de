//! Perry's task by networks of the kinds that perry compared: from pictures of a favourite song's sound to
//! the likes of the survey's songs, all songs at once.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::Answers;
use super::evaluate::interval;
use super::favourite::HammingRow;
use soundalike_core::model::multimodal;
use soundalike_core::model::stack::StackConfig;
use soundalike_survey::{COLUMNS, DWT_ROWS, MFCC_ROWS, STFT_ROWS};
use soundalike_survey::{Favourite, Features};

/// Steps of each training, all participants at once, and the learning rate.
const STEPS: usize = 25;
const RATE: f64 = 1e-3;
/// Decay of the weights per step and learning rate.
const DECAY: f32 = 0.05;

/// A picture of the favourite: its rows, and where it lies in an answer.
type Part = (usize, fn(&Features) -> &Vec<f32>);
const MFCC: Part = (MFCC_ROWS, |features| &features.mfcc);
const DWT: Part = (DWT_ROWS, |features| &features.dwt);
const STFT: Part = (STFT_ROWS, |features| &features.stft);

/// Participants' pictures with their opinions.
struct Person<'a> {
    features: &'a Features,
    labels: &'a [(usize, bool)],
}

/// Hamming accuracy of perry's five inputs, each through its network, over the participants whose
/// favourite is a file of their own, each predicted by what was learnt from all the others. A network says by how much the odds of a like differ from those of
/// the song among the participants it learns from.
pub(super) fn hamming(answers: &Answers, seed: u64) -> Vec<HammingRow> {
    let people: Vec<Person<'_>> = answers
        .people
        .iter()
        .filter_map(|person| match &person.favourite {
            Favourite::Own { features, .. } => Some(Person {
                features,
                labels: &person.labels,
            }),
            Favourite::Song { .. } => None,
        })
        .collect();
    if people.len() < super::FEWEST {
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
            one(
                name,
                &of_summaries(plan, parts),
                parts,
                &people,
                songs,
                seed,
            )
        })
        .collect()
}

/// The plan for an answer's smaller pictures.
fn of_summaries(mut plan: StackConfig, parts: &[Part]) -> StackConfig {
    for (branch, (rows, _)) in plan.branches.iter_mut().zip(parts) {
        branch.shape = [1, *rows, COLUMNS];
    }
    plan
}

fn one(
    name: &str,
    plan: &StackConfig,
    parts: &[Part],
    people: &[Person<'_>],
    songs: usize,
    seed: u64,
) -> HammingRow {
    let mut scores = [const { Vec::new() }; 3];
    for (left_out, person) in people.iter().enumerate() {
        let others = people.iter().enumerate().filter(|(at, _)| *at != left_out);
        let train: Vec<&Person<'_>> = others.map(|(_, other)| other).collect();
        let odds = log_odds(&train, songs);
        let liked = train.iter().flat_map(|person| person.labels);
        let (likes, all) = liked.fold((0, 0), |(likes, all), (_, liked)| {
            (likes + usize::from(*liked), all + 1)
        });
        let overall = 2 * likes > all;
        let logits = predict(plan, parts, &train, &[person], &odds, seed);
        if person.labels.is_empty() {
            continue;
        }
        let share = |call: &dyn Fn(usize) -> bool| {
            let labels = person.labels.iter();
            let right = labels.filter(|&&(song, liked)| call(song) == liked);
            right.count() as f64 / person.labels.len() as f64
        };
        scores[0].push(share(&|song| logits[song] > 0.0));
        scores[1].push(share(&|song| odds[song] > 0.0));
        scores[2].push(share(&|_| overall));
    }
    let [accuracy, majority_per_song, majority_overall] = scores.map(|s| interval(&s, seed));
    HammingRow {
        input: name.to_owned(),
        participants: people.len(),
        accuracy,
        majority_per_song,
        majority_overall,
    }
}

/// Of each song the logarithm of the odds of a like, with one like and one dislike added (Laplace).
fn log_odds(people: &[&Person<'_>], songs: usize) -> Vec<f32> {
    let mut counts = vec![[1.0_f32; 2]; songs];
    for (song, liked) in people.iter().flat_map(|person| person.labels) {
        counts[*song][usize::from(*liked)] += 1.0;
    }
    counts.iter().map(|[no, yes]| (yes / no).ln()).collect()
}

/// Learns from some participants and foresees the others: logits `[test, songs]`.
fn predict(
    plan: &StackConfig,
    parts: &[Part],
    train: &[&Person<'_>],
    test: &[&Person<'_>],
    odds: &[f32],
    seed: u64,
) -> Vec<f32> {
    let songs = odds.len();
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    device.seed(seed);
    let scales: Vec<Vec<[f32; 2]>> = parts.iter().map(|part| scale(part, train)).collect();
    let inputs = |people: &[&Person<'_>], device: &Device| -> Vec<Tensor<4>> {
        let parts = parts.iter().zip(&scales);
        parts
            .map(|((rows, read), scale)| {
                let values: Vec<f32> = people
                    .iter()
                    .flat_map(|person| read(person.features).chunks(COLUMNS).zip(scale))
                    .flat_map(|(row, [mean, deviation])| {
                        row.iter().map(move |value| (value - mean) / deviation)
                    })
                    .collect();
                let shape = [people.len(), 1, *rows, COLUMNS];
                Tensor::from_data(TensorData::new(values, shape), device)
            })
            .collect()
    };
    let (mut said, mut known) = (
        vec![0.0_f32; train.len() * songs],
        vec![0.0_f32; train.len() * songs],
    );
    for (person, (said, known)) in train
        .iter()
        .zip(said.chunks_mut(songs).zip(known.chunks_mut(songs)))
    {
        for &(song, liked) in person.labels {
            said[song] = f32::from(u8::from(liked));
            known[song] = 1.0;
        }
    }
    let opinions = known.iter().sum::<f32>().max(1.0);
    let shape = [train.len(), songs];
    let said: Tensor<2> = Tensor::from_data(TensorData::new(said, shape), &device);
    let known: Tensor<2> = Tensor::from_data(TensorData::new(known, shape), &device);
    let offset = |device: &Device| -> Tensor<2> {
        Tensor::from_data(TensorData::new(odds.to_vec(), [1, songs]), device)
    };
    let mut network = plan.init(&device);
    let mut optimizer = AdamWConfig::new().with_weight_decay(DECAY).init();
    let (pictures, base) = (inputs(train, &device), offset(&device));
    for _ in 0..STEPS {
        let logits = network.forward(pictures.clone()).logits + base.clone();
        // Cross-entropy of the sigmoid, in the form that does not overflow.
        let each = relu(logits.clone()) - logits.clone() * said.clone()
            + (logits.abs().neg().exp() + 1.0).log();
        let loss = (each * known.clone()).sum() / opinions;
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(RATE, network, gradients);
    }
    let heard = network.valid().forward(inputs(test, &plain));
    let logits = heard.logits + offset(&plain);
    logits.into_data().iter::<f32>().collect()
}

/// Mean and deviation of each row of a picture over participants and columns.
fn scale((rows, read): &Part, people: &[&Person<'_>]) -> Vec<[f32; 2]> {
    let count = (people.len() * COLUMNS).max(1) as f32;
    (0..*rows)
        .map(|row| {
            let values = || {
                people
                    .iter()
                    .filter_map(|person| read(person.features).chunks(COLUMNS).nth(row))
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
    fn a_network_learns_whom_the_favourites_sound_tells_apart() {
        // Those whose favourite is bright like every song of the first half, the others of the second.
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
                let labels = (0..songs).map(|song| (song, (song < songs / 2) == bright));
                (features(bright, n), labels.collect())
            })
            .collect();
        let people: Vec<Person<'_>> = all
            .iter()
            .map(|(features, labels)| Person { features, labels })
            .collect();
        let people: Vec<&Person<'_>> = people.iter().collect();
        let (train, test) = people.split_at(18);
        let plan = of_summaries(multimodal::mfcc_cnn(songs), &[MFCC]);
        let learn = || {
            let odds = log_odds(train, songs);
            predict(&plan, &[MFCC], train, test, &odds, 1)
        };
        let logits = learn();
        for (person, logits) in test.iter().zip(logits.chunks(songs)) {
            for &(song, liked) in person.labels {
                assert_eq!(logits[song] > 0.0, liked, "song {song}: {logits:?}");
            }
        }
        assert_eq!(learn(), logits, "one seed gives one network");
    }
}
