//! Catalogues in cells, against an exact search.
#![allow(clippy::unwrap_used)]

use pollster::block_on;
use safetensors::{SafeTensors, serialize};
use soundalike_core::catalog::{Catalog, CellHit, Cells, RangeFile};

fn shipped() -> Catalog {
    Catalog::from_bytes(soundalike_shipped::CATALOG).expect("the shipped catalogue")
}

/// The unit vector from the catalogue's mean to each song.
fn directions(catalog: &Catalog) -> Vec<Vec<f32>> {
    let songs = 0..catalog.len();
    let mut centre = vec![0.0; catalog.dimensions()];
    for song in songs.clone() {
        for (c, v) in centre.iter_mut().zip(catalog.embedding(song)) {
            *c += f64::from(*v) / catalog.len() as f64;
        }
    }
    let direction = |song| {
        let pairs = catalog.embedding(song).iter().zip(&centre);
        let away: Vec<f32> = pairs.map(|(v, c)| v - *c as f32).collect();
        let length = dot(&away, &away).sqrt();
        away.into_iter().map(|v| v / length).collect()
    };
    songs.map(direction).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The nearest songs by exact search.
fn exact(directions: &[Vec<f32>], song: usize, k: usize) -> Vec<CellHit> {
    let mut hits: Vec<CellHit> = (0..directions.len())
        .map(|other| CellHit {
            song: other as u32,
            similarity: dot(&directions[song], &directions[other]),
        })
        .collect();
    hits.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    hits.truncate(k);
    hits
}

#[test]
fn all_cells_together_find_what_an_exact_search_finds() {
    let catalog = shipped();
    let bytes = catalog.to_cells(None).expect("cells");
    let cells = block_on(Cells::open(bytes.as_slice())).expect("opens");
    assert_eq!(cells.len(), catalog.len());
    let directions = directions(&catalog);
    let (mut common, mut queries) = (0, 0);
    for song in (0..catalog.len()).step_by(37) {
        let embedding = catalog.embedding(song);
        let found = block_on(cells.search(embedding, 10, u64::MAX)).expect("searches");
        let expected = exact(&directions, song, 10);
        for (found, expected) in found.iter().zip(&expected) {
            // Residuals are rounded to 1/127 of their largest number, and what that leaves off to 1/254 of it.
            assert!((found.similarity - expected.similarity).abs() < 5e-5);
        }
        let songs: Vec<u32> = expected.iter().map(|hit| hit.song).collect();
        common += found.iter().filter(|hit| songs.contains(&hit.song)).count();
        queries += 1;
    }
    // Only songs whose similarities differ by less than the rounding change places.
    assert!(
        common * 1000 >= 998 * 10 * queries,
        "{common} of {}",
        10 * queries
    );
}

#[test]
fn a_search_reads_a_part_of_the_file_and_finds_the_song_itself() {
    let catalog = shipped();
    let bytes = catalog.to_cells(Some(100)).expect("cells");
    let cells = block_on(Cells::open(bytes.as_slice())).expect("opens");
    let opened = cells.bytes_read();
    for song in (0..catalog.len()).step_by(61) {
        let before = cells.bytes_read();
        let found = block_on(cells.search(catalog.embedding(song), 1, 20_000)).expect("searches");
        assert!((found[0].similarity - 1.0).abs() < 5e-5);
        assert!(cells.bytes_read() - before <= 20_000);
        let tracks = block_on(cells.tracks(&[found[0].song])).expect("a track");
        assert_eq!(tracks[0], catalog.tracks[found[0].song as usize]);
    }
    assert!(opened < bytes.len() as u64 / 4);
    assert_eq!(block_on(cells.search(&[1.0], 10, 1)).expect("nothing"), []);
    assert!(block_on(cells.tracks(&[catalog.len() as u32])).is_err());
}

#[test]
fn cells_without_fine_numbers_are_searched_by_the_coarse_ones() {
    let catalog = shipped();
    let bytes = catalog.to_cells(Some(64)).expect("cells");
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("metadata");
    let tensors = SafeTensors::deserialize(&bytes).expect("tensors");
    let without = tensors.iter().filter(|(name, _)| *name != "fine");
    let older = serialize(without, metadata.metadata().clone()).expect("serializes");
    assert!(older.len() < bytes.len());
    let older = block_on(Cells::open(older.as_slice())).expect("opens");
    let cells = block_on(Cells::open(bytes.as_slice())).expect("opens");
    let query = catalog.embedding(3);
    let coarse = block_on(older.search(query, 10, u64::MAX)).expect("searches");
    let fine = block_on(cells.search(query, 10, u64::MAX)).expect("searches");
    assert_eq!(coarse.len(), 10);
    assert_ne!(coarse, fine);
    for (coarse, fine) in coarse.iter().zip(&fine) {
        // Residuals are rounded to 1/127 of their largest number.
        assert!((coarse.similarity - fine.similarity).abs() < 0.005);
    }
}

#[test]
fn the_same_catalogue_gives_the_same_cells_and_a_file_reads_as_memory_does() {
    let catalog = shipped();
    let bytes = catalog.to_cells(Some(64)).expect("cells");
    assert!(bytes == catalog.to_cells(Some(64)).expect("cells"));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &bytes).expect("writes");
    let source = RangeFile::open(file.path()).expect("opens");
    let on_disk = block_on(Cells::open(source)).expect("opens");
    let in_memory = block_on(Cells::open(bytes.as_slice())).expect("opens");
    let query = catalog.embedding(3);
    assert_eq!(
        block_on(on_disk.search(query, 5, 10_000)).expect("searches"),
        block_on(in_memory.search(query, 5, 10_000)).expect("searches")
    );
}

#[test]
fn what_is_no_file_of_cells_or_damaged_is_refused() {
    let open = |bytes: &[u8]| block_on(Cells::open(bytes)).map(|cells| cells.len());
    let shipped = shipped();
    let bytes = shipped.to_cells(Some(16)).expect("cells");
    for (name, bytes) in [
        ("nothing", &[][..]),
        ("a text", b"not a catalogue in cells"),
        ("a catalogue", soundalike_shipped::CATALOG),
        ("half a header", &bytes[..200]),
    ] {
        let error = open(bytes).err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|e| e.starts_with("is not a catalogue")),
            "{name}"
        );
    }
    // Cut off anywhere: not all of it can be read, and what is missing is told.
    for tenth in 1..10 {
        let cut = &bytes[..bytes.len() * tenth / 10];
        let last = shipped.len() as u32 - 1;
        let all = block_on(async {
            let cells = Cells::open(cut).await?;
            cells.search(shipped.embedding(0), 5, u64::MAX).await?;
            cells.tracks(&[0, last]).await
        });
        assert!(all.is_err(), "{tenth}");
    }
    // Any byte of the header and of the centroids may be damaged: an error or other numbers, never a panic.
    for at in (0..4_000).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        if let Ok(cells) = block_on(Cells::open(damaged.as_slice())) {
            let query = vec![0.1; shipped.dimensions()];
            let _ = block_on(cells.search(&query, 5, u64::MAX));
            let _ = block_on(cells.tracks(&[0]));
        }
    }
}
