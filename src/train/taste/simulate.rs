//! Simulated participants with known tastes, to test the models that are trained on answers.
//!
//! Normal deviates are drawn here rather than by `rand_distr`, whose Ziggurat algorithm takes other
//! numbers from the stream: the shipped taste model and the figures in docs/taste.md are of this stream.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AnswersError;
use soundalike_core::catalog::Catalog;
use soundalike_survey::{
    Answer, Config, Consent, Favourite, Features, Label, Opinion, VERSION, participant_code,
};
use soundalike_survey::{COLUMNS, DWT_ROWS, MFCC_ROWS, STFT_ROWS};

/// What determines the simulated tastes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Directions of the embedding: one of the participant's archetype and one of their own.
    Directions,
    /// Liked and disliked genres, and an idiosyncratic preference for each song that is independent of its
    /// sound: a taste that is not linear in the embedding.
    Genres,
    /// Idiosyncratic preferences alone: likes are independent of the sound.
    Idiosyncratic,
}

/// Probability that an archetype likes a genre.
const GENRE_LIKED: f64 = 0.3;

/// The parameters of a simulated population. Standard deviations are in units of the logit.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Number of participants.
    pub participants: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// What determines the tastes.
    pub scenario: Scenario,
    /// Number of archetypes, tastes that participants share in part.
    pub archetypes: usize,
    /// Standard deviation of a taste over the catalogue.
    pub strength: f64,
    /// Share of the variance of a taste that is the participant's own rather than the archetype's, 0 to 1.
    pub individual: f64,
    /// Standard deviation of the popularity of songs.
    pub popularity: f64,
    /// Standard deviation of the participants' intercepts: how readily they like any song.
    pub intercept: f64,
    /// Share of ratings that are random, 0 to 1.
    pub noise: f64,
    /// Share of songs that a participant does not know, 0 to 1; lower for popular songs.
    pub unknown: f64,
    /// Share of the participants whose favourite is a file of their own.
    pub own_file: f64,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            participants: 120,
            seed: 0,
            scenario: Scenario::Directions,
            archetypes: 5,
            strength: 1.8,
            individual: 0.5,
            popularity: 0.7,
            intercept: 0.6,
            noise: 0.05,
            unknown: 0.08,
            own_file: 0.5,
        }
    }
}

/// The true parameters of a simulated population.
#[derive(Clone, Debug)]
pub struct GroundTruth {
    /// `[participants][tracks]`: what each participant's taste adds to the logit of each song of the
    /// catalogue.
    pub tastes: Vec<Vec<f64>>,
    /// The popularity of each song of the survey.
    pub popularity: Vec<f64>,
}

