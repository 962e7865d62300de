#![allow(clippy::unwrap_used)]

use std::io::Write;

use super::answers::tracks_of;
use super::*;
use soundalike_core::catalog::{Catalog, Reason, Recommendation};
use soundalike_core::taste::{Population, RatedSong, Taste};
use soundalike_survey::{Answer, Config, Opinion, SurveySong};

fn catalog() -> Catalog {
    Catalog::from_bytes(soundalike_shipped::CATALOG).unwrap()
}

fn survey(catalog: &Catalog) -> Config {
    let song = |i: usize| SurveySong {
        id: catalog.tracks[i * catalog.len() / 50].path.clone(),
        ..SurveySong::default()
    };
    Config {
        id: "test".to_owned(),
        model: soundalike_core::survey::model_shape(catalog),
        songs: (0..50).map(song).collect(),
        ..Config::default()
    }
}

fn simulation(participants: usize, seed: u64) -> Simulation {
    Simulation {
        participants,
        seed,
        ..Simulation::default()
    }
}

fn written(lines: &[String]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file
}

fn read(answers: &[Answer], catalog: &Catalog) -> Answers {
    let lines: Vec<String> = answers
        .iter()
        .map(|a| serde_json::to_string(a).unwrap())
        .collect();
    let file = written(&lines);
    let (answers, bad) = Answers::read(&[file.path().to_owned()], None, catalog).unwrap();
    assert!(bad.is_empty(), "{bad:?}");
    answers
}

#[test]
fn a_simulation_repeats_with_its_seed_and_says_what_it_is() {
    let catalog = catalog();
    let config = survey(&catalog);
    let (a, _) = simulate(&simulation(3, 7), &config, &catalog).unwrap();
    let (b, _) = simulate(&simulation(3, 7), &config, &catalog).unwrap();
    let (c, _) = simulate(&simulation(3, 8), &config, &catalog).unwrap();
    assert!(a == b && a != c);
    assert!(a.iter().all(|answer| answer.simulated));
    assert!(a.iter().all(|answer| answer.check(&config).is_ok()));
}

#[test]
fn simulated_tastes_are_recovered_from_forty_ratings() {
    let catalog = catalog();
    let config = survey(&catalog);
    let s = Simulation {
        strength: 3.0,
        noise: 0.0,
        unknown: 0.0,
        ..simulation(20, 3)
    };
    let (answers, truth) = simulate(&s, &config, &catalog).unwrap();
    let tracks = tracks_of(&catalog);
    let mut taste = Taste::new(&catalog, None).unwrap();
    let mut sum = 0.0;
    for (answer, weights) in answers.iter().zip(&truth.tastes) {
        let labels: Vec<RatedSong<'_>> = answer.labels[..40]
            .iter()
            .map(|label| RatedSong {
                embedding: catalog.embedding(tracks[label.song.as_str()]),
                liked: label.opinion == Opinion::Like,
            })
            .collect();
        taste.learn(&labels);
        let logit = |p: f32| f64::from((p / (1.0 - p)).ln());
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (track, &logit_of_track) in weights.iter().enumerate() {
            found.push(logit(taste.rate(catalog.embedding(track)).probability));
            expected.push(logit_of_track);
        }
        sum += correlation(&found, &expected);
    }
    let correlation = sum / 20.0;
    println!("mean correlation of fitted and simulated taste {correlation:.3}");
    assert!(correlation > 0.6, "{correlation}");
}

