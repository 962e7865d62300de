//! The loaders on small sets that are made here, and what they say of broken ones.

use std::fs;
use std::path::Path;

use super::*;
use soundalike_core::audio::synth;
use soundalike_core::dsp::descriptor_names;
use soundalike_core::model::GENRES;

/// Writes a tone, of another pitch for another name.
fn sound(path: &Path, seconds: f64) {
    let hz = 200 + path.to_string_lossy().bytes().map(u32::from).sum::<u32>() % 1000;
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    for sample in synth::tone(f64::from(hz), seconds, 8000).samples() {
        wav.write_sample((sample * 30_000.0) as i16)
            .expect("written");
    }
    wav.finalize().expect("written");
}

/// A folder with these sounds of a tenth of a second.
fn folder_of(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    files
        .iter()
        .for_each(|file| sound(&folder.path().join(file), 0.1));
    folder
}

/// What is said of a set that is to be learnt from.
fn refusal(path: &Path) -> String {
    let options = Options::default();
    let opened = open_with(path, &options).and_then(|songs| check(path, &songs).map(|()| songs));
    let said = opened.expect_err("refused").to_string();
    assert!(!said.contains('\n'), "{said}");
    said
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

fn paths(songs: &[Song]) -> Vec<&str> {
    songs.iter().map(|song| song.track.path.as_str()).collect()
}

#[test]
fn gtzan_is_known_by_its_names_and_its_broken_clip_is_skipped() {
    let folder = folder_of(&[
        "genres_original/blues/blues.00000.wav",
        "genres_original/blues/blues.00001.au",
        "genres_original/jazz/jazz.00053.wav",
        "genres_original/jazz/jazz.00055.wav",
        "images_original/blues/blues00000.wav",
    ]);
    let root = folder.path().join("genres_original");
    fs::write(root.join("jazz/jazz.00054.wav"), "no sound").expect("written");
    for path in [folder.path(), &root] {
        let songs = open_with(path, &Options::default()).expect("opens");
        let expected = [
            "blues/blues.00000.wav",
            "blues/blues.00001.au",
            "jazz/jazz.00053.wav",
            "jazz/jazz.00055.wav",
        ];
        assert_eq!(paths(&songs), expected);
        for song in &songs {
            assert_eq!(song.track.set, "gtzan");
            assert!(song.track.artist.is_empty() && song.labels.is_empty());
            assert!(song.track.path.starts_with(&song.track.genre));
        }
    }
}

#[test]
fn a_clip_of_gtzan_that_is_there_twice_is_refused_for_training_and_told_for_a_catalogue() {
    for twin in ["blues/blues.00000.au", "rock/blues.00000.wav"] {
        let folder = folder_of(&["genres/blues/blues.00000.wav", "genres/rock/rock.00000.wav"]);
        sound(&folder.path().join("genres").join(twin), 0.2);
        let said = refusal(folder.path());
        says(
            &said,
            &["blues/blues.00000.wav", twin, "one clip", "keep one"],
        );
        assert_eq!(open(folder.path(), 0).expect("opens").len(), 3);
    }
}

/// FMA's table of tracks with these rows: id, split, subset, genre, title.
fn fma_table(rows: &[[&str; 5]]) -> String {
    let header = ",album,artist,set,set,track,track,track\n\
                  ,title,name,split,subset,genre_top,license,title\n\
                  track_id,,,,,,,\n";
    let rows = rows.iter().map(|[id, split, subset, genre, title]| {
        format!("{id},An album,\"Who, else\",{split},{subset},{genre},CC BY,{title}\n")
    });
    header.to_owned() + &rows.collect::<String>()
}

const FMA: [[&str; 5]; 5] = [
    ["2", "training", "small", "Hip-Hop", "Food"],
    ["3", "validation", "medium", "Rock", ""],
    ["1005", "test", "large", "Rock", "This World"],
    ["1006", "training", "large", "", "No genre"],
    ["1007", "training", "small", "Rock", "No file"],
];

#[test]
fn fma_is_read_with_its_split_its_subsets_and_without_the_tracks_that_are_not_there() {
    let files = [
        "000/000002.mp3",
        "000/000003.mp3",
        "001/001005.mp3",
        "001/001006.mp3",
    ];
    // The tree beside the table, or in a folder of its subset with the table in another.
    for (tree, table) in [("", "tracks.csv"), ("fma_large", "fma_metadata/tracks.csv")] {
        let folder = tempfile::tempdir().expect("temporary folder");
        for file in files {
            sound(&folder.path().join(tree).join(file), 0.1);
        }
        let table = folder.path().join(table);
        fs::create_dir_all(table.parent().expect("a folder")).expect("made");
        fs::write(table, fma_table(&FMA)).expect("written");
        let of = |subset| {
            let options = Options {
                subset,
                ..Options::default()
            };
            open_with(folder.path(), &options).expect("opens")
        };
        let songs = of(None);
        assert_eq!(paths(&songs), files);
        let splits: Vec<Split> = songs.iter().map(|song| song.split).collect();
        assert_eq!(
            splits,
            [Split::Train, Split::Valid, Split::Test, Split::Extra]
        );
        assert_eq!(songs[0].track.genre, "Hip-Hop");
        assert_eq!(songs[0].track.artist, "Who, else");
        assert_eq!(songs[0].track.title, "Food");
        assert_eq!(songs[0].track.album, "An album");
        assert_eq!(songs[0].track.licence, "CC BY");
        assert_eq!(songs[1].track.title, "3");
        assert_eq!(of(Some(Subset::Small)).len(), 1);
        assert_eq!(of(Some(Subset::Medium)).len(), 2);
        assert_eq!(of(Some(Subset::Full)).len(), 4);
    }
    let folder = folder_of(&["blues/a.wav", "rock/b.wav"]);
    let options = Options {
        subset: Some(Subset::Small),
        ..Options::default()
    };
    let said = open_with(folder.path(), &options)
        .expect_err("refused")
        .to_string();
    says(&said, &["only FMA has subsets"]);
}

#[test]
fn tracks_that_are_not_fmas_are_refused_with_what_tells() {
    let folder = folder_of(&["000/000002.mp3"]);
    let table = folder.path().join("tracks.csv");
    let said = |text: &str| {
        fs::write(&table, text).expect("written");
        refusal(folder.path())
    };
    says(&said(""), &["tracks.csv", "not FMA's", "three rows"]);
    says(&said("a,b\n1,2\n3,4\n5,6\n"), &["not FMA's", "track_id"]);
    let whole = fma_table(&FMA);
    says(
        &said(&whole.replace("genre_top", "genre")),
        &["track, genre_top"],
    );
    let row = |row| fma_table(&[FMA[0], row]);
    let twice = said(&row(["2", "test", "small", "Rock", "x"]));
    says(&twice, &["line 5", "track 2", "line 4"]);
    let text = said(&row(["two", "test", "small", "Rock", "x"]));
    says(&text, &["line 5", "\"two\"", "track_id"]);
    let text = said(&row(["5", "trial", "small", "Rock", "x"]));
    says(&text, &["line 5", "\"trial\""]);
    says(
        &said(&(whole + "9,too,short\n")),
        &["line 9", "3 cells", "8"],
    );
}

/// MagnaTagATune's table over `tags` with these rows: path, and the numbers of the tags that it has.
fn annotations(tags: usize, rows: &[(&str, &[usize])]) -> String {
    let names: Vec<String> = (0..tags).map(|tag| format!("\"tag {tag}\"")).collect();
    let mut table = format!("\"clip_id\"\t{}\t\"mp3_path\"\n", names.join("\t"));
    for (id, (path, tagged)) in rows.iter().enumerate() {
        let cells: Vec<&str> = (0..tags)
            .map(|tag| if tagged.contains(&tag) { "1" } else { "0" })
            .collect();
        table += &format!("{id}\t{}\t{path}\n", cells.join("\t"));
    }
    table
}

#[test]
fn magnatagatune_has_its_fifty_most_frequent_tags_and_is_split_by_its_folders() {
    let folder = folder_of(&[
        "0/a.mp3",
        "b/b.mp3",
        "c/c.mp3",
        "d/d.mp3",
        "f/f.mp3",
        "1/none.mp3",
    ]);
    fs::create_dir(folder.path().join("2")).expect("made");
    fs::write(folder.path().join("2/empty.mp3"), "").expect("written");
    // Tag 0 is the rarest of 51, tag 50 the most frequent.
    let all: Vec<usize> = (0..51).collect();
    let some: Vec<usize> = (1..51).filter(|&tag| tag != 20).collect();
    let rows: [(&str, &[usize]); 7] = [
        ("0/a.mp3", &all),
        ("b/b.mp3", &some),
        ("c/c.mp3", &[50, 7]),
        ("d/d.mp3", &[50]),
        ("f/f.mp3", &[50]),
        ("1/none.mp3", &[]),
        ("2/empty.mp3", &[3, 20]),
    ];
    fs::write(
        folder.path().join("annotations_final.csv"),
        annotations(51, &rows),
    )
    .expect("written");
    fs::write(
        folder.path().join("clip_info_final.csv"),
        "clip_id\ttrack_number\ttitle\tartist\talbum\n2\t1\tAria\tBach\tCantatas\n",
    )
    .expect("written");
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    assert_eq!(
        paths(&songs),
        ["0/a.mp3", "b/b.mp3", "c/c.mp3", "d/d.mp3", "f/f.mp3"]
    );
    let splits: Vec<Split> = songs.iter().map(|song| song.split).collect();
    let expected = [
        Split::Train,
        Split::Train,
        Split::Valid,
        Split::Test,
        Split::Test,
    ];
    assert_eq!(splits, expected);
    assert_eq!(songs[2].labels, ["tag 50", "tag 7"]);
    assert_eq!(songs[2].track.artist, "Bach");
    assert_eq!(songs[2].track.title, "Aria");
    assert_eq!(songs[3].track.title, "d");
    let tags = tags_of(&songs);
    assert_eq!(tags.len(), 50);
    assert_eq!(tags[0], "tag 50");
    assert!(
        !tags.contains(&"tag 0".to_owned()),
        "the rarest is left out"
    );
    check(folder.path(), &songs).expect("tags need no genre");
}

#[test]
fn annotations_that_are_wrong_are_refused_with_line_and_column() {
    let folder = folder_of(&["0/a.mp3", "1/b.mp3"]);
    let table = folder.path().join("annotations_final.csv");
    let said = |text: &str| {
        fs::write(&table, text).expect("written");
        refusal(folder.path())
    };
    let rows: [(&str, &[usize]); 2] = [("0/a.mp3", &[0]), ("1/b.mp3", &[1])];
    let whole = annotations(3, &rows);
    says(
        &said(&whole.replace("mp3_path", "path")),
        &["annotations_final.csv", "\"mp3_path\""],
    );
    says(
        &said(&whole.replace("1/b.mp3", "1/gone.mp3")),
        &["line 3", "gone.mp3"],
    );
    says(
        &said(&whole.replace("1/b.mp3", "x/b.mp3")),
        &["line 3", "\"x/b.mp3\"", "0 to f"],
    );
    says(
        &said(&whole.replace("1/b.mp3", "0/a.mp3")),
        &["line 3", "line 2", "0/a.mp3"],
    );
    says(
        &said(&whole.replace("0\t1\t0\t1/b", "0\tyes\t0\t1/b")),
        &["line 3", "\"tag 1\"", "yes"],
    );
    says(&said(""), &["annotations_final.csv", "empty"]);
}

/// A feature table of `rows`: name, label; the numbers count up.
fn feature_table(rows: &[(&str, &str)]) -> String {
    let mut table = format!("filename,length,{},label\n", descriptor_names().join(","));
    for (row, (name, label)) in rows.iter().enumerate() {
        let numbers: Vec<String> = (0..57).map(|column| format!("{row}.{column}e2")).collect();
        table += &format!("{name},661794,{},{label}\n", numbers.join(","));
    }
    table
}

#[test]
fn a_feature_table_is_read_in_the_order_of_the_descriptors_whatever_the_order_of_its_columns() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features.csv");
    let table = feature_table(&[("blues.00000.wav", "blues"), ("rock.00000.wav", "rock")]);
    fs::write(&path, &table).expect("written");
    assert!(FeatureTable::is_at(&path) && !FeatureTable::is_at(folder.path()));
    let read = FeatureTable::open(&path).expect("opens");
    assert_eq!(read.names, ["blues.00000.wav", "rock.00000.wav"]);
    assert_eq!(read.genres, GENRES);
    assert_eq!(read.labels, [0, 9]);
    assert_eq!((read.rows[0].len(), read.rows[1][5]), (57, 150.0));
    // The columns the other way round, and as a spreadsheet saves it, with a byte order mark.
    let turned: Vec<String> = table
        .lines()
        .map(|line| line.rsplit(',').collect::<Vec<_>>().join(","))
        .collect();
    fs::write(&path, format!("\u{feff}{}\r\n", turned.join("\r\n"))).expect("written");
    assert_eq!(FeatureTable::open(&path).expect("opens"), read);
    // Genres of another set are whatever the table says.
    fs::write(
        &path,
        feature_table(&[("a.wav", "polka"), ("b.wav", "fado")]),
    )
    .expect("written");
    let other = FeatureTable::open(&path).expect("opens");
    assert_eq!(
        (other.genres, other.labels),
        (vec!["fado".to_owned(), "polka".to_owned()], vec![1, 0])
    );
    says(&refusal(&path), &["table of features", "INDEX.csv"]);
}

