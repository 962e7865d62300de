//! The TypeScript declarations of what crosses the border, made from the Rust types.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use soundalike_core::catalog::{Ranking, RecommendationView, Signature};
use soundalike_core::message::Notice;
use soundalike_core::model::Head;
use soundalike_core::pipeline::{PredictionView, TimelineView};
use soundalike_core::taste::{TasteSummary, TasteTrait};
use soundalike_core::verdict::Verdict;
use ts_rs::TS;

use super::survey::Choice;
use super::taste::{Asked, Learning, Liked, People, Thumb};
use super::*;

const FILE: &str = "../../www/engine/engine-types.d.ts";
const HEAD: &str = "// What the engine takes and gives, made from the Rust types of src/web and src/core. Do not edit:
// `UPDATE=1 cargo test --release -p soundalike-web types` writes it again.
";

fn declarations() -> String {
    let types = [
        AnswerView::decl(),
        Asked::decl(),
        Check::decl(),
        Choice::decl(),
        EngineInfo::decl(),
        Head::decl(),
        Learning::decl(),
        Liked::decl(),
        MapView::decl(),
        Notice::decl(),
        NowView::decl(),
        Part::decl(),
        People::decl(),
        Point::decl(),
        PredictionView::decl(),
        Ranking::decl(),
        RecommendOptions::decl(),
        RecommendationView::decl(),
        Signature::decl(),
        TasteSummary::decl(),
        TasteTrait::decl(),
        Thumb::decl(),
        TimelineView::decl(),
        Verdict::decl(),
    ];
    let types = types.map(|declaration| format!("\nexport {declaration}\n"));
    format!("{HEAD}{}", types.concat())
}

#[test]
fn the_types_of_the_page_are_those_of_the_engine() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, declarations()).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        found,
        declarations(),
        "run `UPDATE=1 cargo test --release -p soundalike-web types`"
    );
}

/// The texts of a language must name every message and none of its values wrongly.
#[test]
fn every_message_has_a_text_in_every_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/i18n");
    let mut codes = soundalike_core::message::codes();
    codes.extend(<error::PageError as strum::VariantNames>::VARIANTS);
    let mut languages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
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
                codes.contains(&code.as_str()),
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
