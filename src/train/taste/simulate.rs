//! Answers of people who do not exist, with known tastes, to test what learns from answers.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AnswersError;
use soundalike_core::catalog::Catalog;
use soundalike_survey::{
    Answer, Config, Consent, Favourite, Features, Label, Opinion, VERSION, participant_code,
};
use soundalike_survey::{COLUMNS, DWT_ROWS, MFCC_ROWS, STFT_ROWS};

/// What tastes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Directions of the embedding: a kind's and an own one.
    Directions,
    /// Liked and disliked genres, and for each song a whim that has nothing to do with its sound: a
    /// kind of taste that is not linear in the embedding.
    Genres,
    /// Whims alone: likes have nothing to do with the sound.
    Whims,
}

/// Probability that a kind of taste likes a genre.
const GENRE_LIKED: f64 = 0.3;

/// How a population is made up. All deviations are in units of the logit.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// People.
    pub participants: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// What tastes are made of.
    pub recipe: Scenario,
    /// Kinds of taste.
    pub archetypes: usize,
    /// Deviation over the catalogue of how much a taste likes songs.
    pub strength: f64,
    /// Share of the variance of a taste that is its own rather than its kind's, 0 to 1.
    pub individual: f64,
    /// Deviation of what songs are liked by everybody alike.
    pub popularity: f64,
    /// Deviation of how readily people like anything.
    pub readiness: f64,
    /// Share of opinions that are made by chance, 0 to 1.
    pub noise: f64,
    /// Share of songs that are not known, 0 to 1; fewer of the popular ones.
    pub unknown: f64,
    /// Share of the people whose favourite is a file of their own.
    pub own: f64,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            participants: 120,
            seed: 0,
            recipe: Scenario::Directions,
            archetypes: 5,
            strength: 1.8,
            individual: 0.5,
            popularity: 0.7,
            readiness: 0.6,
            noise: 0.05,
            unknown: 0.08,
            own: 0.5,
        }
    }
}

/// What was planted.
#[derive(Clone, Debug)]
pub struct Planted {
    /// `[participants][tracks]`: what each taste adds to the logit of each song of the catalogue.
    pub tastes: Vec<Vec<f64>>,
    /// By song of the survey: what everybody likes of it.
    pub popularity: Vec<f64>,
}