#[test]
fn a_feature_table_that_is_wrong_is_refused_with_line_and_column() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features.csv");
    let said = |text: &str| {
        fs::write(&path, text).expect("written");
        let said = FeatureTable::open(&path).expect_err("refused").to_string();
        says(&said, &["features.csv"]);
        said
    };
    let rows = [("a.wav", "blues"), ("b.wav", "blues"), ("c.wav", "rock")];
    let whole = feature_table(&rows);
    says(
        &said(&whole.replace("mfcc7_var", "mfcc7")),
        &["\"mfcc7_var\""],
    );
    says(&said(&whole.replace("label", "genre")), &["\"label\""]);
    for cell in ["NaN", "inf", "", "loud", "1e39"] {
        let text = said(&whole.replace("1.5e2", cell));
        says(
            &text,
            &["line 3", "\"spectral_centroid_var\"", &format!("{cell:?}")],
        );
    }
    says(
        &said(&whole.replace(",rock", ",rok")),
        &["line 4", "\"rok\"", "blues, classical"],
    );
    says(&said(&whole.replace(",rock", ",")), &["line 4", "\"\""]);
    says(
        &said(&whole.replace("c.wav", "a.wav")),
        &["line 4", "a.wav", "line 2"],
    );
    says(
        &said(&whole.replace("b.wav,661794", "b.wav")),
        &["line 3", "59 cells", "60"],
    );
    says(
        &said(&whole.replace("rock", "blues")),
        &["one genre", "blues"],
    );
    says(&said(whole.lines().next().expect("a header")), &["no rows"]);
    says(&said(""), &["empty"]);
    let said = FeatureTable::open(&folder.path().join("gone.csv"))
        .expect_err("refused")
        .to_string();
    says(&said, &["gone.csv", "No such file"]);
}

