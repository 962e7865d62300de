//! What a listener should know about how a file was decoded.

use std::fmt;

use crate::message::Message;

/// Something about a decoded file that a listener should know; displays as one sentence. Seconds are of the
/// sound that was decoded.
#[derive(Debug, Clone, PartialEq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "decoding.", serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The file ends before its sound does.
    CutShort {
        /// Seconds decoded.
        heard: f64,
        /// Seconds that the header promises, where it does.
        whole: Option<f64>,
    },
    /// The header states no length, or an impossible one, as of a recording that was never finished.
    Unmeasured {
        /// Seconds decoded: all that are there.
        heard: f64,
    },
    /// The header states less than there is, as in files that were joined.
    LongerThanStated {
        /// Seconds decoded: all that are there.
        heard: f64,
        /// Seconds that the header states.
        stated: f64,
    },
    /// Parts of the file are damaged and were left out.
    Missing {
        /// Seconds left out, all together.
        seconds: f64,
        /// In how many places.
        places: usize,
        /// Where the first of them lies, seconds from the start.
        at: f64,
    },
    /// The sound goes on after the limit.
    OnlyFirst {
        /// Minutes decoded.
        minutes: u32,
    },
    /// The mean of the channels is nearly silent because they cancel each other, so another mix was used.
    Cancelling {
        /// Seconds of the sound where this is so.
        seconds: f64,
    },
    /// The codec's upper frequency band is left out: HE-AAC without its spectral band replication.
    LowerBand {
        /// Highest frequency that is decoded, Hz.
        hertz: u32,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort {
                heard,
                whole: Some(whole),
            } => write!(
                f,
                "The file is cut short: heard the first {heard:.1} s of {whole:.1} s."
            ),
            Self::CutShort { heard, whole: None } => {
                write!(f, "The file is cut short: heard the first {heard:.1} s.")
            }
            Self::Unmeasured { heard } => write!(
                f,
                "The file does not say truly how long it is: heard all {heard:.1} s that are there."
            ),
            Self::LongerThanStated { heard, stated } => write!(
                f,
                "The file is longer than its header says ({stated:.1} s): heard all {heard:.1} s."
            ),
            Self::Missing {
                seconds,
                places: 1,
                at,
            } => write!(
                f,
                "The file is damaged: about {seconds:.1} s are missing at {at:.1} s."
            ),
            Self::Missing {
                seconds,
                places,
                at,
            } => write!(
                f,
                "The file is damaged in {places} places: about {seconds:.1} s are missing, first at {at:.1} s."
            ),
            Self::OnlyFirst { minutes } => {
                write!(
                    f,
                    "The sound is long: only the first {minutes} minutes were heard."
                )
            }
            Self::Cancelling { seconds } => write!(
                f,
                "For {seconds:.1} s the channels cancel each other, so one of them was turned round for the mono mix."
            ),
            Self::LowerBand { hertz } => write!(
                f,
                "Only the sound below {hertz} Hz was decoded: the file keeps the rest as HE-AAC."
            ),
        }
    }
}

impl Message for Note {
    fn code(&self) -> &'static str {
        match self {
            // Two sentences in every language, so two messages.
            Self::CutShort { whole: Some(_), .. } => "decoding.cut_short_of",
            Self::Missing { places: 1, .. } => "decoding.missing_once",
            other => other.into(),
        }
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        let seconds = |value: &f64| format!("{value:.1}");
        match self {
            Self::CutShort { heard, whole } => {
                let whole = whole.iter().map(|whole| ("whole", seconds(whole)));
                std::iter::once(("heard", seconds(heard)))
                    .chain(whole)
                    .collect()
            }
            Self::Unmeasured { heard } => vec![("heard", seconds(heard))],
            Self::LongerThanStated { heard, stated } => {
                vec![("heard", seconds(heard)), ("stated", seconds(stated))]
            }
            Self::Missing {
                seconds: missing,
                places,
                at,
            } => vec![
                ("seconds", seconds(missing)),
                ("places", places.to_string()),
                ("at", seconds(at)),
            ],
            Self::OnlyFirst { minutes } => vec![("minutes", minutes.to_string())],
            Self::Cancelling { seconds: cancelled } => vec![("seconds", seconds(cancelled))],
            Self::LowerBand { hertz } => vec![("hertz", hertz.to_string())],
        }
    }
}
