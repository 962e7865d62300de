//! The arguments of `soundalike survey config` that describe a listening study.

use soundalike_core::catalog::Catalog;
use soundalike_core::survey::{Method, StudyDesign, StudyError, choose_study};
use soundalike_survey::{Kind, ListeningStudy, METHODS, SurveySong};
use strum::VariantNames;

#[derive(clap::Args)]
pub struct Design {
    /// What the survey asks
    #[arg(long, value_enum, default_value_t = KindName::Taste)]
    kind: KindName,
    /// Of a listening study: the two methods that recommend, of cosine, genre-aware, random-in-genre and random
    #[arg(long, value_name = "A,B", default_value = "cosine,genre-aware", value_parser = methods)]
    methods: [Method; METHODS],
    /// Of a listening study: songs for which something is recommended
    #[arg(long, default_value_t = 5)]
    seeds: usize,
    /// Of a listening study: recommendations by each method for each of them
    #[arg(long, default_value_t = 5)]
    recommendations: usize,
    /// Of a listening study: only songs whose licence is stated
    #[arg(long)]
    licensed: bool,
}

/// What a survey asks.
#[derive(Clone, Copy, clap::ValueEnum)]
enum KindName {
    /// Which songs somebody likes
    Taste,
    /// How well recommendations by two methods fit: a listening study
    Recommendations,
}

/// Two names, separated by a comma.
fn methods(text: &str) -> Result<[Method; METHODS], String> {
    let method = |name: &str| {
        let known = Method::VARIANTS.join(", ");
        name.trim()
            .parse::<Method>()
            .map_err(|_| format!("there is no method {name}; there are {known}"))
    };
    match text.split_once(',') {
        Some((first, second)) => Ok([method(first)?, method(second)?]),
        None => Err("name two methods, such as cosine,genre-aware".to_owned()),
    }
}

impl Design {
    pub(super) fn kind(&self) -> Kind {
        match self.kind {
            KindName::Taste => Kind::Taste,
            KindName::Recommendations => Kind::Recommendations,
        }
    }

    pub(super) fn make(
        &self,
        catalog: &Catalog,
        seed: u64,
    ) -> Result<(Vec<SurveySong>, ListeningStudy), StudyError> {
        let design = StudyDesign {
            seeds: self.seeds,
            recommendations: self.recommendations,
            methods: self.methods,
            licensed: self.licensed,
            seed,
        };
        choose_study(catalog, &design)
    }
}
