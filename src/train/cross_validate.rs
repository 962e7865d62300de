//! How well heads do on clips that they were not fitted to: cross-validation over all labelled clips, and by
//! the set's own split.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use super::TrainError;
use super::evaluate::ClipError;
use super::features::{ClipFeatures, View};
use super::head::{LinearHead, Rows};
use super::lda::LdaTransform;
use super::metrics::{self, GenreScore, Reliability, TagReport, interval, tag_report};
use super::yamnet::{self, Yamnet};
use soundalike_core::model::{Calibration, Head, Model, Network};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{self as datasets, Song, Split};

/// Length of the embedding that is fitted.
pub const EMBEDDING: usize = 128;
/// Strengths of the regularisation that are tried.
const DECAYS: [f64; 6] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0];
/// Temperatures that are tried: from 1/4 to 4 in steps of five per cent.
const TEMPERATURES: i32 = 28;
/// Fewest clips of a genre: with fewer no fold is left to learn from and another to measure by.
const FEWEST: usize = 3;

/// LabelledFeatures clips and their features.
pub struct LabelledFeatures {
    /// Names of the genres or tags, the order of the logits.
    pub names: Vec<String>,
    /// What the logits are of.
    pub head: Head,
    /// Of each of [`View::ALL`], `[clips, features]`.
    views: Vec<Rows>,
    /// `[clips, names]`: one where a clip has the genre or tag.
    targets: Rows,
    songs: Vec<Song>,
    /// Whether the set has a split of its own.
    own_split: bool,
    /// The embedding that stays, if none is to be fitted.
    kept_embedding: Option<LinearHead>,
    /// What a second teacher knows, if one was asked.
    soft: Option<PseudoLabels>,
    /// Clips that could not be used.
    pub errors: Vec<ClipError>,
}

/// What pseudo-labels come from: a probe on the features of the network and of a second teacher together is fitted to
/// the labelled clips, and its probabilities of clips without a label are learnt like labels (Hinton et al. 2015).
struct PseudoLabels {
    /// The teacher's embedding of each labelled clip.
    labelled: Rows,
    /// Features of the clips without a label.
    features: Rows,
    /// The teacher's embedding of them.
    unlabelled: Rows,
}

/// How much all pseudo-labels together weigh beside all labels.
const SOFT_SHARE: f32 = 0.5;
/// Regularisation of the probe.
const PROBE_DECAY: f64 = 0.5;

/// A number with its 95 % interval (bootstrap over clips).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Mean over the draws.
    pub value: f64,
    /// Lower and upper end.
    pub interval: [f64; 2],
}

/// How well clips are told, out of fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Share of the clips whose most probable genre is the labelled one.
    pub accuracy: Estimate,
    /// Mean F1 over the genres.
    pub macro_f1: Estimate,
    /// Mean cross-entropy in nats.
    pub log_loss: f64,
    /// Expected calibration error.
    pub expected_calibration_error: Estimate,
    /// Share of the nearest clip, of the five and of the ten nearest clips that have the genre; of the clips
    /// that the heads were fitted to, without those of the same artist.
    pub precision_at_1: Option<Estimate>,
    /// See [`Figures::precision_at_1`].
    pub precision_at_5: Option<Estimate>,
    /// See [`Figures::precision_at_1`].
    pub precision_at_10: Option<Estimate>,
}

/// Accuracy on the clips of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetAccuracy {
    /// Clips of the set.
    pub clips: usize,
    /// Share that is told right.
    pub accuracy: f64,
}

/// What `trainer evaluate --cross-validate` prints.
#[derive(Clone, Debug, Serialize)]
pub struct CrossValidation {
    /// LabelledFeatures clips.
    pub clips: usize,
    /// Clips that some draw did not ask about, since all clips of their genre were left out.
    pub not_asked: usize,
    /// Folds of a draw.
    pub folds: usize,
    /// Draws of the folds, each with another seed.
    pub draws: usize,
    /// Whether clips of one artist are in one fold.
    pub by_artist: bool,
    /// Strength of the regularisation.
    pub decay: f64,
    /// What the logits are divided by: the number with the least cross-entropy on these very clips, so that log loss
    /// and calibration error flatter by the one number that was chosen.
    pub temperature: f32,
    /// Order of the rows and columns of `confusion`.
    pub genres: Vec<String>,
    /// Figures by the version of the clips; none of tags.
    pub views: BTreeMap<&'static str, Figures>,
    /// The same by the set's own split, each side told by heads that were fitted to the other; none if it has
    /// no split of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_split: BTreeMap<&'static str, Figures>,
    /// Accuracy on whole clips, by set.
    pub by_set: BTreeMap<String, SetAccuracy>,
    /// Scores of each genre on whole clips, over all draws.
    pub per_genre: BTreeMap<String, GenreScore>,
    /// Counts `[true genre][called genre]` over all draws.
    pub confusion: Vec<Vec<usize>>,
    /// The reliability diagram of whole clips, over all draws.
    pub reliability: Vec<Reliability>,
    /// Figures of tags on whole clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagReport>,
    /// Clips that could not be used, with the reason.
    pub errors: Vec<ClipError>,
}

