//! The parameters of a question that comes by HTTP.

use std::path::PathBuf;
use std::str::FromStr;

use axum::http::StatusCode;
use percent_encoding::percent_decode;
use soundalike_datasets::names::visible;
use soundalike_server::Refusal;

/// Bytes of a value, at most: those of the longest path of common systems.
pub(super) const VALUE_BYTES: usize = 4096;
/// Values of one parameter, at most.
pub(super) const VALUES: usize = 50;
/// Characters of a value that an error repeats.
const REPEATED: usize = 60;

/// A request that is not understood.
pub(super) fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal {
        kind: "bad-parameter",
        status: StatusCode::BAD_REQUEST,
        detail: detail.into(),
    }
}

/// A request that is understood and has no answer.
pub(super) fn impossible(detail: impl Into<String>) -> Refusal {
    Refusal {
        kind: "impossible",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        detail: detail.into(),
    }
}

/// A parameter of a question: how it is read, and what the description says of it.
#[derive(Clone, Copy)]
pub(super) enum Parameter {
    Whole(Whole),
    Limit(Limit),
    Share(Share),
    /// `true` or `false`, which it is where it is not given.
    Flag {
        name: &'static str,
        about: &'static str,
    },
    /// Everything else, which comes as text.
    Text(Text),
}

/// A whole number.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) from: u64,
    pub(super) to: u64,
    /// What it is where it is not given.
    pub(super) default: u64,
}

/// A whole number from 1; there is no limit where it is not given.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) to: u64,
}

/// A number from 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// What it is where it is not given.
    pub(super) default: f64,
}

/// A text.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The JSON Schema of one value.
    pub(super) schema: fn() -> serde_json::Value,
    /// Whether it may be given several times.
    pub(super) several: bool,
    pub(super) required: bool,
}

impl Parameter {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Whole(Whole { name, .. })
            | Self::Limit(Limit { name, .. })
            | Self::Share(Share { name, .. })
            | Self::Flag { name, .. }
            | Self::Text(Text { name, .. }) => name,
        }
    }
}

/// The parameters of a query, in their order. Values are bytes, because names of files are.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, Vec<u8>)>);