#[test]
fn active_selection_learns_faster_than_an_arbitrary_order() {
    let catalog = catalog();
    let config = survey(&catalog);
    let s = Simulation {
        strength: 3.0,
        ..simulation(30, 5)
    };
    let (_, truth) = simulate(&s, &config, &catalog).unwrap();
    let mut fresh = Taste::new(&catalog, None).unwrap();
    let (mut asked_loss, mut any_loss) = (0.0, 0.0);
    for (participant, weights) in truth.tastes.iter().enumerate() {
        let logit = |track: usize| weights[track];
        let loss = |taste: &Taste| -> f64 {
            (0..catalog.len())
                .step_by(5)
                .map(|track| {
                    let p = f64::from(taste.rate(catalog.embedding(track)).probability);
                    let truth = 1.0 / (1.0 + (-logit(track)).exp());
                    -truth * p.ln() - (1.0 - truth) * (1.0 - p).ln()
                })
                .sum()
        };
        let mut known: Vec<usize> = Vec::new();
        for asking in [true, false] {
            known.clear();
            fresh.learn(&[]);
            for step in 0..12 {
                let track = if asking {
                    fresh.ask(&catalog, &known).unwrap()
                } else {
                    (participant * 397 + step * 911) % catalog.len()
                };
                assert!(!known.contains(&track));
                known.push(track);
                let labels: Vec<RatedSong<'_>> = known
                    .iter()
                    .map(|&t| RatedSong {
                        embedding: catalog.embedding(t),
                        liked: logit(t) > 0.0,
                    })
                    .collect();
                fresh.learn(&labels);
            }
            *(if asking {
                &mut asked_loss
            } else {
                &mut any_loss
            }) += loss(&fresh);
        }
    }
    println!(
        "log loss after 12 ratings, selected / arbitrary order: {:.3}",
        asked_loss / any_loss
    );
    assert!(asked_loss < any_loss);
}

#[test]
fn personal_tastes_beat_the_baselines_and_are_calibrated_and_repeat() {
    let catalog = catalog();
    let (answers, _) = simulate(&simulation(60, 11), &survey(&catalog), &catalog).unwrap();
    let answers = read(&answers, &catalog);
    let report = evaluate(&answers, &catalog, 0).unwrap();
    assert_eq!(report.answers, "simulated");
    for personal in report.personal.iter().filter(|p| p.known_ratings >= 10) {
        let model = &personal.rows[0];
        assert!(model.calibration_error < 0.08, "{model:?}");
        for baseline in &personal.rows[3..] {
            assert!(model.log_loss[0] < baseline.log_loss[0], "{baseline:?}");
        }
    }
    assert!(report.cold_start[0].log_loss[0] < report.cold_start[3].log_loss[0]);
    assert_eq!(evaluate(&answers, &catalog, 0).unwrap(), report);
}

#[test]
fn tastes_of_genres_beat_the_baselines_too() {
    let catalog = catalog();
    let s = Simulation {
        scenario: Scenario::Genres,
        ..simulation(60, 21)
    };
    let (answers, _) = simulate(&s, &survey(&catalog), &catalog).unwrap();
    let report = evaluate(&read(&answers, &catalog), &catalog, 0).unwrap();
    for personal in report.personal.iter().filter(|p| p.known_ratings >= 10) {
        let model = &personal.rows[0];
        for baseline in &personal.rows[3..] {
            assert!(model.log_loss[0] < baseline.log_loss[0], "{baseline:?}");
        }
    }
}

#[test]
fn likes_independent_of_the_sound_give_no_confident_predictions() {
    let catalog = catalog();
    let s = Simulation {
        scenario: Scenario::Idiosyncratic,
        popularity: 0.0,
        intercept: 0.0,
        ..simulation(40, 9)
    };
    let (answers, _) = simulate(&s, &survey(&catalog), &catalog).unwrap();
    let report = evaluate(&read(&answers, &catalog), &catalog, 0).unwrap();
    for personal in report.personal.iter().filter(|p| p.known_ratings >= 10) {
        for model in &personal.rows[..2] {
            // Nothing can be predicted: a coin costs ln 2.
            assert!(model.log_loss[0] < 0.72, "{model:?}");
        }
    }
}

