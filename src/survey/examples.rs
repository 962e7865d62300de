//! Made-up surveys and answers to them, for tests of whatever reads or writes them.

use crate::{
    Answer, COLUMNS, Config, Consent, DWT_ROWS, Favourite, Features, Kind, LISTENING_VERSION,
    Label, ListeningAnswer, ListeningKind, ListeningStudy, MFCC_ROWS, ModelShape, Opinion, Rated,
    STFT_ROWS, SeedSong, SurveySong, VERSION, Words, participant_code,
};

/// A survey of `songs` songs, and an answer to it that is right.
pub fn survey_of(songs: usize) -> (Config, Answer) {
    let ids: Vec<String> = (0..songs).map(|n| format!("set/{n}.ogg")).collect();
    let config = Config {
        id: "taste".to_owned(),
        consent_version: 2,
        retention_days: 30,
        model: ModelShape {
            sha256: "ab".repeat(32),
            embedding: 4,
            genres: 3,
            tags: 2,
        },
        songs: ids
            .iter()
            .map(|id| SurveySong {
                id: id.clone(),
                title: id.clone(),
                ..SurveySong::default()
            })
            .collect(),
        ..Config::default()
    };
    let answer = Answer {
        version: VERSION,
        survey: config.id.clone(),
        participant: participant_code(&[7; 10]),
        consent: Consent {
            version: 2,
            at: "2026-01-31T12:00:00.123Z".to_owned(),
        },
        model_sha256: config.model.sha256.clone(),
        favourite: Favourite::Own {
            embedding: vec![0.5; 4],
            probabilities: vec![0.2, 0.3, 0.5],
            tags: vec![0.1; 2],
            features: Features {
                mfcc: vec![1.0; MFCC_ROWS * COLUMNS],
                stft: vec![-1.0; STFT_ROWS * COLUMNS],
                dwt: vec![0.0; DWT_ROWS * COLUMNS],
            },
        },
        labels: ids
            .iter()
            .map(|id| Label {
                song: id.clone(),
                opinion: Opinion::Like,
            })
            .collect(),
        favourites: [ids[0].clone(), ids[1].clone(), ids[2].clone()],
        comment: "<script>alert('plain text')</script>\n= 1".to_owned(),
        simulated: false,
    };
    (config, answer)
}

/// A listening study of `seeds` songs with `each` recommendations by each of two methods, the last of which
/// both give, and an answer to it that is right: 5 for the first method, 2 for the second and 3 for both.
pub fn listening_study_of(seeds: usize, each: usize) -> (Config, ListeningAnswer) {
    let seeds: Vec<SeedSong> = (0..seeds)
        .map(|seed| {
            let list = |method: &str| -> Vec<String> {
                let own = (1..each).map(|n| format!("{seed}/{method}-{n}.ogg"));
                own.chain([format!("{seed}/both.ogg")]).collect()
            };
            SeedSong {
                song: format!("{seed}/seed.ogg"),
                recommendations: [list("one"), list("two")],
            }
        })
        .collect();
    let ids = seeds
        .iter()
        .flat_map(|seed| std::iter::once(seed.song.as_str()).chain(seed.rated()));
    let song = |id: &str| SurveySong {
        id: id.to_owned(),
        title: id.to_owned(),
        genre: "rock".to_owned(),
        ..SurveySong::default()
    };
    let words = Words([("en".to_owned(), "Words".to_owned())].into());
    let config = Config {
        id: "listening".to_owned(),
        kind: Kind::Recommendations,
        title: words.clone(),
        purpose: words,
        contact: "somebody@example.org".to_owned(),
        controller: "Somebody".to_owned(),
        consent_version: 2,
        retention_days: 30,
        languages: vec!["en".to_owned()],
        songs: ids.map(song).collect(),
        study: Some(ListeningStudy {
            methods: ["one".to_owned(), "two".to_owned()],
            seeds: seeds.clone(),
        }),
        ..Config::default()
    };
    let rating = |song: &str| match song {
        _ if song.contains("one") => 5,
        _ if song.contains("two") => 2,
        _ => 3,
    };
    let ratings = seeds.iter().flat_map(|seed| {
        seed.rated().into_iter().map(|song| Rated {
            seed: seed.song.clone(),
            song: song.to_owned(),
            rating: rating(song),
        })
    });
    let answer = ListeningAnswer {
        version: LISTENING_VERSION,
        kind: ListeningKind::Recommendations,
        survey: config.id.clone(),
        participant: participant_code(&[7; 10]),
        consent: Consent {
            version: 2,
            at: "2026-01-31T12:00:00Z".to_owned(),
        },
        ratings: ratings.collect(),
        comment: String::new(),
        simulated: false,
    };
    (config, answer)
}
