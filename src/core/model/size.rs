//! The sizes that some architectures come in.

use serde::{Deserialize, Serialize};

/// Sizes in millions of parameters, as `crnn@0.25` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// A tenth of a million.
    #[default]
    #[serde(rename = "0.1")]
    M01,
    /// A quarter.
    #[serde(rename = "0.25")]
    M025,
    /// A half.
    #[serde(rename = "0.5")]
    M05,
    /// One.
    #[serde(rename = "1")]
    M1,
    /// Three.
    #[serde(rename = "3")]
    M3,
}

impl Size {
    /// All of them, rising.
    pub const ALL: [Self; 5] = [Self::M01, Self::M025, Self::M05, Self::M1, Self::M3];

    /// The one of five things that belongs to it.
    pub fn of<T: Copy>(self, all: [T; 5]) -> T {
        match self {
            Self::M01 => all[0],
            Self::M025 => all[1],
            Self::M05 => all[2],
            Self::M1 => all[3],
            Self::M3 => all[4],
        }
    }

    /// Millions of parameters.
    pub fn millions(self) -> f64 {
        self.of([0.1, 0.25, 0.5, 1.0, 3.0])
    }
}
