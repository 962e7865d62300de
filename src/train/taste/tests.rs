#![allow(clippy::unwrap_used)]

use std::io::Write;

use super::*;
use crate::survey::SurveySong;
use crate::taste::{Labelled, Taste};

fn catalog() -> Catalog {
    Catalog::from_bytes(crate::shipped::CATALOG).unwrap()
}

fn survey(catalog: &Catalog) -> Config {
    let song = |i: usize| SurveySong {
        id: catalog.tracks[i * catalog.len() / 50].path.clone(),
        ..SurveySong::default()
    };
    Config {
        id: "test".to_owned(),
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
fn planted_tastes_are_recovered_from_forty_opinions() {
    let catalog = catalog();
    let config = survey(&catalog);
    let s = Simulation {
        strength: 3.0,
        noise: 0.0,
        unknown: 0.0,
        ..simulation(20, 3)
    };
    let (answers, planted) = simulate(&s, &config, &catalog).unwrap();
    let tracks = tracks_of(&catalog);
    let away = simulate::centred(&catalog);
    let mut taste = Taste::new(&catalog, None).unwrap();
    let mut sum = 0.0;
    for (answer, weights) in answers.iter().zip(&planted.tastes) {
        let labels: Vec<Labelled<'_>> = answer.labels[..40]
            .iter()
            .map(|label| Labelled {
                embedding: catalog.embedding(tracks[label.song.as_str()]),
                liked: label.opinion == Opinion::Like,
            })
            .collect();
        taste.learn(&labels);
        let logit = |p: f32| f64::from((p / (1.0 - p)).ln());
        let (mut found, mut truth) = (Vec::new(), Vec::new());
        for (track, row) in away.iter().enumerate() {
            found.push(logit(taste.rate(catalog.embedding(track)).probability));
            truth.push(row.iter().zip(weights).map(|(x, w)| x * w).sum());
        }
        sum += crate::taste::correlation(&found, &truth);
    }
    let correlation = sum / 20.0;
    println!("mean correlation of learnt and planted taste {correlation:.3}");
    assert!(correlation > 0.6, "{correlation}");
}

#[test]
fn asking_what_tells_most_learns_faster_than_asking_in_any_order() {
    let catalog = catalog();
    let config = survey(&catalog);
    let s = Simulation {
        strength: 3.0,
        ..simulation(30, 5)
    };
    let (_, planted) = simulate(&s, &config, &catalog).unwrap();
    let away = simulate::centred(&catalog);
    let mut fresh = Taste::new(&catalog, None).unwrap();
    let (mut asked_loss, mut any_loss) = (0.0, 0.0);
    for (person, weights) in planted.tastes.iter().enumerate() {
        let logit =
            |track: usize| -> f64 { away[track].iter().zip(weights).map(|(x, w)| x * w).sum() };
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
                    (person * 397 + step * 911) % catalog.len()
                };
                assert!(!known.contains(&track));
                known.push(track);
                let labels: Vec<Labelled<'_>> = known
                    .iter()
                    .map(|&t| Labelled {
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
        "log loss after 12 opinions, asked / any order: {:.3}",
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
    for personal in report.personal.iter().filter(|p| p.labels >= 10) {
        let model = &personal.rows[0];
        assert!(model.calibration_error < 0.08, "{model:?}");
        for baseline in &personal.rows[2..] {
            assert!(model.log_loss[0] < baseline.log_loss[0], "{baseline:?}");
        }
    }
    assert!(report.cold_start[0].log_loss[0] < report.cold_start[2].log_loss[0]);
    assert_eq!(evaluate(&answers, &catalog, 0).unwrap(), report);
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
    other.maker.model_sha256 = "0".repeat(64);
    let refused = Taste::new(&other, Some(&again)).unwrap_err().to_string();
    assert!(refused.contains("another model (29ddbef1…)"), "{refused}");
    assert!(Population::from_bytes(&bytes[..bytes.len() / 2]).is_err());
    assert!(Population::from_bytes(crate::shipped::CATALOG).is_err());
}

#[test]
fn a_bad_line_is_named_and_the_others_are_used() {
    let catalog = catalog();
    let (answers, _) = simulate(&simulation(4, 2), &survey(&catalog), &catalog).unwrap();
    let mut lines: Vec<String> = answers
        .iter()
        .map(|a| serde_json::to_string(a).unwrap())
        .collect();
    lines[1] = lines[1].replace(&catalog.maker.model_sha256, &"f".repeat(64));
    lines[2].truncate(100);
    let file = written(&lines);
    let (used, bad) = Answers::read(&[file.path().to_owned()], None, &catalog).unwrap();
    assert_eq!((used.people.len(), bad.len()), (2, 2));
    assert!(bad[0].contains(", line 2: its embeddings are of another model"));
    assert!(bad[1].contains(", line 3: "));
    assert!(matches!(
        used.population(&catalog),
        Err(AnswersError::TooFew { found: 2 })
    ));
}
