//! The prior of a taste from many people's answers, and its file.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::TasteError;
use super::space::Space;

/// Version of the file's layout.
const FORMAT_VERSION: u32 = 1;
/// The metadata entry that holds [`PopulationHeader`] as JSON.
const HEADER: &str = "soundalike.taste";

#[derive(Serialize, Deserialize)]
struct PopulationVersion {
    format_version: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PopulationHeader {
    format_version: u32,
    /// SHA-256 of the model whose embeddings it is about, in hexadecimal.
    model_sha256: String,
    /// Whether any of the answers was made by a program.
    simulated: bool,
    /// Survey that it was fitted to.
    survey: String,
    /// Number of answers that it was fitted to.
    answers: usize,
    /// Ids of the songs that were asked about.
    songs: Vec<String>,
    /// Variance of the offset of a song that was not asked about.
    offset_variance: f64,
}

/// The distribution of tastes among people: a normal distribution of the weights, and an offset for each
/// song: how much more it is liked than its embedding predicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    header: PopulationHeader,
    pub(crate) space: Space,
    /// `[weights]`.
    pub(crate) mean: Vec<f64>,
    /// `[factors][weights]`: the covariance is the sum of their squares and the diagonal.
    pub(crate) factors: Vec<Vec<f64>>,
    /// `[weights]`, all positive.
    pub(crate) diagonal: Vec<f64>,
    /// Of each song: what is added to the logit, and its variance.
    pub(crate) offsets: Vec<(f64, f64)>,
}

/// Where the answers behind a [`Population`] come from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// SHA-256 of the model whose embeddings it is about, in hexadecimal.
    pub model_sha256: String,
    /// Whether any of the answers was made by a program.
    pub simulated: bool,
    /// The survey's id.
    pub survey: String,
    /// Number of answers.
    pub answers: usize,
}

impl Population {
    /// Puts a population together. `offsets` are by song id.
    pub fn new(
        origin: Origin,
        space: Space,
        (mean, factors, diagonal): (Vec<f64>, Vec<Vec<f64>>, Vec<f64>),
        songs: Vec<String>,
        offsets: Vec<(f64, f64)>,
        offset_variance: f64,
    ) -> Self {
        Self {
            header: PopulationHeader {
                format_version: FORMAT_VERSION,
                model_sha256: origin.model_sha256,
                simulated: origin.simulated,
                survey: origin.survey,
                answers: origin.answers,
                songs,
                offset_variance,
            },
            space,
            mean,
            factors,
            diagonal,
            offsets,
        }
    }

    /// Whether any of the answers that it was fitted to was made by a program rather than by people.
    pub fn simulated(&self) -> bool {
        self.header.simulated
    }

    /// Number of answers that it was fitted to.
    pub fn answers(&self) -> usize {
        self.header.answers
    }

    /// The survey that it was fitted to.
    pub fn survey(&self) -> &str {
        &self.header.survey
    }

    /// Ids of the songs that were asked about.
    pub fn songs(&self) -> &[String] {
        &self.header.songs
    }

    /// Variance of the offset of a song that was not asked about.
    pub fn offset_variance(&self) -> f64 {
        self.header.offset_variance
    }

    /// Covariance of the weights, `[weights, weights]`.
    pub fn covariance(&self) -> Vec<f64> {
        let size = self.mean.len();
        let mut covariance = vec![0.0; size * size];
        for (i, row) in covariance.chunks_mut(size).enumerate() {
            row[i] = self.diagonal[i];
            for factor in &self.factors {
                for (c, f) in row.iter_mut().zip(factor) {
                    *c += factor[i] * f;
                }
            }
        }
        covariance
    }

    /// Refuses tastes in the embeddings of another model.
    ///
    /// # Errors
    /// [`TasteError::OtherModel`] if `sha256` is not that of the model whose embeddings it is about.
    pub fn check_model(&self, sha256: &str) -> Result<(), TasteError> {
        if self.header.model_sha256 == sha256 {
            return Ok(());
        }
        let short = |sha: &str| sha.chars().take(8).collect();
        Err(TasteError::OtherModel {
            taste: short(&self.header.model_sha256),
            model: short(sha256),
        })
    }

