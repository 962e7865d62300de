//! Errors as the page gets them: a JavaScript `Error` with the English sentence, and beside it `code`,
//! `arguments`, `details` and `subject`, by which the page translates it (www/i18n).

use js_sys::{Error, Object, Reflect};
use soundalike_core::message::Message;
use wasm_bindgen::JsValue;

/// What an error is about, where its text goes on from a name: "The model" in "The model is damaged".
#[derive(Clone, Copy)]
pub enum Subject {
    /// The genre model.
    Model,
    /// The catalogue.
    Catalog,
    /// The model of many people's tastes.
    TasteModel,
    /// The description of the survey.
    Survey,
}

impl Subject {
    /// All of them: the page has a text for each.
    pub const ALL: [(&str, &str); 4] = [
        ("model", "The model {}."),
        ("catalog", "The catalogue {}."),
        ("taste_model", "The model of people's tastes {}."),
        ("survey", "The survey's description {}."),
    ];

    fn text(self) -> (&'static str, &'static str) {
        Self::ALL[self as usize]
    }
}

/// What only the page can ask for wrongly.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(prefix = "page.", serialize_all = "snake_case")]
pub enum PageError {
    /// A model file without reference outputs.
    #[error("The model holds no reference outputs to compare with.")]
    NoReference,
    /// A request that is not as www/engine/engine-types.d.ts describes it.
    #[error("This cannot be searched for: {0}.")]
    Request(String),
    /// All parts of a blend are unwanted.
    #[error("Nothing is left to search for: more must be wanted than not.")]
    NothingWanted,
    /// Ratings that are not as described.
    #[error("These are no ratings: {0}.")]
    Ratings(String),
    /// No WebGPU.
    #[error("The graphics processor cannot be used: {0}.")]
    Gpu(String),
    /// A device that the module was not built for.
    #[error("This module does not run on the device {0}.")]
    Device(String),
    /// A sound whose samples were given to an analysis.
    #[error("This sound is no longer in memory. Choose the file again.")]
    Analysed,
    /// A participant's code needs ten random bytes.
    #[error("A participant's code is made of ten bytes.")]
    Code,
    /// Values that cannot cross to JavaScript; never in practice.
    #[error("The answer cannot be handed to the page: {0}.")]
    Conversion(String),
}

impl Message for PageError {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Request(cause)
            | Self::Ratings(cause)
            | Self::Gpu(cause)
            | Self::Conversion(cause) => vec![("cause", cause.clone())],
            Self::Device(device) => vec![("device", device.clone())],
            Self::NoReference | Self::NothingWanted | Self::Analysed | Self::Code => Vec::new(),
        }
    }
}

/// An error on its way to JavaScript.
pub struct Thrown(Error);

impl Thrown {
    /// An error whose text goes on from its subject.
    pub fn about(subject: Subject, message: &impl Message) -> Self {
        let (name, template) = subject.text();
        let text = template.replace("{}", &message.to_string());
        let thrown = Self::new(&text, message);
        thrown.set("subject", &name.into());
        thrown
    }

    fn new(text: &str, message: &impl Message) -> Self {
        let thrown = Self(Error::new(text));
        let values = Object::new();
        for (name, value) in message.arguments() {
            // Setting a property of a plain object cannot fail.
            let _ = Reflect::set(&values, &name.into(), &value.into());
        }
        thrown.set("code", &message.code().into());
        thrown.set("arguments", &values);
        // Pairs of texts can always be handed over.
        let details = serde_wasm_bindgen::to_value(&message.details());
        thrown.set("details", &details.unwrap_or(JsValue::UNDEFINED));
        thrown
    }

    fn set(&self, name: &str, value: &JsValue) {
        // Nor can it of a fresh error.
        let _ = Reflect::set(&self.0, &name.into(), value);
    }
}

impl<M: Message> From<M> for Thrown {
    fn from(message: M) -> Self {
        Self::new(&message.to_string(), &message)
    }
}

impl From<Thrown> for JsValue {
    fn from(thrown: Thrown) -> Self {
        thrown.0.into()
    }
}