/// Makes a population's answers, in the order of its people, each marked as simulated.
///
/// # Errors
/// If a setting makes no sense or a song of the survey is not in the catalogue.
pub fn simulate(
    simulation: &Simulation,
    config: &Config,
    catalog: &Catalog,
) -> Result<(Vec<Answer>, Planted), AnswersError> {
    let s = simulation;
    let shares = [s.individual, s.noise, s.unknown, s.own];
    let deviations = [s.strength, s.popularity, s.readiness];
    if s.participants == 0
        || s.archetypes == 0
        || shares.iter().any(|v| !(0.0..=1.0).contains(v))
        || deviations.iter().any(|v| !v.is_finite() || *v < 0.0)
    {
        return Err(AnswersError::Setting(
            "a simulation needs participants, kinds of taste, shares from 0 to 1 and deviations from 0 on"
                .to_owned(),
        ));
    }
    if config.songs.len() < 3 {
        return Err(AnswersError::Setting(
            "the survey has fewer than three songs, so nobody has three favourites".to_owned(),
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
    let away = centred(catalog);
    let d = catalog.dimensions();
    let direction = |rng: &mut ChaCha8Rng| -> Vec<f64> {
        let drawn: Vec<f64> = (0..d).map(|_| normal(rng)).collect();
        scaled(drawn, &away)
    };
    let genres = catalog.provenance.genres.len();
    let kinds: Vec<Vec<f64>> = (0..s.archetypes)
        .map(|_| match s.recipe {
            Scenario::Directions => direction(&mut rng),
            Scenario::Genres => liked_genres(genres, &mut rng),
            Scenario::Whims => Vec::new(),
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
        let kind = &kinds[rng.random_range(0..kinds.len())];
        let mut taste: Vec<f64> = match s.recipe {
            Scenario::Directions => {
                let own = direction(&mut rng);
                let mixed = kind
                    .iter()
                    .zip(&own)
                    .map(|(k, o)| (1.0 - s.individual).sqrt() * k + s.individual.sqrt() * o);
                let taste = scaled(mixed.collect(), &away);
                let along = |row: &Vec<f64>| taste.iter().zip(row).map(|(w, x)| w * x).sum();
                away.iter().map(along).collect()
            }
            Scenario::Genres => {
                let own = liked_genres(genres, &mut rng);
                let mixed: Vec<f64> = kind
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
                let mut taste = standard(&of_genres);
                taste.iter_mut().for_each(|v| *v += 0.5 * normal(&mut rng));
                standard(&taste)
            }
            Scenario::Whims => (0..catalog.len()).map(|_| normal(&mut rng)).collect(),
        };
        taste.iter_mut().for_each(|v| *v *= s.strength);
        let readiness = s.readiness * normal(&mut rng);
        let sound = |track: usize| -> f64 { taste[track] };

        let mut logits: Vec<(f64, &str)> = Vec::with_capacity(tracks.len());
        let mut labels = Vec::with_capacity(tracks.len());
        for ((song, &track), popular) in config.songs.iter().zip(&tracks).zip(&popularity) {
            let logit = sound(track) + popular + readiness;
            logits.push((logit, &song.id));
            let mut probability = 1.0 / (1.0 + (-logit).exp());
            if rng.random::<f64>() < s.noise {
                probability = 0.5;
            }
            let liked = rng.random::<f64>() < probability;
            let unheard = s.unknown * 2.0 / (1.0 + popular.exp());
            let opinion = match (rng.random::<f64>() < unheard, liked) {
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
        let best = [0, 1, 2].map(|i| logits[i].1.to_owned());

        // The favourite: the most liked of a hundred songs that come to mind.
        let minded = (0..100).map(|_| rng.random_range(0..catalog.len()));
        let favourite = minded
            .max_by(|&a, &b| sound(a).total_cmp(&sound(b)))
            .unwrap_or(0);
        let favourite = if rng.random::<f64>() < s.own {
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
    Ok((answers, Planted { tastes, popularity }))
}

/// One for each genre that is liked, minus one for the others.
fn liked_genres(genres: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let sign = |liked: bool| if liked { 1.0 } else { -1.0 };
    (0..genres)
        .map(|_| sign(rng.random::<f64>() < GENRE_LIKED))
        .collect()
}

/// Values moved and scaled to mean zero and deviation one; zeros where they do not vary.
fn standard(values: &[f64]) -> Vec<f64> {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let deviation = square.sqrt().max(1e-9);
    values.iter().map(|v| (v - mean) / deviation).collect()
}

/// A file like a song of the catalogue. There is no sound, so the summaries are made of the embedding
/// by a fixed random projection, with noise.
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
    let mut picture = |rows: &[f64]| -> Vec<f32> {
        rows.iter()
            .flat_map(|row| vec![*row; COLUMNS])
            .map(|v| {
                let noisy = v + 0.3 * normal(rng);
                ((noisy * 100.0).round() / 100.0) as f32
            })
            .collect()
    };
    let features = Features {
        mfcc: picture(&rows[..MFCC_ROWS]),
        stft: picture(&rows[MFCC_ROWS..MFCC_ROWS + STFT_ROWS]),
        dwt: picture(&rows[MFCC_ROWS + STFT_ROWS..]),
    };
    Favourite::Own {
        embedding,
        probabilities: catalog.probabilities(track).to_vec(),
        tags: catalog.tags(track).to_vec(),
        features,
    }
}

/// Embeddings measured from their mean, `[tracks][dimensions]`.
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

/// A direction, scaled so that songs deviate by one along it.
fn scaled(direction: Vec<f64>, away: &[Vec<f64>]) -> Vec<f64> {
    let squares: f64 = away
        .iter()
        .map(|row| {
            let along: f64 = row.iter().zip(&direction).map(|(x, w)| x * w).sum();
            along * along
        })
        .sum();
    let deviation = (squares / away.len() as f64).sqrt().max(1e-12);
    direction.into_iter().map(|w| w / deviation).collect()
}

/// A normally distributed number (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