#[test]
fn pieces_of_one_clip_stay_on_one_side_of_a_table() {
    let names: Vec<(String, &str)> = ["blues", "rock"]
        .into_iter()
        .flat_map(|genre| (0..10).map(move |clip| (genre, clip)))
        .flat_map(|(genre, clip)| {
            (0..10).map(move |piece| (format!("{genre}.{clip:05}.{piece}.wav"), genre))
        })
        .collect();
    let rows: Vec<(&str, &str)> = names
        .iter()
        .map(|(name, genre)| (name.as_str(), *genre))
        .collect();
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("features_3_sec.csv");
    fs::write(&path, feature_table(&rows)).expect("written");
    let table = FeatureTable::open(&path).expect("opens");
    let (train, test) = table.split(0.7, 4);
    assert_eq!((train.len(), test.len()), (140, 60));
    let clips = |rows: &[usize]| -> BTreeSet<usize> { rows.iter().map(|row| row / 10).collect() };
    assert!(clips(&train).is_disjoint(&clips(&test)));
}

#[test]
fn the_table_that_goes_round_has_a_thousand_clips_of_ten_genres() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/gtzan-features/features_30_sec.csv");
    if !path.is_file() {
        println!("skipped: no {}", path.display());
        return;
    }
    let table = FeatureTable::open(&path).expect("opens");
    assert_eq!((table.rows.len(), table.genres.len()), (1000, 10));
    let (train, test) = table.split(0.7, 0);
    assert_eq!((train.len(), test.len()), (700, 300));
}