    /// Reads a population from the bytes of its file.
    ///
    /// # Errors
    /// If the bytes are not such a file, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TasteError> {
        let damaged = |cause: String| TasteError::NotATaste(cause);
        let (_, metadata) =
            SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let header = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get(HEADER))
            .ok_or_else(|| damaged("it lacks the header of a taste model".to_owned()))?;
        let version: PopulationVersion =
            serde_json::from_str(header).map_err(|e| damaged(e.to_string()))?;
        if version.format_version != FORMAT_VERSION {
            return Err(TasteError::Version {
                found: version.format_version,
                known: FORMAT_VERSION,
            });
        }
        let header: PopulationHeader =
            serde_json::from_str(header).map_err(|e| damaged(e.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        // Rows of a matrix of a known width, all finite.
        let rows = |name: &str, width: Option<usize>| -> Result<Vec<Vec<f64>>, TasteError> {
            let view = tensors.tensor(name).map_err(|e| damaged(e.to_string()))?;
            let &[_, columns] = view.shape() else {
                return Err(damaged(format!("its {name} are no table")));
            };
            let values: Vec<f64> = view
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|b| f64::from(f32::from_le_bytes(*b)))
                .collect();
            if view.dtype() != Dtype::F32
                || columns == 0
                || width.is_some_and(|w| w != columns)
                || values.iter().any(|v| !v.is_finite())
            {
                return Err(damaged(format!("its {name} are not as they should be")));
            }
            Ok(values.chunks(columns).map(<[f64]>::to_vec).collect())
        };
        let row = |name: &str, width: Option<usize>| -> Result<Vec<f64>, TasteError> {
            match <[Vec<f64>; 1]>::try_from(rows(name, width)?) {
                Ok([only]) => Ok(only),
                Err(_) => Err(damaged(format!("its {name} are not one row"))),
            }
        };
        let centre = row("centre", None)?;
        let basis = rows("basis", Some(centre.len()))?;
        let shares = row("shares", Some(basis.len()))?;
        let weights = Some(basis.len() + 1);
        let (mean, diagonal) = (row("mean", weights)?, row("diagonal", weights)?);
        let factors = rows("factors", weights)?;
        let offsets: Vec<(f64, f64)> = rows("offsets", Some(2))?
            .iter()
            .map(|pair| (pair[0], pair[1]))
            .collect();
        if offsets.len() != header.songs.len()
            || diagonal.iter().any(|&v| v <= 0.0)
            || shares.iter().any(|&v| v < 0.0)
            || offsets.iter().any(|(_, variance)| *variance < 0.0)
            || !header.offset_variance.is_finite()
            || header.offset_variance < 0.0
        {
            return Err(damaged("its numbers do not match".to_owned()));
        }
        Ok(Self {
            header,
            space: Space {
                centre,
                rows: basis,
                shares,
            },
            mean,
            factors,
            diagonal,
            offsets,
        })
    }

    /// The bytes of its file, numbers in single precision.
    ///
    /// # Errors
    /// If serialisation fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TasteError> {
        let failed = |e: &dyn std::fmt::Display| TasteError::NotATaste(e.to_string());
        let header = serde_json::to_string(&self.header).map_err(|e| failed(&e))?;
        let pairs: Vec<Vec<f64>> = self.offsets.iter().map(|&(m, v)| vec![m, v]).collect();
        let one = |row: &Vec<f64>| vec![row.clone()];
        let tables = [
            ("centre", one(&self.space.centre), self.space.centre.len()),
            ("basis", self.space.rows.clone(), self.space.centre.len()),
            ("shares", one(&self.space.shares), self.space.shares.len()),
            ("mean", one(&self.mean), self.mean.len()),
            ("factors", self.factors.clone(), self.mean.len()),
            ("diagonal", one(&self.diagonal), self.mean.len()),
            ("offsets", pairs, 2),
        ];
        let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = tables
            .into_iter()
            .map(|(name, rows, width)| {
                let values = rows.iter().flatten();
                let bytes = values.flat_map(|&v| (v as f32).to_le_bytes()).collect();
                (name, vec![rows.len(), width], bytes)
            })
            .collect();
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
                Ok((*name, view.map_err(|e| failed(&e))?))
            })
            .collect::<Result<Vec<_>, TasteError>>()?;
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        serialize(views, Some(metadata)).map_err(|e| failed(&e))
    }
}