impl Parameters {
    /// Reads a query (`application/x-www-form-urlencoded`) whose parameters have these names.
    ///
    /// # Errors
    /// If one has another name, comes too often or has an empty or overlong value.
    pub(super) fn read(query: &str, known: &[&Parameter]) -> Result<Self, Refusal> {
        let mut read: Vec<(String, Vec<u8>)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decoded(name), decoded(value));
            let name = String::from_utf8_lossy(&name).into_owned();
            if !known.iter().any(|parameter| parameter.name() == name) {
                let known: Vec<&str> = known.iter().map(|parameter| parameter.name()).collect();
                return Err(malformed(format!(
                    "There is no parameter {}; there are {}.",
                    repeated(&name),
                    known.join(", ")
                )));
            }
            if value.is_empty() {
                return Err(malformed(format!(
                    "{name} is empty: give it a value or leave it out."
                )));
            }
            if value.len() > VALUE_BYTES {
                return Err(malformed(format!(
                    "{name} is longer than {VALUE_BYTES} bytes."
                )));
            }
            if read.iter().filter(|(other, _)| *other == name).count() == VALUES {
                return Err(malformed(format!(
                    "{name} is given more than {VALUES} times."
                )));
            }
            read.push((name, value));
        }
        Ok(Self(read))
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.0.iter().filter(move |(other, _)| other == name);
        named.map(|(_, value)| value.as_slice())
    }

    /// All values of a parameter, as text.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let text = |value: &[u8]| match std::str::from_utf8(value) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(malformed(format!("{name} is not UTF-8."))),
        };
        self.all(name).map(text).collect()
    }

    /// All values of a parameter that are each something else than text.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Vec<T>, Refusal> {
        let parse = |text: String| {
            let parsed = text.parse();
            parsed.map_err(|error: T::Err| {
                let cause = error.to_string();
                impossible(format!("{name}={}: {cause}.", repeated(&text)))
            })
        };
        self.texts(name)?.into_iter().map(parse).collect()
    }

    /// The only value of a parameter.
    pub(super) fn one<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.once(name)?;
        Ok(self.parsed(name)?.pop())
    }

    /// A whole number, or its default.
    pub(super) fn whole(&self, parameter: &Whole) -> Result<u64, Refusal> {
        let number = self.within(parameter.name, parameter.from..=parameter.to)?;
        Ok(number.unwrap_or(parameter.default))
    }

    /// A limit, or none.
    pub(super) fn limit(&self, parameter: &Limit) -> Result<Option<usize>, Refusal> {
        let number = self.within(parameter.name, 1..=parameter.to)?;
        Ok(number.map(|number| number as usize))
    }

    fn within(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Refusal> {
        self.once(name)?;
        let Some(text) = self.texts(name)?.pop() else {
            return Ok(None);
        };
        // Rust would take a sign, too.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| range.contains(number));
        match number.filter(|_| digits) {
            Some(number) => Ok(Some(number)),
            None => Err(malformed(format!(
                "{name} must be a whole number from {} to {}, not {}.",
                range.start(),
                range.end(),
                repeated(&text)
            ))),
        }
    }

    /// A number from 0 to 1, or its default.
    pub(super) fn share(&self, parameter: &Share) -> Result<f64, Refusal> {
        let name = parameter.name;
        self.once(name)?;
        let Some(text) = self.texts(name)?.pop() else {
            return Ok(parameter.default);
        };
        match text.parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
            _ => Err(malformed(format!(
                "{name} must be a number from 0 to 1, not {}.",
                repeated(&text)
            ))),
        }
    }

    /// `true` or `false`, which it is if it is not given.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        self.once(name)?;
        match self.texts(name)?.pop().as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(text) => Err(malformed(format!(
                "{name} must be true or false, not {}.",
                repeated(text)
            ))),
        }
    }

    fn once(&self, name: &str) -> Result<(), Refusal> {
        if self.all(name).count() > 1 {
            return Err(malformed(format!("{name} is given several times.")));
        }
        Ok(())
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .bytes()
        .map(|byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

/// What was sent, as far as an error repeats it.
pub(super) fn repeated(text: &str) -> String {
    let short: String = text.chars().take(REPEATED).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("“{}{more}”", visible(&short))
}

/// The path of a value's bytes; `None` where they are not a name of this system.
pub(super) fn path_of(value: &[u8]) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Some(std::ffi::OsStr::from_bytes(value).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(value).ok().map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: Whole = Whole {
        name: "k",
        about: "",
        from: 1,
        to: 10,
        default: 3,
    };
    const SHARE: Share = Share {
        name: "share",
        about: "",
        default: 0.25,
    };

    fn read(query: &str) -> Result<Parameters, Refusal> {
        let path = Parameter::Text(Text {
            name: "path",
            about: "",
            schema: || serde_json::json!({}),
            several: true,
            required: false,
        });
        let flag = Parameter::Flag {
            name: "flag",
            about: "",
        };
        let known = [&path, &Parameter::Whole(K), &Parameter::Share(SHARE), &flag];
        Parameters::read(query, &known)
    }

    #[test]
    fn values_are_decoded_to_the_bytes_that_they_stand_for() {
        let query = "path=/m/caf%E9+1.mp3&path=a%26b%3D%2B&k=7&share=0.5&flag=true";
        let read = read(query).expect("is understood");
        let paths: Vec<&[u8]> = read.all("path").collect();
        assert_eq!(paths, [&b"/m/caf\xe9 1.mp3"[..], b"a&b=+"]);
        assert_eq!(read.whole(&K), Ok(7));
        assert_eq!(read.share(&SHARE), Ok(0.5));
        assert_eq!(read.flag("flag"), Ok(true));
        assert!(read.texts("path").is_err());
    }

    #[test]
    fn what_is_not_given_is_its_default() {
        let read = read("path=a").expect("is understood");
        assert_eq!(read.whole(&K), Ok(3));
        assert_eq!(read.share(&SHARE), Ok(0.25));
        assert_eq!(read.flag("flag"), Ok(false));
    }

    #[test]
    fn what_is_unknown_empty_too_long_or_too_often_is_refused_by_name() {
        let long = format!("path={}", "a".repeat(VALUE_BYTES + 1));
        let often = "path=a&".repeat(VALUES + 1);
        for (query, says) in [
            ("kk=1", "no parameter “kk”; there are path, k"),
            ("k", "k is empty"),
            ("k=", "k is empty"),
            (&long, "longer than"),
            (&often, "more than 50 times"),
        ] {
            let refused = read(query).expect_err("is refused");
            assert!(refused.detail.contains(says), "{}", refused.detail);
        }
        for query in ["k=1&k=2", "k=0", "k=11", "k=+1", "k=-1", "k=1.0", "k=x"] {
            let read = read(query).expect("the name is known");
            assert!(read.whole(&K).is_err(), "{query}");
        }
        for share in ["-0.1", "1.1", "nan", "inf", "x"] {
            let read = read(&format!("share={share}")).expect("the name is known");
            assert!(read.share(&SHARE).is_err(), "{share}");
        }
    }
}