const INDEX: &str = "path,set,genre,split,artist,title,album,seconds\n";

#[test]
fn an_index_that_is_wrong_is_refused_with_the_place() {
    let folder = folder_of(&["a.wav", "b.wav", "c.wav", "d.wav"]);
    let index = folder.path().join("INDEX.csv");
    let said = |text: &str| {
        fs::write(&index, text).expect("written");
        refusal(&index)
    };
    says(&said("path,set,genre,split,artist,title\n"), &["\"album\""]);
    let rows = |rows: &[&str]| said(&format!("{INDEX}{}\n", rows.join("\n")));
    says(
        &rows(&["a.wav,s,blues,trian,x,y,z,1"]),
        &["line 2", "trian"],
    );
    says(
        &rows(&["gone.wav,s,blues,train,x,y,z,1"]),
        &["line 2", "gone.wav"],
    );
    says(
        &rows(&["a.wav,s,blues,train,x,y,z"]),
        &["line 2", "7 cells", "8"],
    );
    let good = "a.wav,s,blues,train,x,y,z,1";
    says(
        &rows(&[good, "./a.wav,s,rock,test,x,y,z,1"]),
        &["line 3", "a.wav", "line 2"],
    );
    says(
        &rows(&[good, "b.wav,s,,train,x,y,z,1"]),
        &["b.wav", "no genre"],
    );
    let two = [
        good,
        "b.wav,s,blues,valid,x,y,z,1",
        "c.wav,s,rock,train,x,y,z,1",
    ];
    says(
        &rows(&[two[0], two[1], two[2]]),
        &["c.wav", "\"rock\"", "only clip"],
    );
    says(
        &rows(&[good, "b.wav,s,blues,train,x,y,z,1"]),
        &["one genre", "blues"],
    );
    says(&said(INDEX), &["holds no music"]);
    says(&said(""), &["INDEX.csv", "empty"]);
    fs::write(&index, b"path,set\n\xff\xfe,x\n").expect("written");
    says(&refusal(&index), &["\"genre\""]);
    fs::write(
        &index,
        [INDEX.as_bytes(), b"\xff\xfe,s,blues,train,x,y,z,1\n"].concat(),
    )
    .expect("written");
    says(&refusal(&index), &["line 2", "UTF-8"]);
}

