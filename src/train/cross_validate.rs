//! How well heads do on clips that they were not fitted to: cross-validation over all labelled clips, and by
//! the set's own split.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::error::TrainError;
use super::features::View;
use super::figures::{CrossValidation, Estimate, Figures, SetAccuracy};
use super::head::LinearHead;
use super::labelled::{FEWEST, LabelledFeatures};
use super::metrics::{self, TagReport, interval, tag_report};
use soundalike_core::model::Head;
use soundalike_datasets::{self as datasets, Split};

/// Strengths of the regularisation that are tried.
const DECAYS: [f64; 6] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0];
/// Temperatures that are tried: from 1/4 to 4 in steps of five per cent.
const TEMPERATURES: i32 = 28;

/// Predictions of heads for clips that they were not fitted to.
struct OutOfFold {
    /// The clips.
    places: Vec<usize>,
    /// Of each of [`View::ALL`], the logits `[places][names]`.
    logits: Vec<Vec<Vec<f32>>>,
    /// Of each clip, the share of the one, five and ten nearest that have its genre.
    precision: Vec<Option<[f64; 3]>>,
}

/// How many neighbours are looked at.
const NEIGHBOURS: [usize; 3] = [1, 5, 10];

impl LabelledFeatures {
    /// Fits heads to `train` and predicts `test`.
    fn predict(
        &self,
        train: &[usize],
        test: &[usize],
        decay: f64,
        near: bool,
    ) -> Result<OutOfFold, TrainError> {
        let head = self.fit(train, decay)?;
        let logits = self.views.iter().map(|view| {
            let rows = test.iter().map(|&place| head.logits(view.row(place)));
            rows.collect()
        });
        let logits = logits.collect();
        let embedding = if near { self.embedding(train) } else { None };
        Ok(OutOfFold {
            precision: match embedding {
                Some(embedding) => self.precision(&embedding, train, test),
                None => vec![None; test.len()],
            },
            places: test.to_vec(),
            logits,
        })
    }

    /// Share of the nearest of `train` that have the genre of each of `test`.
    fn precision(
        &self,
        embedding: &LinearHead,
        train: &[usize],
        test: &[usize],
    ) -> Vec<Option<[f64; 3]>> {
        let labels = self.labels();
        let directions = |places: &[usize], centre: Option<&[f32]>| -> (Vec<Vec<f32>>, Vec<f32>) {
            let rows: Vec<Vec<f32>> = places
                .iter()
                .map(|&place| embedding.logits(self.views[0].row(place)))
                .collect();
            let mean =
                soundalike_core::model::mean(embedding.bias.len(), rows.iter().map(Vec::as_slice));
            let centre = centre.map_or(mean, <[f32]>::to_vec);
            let directions = rows.into_iter().map(|row| {
                let row: Vec<f32> = row.iter().zip(&centre).map(|(v, c)| v - c).collect();
                let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
                row.into_iter().map(|v| v / length).collect()
            });
            (directions.collect(), centre)
        };
        let (train_directions, centre) = directions(train, None);
        let (test_directions, _) = directions(test, Some(&centre));
        let artist = |place: usize| self.songs[place].track.artist.to_lowercase();
        test.iter()
            .zip(&test_directions)
            .map(|(&place, direction)| {
                let own = artist(place);
                let mut others: Vec<(f32, usize)> = train
                    .iter()
                    .zip(&train_directions)
                    .filter(|(other, _)| own.is_empty() || artist(**other) != own)
                    .map(|(&other, row)| {
                        (row.iter().zip(direction).map(|(a, b)| a * b).sum(), other)
                    })
                    .collect();
                others.sort_by(|a, b| b.0.total_cmp(&a.0));
                (!others.is_empty()).then(|| {
                    NEIGHBOURS.map(|k| {
                        let nearest = &others[..k.min(others.len())];
                        let same = nearest
                            .iter()
                            .filter(|(_, other)| labels[*other] == labels[place]);
                        same.count() as f64 / nearest.len() as f64
                    })
                })
            })
            .collect()
    }

