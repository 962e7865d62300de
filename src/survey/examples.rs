//! A made-up survey and an answer to it, for tests of whatever reads or writes them.

use crate::{
    Answer, COLUMNS, Config, Consent, DWT_ROWS, Favourite, Features, Label, MFCC_ROWS, ModelShape,
    Opinion, STFT_ROWS, SurveySong, VERSION, participant_code,
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