#[test]
fn a_genre_that_nothing_is_learnt_of_is_refused() {
    let folder = folder_of(&["a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"]);
    let index = folder.path().join("INDEX.csv");
    let row =
        |file: &str, genre: &str, split: &str| format!("{file}.wav,s,{genre},{split},x,y,z,1\n");
    let mut text = INDEX.to_owned();
    for (file, genre, split) in [
        ("a", "blues", "train"),
        ("b", "blues", "valid"),
        ("c", "rock", "train"),
        ("d", "rock", "valid"),
    ] {
        text += &row(file, genre, split);
    }
    fs::write(&index, &text).expect("written");
    let songs = open_with(&index, &Options::default()).expect("opens");
    check(&index, &songs).expect("two genres");
    text += &(row("e", "polka", "test") + &row("f", "polka", "test"));
    fs::write(&index, &text).expect("written");
    says(&refusal(&index), &["e.wav", "\"polka\"", "blues, rock"]);
}

#[test]
fn a_folder_that_cannot_be_learnt_from_is_refused_with_the_path() {
    let folder = folder_of(&["blues/a.wav", "blues/b.wav"]);
    says(&refusal(folder.path()), &["one genre", "blues"]);
    let folder = folder_of(&["a.wav", "blues/b.wav"]);
    says(&refusal(folder.path()), &["wav"]);
    let folder = tempfile::tempdir().expect("temporary folder");
    says(&refusal(folder.path()), &["holds no music"]);
    says(
        &refusal(&folder.path().join("gone")),
        &["gone", "check the path"],
    );

    let files = ["blues/a.wav", "blues/b.wav", "rock/a.wav", "rock/d.wav"];
    let folder = folder_of(&files);
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    check(folder.path(), &songs).expect("two songs of one name are two songs");
    let twin = folder.path().join("rock/A.flac");
    sound(&twin, 0.2);
    says(
        &refusal(folder.path()),
        &["rock/A.flac", "rock/a.wav", "one clip"],
    );
    fs::remove_file(twin).expect("removed");
    let copy = |from: &str, to: &str| {
        fs::copy(folder.path().join(from), folder.path().join(to)).expect("copied");
    };
    copy("blues/a.wav", "rock/a.wav");
    says(
        &refusal(folder.path()),
        &["blues/a.wav", "rock/a.wav", "one clip"],
    );
    fs::write(folder.path().join("rock/a.wav"), "").expect("written");
    says(&refusal(folder.path()), &["rock/a.wav", "empty file"]);
    assert_eq!(
        open(folder.path(), 0).expect("a catalogue goes on").len(),
        4
    );
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_refused_for_training_and_told_for_a_catalogue() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder_of(&["blues/a.wav", "rock/b.wav"]);
    let locked = folder.path().join("rock");
    let allow = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("set");
    allow(0);
    if fs::read_dir(&locked).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let (said, whole) = (refusal(folder.path()), refusal(&locked));
    let left = open(folder.path(), 0).map(|songs| songs.len());
    allow(0o755);
    says(&said, &["rock", "cannot be read", "permissions"]);
    says(&whole, &["rock", "cannot be read", "permissions"]);
    assert_eq!(left.expect("opens"), 1);
}