/// Simulates the answers of a population, each marked as simulated.
///
/// # Errors
/// If a parameter is out of range or a song of the survey is not in the catalogue.
pub fn simulate(
    simulation: &Simulation,
    config: &Config,
    catalog: &Catalog,
) -> Result<(Vec<Answer>, GroundTruth), AnswersError> {
    let s = simulation;
    let shares = [s.individual, s.noise, s.unknown, s.own_file];
    let deviations = [s.strength, s.popularity, s.intercept];
    if s.participants == 0
        || s.archetypes == 0
        || shares.iter().any(|v| !(0.0..=1.0).contains(v))
        || deviations.iter().any(|v| !v.is_finite() || *v < 0.0)
    {
        return Err(AnswersError::Setting(
            "a simulation needs participants, archetypes, shares from 0 to 1 and standard deviations of at least 0"
                .to_owned(),
        ));
    }
    if config.songs.len() < 3 {
        return Err(AnswersError::Setting(
            "the survey has fewer than three songs, and every participant names three favourites"
                .to_owned(),
        ));
    }
    let by_path = super::tracks_of(catalog);
    let tracks: Vec<usize> = config
        .songs
        .iter()
        .map(|song| {
            let track = by_path.get(song.id.as_str()).copied();
            track.ok_or_else(|| AnswersError::UnknownSong(song.id.clone()))
        })
        .collect::<Result<_, _>>()?;

    let mut rng = ChaCha8Rng::seed_from_u64(s.seed);
    let centred_embeddings = centred(catalog);
    let d = catalog.dimensions();
    let direction = |rng: &mut ChaCha8Rng| -> Vec<f64> {
        let drawn: Vec<f64> = (0..d).map(|_| normal(rng)).collect();
        scaled(drawn, &centred_embeddings)
    };
    let genres = catalog.provenance.genres.len();
    let archetypes: Vec<Vec<f64>> = (0..s.archetypes)
        .map(|_| match s.scenario {
            Scenario::Directions => direction(&mut rng),
            Scenario::Genres => liked_genres(genres, &mut rng),
            Scenario::Idiosyncratic => Vec::new(),
        })
        .collect();
    let popularity: Vec<f64> = tracks
        .iter()
        .map(|_| s.popularity * normal(&mut rng))
        .collect();
    let projection: Vec<f64> = (0..(MFCC_ROWS + STFT_ROWS + DWT_ROWS) * d)
        .map(|_| normal(&mut rng) / (d as f64).sqrt())
        .collect();

    let mut answers = Vec::with_capacity(s.participants);
    let mut tastes = Vec::with_capacity(s.participants);
    for _ in 0..s.participants {
        let archetype = &archetypes[rng.random_range(0..archetypes.len())];
        let mut taste: Vec<f64> = match s.scenario {
            Scenario::Directions => {
                let own = direction(&mut rng);
                let mixed = archetype
                    .iter()
                    .zip(&own)
                    .map(|(k, o)| (1.0 - s.individual).sqrt() * k + s.individual.sqrt() * o);
                let taste = scaled(mixed.collect(), &centred_embeddings);
                let along = |row: &Vec<f64>| taste.iter().zip(row).map(|(w, x)| w * x).sum();
                centred_embeddings.iter().map(along).collect()
            }
            Scenario::Genres => {
                let own = liked_genres(genres, &mut rng);
                let mixed: Vec<f64> = archetype
                    .iter()
                    .zip(own)
                    .map(|(&k, o)| match rng.random::<f64>() < s.individual {
                        true => o,
                        false => k,
                    })
                    .collect();
                let of_genres: Vec<f64> = (0..catalog.len())
                    .map(|track| {
                        let shares = catalog.probabilities(track).iter().zip(&mixed);
                        shares.map(|(&p, m)| f64::from(p) * m).sum()
                    })
                    .collect();
                let mut taste = standardised(&of_genres);
                taste.iter_mut().for_each(|v| *v += 0.5 * normal(&mut rng));
                standardised(&taste)
            }
            Scenario::Idiosyncratic => (0..catalog.len()).map(|_| normal(&mut rng)).collect(),
        };
        taste.iter_mut().for_each(|v| *v *= s.strength);
        let intercept = s.intercept * normal(&mut rng);
        let sound = |track: usize| -> f64 { taste[track] };

        let mut logits: Vec<(f64, &str)> = Vec::with_capacity(tracks.len());
        let mut labels = Vec::with_capacity(tracks.len());
        for ((song, &track), popular) in config.songs.iter().zip(&tracks).zip(&popularity) {
            let logit = sound(track) + popular + intercept;
            logits.push((logit, &song.id));
            let mut probability = 1.0 / (1.0 + (-logit).exp());
            if rng.random::<f64>() < s.noise {
                probability = 0.5;
            }
            let liked = rng.random::<f64>() < probability;
            let unknown = s.unknown * 2.0 / (1.0 + popular.exp());
            let rating = match (rng.random::<f64>() < unknown, liked) {
                (true, _) => Opinion::Unknown,
                (_, true) => Opinion::Like,
                _ => Opinion::Dislike,
            };
            labels.push(Label {
                song: song.id.clone(),
                opinion: rating,
            });
        }
        logits.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = [0, 1, 2].map(|i| logits[i].1.to_owned());

        // The favourite: the most liked of a hundred random songs.
        let candidates = (0..100).map(|_| rng.random_range(0..catalog.len()));
        let favourite = candidates
            .max_by(|&a, &b| sound(a).total_cmp(&sound(b)))
            .unwrap_or(0);
        let favourite = if rng.random::<f64>() < s.own_file {
            own_file(catalog, favourite, &projection, &mut rng)
        } else {
            Favourite::Song {
                id: catalog.tracks[favourite].path.clone(),
            }
        };
        let mut code = [0_u8; 10];
        rng.fill_bytes(&mut code);
        answers.push(Answer {
            version: VERSION,
            survey: config.id.clone(),
            participant: participant_code(&code),
            consent: Consent {
                version: config.consent_version,
                at: "2000-01-01T00:00:00Z".to_owned(),
            },
            model_sha256: catalog.provenance.model_sha256.clone(),
            favourite,
            labels,
            favourites: best,
            comment: String::new(),
            simulated: true,
        });
        tastes.push(taste);
    }
    Ok((answers, GroundTruth { tastes, popularity }))
}

