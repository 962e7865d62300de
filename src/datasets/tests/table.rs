//! The feature table of GTZAN.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{refusal, says};
use crate::FeatureTable;
use soundalike_core::dsp::descriptor_names;
use soundalike_core::model::GENRES;

/// A feature table of `rows`: name, label; the numbers count up.
fn feature_table(rows: &[(&str, &str)]) -> String {
    let mut table = format!("filename,length,{},label\n", descriptor_names().join(","));
    for (row, (name, label)) in rows.iter().enumerate() {
        let numbers: Vec<String> = (0..57).map(|column| format!("{row}.{column}e2")).collect();
        table += &format!("{name},661794,{},{label}\n", numbers.join(","));
    }
    table
}

#[test]
fn a_feature_table_is_read_in_the_order_of_the_descriptors_whatever_the_order_of_its_columns() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features.csv");
    let table = feature_table(&[("blues.00000.wav", "blues"), ("rock.00000.wav", "rock")]);
    fs::write(&path, &table).expect("written");
    assert!(FeatureTable::is_at(&path) && !FeatureTable::is_at(folder.path()));
    let read = FeatureTable::open(&path).expect("opens");
    assert_eq!(read.names, ["blues.00000.wav", "rock.00000.wav"]);
    assert_eq!(read.genres, GENRES);
    assert_eq!(read.labels, [0, 9]);
    assert_eq!((read.rows[0].len(), read.rows[1][5]), (57, 150.0));
    // The columns the other way round, and as a spreadsheet saves it, with a byte order mark.
    let turned: Vec<String> = table
        .lines()
        .map(|line| line.rsplit(',').collect::<Vec<_>>().join(","))
        .collect();
    fs::write(&path, format!("\u{feff}{}\r\n", turned.join("\r\n"))).expect("written");
    assert_eq!(FeatureTable::open(&path).expect("opens"), read);
    // Genres of another set are whatever the table says.
    fs::write(
        &path,
        feature_table(&[("a.wav", "polka"), ("b.wav", "fado")]),
    )
    .expect("written");
    let other = FeatureTable::open(&path).expect("opens");
    assert_eq!(
        (other.genres, other.labels),
        (vec!["fado".to_owned(), "polka".to_owned()], vec![1, 0])
    );
    says(&refusal(&path), &["table of features", "INDEX.csv"]);
}

#[test]
fn a_feature_table_that_is_wrong_is_refused_with_line_and_column() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features.csv");
    let said = |text: &str| {
        fs::write(&path, text).expect("written");
        let said = FeatureTable::open(&path).expect_err("refused").to_string();
        says(&said, &["features.csv"]);
        said
    };
    let rows = [("a.wav", "blues"), ("b.wav", "blues"), ("c.wav", "rock")];
    let whole = feature_table(&rows);
    says(
        &said(&whole.replace("mfcc7_var", "mfcc7")),
        &["\"mfcc7_var\""],
    );
    says(&said(&whole.replace("label", "genre")), &["\"label\""]);
    for cell in ["NaN", "inf", "", "loud", "1e39"] {
        let text = said(&whole.replace("1.5e2", cell));
        says(
            &text,
            &["line 3", "\"spectral_centroid_var\"", &format!("{cell:?}")],
        );
    }
    says(
        &said(&whole.replace(",rock", ",rok")),
        &["line 4", "\"rok\"", "blues, classical"],
    );
    says(&said(&whole.replace(",rock", ",")), &["line 4", "\"\""]);
    says(
        &said(&whole.replace("c.wav", "a.wav")),
        &["line 4", "a.wav", "line 2"],
    );
    says(
        &said(&whole.replace("b.wav,661794", "b.wav")),
        &["line 3", "59 cells", "60"],
    );
    says(
        &said(&whole.replace("rock", "blues")),
        &["one genre", "blues"],
    );
    says(&said(whole.lines().next().expect("a header")), &["no rows"]);
    says(&said(""), &["empty"]);
    let said = FeatureTable::open(&folder.path().join("gone.csv"))
        .expect_err("refused")
        .to_string();
    says(&said, &["gone.csv", "No such file"]);
}

#[test]
fn pieces_of_one_clip_stay_on_one_side_of_a_table() {
    let names: Vec<(String, &str)> = ["blues", "rock"]
        .into_iter()
        .flat_map(|genre| (0..10).map(move |clip| (genre, clip)))
        .flat_map(|(genre, clip)| {
            (0..10).map(move |piece| (format!("{genre}.{clip:05}.{piece}.wav"), genre))
        })
        .collect();
    let rows: Vec<(&str, &str)> = names
        .iter()
        .map(|(name, genre)| (name.as_str(), *genre))
        .collect();
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features_3_sec.csv");
    fs::write(&path, feature_table(&rows)).expect("written");
    let table = FeatureTable::open(&path).expect("opens");
    let (train, test) = table.split(0.7, 4);
    assert_eq!((train.len(), test.len()), (140, 60));
    let clips = |rows: &[usize]| -> BTreeSet<usize> { rows.iter().map(|row| row / 10).collect() };
    assert!(clips(&train).is_disjoint(&clips(&test)));
}

#[test]
fn the_table_that_goes_round_has_a_thousand_clips_of_ten_genres() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/gtzan-features/features_30_sec.csv");
    if !path.is_file() {
        println!("skipped: no {}", path.display());
        return;
    }
    let table = FeatureTable::open(&path).expect("opens");
    assert_eq!((table.rows.len(), table.genres.len()), (1000, 10));
    let (train, test) = table.split(0.7, 0);
    assert_eq!((train.len(), test.len()), (700, 300));
}