#[test]
fn songs_split_by_segment_are_pieces_of_three_seconds_and_their_numbers_carry_a_warning() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (file, seconds) in [
        ("blues/a.wav", 30.0),
        ("rock/b.wav", 31.0),
        ("rock/short.wav", 4.0),
    ] {
        sound(&folder.path().join(file), seconds);
    }
    let by = |split_by| {
        let options = Options {
            split_by: Some(split_by),
            ..Options::default()
        };
        open_with(folder.path(), &options).expect("opens")
    };
    let songs = by(SplitBy::Clip);
    assert_eq!((songs.len(), warning(&songs)), (3, None));
    let pieces = by(SplitBy::Segment);
    assert_eq!(pieces.len(), 21);
    let said = warning(&pieces).expect("a warning");
    says(said, &["split by segment", "both sides", "flatters"]);
    assert_eq!(pieces[1].span, Some((3.0, 6.0)));
    assert_eq!(pieces[1].track.path, "blues/a.wav#t=3,6");
    assert!(!pieces[20].is_piece(), "too short to cut");
    let sides: BTreeSet<String> = pieces[..10]
        .iter()
        .map(|piece| format!("{:?}", piece.split))
        .collect();
    assert_eq!(sides.len(), 3, "one song is on every side");
    let clip = pieces[1].clip().expect("a sound");
    assert_eq!(clip.seconds(), 3.0);
    let whole = songs[0].clip().expect("a sound");
    assert_eq!(clip.samples(), &whole.samples()[3 * 8000..6 * 8000]);
    let beyond = Song {
        span: Some((40.0, 43.0)),
        ..songs[0].clone()
    };
    assert!(beyond.clip().is_err());
}

#[test]
fn a_set_with_a_split_of_its_own_keeps_it_until_another_is_asked_for() {
    let names: Vec<String> = (0..10).map(|i| format!("{i}.wav")).collect();
    let folder = folder_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let index = folder.path().join("INDEX.csv");
    let rows: String = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let (genre, split) = (
                ["blues", "rock"][i % 2],
                if i < 9 { "train" } else { "extra" },
            );
            format!("{name},s,{genre},{split},,,,1\n")
        })
        .collect();
    fs::write(&index, format!("{INDEX}{rows}")).expect("written");
    let count = |options: &Options, split| {
        let songs = open_with(&index, options).expect("opens");
        songs.iter().filter(|song| song.split == split).count()
    };
    let own = Options::default();
    assert_eq!(
        (count(&own, Split::Train), count(&own, Split::Extra)),
        (9, 1)
    );
    let drawn = Options {
        shares: Some("50/25/25".parse().expect("shares")),
        ..own
    };
    assert!(count(&drawn, Split::Valid) >= 2 && count(&drawn, Split::Test) >= 2);
    assert_eq!(count(&drawn, Split::Extra), 1);
}