/// What heads that were fitted to other clips say of some.
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
    /// Decodes the songs that have one of `names` and computes their features; with `cache`, those of
    /// unchanged songs are taken from that file, and it is written anew.
    ///
    /// # Errors
    /// If no song can be used, a genre has fewer than three clips, or the features cannot be computed.
    pub fn gather(
        predictor: &Predictor,
        songs: &[Song],
        names: &[String],
        head: Head,
        cache: Option<&std::path::Path>,
    ) -> Result<Self, TrainError> {
        let has = |song: &Song, name: &String| song.words().contains(&name.as_str());
        let songs: Vec<Song> = songs
            .iter()
            .filter(|song| names.iter().any(|name| has(song, name)))
            .cloned()
            .collect();
        let enough = |songs: &[Song]| -> Result<(), TrainError> {
            for name in names {
                let clips = songs.iter().filter(|song| has(song, name)).count();
                if clips < FEWEST {
                    return Err(TrainError::TooFewClips {
                        genre: name.clone(),
                        clips,
                        fewest: FEWEST,
                    });
                }
            }
            Ok(())
        };
        enough(&songs)?;
        let features = ClipFeatures::gather(predictor, &songs, &View::ALL, cache)?;
        let songs: Vec<Song> = features
            .places
            .iter()
            .map(|&at| songs[at].clone())
            .collect();
        // Some of them may be silent or damaged.
        if let Err(error) = enough(&songs) {
            for error in &features.errors {
                eprintln!("{}: {}", error.path, error.error);
            }
            return Err(error);
        }
        let targets = songs.iter().flat_map(|song| {
            names
                .iter()
                .map(|name| f32::from(u8::from(has(song, name))))
        });
        Ok(Self {
            names: names.to_vec(),
            head,
            targets: Rows {
                values: targets.collect(),
                width: names.len(),
            },
            views: features.views,
            own_split: false,
            kept_embedding: None,
            soft: None,
            errors: features.errors,
            songs,
        })
    }

    /// The same of a set that has a split of its own.
    #[must_use]
    pub fn with_own_split(mut self, own_split: bool) -> Self {
        self.own_split = own_split;
        self
    }

    /// The same with the embedding of a model, if it has one, instead of one fitted to these clips.
    #[must_use]
    pub fn with_embedding_of(mut self, model: &Model) -> Self {
        self.kept_embedding = LinearHead::of(&model.weights(), Network::EMBEDDING_LAYER);
        self
    }

    /// The same with pseudo-labels of `unlabelled` music from a probe on what the network and `teacher` make of it.
    ///
    /// # Errors
    /// If nothing of it can be used.
    pub fn with_pseudo_labels(
        mut self,
        predictor: &Predictor,
        teacher: &Yamnet,
        unlabelled: &[Song],
    ) -> Result<Self, TrainError> {
        let found = ClipFeatures::gather(predictor, unlabelled, &[View::Whole], None)?;
        let unlabelled: Vec<Song> = found
            .places
            .iter()
            .map(|&at| unlabelled[at].clone())
            .collect();
        let progress = Progress::new("asking YAMNet", self.songs.len() + unlabelled.len());
        let ask = |songs: &[Song]| -> Result<Rows, TrainError> {
            let rows: Vec<Vec<f32>> = songs
                .par_iter()
                .map(|song| {
                    let clip = song.clip().map_err(|cause| TrainError::Song {
                        file: song.file.clone(),
                        cause: cause.to_string(),
                    })?;
                    let row = teacher.embedding(&clip);
                    progress.advance();
                    row
                })
                .collect::<Result<_, _>>()?;
            Ok(Rows {
                width: yamnet::EMBEDDING,
                values: rows.concat(),
            })
        };
        self.soft = Some(PseudoLabels {
            labelled: ask(&self.songs)?,
            unlabelled: ask(&unlabelled)?,
            features: Rows::stacked(&found.views),
        });
        Ok(self)
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.songs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// The sets that the clips come from.
    pub fn sets(&self) -> BTreeSet<&str> {
        self.songs
            .iter()
            .map(|song| song.track.set.as_str())
            .collect()
    }

    /// Features of all views, one view after another.
    pub(super) fn features(&self) -> Rows {
        Rows::stacked(&self.views)
    }

    /// Index of each clip's genre, or of its first tag.
    fn labels(&self) -> Vec<usize> {
        let rows = self.targets.values.chunks(self.targets.width.max(1));
        rows.map(|row| row.iter().position(|t| *t > 0.0).unwrap_or(0))
            .collect()
    }

    /// A head fitted to all views of some clips. Every genre weighs the same, however few clips it has.
    ///
    /// # Errors
    /// If it cannot be fitted.
    pub(super) fn fit(&self, places: &[usize], decay: f64) -> Result<LinearHead, TrainError> {
        let labels = self.labels();
        let mut counts = vec![0.0_f32; self.names.len()];
        for &place in places {
            counts[labels[place]] += 1.0;
        }
        let importance: Vec<f32> = match self.head {
            Head::Softmax => places
                .iter()
                .map(|&place| 1.0 / counts[labels[place]])
                .collect(),
            Head::Sigmoid => vec![1.0; places.len()],
        };
        let mut views: Vec<Rows> = self.views.iter().map(|view| view.select(places)).collect();
        let mut targets = vec![self.targets.select(places); views.len()];
        let mut counted = importance.repeat(views.len());
        if let Some(soft) = &self.soft {
            let known = views[0].beside(&soft.labelled.select(places));
            let probe = LinearHead::fit(&known, &targets[0], &importance, PROBE_DECAY, self.head)?;
            let asked = soft.features.beside(&soft.unlabelled);
            let pseudo = (0..asked.len())
                .flat_map(|row| self.probabilities(&probe.logits(asked.row(row)), 1.0));
            let total: f32 = counted.iter().sum();
            let each = SOFT_SHARE * total / asked.len().max(1) as f32;
            counted.extend(vec![each; asked.len()]);
            targets.push(Rows {
                values: pseudo.collect(),
                width: self.names.len(),
            });
            views.push(soft.features.clone());
        }
        LinearHead::fit(
            &Rows::stacked(&views),
            &Rows::stacked(&targets),
            &counted,
            decay,
            self.head,
        )
    }

    /// The embedding that stays, or else one fitted to all views of some clips; `None` with fewer than two genres.
    pub(super) fn embedding(&self, places: &[usize]) -> Option<LinearHead> {
        if self.kept_embedding.is_some() {
            return self.kept_embedding.clone();
        }
        let views: Vec<Rows> = self.views.iter().map(|view| view.select(places)).collect();
        let labels = self.labels();
        let labels: Vec<usize> = places.iter().map(|&place| labels[place]).collect();
        let rows = Rows::stacked(&views);
        let dimensions = EMBEDDING.min(rows.width);
        let labels = labels.repeat(views.len());
        LdaTransform::fit(&rows, &labels, self.names.len(), dimensions).map(|map| map.layer())
    }

    /// Fits to `train` and asks about `test`.
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
            let turned = rows.into_iter().map(|row| {
                let row: Vec<f32> = row.iter().zip(&centre).map(|(v, c)| v - c).collect();
                let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
                row.into_iter().map(|v| v / length).collect()
            });
            (turned.collect(), centre)
        };
        let (known, centre) = directions(train, None);
        let (asked, _) = directions(test, Some(&centre));
        let artist = |place: usize| self.songs[place].track.artist.to_lowercase();
        test.iter()
            .zip(&asked)
            .map(|(&place, direction)| {
                let own = artist(place);
                let mut others: Vec<(f32, usize)> = train
                    .iter()
                    .zip(&known)
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

    /// One draw of folds, every clip asked about once.
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
                // Nobody could tell a genre whose clips are all left out, by one artist as they may be.
                let known: BTreeSet<usize> = train.iter().map(|&place| labels[place]).collect();
                let test: Vec<usize> = test
                    .into_iter()
                    .filter(|&place| known.contains(&labels[place]))
                    .collect();
                if test.is_empty() || known.len() < 2 {
                    return Ok(together(Vec::new()));
                }
                self.predict(&train, &test, decay, near)
            })
            .collect::<Result<_, TrainError>>()?;
        let found = together(parts);
        if found.places.is_empty() {
            return Err(TrainError::Fit(
                "the clips of every genre are by one artist each, so none can be told from clips of others"
                    .to_owned(),
            ));
        }
        Ok(found)
    }

    /// Each side of the set's own split asked about, by heads fitted to the other side and to the clips of sets
    /// without a split, none of them by an artist of the side that is asked about. A side whose other lacks clips of a
    /// genre is not asked about, since nobody could tell that genre. `None` if no side is left.
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
            let asked: BTreeSet<String> = to.iter().map(|&place| artist(place)).collect();
            let others = rest
                .iter()
                .filter(|&&p| artist(p).is_empty() || !asked.contains(&artist(p)));
            let from: Vec<usize> = from.iter().chain(others).copied().collect();
            let enough = (0..self.names.len())
                .all(|genre| from.iter().filter(|&&p| labels[p] == genre).count() >= FEWEST);
            (enough && !to.is_empty()).then(|| self.predict(&from, to, decay, near))
        });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok((!parts.is_empty()).then(|| together(parts)))
    }

    /// The strength of the regularisation with the least cross-entropy at its best temperature: that of one draw of
    /// folds and, if the set has a split of its own, which flatters less, that by the split, added up.
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

    fn probabilities(&self, logits: &[f32], temperature: f32) -> Vec<f32> {
        let calibration = Calibration {
            head: self.head,
            temperature,
            ..Calibration::default()
        };
        calibration.probabilities(&[logits], 1.0)
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
        let near = self.head == Head::Softmax;
        let found = (0..draws)
            .map(|seed| self.draw(folds, seed as u64, decay, near))
            .collect::<Result<Vec<_>, _>>()?;
        let (temperature, _) = self.temperature(&found.iter().collect::<Vec<_>>());
        let by_split = self.by_split(decay, near)?;
        let labels = self.labels();
        let whole: Vec<(usize, usize, f32)> = found
            .iter()
            .flat_map(|found| self.calls(found, 0, temperature))
            .collect();
        let confusion = metrics::confusion(
            &whole
                .iter()
                .map(|(place, ..)| labels[*place])
                .collect::<Vec<_>>(),
            &whole.iter().map(|(_, call, _)| *call).collect::<Vec<_>>(),
            self.names.len(),
        );
        let right = |(place, call, confidence): &(usize, usize, f32)| {
            (*confidence, labels[*place] == *call)
        };
        let confidences: Vec<(f32, bool)> = whole.iter().map(right).collect();
        let mut by_set: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for ((place, ..), (_, right)) in whole.iter().zip(&confidences) {
            let (hits, count) = by_set
                .entry(self.songs[*place].track.set.clone())
                .or_default();
            *hits += f64::from(u8::from(*right));
            *count += 1.0;
        }
        let softmax = self.head == Head::Softmax;
        let figures = |found: &[OutOfFold]| -> BTreeMap<&'static str, Figures> {
            let views = View::ALL.iter().enumerate().filter(|_| softmax);
            views
                .map(|(view, name)| (name.name(), self.figures(found, view, temperature)))
                .collect()
        };
        let tags = (!softmax).then(|| {
            let first = &found[0];
            let probabilities: Vec<Vec<f32>> = first.logits[0]
                .iter()
                .map(|logits| self.probabilities(logits, temperature))
                .collect();
            let targets: Vec<Vec<bool>> = first
                .places
                .iter()
                .map(|&place| self.targets.row(place).iter().map(|t| *t > 0.0).collect())
                .collect();
            tag_report(&probabilities, &targets, &self.names)
        });
        Ok(CrossValidation {
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
            by_set: by_set
                .into_iter()
                .map(|(set, (hits, count))| {
                    let clips = (count / draws.max(1) as f64).round() as usize;
                    (
                        set,
                        SetAccuracy {
                            clips,
                            accuracy: hits / count,
                        },
                    )
                })
                .filter(|_| softmax)
                .collect(),
            per_genre: if softmax {
                metrics::per_genre(&confusion, &self.names)
            } else {
                BTreeMap::new()
            },
            confusion: if softmax { confusion } else { Vec::new() },
            reliability: if softmax {
                metrics::reliability(&confidences)
            } else {
                Vec::new()
            },
            tags,
            errors: self.errors.clone(),
        })
    }

    /// Of each clip that was asked about, its place, the genre it is called and the confidence.
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

    fn figures(&self, draws: &[OutOfFold], view: usize, temperature: f32) -> Figures {
        let labels = self.labels();
        let each: Vec<Figures> = draws
            .iter()
            .map(|found| {
                let calls = self.calls(found, view, temperature);
                let right: Vec<(f32, bool)> = calls
                    .iter()
                    .map(|(place, call, confidence)| (*confidence, labels[*place] == *call))
                    .collect();
                let losses =
                    found
                        .places
                        .iter()
                        .zip(&found.logits[view])
                        .map(|(&place, logits)| {
                            self.loss(place, &self.probabilities(logits, temperature))
                        });
                let clips = right.len();
                let hits = right
                    .iter()
                    .map(|(_, right)| Some(f64::from(u8::from(*right))));
                let hits: Vec<Option<f64>> = hits.collect();
                let known: Vec<usize> = calls.iter().map(|(place, ..)| labels[*place]).collect();
                let called: Vec<usize> = calls.iter().map(|(_, call, _)| *call).collect();
                let confusion = metrics::confusion(&known, &called, self.names.len());
                let macro_f1 = metrics::macro_f1(&metrics::per_genre(&confusion, &self.names));
                let near = |k: usize| -> Option<Estimate> {
                    let values: Vec<Option<f64>> =
                        found.precision.iter().map(|p| p.map(|p| p[k])).collect();
                    mean_estimate(&values)
                };
                Figures {
                    accuracy: mean_estimate(&hits).unwrap_or(Estimate {
                        value: 0.0,
                        interval: [0.0; 2],
                    }),
                    macro_f1: Estimate {
                        value: macro_f1,
                        interval: metrics::macro_f1_interval(&known, &called, &self.names)
                            .unwrap_or_default(),
                    },
                    log_loss: metrics::mean(losses).unwrap_or(0.0),
                    expected_calibration_error: Estimate {
                        value: metrics::calibration_error(&right),
                        interval: interval(clips, |times| {
                            let drawn = right.iter().zip(times);
                            let drawn = drawn.flat_map(|(r, &times)| vec![*r; times as usize]);
                            Some(metrics::calibration_error(&drawn.collect::<Vec<_>>()))
                        })
                        .unwrap_or_default(),
                    },
                    precision_at_1: near(0).filter(|_| view == 0),
                    precision_at_5: near(1).filter(|_| view == 0),
                    precision_at_10: near(2).filter(|_| view == 0),
                }
            })
            .collect();
        let averaged = |of: fn(&Figures) -> Option<Estimate>| -> Option<Estimate> {
            let found: Vec<Estimate> = each.iter().filter_map(of).collect();
            let mean = |of: fn(&Estimate) -> f64| metrics::mean(found.iter().map(of));
            Some(Estimate {
                value: mean(|e| e.value)?,
                interval: [mean(|e| e.interval[0])?, mean(|e| e.interval[1])?],
            })
        };
        let none = Estimate {
            value: 0.0,
            interval: [0.0; 2],
        };
        Figures {
            accuracy: averaged(|f| Some(f.accuracy)).unwrap_or(none),
            macro_f1: averaged(|f| Some(f.macro_f1)).unwrap_or(none),
            log_loss: metrics::mean(each.iter().map(|f| f.log_loss)).unwrap_or(0.0),
            expected_calibration_error: averaged(|f| Some(f.expected_calibration_error))
                .unwrap_or(none),
            precision_at_1: averaged(|f| f.precision_at_1),
            precision_at_5: averaged(|f| f.precision_at_5),
            precision_at_10: averaged(|f| f.precision_at_10),
        }
    }
}

/// The mean of the values that there are, with its interval.
fn mean_estimate(values: &[Option<f64>]) -> Option<Estimate> {
    let value = metrics::mean(values.iter().flatten().copied())?;
    let interval = interval(values.len(), |times| {
        let drawn = values
            .iter()
            .zip(times)
            .filter_map(|(v, &times)| Some((v.as_ref()?, f64::from(times))));
        let (sum, count) = drawn.fold((0.0, 0.0), |(s, c), (v, times)| (s + v * times, c + times));
        (count > 0.0).then(|| sum / count)
    });
    Some(Estimate {
        value,
        interval: interval.unwrap_or([value; 2]),
    })
}

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