#[test]
fn a_taste_is_summarised_and_recommendations_are_reranked_by_it() {
    let catalog = catalog();
    let of_genre = |name: &str| -> Vec<usize> {
        let genre = catalog
            .provenance
            .genres
            .iter()
            .position(|g| g == name)
            .unwrap();
        let mut tracks: Vec<usize> = (0..catalog.len()).collect();
        tracks.sort_by(|&a, &b| {
            catalog.probabilities(b)[genre].total_cmp(&catalog.probabilities(a)[genre])
        });
        tracks.truncate(16);
        tracks
    };
    let (liked, disliked) = (of_genre("classical"), of_genre("metal"));
    let mut taste = Taste::new(&catalog, None).unwrap();
    assert_eq!(taste.summary(&catalog).sentence, "nothing yet");
    let opinion = |liked: bool| {
        let catalog = &catalog;
        move |&track: &usize| RatedSong {
            embedding: catalog.embedding(track),
            liked,
        }
    };
    let mut labels: Vec<RatedSong<'_>> = liked[..8].iter().map(opinion(true)).collect();
    labels.extend(disliked[..8].iter().map(opinion(false)));
    taste.learn(&labels);
    let summary = taste.summary(&catalog);
    assert_eq!(summary.labels, 16);
    assert!(summary.certainty > 0.0 && summary.certainty < 1.0);
    let (more, less) = summary.sentence.split_once("less").unwrap();
    assert!(
        more.starts_with("more ") && less.contains("metal"),
        "{summary:?}"
    );

    // Two songs alike in similarity: the one that is liked comes first.
    let found = |track: usize, similarity: f32| Recommendation {
        track,
        similarity,
        reason: Reason::default(),
    };
    let list = vec![found(disliked[12], 0.9), found(liked[12], 0.89)];
    let ranked = taste.rerank(&catalog, list.clone());
    assert_eq!(ranked[0].track, liked[12]);
    let kept = Taste::new(&catalog, None).unwrap().rerank(&catalog, list);
    assert_eq!(kept[0].track, disliked[12]);
}

#[test]
fn selection_prefers_uncertain_songs() {
    let catalog = catalog();
    let mut taste = Taste::new(&catalog, None).unwrap();
    let labels: Vec<RatedSong<'_>> = (0..10)
        .map(|i| RatedSong {
            embedding: catalog.embedding(i * 7),
            liked: i % 2 == 0,
        })
        .collect();
    taste.learn(&labels);
    let known: Vec<usize> = (0..10).map(|i| i * 7).collect();
    let asked = taste.ask(&catalog, &known).unwrap();
    let deviation = |track: usize| taste.rate(catalog.embedding(track)).deviation;
    let usual = (0..catalog.len()).map(deviation).sum::<f32>() / catalog.len() as f32;
    assert!(deviation(asked) > usual);
}

#[test]
fn a_population_survives_its_file_and_another_models_is_refused() {
    let catalog = catalog();
    let (answers, _) = simulate(&simulation(10, 2), &survey(&catalog), &catalog).unwrap();
    let population = read(&answers, &catalog).population(&catalog).unwrap();
    let bytes = population.to_bytes().unwrap();
    assert!(bytes.len() < 200_000);
    let again = Population::from_bytes(&bytes).unwrap();
    assert!(again.simulated() && again.answers() == 10);
    let rate = |p: &Population| {
        let taste = Taste::new(&catalog, Some(p)).unwrap();
        taste.rate(catalog.embedding(5)).probability
    };
    assert!((rate(&population) - rate(&again)).abs() < 1e-4);
    let mut other = catalog.clone();
    other.provenance.model_sha256 = "0".repeat(64);
    let refused = Taste::new(&other, Some(&again)).unwrap_err().to_string();
    let of = format!("another model ({}…)", &catalog.provenance.model_sha256[..8]);
    assert!(refused.contains(&of), "{refused}");
    assert!(Population::from_bytes(&bytes[..bytes.len() / 2]).is_err());
    assert!(Population::from_bytes(soundalike_shipped::CATALOG).is_err());
}

#[test]
fn a_bad_line_is_named_and_the_others_are_used() {
    let catalog = catalog();
    let (answers, _) = simulate(&simulation(4, 2), &survey(&catalog), &catalog).unwrap();
    let mut lines: Vec<String> = answers
        .iter()
        .map(|a| serde_json::to_string(a).unwrap())
        .collect();
    lines[1] = lines[1].replace(&catalog.provenance.model_sha256, &"f".repeat(64));
    lines[2].truncate(100);
    let file = written(&lines);
    let (used, bad) = Answers::read(&[file.path().to_owned()], None, &catalog).unwrap();
    assert_eq!((used.participants.len(), bad.len()), (2, 2));
    assert!(bad[0].contains(", line 2: its embeddings are of another model"));
    assert!(bad[1].contains(", line 3: "));
    assert!(matches!(
        used.population(&catalog),
        Err(AnswersError::TooFew { found: 2 })
    ));
}

/// Pearson's correlation; zero where one of both does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    if aa <= 0.0 || bb <= 0.0 {
        return 0.0;
    }
    ab / (aa * bb).sqrt()
}
