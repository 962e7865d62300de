//! Simulated participants with known tastes, to test the models that are trained on answers.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::answers::{AnswersError, tracks_of};
use super::embeddings::centred;
use soundalike_core::catalog::Catalog;
use soundalike_core::linear_algebra::dot;
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
    simulation.check()?;
    let tracks = survey_tracks(config, catalog)?;
    let mut rng = ChaCha8Rng::seed_from_u64(simulation.seed);
    let simulator = Simulator::new(simulation, config, catalog, tracks, &mut rng);
    let mut answers = Vec::with_capacity(simulation.participants);
    let mut tastes = Vec::with_capacity(simulation.participants);
    for _ in 0..simulation.participants {
        let taste = simulator.taste(&mut rng);
        answers.push(simulator.answer(&taste, &mut rng));
        tastes.push(taste);
    }
    let popularity = simulator.popularity;
    Ok((answers, GroundTruth { tastes, popularity }))
}

impl Simulation {
    /// Rejects parameters that are out of range.
    fn check(&self) -> Result<(), AnswersError> {
        let shares = [self.individual, self.noise, self.unknown, self.own_file];
        let deviations = [self.strength, self.popularity, self.intercept];
        if self.participants == 0
            || self.archetypes == 0
            || shares.iter().any(|v| !(0.0..=1.0).contains(v))
            || deviations.iter().any(|v| !v.is_finite() || *v < 0.0)
        {
            return Err(AnswersError::Setting(
                "a simulation needs participants, archetypes, shares from 0 to 1 and standard deviations of at least 0"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// The tracks of the survey's songs in the catalogue.
fn survey_tracks(config: &Config, catalog: &Catalog) -> Result<Vec<usize>, AnswersError> {
    if config.songs.len() < 3 {
        return Err(AnswersError::Setting(
            "the survey has fewer than three songs, and every participant names three favourites"
                .to_owned(),
        ));
    }
    let by_path = tracks_of(catalog);
    let songs = config.songs.iter();
    songs
        .map(|song| {
            let track = by_path.get(song.id.as_str()).copied();
            track.ok_or_else(|| AnswersError::UnknownSong(song.id.clone()))
        })
        .collect()
}

/// What the participants of a simulated population have in common.
struct Simulator<'a> {
    simulation: &'a Simulation,
    config: &'a Config,
    catalog: &'a Catalog,
    /// Tracks of the survey's songs in the catalogue.
    tracks: Vec<usize>,
    /// See [`centred`].
    embeddings: Vec<Vec<f64>>,
    /// Tastes that participants share in part: directions of the embedding, or liked genres.
    archetypes: Vec<Vec<f64>>,
    /// What the popularity of each song of the survey adds to the logit.
    popularity: Vec<f64>,
    /// From an embedding to the rows of all summaries, `[rows][dimensions]`.
    projection: Vec<f64>,
}

impl<'a> Simulator<'a> {
    fn new(
        simulation: &'a Simulation,
        config: &'a Config,
        catalog: &'a Catalog,
        tracks: Vec<usize>,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let dimensions = catalog.dimensions();
        let mut simulator = Self {
            simulation,
            config,
            catalog,
            tracks,
            embeddings: centred(catalog),
            archetypes: Vec::new(),
            popularity: Vec::new(),
            projection: Vec::new(),
        };
        simulator.archetypes = (0..simulation.archetypes)
            .map(|_| match simulation.scenario {
                Scenario::Directions => simulator.direction(rng),
                Scenario::Genres => simulator.liked_genres(rng),
                Scenario::Idiosyncratic => Vec::new(),
            })
            .collect();
        let songs = simulator.tracks.iter();
        simulator.popularity = songs.map(|_| simulation.popularity * normal(rng)).collect();
        simulator.projection = (0..(MFCC_ROWS + STFT_ROWS + DWT_ROWS) * dimensions)
            .map(|_| normal(rng) / (dimensions as f64).sqrt())
            .collect();
        simulator
    }

    /// What a participant's taste adds to the logit of each song of the catalogue.
    fn taste(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let archetype = &self.archetypes[rng.random_range(0..self.archetypes.len())];
        let mut taste = match self.simulation.scenario {
            Scenario::Directions => self.taste_of_directions(archetype, rng),
            Scenario::Genres => self.taste_of_genres(archetype, rng),
            Scenario::Idiosyncratic => (0..self.catalog.len()).map(|_| normal(rng)).collect(),
        };
        taste
            .iter_mut()
            .for_each(|v| *v *= self.simulation.strength);
        taste
    }

    /// Each song's place along a direction that is the archetype's in part.
    fn taste_of_directions(&self, archetype: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let own = self.direction(rng);
        let share = self.simulation.individual;
        let mixed = archetype
            .iter()
            .zip(&own)
            .map(|(k, o)| (1.0 - share).sqrt() * k + share.sqrt() * o);
        let taste = scaled(mixed.collect(), &self.embeddings);
        self.embeddings.iter().map(|row| dot(&taste, row)).collect()
    }

    /// How much each song is of liked genres, with a preference for each song that is independent of its sound.
    fn taste_of_genres(&self, archetype: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let own = self.liked_genres(rng);
        let mixed: Vec<f64> = archetype
            .iter()
            .zip(own)
            .map(
                |(&k, o)| match rng.random::<f64>() < self.simulation.individual {
                    true => o,
                    false => k,
                },
            )
            .collect();
        let of_genres: Vec<f64> = (0..self.catalog.len())
            .map(|track| {
                let shares = self.catalog.probabilities(track).iter().zip(&mixed);
                shares.map(|(&p, m)| f64::from(p) * m).sum()
            })
            .collect();
        let mut taste = standardised(&of_genres);
        taste.iter_mut().for_each(|v| *v += 0.5 * normal(rng));
        standardised(&taste)
    }

    /// A random direction of the embedding.
    fn direction(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let drawn: Vec<f64> = (0..self.catalog.dimensions())
            .map(|_| normal(rng))
            .collect();
        scaled(drawn, &self.embeddings)
    }

    /// 1 for each genre that is liked, −1 for each other.
    fn liked_genres(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let sign = |liked: bool| if liked { 1.0 } else { -1.0 };
        let genres = self.catalog.provenance.genres.iter();
        genres
            .map(|_| sign(rng.random::<f64>() < GENRE_LIKED))
            .collect()
    }

    /// The answer of a participant with this taste.
    fn answer(&self, taste: &[f64], rng: &mut ChaCha8Rng) -> Answer {
        let (labels, favourites) = self.rate(taste, rng);
        let favourite = self.favourite(taste, rng);
        let mut code = [0_u8; 10];
        rng.fill_bytes(&mut code);
        Answer {
            version: VERSION,
            survey: self.config.id.clone(),
            participant: participant_code(&code),
            consent: Consent {
                version: self.config.consent_version,
                at: "2000-01-01T00:00:00Z".to_owned(),
            },
            model_sha256: self.catalog.provenance.model_sha256.clone(),
            favourite,
            labels,
            favourites,
            comment: String::new(),
            simulated: true,
        }
    }

    /// The ratings of the survey's songs, and the three songs with the highest logits.
    fn rate(&self, taste: &[f64], rng: &mut ChaCha8Rng) -> (Vec<Label>, [String; 3]) {
        let s = self.simulation;
        let intercept = s.intercept * normal(rng);
        let mut logits: Vec<(f64, &str)> = Vec::with_capacity(self.tracks.len());
        let mut labels = Vec::with_capacity(self.tracks.len());
        let songs = self.config.songs.iter().zip(&self.tracks);
        for ((song, &track), popular) in songs.zip(&self.popularity) {
            let logit = taste[track] + popular + intercept;
            logits.push((logit, &song.id));
            let mut probability = 1.0 / (1.0 + (-logit).exp());
            if rng.random::<f64>() < s.noise {
                probability = 0.5;
            }
            let liked = rng.random::<f64>() < probability;
            let unknown = s.unknown * 2.0 / (1.0 + popular.exp());
            let opinion = match (rng.random::<f64>() < unknown, liked) {
                (true, _) => Opinion::Unknown,
                (_, true) => Opinion::Like,
                _ => Opinion::Dislike,
            };
            labels.push(Label {
                song: song.id.clone(),
                opinion,
            });
        }
        logits.sort_by(|a, b| b.0.total_cmp(&a.0));
        (labels, [0, 1, 2].map(|i| logits[i].1.to_owned()))
    }

    /// The favourite: the most liked of a hundred random songs, or a file similar to it.
    fn favourite(&self, taste: &[f64], rng: &mut ChaCha8Rng) -> Favourite {
        let candidates = (0..100).map(|_| rng.random_range(0..self.catalog.len()));
        let favourite = candidates
            .max_by(|&a, &b| taste[a].total_cmp(&taste[b]))
            .unwrap_or(0);
        if rng.random::<f64>() < self.simulation.own_file {
            return self.own_file(favourite, rng);
        }
        Favourite::Song {
            id: self.catalog.tracks[favourite].path.clone(),
        }
    }

    /// A file similar to a song of the catalogue. There is no audio, so the summaries are a fixed random
    /// projection of the embedding, with noise.
    fn own_file(&self, track: usize, rng: &mut ChaCha8Rng) -> Favourite {
        let catalog = self.catalog;
        let embedding: Vec<f32> = catalog
            .embedding(track)
            .iter()
            .map(|v| v + 0.1 * normal(rng) as f32)
            .collect();
        let rows: Vec<f64> = self
            .projection
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
}

/// Values standardised to mean zero and standard deviation one; zeros where they do not vary.
fn standardised(values: &[f64]) -> Vec<f64> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let deviation = square.sqrt().max(1e-9);
    values.iter().map(|v| (v - mean) / deviation).collect()
}

/// A direction, scaled so that the songs' standard deviation along it is one.
fn scaled(direction: Vec<f64>, embeddings: &[Vec<f64>]) -> Vec<f64> {
    let squares: f64 = embeddings
        .iter()
        .map(|row| {
            let along = dot(row, &direction);
            along * along
        })
        .sum();
    let deviation = (squares / embeddings.len() as f64).sqrt().max(1e-12);
    direction.into_iter().map(|w| w / deviation).collect()
}

/// A standard normal deviate.
fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}
