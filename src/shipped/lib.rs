//! What ships in `models/` and `survey/`, embedded so that the binaries run from any folder. The page
//! fetches the same files instead.

/// The genre model.
pub const MODEL: &[u8] = include_bytes!("../../models/two-stream.safetensors");
/// The catalogue that this model made.
pub const CATALOG: &[u8] = include_bytes!("../../models/catalog.safetensors");
/// What simulated people have in common in their tastes: made by `trainer taste simulate` and
/// `trainer taste train`.
pub const TASTE: &[u8] = include_bytes!("../../models/taste.safetensors");
/// The survey that the page asks: made by `soundalike survey config`.
pub const SURVEY: &[u8] = include_bytes!("../../survey/config.json");
/// The survey's form in French, which has every text that a language of the survey needs.
pub const SURVEY_FRENCH: &[u8] = include_bytes!("../../survey/fr.json");
/// The licences of the packages that the page and the programs are compiled from: made by
/// `cargo xtask notices`.
pub const THIRD_PARTY: &str = include_str!("../../www/THIRD-PARTY.txt");
/// The licences of what the model is made from.
pub const NOTICE: &str = include_str!("../../models/NOTICE.txt");
