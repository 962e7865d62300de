//! What can be asked of a catalogue beside what is similar: a way from song to song, a mix, groups, duplicates.

use super::{Catalog, Query};
use crate::model::display_name;
use crate::similar::{
    DuplicateRules, Duplicates, GroupName, Groups, Hubness, Mix, MixRules, PathError, Recording,
    default_count, duplicates, k_occurrence, names, path,
};

/// Songs of a catalogue that sound alike.
#[derive(Clone, Debug, PartialEq)]
pub struct SongGroup {
    /// What to call it; no two groups of a catalogue have one name.
    pub name: GroupName,
    /// Its tracks, the most typical first.
    pub tracks: Vec<usize>,
}

impl Catalog {
    /// A smooth way of `n` songs from track `first` to track `last`, both included, over tracks that `admitted` lets
    /// through; see [`path`].
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn path(
        &self,
        first: usize,
        last: usize,
        n: usize,
        admitted: impl Fn(usize) -> bool,
    ) -> Result<Vec<usize>, PathError> {
        path(&self.directions, &self.labels, (first, last), n, admitted)
    }

    /// An endless walk that begins with songs like `start`; see [`Mix`]. `None` if the query does not fit the catalogue.
    pub fn mix(
        &self,
        start: Query<'_>,
        rules: MixRules,
        admitted: impl Fn(usize) -> bool,
    ) -> Option<Mix<'_>> {
        let start = start.embedding;
        (start.len() == self.dimensions).then(|| {
            let start = self.direction(start);
            Mix::new(&self.directions, &self.labels, &start, rules, admitted)
        })
    }

    /// Divides the songs into groups that sound alike, the largest first: `count` of them, or a number that suits the
    /// catalogue ([`default_count`]). Named by the genres that [`Catalog::genre`] gives and by tags.
    pub fn groups(&self, count: Option<usize>) -> Vec<SongGroup> {
        let count = count.unwrap_or_else(|| default_count(self.len()));
        let groups = Groups::of(&self.directions, count);
        let genre = |track: usize| display_name(self.genre(track).0);
        let names = names(&groups, genre, &self.tags, &self.provenance.tags);
        let groups = names.into_iter().zip(groups.members);
        groups
            .map(|(name, tracks)| SongGroup { name, tracks })
            .collect()
    }

    /// Tracks that are the same recording; `recordings` are their files, `[tracks]`. See [`duplicates`].
    pub fn duplicates(
        &self,
        recordings: &[Recording<'_>],
        rules: DuplicateRules,
    ) -> Vec<Duplicates> {
        duplicates(&self.directions, recordings, rules)
    }

    /// How evenly the `k` nearest songs of every song are spread over the catalogue, by cosine. Quadratic in the songs.
    pub fn hubness(&self, k: usize) -> Hubness {
        let lists: Vec<_> = (0..self.len())
            .map(|track| {
                let row = self.directions.row(track);
                self.directions.nearest(row, k, |other| other != track)
            })
            .collect();
        let counts = k_occurrence(lists.iter().map(Vec::as_slice), self.len());
        Hubness::of(&counts)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn catalog() -> Catalog {
        Catalog::from_bytes(soundalike_shipped::CATALOG).expect("the shipped one")
    }

    #[test]
    fn the_shipped_catalogue_has_paths_and_mixes() {
        let catalog = catalog();
        let last = catalog.len() - 1;
        let found = catalog.path(0, last, 12, |_| true).expect("a path");
        assert_eq!((found[0], found[11], found.len()), (0, last, 12));
        let step = |a: usize, b: usize| 1.0 - catalog.directions().cosine(a, b);
        let largest = found.windows(2).map(|pair| step(pair[0], pair[1]));
        assert!(largest.fold(0.0, f64::max) < step(0, last));
        let rules = MixRules::default();
        let mix = catalog.mix(catalog.query(5), rules, |track| track != 5);
        let mix: Vec<usize> = mix.expect("fits").take(100).collect();
        assert_eq!(mix.iter().collect::<HashSet<_>>().len(), 100);
        assert!(!mix.contains(&5));
        let short = Query {
            embedding: &[1.0],
            ..catalog.query(5)
        };
        assert!(catalog.mix(short, rules, |_| true).is_none());
    }

    #[test]
    fn groups_of_the_shipped_catalogue_hold_every_song_once_and_have_names_of_their_own() {
        let catalog = catalog();
        let groups = catalog.groups(Some(12));
        assert_eq!(groups.len(), 12);
        let mut tracks: Vec<usize> = groups.iter().flat_map(|g| g.tracks.clone()).collect();
        tracks.sort_unstable();
        assert_eq!(tracks, (0..catalog.len()).collect::<Vec<_>>());
        let names: HashSet<String> = groups.iter().map(|g| g.name.to_string()).collect();
        assert_eq!(names.len(), 12, "{names:?}");
        assert!(
            names.iter().all(|name| !name.starts_with("mixed")),
            "{names:?}"
        );
    }

    #[test]
    fn hubness_of_the_shipped_catalogue_is_that_of_its_lists() {
        let found = catalog().hubness(10);
        assert!(found.skewness > 0.0 && found.antihubs < 0.5 && found.largest > 10);
    }
}
