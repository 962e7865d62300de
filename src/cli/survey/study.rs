//! The arguments of `soundalike survey config` that describe a listening study.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use soundalike_core::catalog::Catalog;
use soundalike_core::survey::{Method, StudyDesign, StudyError, choose_study};
use soundalike_survey::{Kind, ListeningStudy, SurveySong};
use strum::VariantNames;

#[derive(clap::Args)]
pub struct Design {
    /// What the survey asks
    #[arg(long, value_enum, default_value_t = KindName::Taste)]
    kind: KindName,
    /// Of a listening study: the two methods that recommend
    #[arg(long, num_args = 2, value_delimiter = ',', default_values = ["cosine", "genre-aware"],
        value_parser = PossibleValuesParser::new(Method::VARIANTS).try_map(|name| name.parse::<Method>()))]
    methods: Vec<Method>,
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
        let first = self.methods.first().copied().unwrap_or(Method::Cosine);
        let second = self.methods.get(1).copied().unwrap_or(Method::GenreAware);
        let design = StudyDesign {
            seeds: self.seeds,
            recommendations: self.recommendations,
            methods: [first, second],
            licensed: self.licensed,
            seed,
        };
        choose_study(catalog, &design)
    }
}
