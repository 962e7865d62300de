//! The TypeScript declarations of what crosses the border, made from the Rust types.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use soundalike_core::catalog::{Ranking, Reason, RecommendationView, Signature, SongView};
use soundalike_core::message::Notice;
use soundalike_core::model::Head;
use soundalike_core::pipeline::{PredictionView, TimelineView};
use soundalike_core::taste::{TasteSummary, TasteTrait};
use soundalike_core::verdict::Verdict;
use ts_rs::TS;

use super::cells::CellSong;
use super::library::LibrarySong;
use super::tags::SongNames;
use super::taste::{Asked, Learning, Liked, People, Thumb};
use super::*;

const FILE: &str = "../../www/engine/engine-types.d.ts";
const HEAD: &str = "// What the engine takes and gives, made from the Rust types of src/web and src/core. Do not edit:
// `UPDATE=1 cargo test --release --workspace --lib types` writes it again.
";

const GENRES_FILE: &str = "../../www/lib/genre-names.js";
const GENRES_HEAD: &str = "// The genres and how they are written in a sentence, made from src/core/model/mod.rs. Do not edit:
// `UPDATE=1 cargo test --release --workspace --lib types` writes it again.

";

fn declarations() -> String {
    let types = [
        AnswerView::decl(),
        Asked::decl(),
        CellSong::decl(),
        Check::decl(),
        EngineInfo::decl(),
        Head::decl(),
        Learning::decl(),
        LibrarySong::decl(),
        Liked::decl(),
        MapView::decl(),
        Notice::decl(),
        NowView::decl(),
        Part::decl(),
        People::decl(),
        Point::decl(),
        PredictionView::decl(),
        Ranking::decl(),
        Reason::decl(),
        RecommendOptions::decl(),
        RecommendationView::decl(),
        Signature::decl(),
        SongNames::decl(),
        SongView::decl(),
        Source::decl(),
        TasteSummary::decl(),
        TasteTrait::decl(),
        Thumb::decl(),
        TimelineView::decl(),
        Verdict::decl(),
    ];
    let types = types.map(|declaration| format!("\nexport {declaration}\n"));
    format!("{HEAD}{}", types.concat())
}

/// A file of the page that is made from Rust: written with `UPDATE=1`, compared without.
fn generated(file: &str, content: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, content).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        found, content,
        "run `UPDATE=1 cargo test --release --workspace --lib types`"
    );
}

#[test]
fn the_genres_of_the_page_are_those_of_the_model() {
    let line = |name: &str, shown: &str| format!("  ['{name}', '{shown}'],\n");
    let genres: String = soundalike_core::model::GENRES
        .iter()
        .map(|genre| line(genre, soundalike_core::model::display_name(genre)))
        .collect();
    let content = format!("{GENRES_HEAD}export const GENRE_NAMES = new Map([\n{genres}]);\n");
    generated(GENRES_FILE, &content);
}

#[test]
fn the_types_of_the_page_are_those_of_the_engine() {
    generated(FILE, &declarations());
}

/// The texts of a language must name every message and none of its values wrongly.
#[test]
fn every_message_has_a_text_in_every_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/i18n");
    let mut codes = soundalike_core::message::codes();
    codes.extend(<error::PageError as strum::VariantNames>::VARIANTS);
    // The page's own errors stand in a table of JavaScript; tests/javascript checks it both ways.
    let page = std::fs::read_to_string(folder.join("../lib/page-error.js")).unwrap();
    // As do the collector's, in the server, by the end of their type.
    let server = std::fs::read_to_string(folder.join("../../src/server/problem.rs")).unwrap();
    let said_by_server = |code: &str| {
        let kind = code.strip_prefix("problem.")?.replace('_', "-");
        Some(server.contains(&format!("\"{kind}\"")))
    };
    let mut languages = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        languages += 1;
        let dictionary: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let messages = dictionary["messages"].as_object().unwrap();
        for code in &codes {
            assert!(messages.contains_key(*code), "{}: {code}", path.display());
        }
        for code in messages.keys() {
            assert!(
                codes.contains(&code.as_str())
                    || page.contains(&format!("'{code}'"))
                    || said_by_server(code) == Some(true),
                "{}: no message {code}",
                path.display()
            );
        }
        let subjects = dictionary["subjects"].as_object().unwrap();
        for (name, _) in error::Subject::ALL {
            assert!(subjects.contains_key(name), "{}: {name}", path.display());
        }
    }
    assert!(languages > 0);
}