/// 1 for each genre that is liked, −1 for each other.
fn liked_genres(genres: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let sign = |liked: bool| if liked { 1.0 } else { -1.0 };
    (0..genres)
        .map(|_| sign(rng.random::<f64>() < GENRE_LIKED))
        .collect()
}

/// Values standardised to mean zero and standard deviation one; zeros where they do not vary.
fn standardised(values: &[f64]) -> Vec<f64> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let deviation = square.sqrt().max(1e-9);
    values.iter().map(|v| (v - mean) / deviation).collect()
}

/// A file similar to a song of the catalogue. There is no audio, so the summaries are a fixed random
/// projection of the embedding, with noise.
fn own_file(
    catalog: &Catalog,
    track: usize,
    projection: &[f64],
    rng: &mut ChaCha8Rng,
) -> Favourite {
    let embedding: Vec<f32> = catalog
        .embedding(track)
        .iter()
        .map(|v| v + 0.1 * normal(rng) as f32)
        .collect();
    let rows: Vec<f64> = projection
        .chunks(embedding.len())
        .map(|row| {
            row.iter()
                .zip(&embedding)
                .map(|(p, &v)| p * f64::from(v))
                .sum()
        })
        .collect();
    let mut summary = |rows: &[f64]| -> Vec<f32> {
        rows.iter()
            .flat_map(|row| vec![*row; COLUMNS])
            .map(|v| {
                let noisy = v + 0.3 * normal(rng);
                ((noisy * 100.0).round() / 100.0) as f32
            })
            .collect()
    };
    let features = Features {
        mfcc: summary(&rows[..MFCC_ROWS]),
        stft: summary(&rows[MFCC_ROWS..MFCC_ROWS + STFT_ROWS]),
        dwt: summary(&rows[MFCC_ROWS + STFT_ROWS..]),
    };
    Favourite::Own {
        embedding,
        probabilities: catalog.probabilities(track).to_vec(),
        tags: catalog.tags(track).to_vec(),
        features,
    }
}

/// The embeddings minus their mean, `[tracks][dimensions]`.
pub(super) fn centred(catalog: &Catalog) -> Vec<Vec<f64>> {
    let n = catalog.len() as f64;
    let mut centre = vec![0.0; catalog.dimensions()];
    for track in 0..catalog.len() {
        for (c, &v) in centre.iter_mut().zip(catalog.embedding(track)) {
            *c += f64::from(v) / n;
        }
    }
    (0..catalog.len())
        .map(|track| {
            let row = catalog.embedding(track).iter().zip(&centre);
            row.map(|(&v, c)| f64::from(v) - c).collect()
        })
        .collect()
}

/// A direction, scaled so that the songs' standard deviation along it is one.
fn scaled(direction: Vec<f64>, embeddings: &[Vec<f64>]) -> Vec<f64> {
    let squares: f64 = embeddings
        .iter()
        .map(|row| {
            let along: f64 = row.iter().zip(&direction).map(|(x, w)| x * w).sum();
            along * along
        })
        .sum();
    let deviation = (squares / embeddings.len() as f64).sqrt().max(1e-12);
    direction.into_iter().map(|w| w / deviation).collect()
}

/// A standard normal deviate (Box and Muller 1958); see the module's documentation.
fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
