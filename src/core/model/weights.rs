//! A network's weights as plain named arrays, to save, load and replace.

use std::collections::BTreeMap;

use super::ModelError;

/// One array of numbers with its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extent of each axis, outermost first.
    pub shape: Vec<usize>,
    /// The product of `shape` many values, row-major.
    pub values: Vec<f32>,
}

/// All float parameters and running statistics of a network, by their path
/// (`TwoStream.temporal.stem.conv.weight`, …).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(pub BTreeMap<String, Array>);

impl Weights {
    /// Whether there is an array of each of these names and shapes, and no other.
    ///
    /// # Errors
    /// If one is missing, left over, or of another shape.
    pub(super) fn check(&self, shapes: &BTreeMap<String, Vec<usize>>) -> Result<(), ModelError> {
        for (path, shape) in shapes {
            let found = &self.get(path)?.shape;
            if found != shape {
                return Err(misshapen(path, found, shape));
            }
        }
        match self.0.keys().find(|path| !shapes.contains_key(*path)) {
            Some(path) => Err(left_over(path)),
            None => Ok(()),
        }
    }

    /// Puts another array in the place of the one at `path`; the shape may differ.
    ///
    /// # Errors
    /// If there is none at that path.
    pub fn replace(&mut self, path: &str, array: Array) -> Result<(), ModelError> {
        *self.0.get_mut(path).ok_or_else(|| missing(path))? = array;
        Ok(())
    }

    /// The array at `path`.
    ///
    /// # Errors
    /// If there is none at that path.
    pub fn get(&self, path: &str) -> Result<&Array, ModelError> {
        self.0.get(path).ok_or_else(|| missing(path))
    }

    /// Adds an array at a path that has none yet.
    ///
    /// # Errors
    /// If there is one already.
    pub fn add(&mut self, path: &str, array: Array) -> Result<(), ModelError> {
        if self.0.contains_key(path) {
            return Err(ModelError::Weights(format!("{path} is there already")));
        }
        self.0.insert(path.to_owned(), array);
        Ok(())
    }

    /// The values of the one array whose path ends so.
    pub fn values(&self, ending: &str) -> Option<&[f32]> {
        let array = self.0.iter().find(|(path, _)| path.ends_with(ending));
        array.map(|(_, array)| array.values.as_slice())
    }
}

pub(super) fn missing(path: &str) -> ModelError {
    ModelError::Weights(format!("{path} is missing"))
}

pub(super) fn misshapen(path: &str, found: &[usize], expected: &[usize]) -> ModelError {
    let shapes = format!("{path} has the shape {found:?} instead of {expected:?}");
    ModelError::Weights(shapes)
}

pub(super) fn left_over(path: &str) -> ModelError {
    ModelError::Weights(format!("{path} has no place in it"))
}