    /// One draw of folds, every clip predicted once.
    fn draw(
        &self,
        folds: usize,
        seed: u64,
        decay: f64,
        near: bool,
    ) -> Result<OutOfFold, TrainError> {
        let fold_of = datasets::folds(&self.songs, folds, seed);
        let labels = self.labels();
        let parts: Vec<OutOfFold> = (0..folds)
            .into_par_iter()
            .map(|fold| {
                let (test, train): (Vec<usize>, Vec<usize>) =
                    (0..self.len()).partition(|&place| fold_of[place] == fold);
                // A genre whose clips are all held out, by one artist as they may be, cannot be predicted.
                let genres: BTreeSet<usize> = train.iter().map(|&place| labels[place]).collect();
                let test: Vec<usize> = test
                    .into_iter()
                    .filter(|&place| genres.contains(&labels[place]))
                    .collect();
                if test.is_empty() || genres.len() < 2 {
                    return Ok(together(Vec::new()));
                }
                self.predict(&train, &test, decay, near)
            })
            .collect::<Result<_, TrainError>>()?;
        let found = together(parts);
        if found.places.is_empty() {
            return Err(TrainError::Fit(
                "the clips of every genre are by one artist each, so none can be held out"
                    .to_owned(),
            ));
        }
        Ok(found)
    }

