//! A catalogue with further songs, so that both are searched and ranked as one.

use super::{Catalog, CatalogError, Numbers, Query, Track};
use crate::similar::{SAME_RECORDING, cosine};

/// The numbers of songs, row by row, as the model of a catalogue predicts them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// `[songs, dimensions]`.
    pub embeddings: &'a [f32],
    /// `[songs, genres]`, from 0 to 1.
    pub probabilities: &'a [f32],
    /// `[songs, tags]`, from 0 to 1.
    pub tags: &'a [f32],
}

impl Catalog {
    /// The catalogue with further songs behind its own, so that track [`Catalog::len`] is the first of them.
    /// Similarity is measured from the mean of all.
    ///
    /// # Errors
    /// If the rows do not fit the songs and the catalogue, or hold values that are not numbers.
    ///
    /// # Examples
    /// ```
    /// use soundalike_core::catalog::{Catalog, Rows, Track};
    ///
    /// let shipped = Catalog::from_bytes(soundalike_shipped::CATALOG)?;
    /// let rows = Rows {
    ///     embeddings: shipped.embedding(7),
    ///     probabilities: shipped.probabilities(7),
    ///     tags: shipped.tags(7),
    /// };
    /// let both = shipped.with_songs(vec![Track::default()], rows)?;
    /// assert_eq!(both.len(), shipped.len() + 1);
    /// assert_eq!(both.same_recordings(shipped.query(7)).last(), Some(&shipped.len()));
    /// # Ok::<(), soundalike_core::catalog::CatalogError>(())
    /// ```
    pub fn with_songs(&self, songs: Vec<Track>, rows: Rows<'_>) -> Result<Self, CatalogError> {
        let widths = [
            self.dimensions,
            self.provenance.genres.len(),
            self.provenance.tags.len(),
        ];
        let rows = [rows.embeddings, rows.probabilities, rows.tags];
        let fit = rows
            .iter()
            .zip(widths)
            .all(|(row, width)| row.len() == width * songs.len());
        if !fit || rows.iter().any(|row| row.iter().any(|v| !v.is_finite())) {
            return Err(CatalogError::Shape(
                "its songs and their numbers do not match".to_owned(),
            ));
        }
        let [embeddings, probabilities, tags] = rows;
        let numbers = Numbers {
            embeddings: [&self.embeddings, embeddings].concat(),
            probabilities: [&self.probabilities, probabilities].concat(),
            tags: [&self.tags, tags].concat(),
            dimensions: self.dimensions,
        };
        let tracks = self.tracks.iter().cloned().chain(songs).collect();
        Self::from_rows(self.provenance.clone(), tracks, numbers)
    }

    /// The tracks that are so similar to a query that they are the same recording, in order.
    pub fn same_recordings(&self, query: Query<'_>) -> Vec<usize> {
        if query.embedding.len() != self.dimensions {
            return Vec::new();
        }
        let asked = self.directions.direction(query.embedding);
        (0..self.len())
            .filter(|&track| cosine(&asked, self.directions.row(track)) > SAME_RECORDING)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Search;

    fn shipped() -> Catalog {
        Catalog::from_bytes(soundalike_shipped::CATALOG).expect("the shipped one")
    }

    #[test]
    fn further_songs_follow_and_are_found_among_the_others() {
        let shipped = shipped();
        let first = shipped.len();
        // Between two songs, so that it is neither.
        let between = |a: &[f32], b: &[f32]| -> Vec<f32> {
            a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect()
        };
        let (embedding, probabilities, tags) = (
            between(shipped.embedding(3), shipped.embedding(4)),
            between(shipped.probabilities(3), shipped.probabilities(4)),
            between(shipped.tags(3), shipped.tags(4)),
        );
        let rows = Rows {
            embeddings: &embedding,
            probabilities: &probabilities,
            tags: &tags,
        };
        let song = Track {
            path: "a/b.mp3".to_owned(),
            ..Track::default()
        };
        let both = shipped.with_songs(vec![song], rows).expect("fits");
        assert_eq!(both.tracks[first].path, "a/b.mp3");
        assert_eq!(both.embedding(first), embedding);
        assert_eq!(both.embedding(9), shipped.embedding(9));
        let found = both.similar(both.query(first), 1, &Search::default());
        assert_eq!(found[0].track, first);
        let others = Search {
            exclude_tracks: both.same_recordings(both.query(first)),
            ..Search::default()
        };
        let found = both.similar(both.query(first), 5, &others);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|song| song.track != first));
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let shipped = shipped();
        let rows = Rows {
            embeddings: shipped.embedding(0),
            probabilities: shipped.probabilities(0),
            tags: shipped.tags(0),
        };
        assert!(shipped.with_songs(Vec::new(), rows).is_err());
        assert!(shipped.with_songs(vec![Track::default(); 2], rows).is_err());
        let mut odd = shipped.embedding(0).to_vec();
        odd[0] = f32::NAN;
        let rows = Rows {
            embeddings: &odd,
            ..rows
        };
        assert!(shipped.with_songs(vec![Track::default()], rows).is_err());
    }
}
