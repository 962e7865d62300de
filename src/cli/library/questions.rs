//! The questions that are answered by HTTP, and their parameters: what is read and what the description says come
//! from the same tables.

use serde_json::{Value, json};

use super::parameters::{Limit, Parameter, Share, Text, Whole};

/// Songs of an answer, at most.
pub(super) const MOST: u64 = 1000;
/// Characters of a song's path in a made-up request; longer ones are read.
const PATH_LENGTH: u64 = 1024;

/// A question.
pub(super) struct Question {
    /// The last part of its path, and its name in the description.
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    /// Its own parameters.
    own: &'static [Parameter],
}

impl Question {
    /// All its parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.own.iter().chain(FILTERS)
    }
}

pub(super) const SIMILAR: Question = Question {
    name: "similar",
    summary: "Songs that sound like others",
    about: "At least one song is asked about, by path or id.",
    own: &[
        Parameter::Text(Text {
            name: "path",
            about: "A song that is asked about, by the path of its file: the whole one, or from a folder of the library. \
                    Bytes that are not UTF-8 are percent-encoded.",
            schema: || json!({ "type": "string", "minLength": 1, "maxLength": PATH_LENGTH }),
            several: true,
            required: false,
        }),
        Parameter::Text(Text {
            name: "id",
            about: "A song that is asked about, by its number.",
            // The largest integer that JSON's readers hold exactly.
            schema: || {
                json!({
                    "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_u64, "examples": [1]
                })
            },
            several: true,
            required: false,
        }),
        DISLIKE,
        Parameter::Whole(K),
        Parameter::Flag {
            name: COSINE,
            about: "Whether songs are ranked by similarity alone, without the genres.",
        },
        Parameter::Flag {
            name: MUTUAL_PROXIMITY,
            about: "Whether hubs are corrected by mutual proximity; needs cosine=true.",
        },
        Parameter::Limit(PER_ARTIST),
        Parameter::Limit(PER_ALBUM),
        Parameter::Share(DIVERSITY),
    ],
};

pub(super) const PATH: Question = Question {
    name: "path",
    summary: "A smooth way from one song to another",
    about: "The songs of the way, from the one to the other.",
    own: &[
        Parameter::Text(Text {
            name: "from",
            about: "Where it begins.",
            schema: song_name,
            several: false,
            required: true,
        }),
        Parameter::Text(Text {
            name: "to",
            about: "Where it ends.",
            schema: song_name,
            several: false,
            required: true,
        }),
        Parameter::Whole(WAY_LENGTH),
    ],
};

pub(super) const MIX: Question = Question {
    name: "mix",
    summary: "A walk from song to similar song without repeats",
    about: "The first songs of a walk that would go on until all songs are used up.",
    own: &[
        Parameter::Text(Text {
            name: "seed",
            about: "A song that it begins from.",
            schema: song_name,
            several: true,
            required: true,
        }),
        DISLIKE,
        Parameter::Whole(MIX_LENGTH),
        Parameter::Whole(DRAW),
        Parameter::Share(STAY),
    ],
};

pub(super) const QUESTIONS: [Question; 3] = [SIMILAR, PATH, MIX];

pub(super) const COSINE: &str = "cosine";
pub(super) const MUTUAL_PROXIMITY: &str = "mutual_proximity";
pub(super) const K: Whole = Whole {
    name: "k",
    about: "Songs, at most.",
    from: 1,
    to: MOST,
    default: 20,
};
pub(super) const PER_ARTIST: Limit = Limit {
    name: "per_artist",
    about: "Songs of one artist, at most.",
    to: MOST,
};
pub(super) const PER_ALBUM: Limit = Limit {
    name: "per_album",
    about: "Songs of one album, at most.",
    to: MOST,
};
pub(super) const DIVERSITY: Share = Share {
    name: "diversity",
    about: "How much variety counts against similarity.",
    default: 0.0,
};
pub(super) const WAY_LENGTH: Whole = Whole {
    name: "n",
    about: "Songs on the way, both ends included.",
    from: 2,
    to: MOST,
    default: 20,
};
pub(super) const MIX_LENGTH: Whole = Whole {
    name: "n",
    about: "Songs.",
    from: 1,
    to: MOST,
    default: 50,
};
pub(super) const DRAW: Whole = Whole {
    name: "draw",
    about: "Another number makes another mix.",
    from: 0,
    to: u32::MAX as u64,
    default: 0,
};
pub(super) const STAY: Share = Share {
    name: "stay",
    about: "How much the start pulls back, from 0 (wanders off) to 1 (stays around it).",
    default: 0.3,
};
const DISLIKE: Parameter = Parameter::Text(Text {
    name: "dislike",
    about: "Less like this song.",
    schema: song_name,
    several: true,
    required: false,
});

/// The parameters that choose songs, in every question.
const FILTERS: &[Parameter] = &[
    Parameter::Text(Text {
        name: "genre",
        about: "Only songs of this genre: of the file's tags, or what the model predicts where they name none. \
                Several: one of them.",
        schema: name,
        several: true,
        required: false,
    }),
    Parameter::Text(Text {
        name: "tag",
        about: "Only songs that the model gives this tag. Several: one of them.",
        schema: name,
        several: true,
        required: false,
    }),
    Parameter::Text(Text {
        name: "year",
        about: "Only songs of these years, such as 1990..1999, 1990.. or 1994.",
        schema: || range("[0-9]{1,4}"),
        several: false,
        required: false,
    }),
    Parameter::Text(Text {
        name: "bpm",
        about: "Only songs of this tempo in beats per minute, such as 90..110.",
        schema: || range(r"[0-9]{1,3}(\.[0-9]{1,2})?"),
        several: false,
        required: false,
    }),
    Parameter::Text(Text {
        name: "key",
        about: "Only songs of this key, such as A minor. Several: one of them.",
        schema: || json!({ "type": "string", "pattern": "^[A-G][#b]? (major|minor)$" }),
        several: true,
        required: false,
    }),
    Parameter::Text(Text {
        name: "exclude_artist",
        about: "Without this artist's songs. Several: without all of them.",
        schema: name,
        several: true,
        required: false,
    }),
];

fn song_name() -> Value {
    json!({ "$ref": "#/components/schemas/SongName" })
}

/// What `SongName` is.
pub(super) fn song_name_schema() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": PATH_LENGTH,
        "description": "A song of the library: its number, the whole path of its file, or its path from a folder of \
                        the library.",
        "examples": ["1", "2"]
    })
}

/// A name of a genre, tag or artist.
fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200 })
}

/// A number, or two with `..` between them of which one may be left out.
fn range(number: &str) -> Value {
    json!({
        "type": "string",
        "pattern": format!(r"^({number}(\.\.({number})?)?|\.\.{number})$")
    })
}

#[cfg(test)]
mod tests {
    use soundalike_core::similar::MixRules;

    use super::*;

    #[test]
    fn a_mix_stays_as_near_as_one_in_the_terminal() {
        assert_eq!(STAY.default as f32, MixRules::default().adherence);
    }

    #[test]
    fn no_question_has_two_parameters_of_one_name() {
        for question in QUESTIONS {
            let mut names: Vec<&str> = question.parameters().map(Parameter::name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", question.name);
        }
    }
}