    /// Each side of the set's own split predicted by heads fitted to the other side and to the clips of sets without a
    /// split, none of them by an artist of the predicted side. A side whose other lacks clips of a genre is left out,
    /// since that genre could not be predicted. `None` if no side is left.
    fn by_split(&self, decay: f64, near: bool) -> Result<Option<OutOfFold>, TrainError> {
        if !self.own_split {
            return Ok(None);
        }
        let split = |place: usize| self.songs[place].split;
        let set = |place: usize| self.songs[place].track.set.as_str();
        let all = || 0..self.len();
        let split_sets: BTreeSet<&str> = all()
            .filter(|&place| split(place) == Split::Valid)
            .map(set)
            .collect();
        let in_split = |place: &usize| split_sets.contains(set(*place));
        let valid: Vec<usize> = all().filter(|&p| split(p) == Split::Valid).collect();
        let train: Vec<usize> = all()
            .filter(in_split)
            .filter(|&p| matches!(split(p), Split::Train | Split::Extra))
            .collect();
        let rest: Vec<usize> = all().filter(|place| !in_split(place)).collect();
        let labels = self.labels();
        let artist = |place: usize| self.songs[place].track.artist.to_lowercase();
        let parts = [(&train, &valid), (&valid, &train)];
        let parts = parts.into_iter().filter_map(|(from, to)| {
            let artists: BTreeSet<String> = to.iter().map(|&place| artist(place)).collect();
            let others = rest
                .iter()
                .filter(|&&p| artist(p).is_empty() || !artists.contains(&artist(p)));
            let from: Vec<usize> = from.iter().chain(others).copied().collect();
            let enough = (0..self.names.len())
                .all(|genre| from.iter().filter(|&&p| labels[p] == genre).count() >= FEWEST);
            (enough && !to.is_empty()).then(|| self.predict(&from, to, decay, near))
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok((!parts.is_empty()).then(|| together(parts)))
    }

    /// The strength of the regularisation with the least cross-entropy at its best temperature: that of one draw of
    /// folds and, if the set has a split of its own, which is less optimistic, that by the split, added up.
    ///
    /// # Errors
    /// If heads cannot be fitted.
    pub fn choose_decay(&self, folds: usize) -> Result<f64, TrainError> {
        let losses = DECAYS
            .into_par_iter()
            .map(|decay| {
                let drawn = self.draw(folds, 0, decay, false)?;
                let by_split = self.by_split(decay, false)?;
                let loss = |found: &OutOfFold| self.temperature(&[found]).1;
                Ok((loss(&drawn) + by_split.as_ref().map_or(0.0, loss), decay))
            })
            .collect::<Result<Vec<(f64, f64)>, TrainError>>()?;
        let best = losses.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        Ok(best.map_or(DECAYS[0], |(_, decay)| decay))
    }

    /// The temperature with the least mean cross-entropy on whole clips, and that cross-entropy.
    fn temperature(&self, found: &[&OutOfFold]) -> (f32, f64) {
        // From one outwards, so that of equal ones the nearest to one is taken.
        let mut steps: Vec<i32> = (-TEMPERATURES..=TEMPERATURES).collect();
        steps.sort_by_key(|step| step.abs());
        steps
            .into_iter()
            .map(|step| 1.05_f32.powi(step))
            .map(|temperature| {
                let losses = found.iter().flat_map(|found| {
                    let rows = found.places.iter().zip(&found.logits[0]);
                    rows.map(|(&place, logits)| {
                        self.loss(place, &self.probabilities(logits, temperature))
                    })
                });
                (temperature, metrics::mean(losses).unwrap_or(f64::INFINITY))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((1.0, f64::INFINITY))
    }

    fn loss(&self, place: usize, probabilities: &[f32]) -> f64 {
        let target: Vec<bool> = self.targets.row(place).iter().map(|t| *t > 0.0).collect();
        match self.head {
            Head::Sigmoid => metrics::binary_cross_entropy(probabilities, &target),
            Head::Softmax => {
                let of = probabilities.iter().zip(&target).find(|(_, has)| **has);
                -f64::from(of.map_or(0.0, |(p, _)| *p).max(f32::MIN_POSITIVE)).ln()
            }
        }
    }

    /// Cross-validates heads over all clips: `draws` draws of `folds` folds with artists kept apart, as far as they
    /// are known.
    ///
    /// # Errors
    /// If heads cannot be fitted.
    pub fn cross_validate(
        &self,
        folds: usize,
        draws: usize,
        decay: f64,
    ) -> Result<CrossValidation, TrainError> {
        let softmax = self.head == Head::Softmax;
        let found = (0..draws)
            .map(|seed| self.draw(folds, seed as u64, decay, softmax))
            .collect::<Result<Vec<_>, _>>()?;
        let (temperature, _) = self.temperature(&found.iter().collect::<Vec<_>>());
        let by_split = self.by_split(decay, softmax)?;
        let figures = |found: &[OutOfFold]| -> BTreeMap<&'static str, Figures> {
            let views = View::ALL.iter().enumerate().filter(|_| softmax);
            views
                .map(|(view, name)| (name.name(), self.figures(found, view, temperature)))
                .collect()
        };
        let mut validation = CrossValidation {
            clips: self.len(),
            not_asked: self.len() - found.iter().map(|f| f.places.len()).min().unwrap_or(0),
            folds,
            draws,
            by_artist: self.songs.iter().any(|song| !song.track.artist.is_empty()),
            decay,
            temperature,
            genres: self.names.clone(),
            views: figures(&found),
            by_split: by_split.map_or(BTreeMap::new(), |found| figures(&[found])),
            by_set: BTreeMap::new(),
            per_genre: BTreeMap::new(),
            confusion: Vec::new(),
            reliability: Vec::new(),
            tags: None,
            errors: self.errors.clone(),
        };
        if softmax {
            self.add_genres(&mut validation, &found);
        } else {
            validation.tags = Some(self.tag_report(&found[0], temperature));
        }
        Ok(validation)
    }

    /// Adds the figures of whole clips by genre and by set.
    fn add_genres(&self, validation: &mut CrossValidation, found: &[OutOfFold]) {
        let labels = self.labels();
        let whole: Vec<(usize, usize, f32)> = found
            .iter()
            .flat_map(|found| self.calls(found, 0, validation.temperature))
            .collect();
        let true_genres: Vec<usize> = whole.iter().map(|(place, ..)| labels[*place]).collect();
        let called: Vec<usize> = whole.iter().map(|(_, call, _)| *call).collect();
        validation.confusion = metrics::confusion(&true_genres, &called, self.names.len());
        validation.per_genre = metrics::per_genre(&validation.confusion, &self.names);
        let correct = |(place, call, confidence): &(usize, usize, f32)| {
            (*confidence, labels[*place] == *call)
        };
        let confidences: Vec<(f32, bool)> = whole.iter().map(correct).collect();
        validation.reliability = metrics::reliability(&confidences);
        let mut by_set: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for ((place, ..), (_, correct)) in whole.iter().zip(&confidences) {
            let (hits, count) = by_set
                .entry(self.songs[*place].track.set.clone())
                .or_default();
            *hits += f64::from(u8::from(*correct));
            *count += 1.0;
        }
        let draws = validation.draws.max(1) as f64;
        let accuracies = by_set.into_iter().map(|(set, (hits, count))| {
            let accuracy = SetAccuracy {
                clips: (count / draws).round() as usize,
                accuracy: hits / count,
            };
            (set, accuracy)
        });
        validation.by_set = accuracies.collect();
    }

    /// The figures of tags on whole clips.
    fn tag_report(&self, found: &OutOfFold, temperature: f32) -> TagReport {
        let probabilities: Vec<Vec<f32>> = found.logits[0]
            .iter()
            .map(|logits| self.probabilities(logits, temperature))
            .collect();
        let targets: Vec<Vec<bool>> = found
            .places
            .iter()
            .map(|&place| self.targets.row(place).iter().map(|t| *t > 0.0).collect())
            .collect();
        tag_report(&probabilities, &targets, &self.names)
    }

    /// Of each clip that was predicted, its place, its most probable genre and the confidence.
    fn calls(&self, found: &OutOfFold, view: usize, temperature: f32) -> Vec<(usize, usize, f32)> {
        let rows = found.places.iter().zip(&found.logits[view]);
        rows.map(|(&place, logits)| {
            let p = self.probabilities(logits, temperature);
            let call = (0..p.len())
                .max_by(|&a, &b| p[a].total_cmp(&p[b]))
                .unwrap_or(0);
            (place, call, p[call])
        })
        .collect()
    }

    /// The figures of one version of the clips, averaged over the draws.
    fn figures(&self, draws: &[OutOfFold], view: usize, temperature: f32) -> Figures {
        let labels = self.labels();
        let of_draw = |found: &OutOfFold| self.figures_of_draw(found, view, temperature, &labels);
        Figures::averaged(&draws.iter().map(of_draw).collect::<Vec<_>>())
    }

    fn figures_of_draw(
        &self,
        found: &OutOfFold,
        view: usize,
        temperature: f32,
        labels: &[usize],
    ) -> Figures {
        let calls = self.calls(found, view, temperature);
        let correct: Vec<(f32, bool)> = calls
            .iter()
            .map(|(place, call, confidence)| (*confidence, labels[*place] == *call))
            .collect();
        let losses = found
            .places
            .iter()
            .zip(&found.logits[view])
            .map(|(&place, logits)| self.loss(place, &self.probabilities(logits, temperature)));
        let clips = correct.len();
        let hits = correct
            .iter()
            .map(|(_, correct)| Some(f64::from(u8::from(*correct))));
        let hits: Vec<Option<f64>> = hits.collect();
        let true_genres: Vec<usize> = calls.iter().map(|(place, ..)| labels[*place]).collect();
        let called: Vec<usize> = calls.iter().map(|(_, call, _)| *call).collect();
        let confusion = metrics::confusion(&true_genres, &called, self.names.len());
        let macro_f1 = metrics::macro_f1(&metrics::per_genre(&confusion, &self.names));
        let near = |k: usize| -> Option<Estimate> {
            let values: Vec<Option<f64>> =
                found.precision.iter().map(|p| p.map(|p| p[k])).collect();
            Estimate::of_mean(&values)
        };
        Figures {
            accuracy: Estimate::of_mean(&hits).unwrap_or(Estimate::ZERO),
            macro_f1: Estimate {
                value: macro_f1,
                interval: metrics::macro_f1_interval(&true_genres, &called, &self.names)
                    .unwrap_or_default(),
            },
            log_loss: metrics::mean(losses).unwrap_or(0.0),
            expected_calibration_error: Estimate {
                value: metrics::calibration_error(&correct),
                interval: interval(clips, |times| {
                    let drawn = correct.iter().zip(times);
                    let drawn = drawn.flat_map(|(r, &times)| vec![*r; times as usize]);
                    Some(metrics::calibration_error(&drawn.collect::<Vec<_>>()))
                })
                .unwrap_or_default(),
            },
            precision_at_1: near(0).filter(|_| view == 0),
            precision_at_5: near(1).filter(|_| view == 0),
            precision_at_10: near(2).filter(|_| view == 0),
        }
    }
}

/// The predictions of several folds as one.
fn together(parts: Vec<OutOfFold>) -> OutOfFold {
    let mut all = OutOfFold {
        places: Vec::new(),
        logits: vec![Vec::new(); View::ALL.len()],
        precision: Vec::new(),
    };
    for part in parts {
        all.places.extend(part.places);
        all.precision.extend(part.precision);
        for (view, logits) in all.logits.iter_mut().zip(part.logits) {
            view.extend(logits);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::teacher::Teacher;
    use soundalike_core::audio::{Clip, synth};
    use soundalike_core::catalog::Track;
    use soundalike_core::pipeline::Predictor;
    use soundalike_datasets::Song;

    const GENRES: [&str; 2] = ["noise", "tone"];

    /// A teacher that needs no weights: it tells steady sounds from noisy ones by how often they cross zero.
    struct ZeroCrossings {
        fails: bool,
    }

    impl Teacher for ZeroCrossings {
        fn name(&self) -> &str {
            "zero crossings"
        }

        fn width(&self) -> usize {
            2
        }

        fn embedding(&self, clip: &Clip) -> Result<Vec<f32>, TrainError> {
            if self.fails {
                return Err(TrainError::Fit("the teacher is ill".to_owned()));
            }
            let pairs = clip.samples().windows(2);
            let crossings = pairs.filter(|p| (p[0] < 0.0) != (p[1] < 0.0)).count();
            let rate = crossings as f32 / clip.samples().len() as f32;
            Ok(vec![rate, 1.0 - rate])
        }
    }

    fn song(folder: &Path, genre: &str, at: u32, labelled: bool) -> Song {
        let clip = match genre {
            "tone" => synth::tone(200.0 + 60.0 * f64::from(at), 3.0, 16_000),
            _ => synth::noise(u64::from(at), 3.0, 16_000),
        };
        let file = folder.join(format!("{genre}-{at}.wav"));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: clip.rate(),
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut wav = hound::WavWriter::create(&file, spec).expect("a file");
        for &sample in clip.samples() {
            wav.write_sample(sample).expect("a sample");
        }
        wav.finalize().expect("a file");
        let track = Track {
            genre: if labelled { genre } else { "" }.to_owned(),
            path: file.display().to_string(),
            ..Track::default()
        };
        Song::new(file, Split::Train, track)
    }

    #[test]
    fn pseudo_labels_of_a_teacher_take_part_in_the_cross_validation() {
        let folder = tempfile::tempdir().expect("a folder");
        let songs = |from: u32, to: u32, labelled: bool| -> Vec<Song> {
            let both = |at: u32| GENRES.map(|genre| song(folder.path(), genre, at, labelled));
            (from..to).flat_map(both).collect()
        };
        let (labelled_songs, unlabelled) = (songs(0, 4, true), songs(4, 7, false));
        let predictor = Predictor::on_processor(soundalike_shipped::MODEL);
        let predictor = predictor.expect("the shipped model");
        let names = GENRES.map(str::to_owned);
        let gather = || {
            LabelledFeatures::gather(&predictor, &labelled_songs, &names, Head::Softmax, None)
                .expect("features")
        };
        let with_teacher = |fails: bool| {
            gather().with_pseudo_labels(&predictor, &ZeroCrossings { fails }, &unlabelled)
        };
        let figures = |labelled: &LabelledFeatures| {
            let found = labelled.cross_validate(4, 2, 0.5).expect("fits");
            assert_eq!((found.clips, found.not_asked), (8, 0));
            found.views["whole clips"].clone()
        };
        let without = figures(&gather());
        let labelled = with_teacher(false).expect("pseudo-labels");
        let with = figures(&labelled);
        assert_eq!(
            with.accuracy.value, 1.0,
            "tones and noise are easy to tell apart"
        );
        assert_ne!(with.log_loss, without.log_loss, "pseudo-labels count");
        assert_eq!(figures(&labelled), with, "and are the same every time");

        let error = with_teacher(true).err().expect("the teacher failed");
        assert!(error.to_string().contains("ill"), "{error}");
    }
}
