//! A person's own library as its owner meets it: folders in, answers and playlists out, and whatever can go wrong
//! in between.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use soundalike_core::audio::synth;
use soundalike_core::catalog::Catalog;

use home::{Home, PROGRAM, errors, json, sound, table, wav};

#[path = "support/home.rs"]
mod home;

/// Sets a file's time, so that it seems to be written then.
fn set_time(file: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(time).unwrap();
}

fn names(songs: &Value) -> Vec<String> {
    let songs = songs["songs"].as_array().unwrap().iter();
    let name = |song: &Value| {
        let path = Path::new(song["path"].as_str().unwrap());
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    songs.map(name).collect()
}

#[test]
fn what_is_unchanged_is_not_heard_again_and_what_is_changed_is() {
    let home = Home::with_songs();
    let first = home.counts();
    assert_eq!((&first["found"], &first["heard"]), (&5.into(), &5.into()));
    let again = home.counts();
    assert_eq!(
        (&again["unchanged"], &again["heard"]),
        (&5.into(), &0.into())
    );

    // Another time, the same bytes.
    set_time(&home.file("band 0/song 0.wav"), 1_000_000_000);
    let touched = home.counts();
    assert_eq!(
        (&touched["touched"], &touched["unchanged"]),
        (&1.into(), &4.into())
    );
    assert_eq!(home.counts()["unchanged"], 5);

    // The same size, other bytes.
    let before = home.table();
    home.song("band 1/song 1.wav", 9, &[]);
    set_time(&home.file("band 1/song 1.wav"), 1_000_000_001);
    let changed = home.counts();
    assert_eq!(
        (&changed["heard_again"], &changed["unchanged"]),
        (&1.into(), &4.into())
    );
    let after = home.table();
    let differing = before.iter().zip(&after).filter(|(a, b)| a != b);
    assert_eq!(differing.count(), 1);

    // The same size and time, other bytes: only their contents tell.
    home.song("band 2/song 2.wav", 10, &[]);
    let file = home.file("band 2/song 2.wav");
    set_time(&file, 1_000_000_002);
    home.counts();
    fs::write(&file, wav(&sound(11, 4.0), &[])).unwrap();
    set_time(&file, 1_000_000_002);
    assert_eq!(home.counts()["unchanged"], 5);
    let music = home.music();
    let compared = home.json(&["add", "--contents", music.to_str().unwrap()]);
    assert_eq!(compared["counts"]["heard_again"], 1);
    assert_eq!(compared["counts"]["touched"], 4);
}

#[test]
fn moved_copied_and_deleted_files_are_noticed_without_being_heard() {
    let home = Home::with_songs();
    home.counts();
    let before = home.json(&["similar", home.file("band 0/song 0.wav").to_str().unwrap()]);
    fs::rename(home.file("band 0"), home.file("renamed")).unwrap();
    let output = home.add();
    let report = json(&output);
    assert_eq!(report["counts"]["moved"], 1);
    assert_eq!(
        (&report["counts"]["heard"], &report["counts"]["missing"]),
        (&0.into(), &0.into())
    );
    let moved = &report["moved"][0];
    assert!(
        moved["path"]
            .as_str()
            .unwrap()
            .ends_with("renamed/song 0.wav")
    );
    assert!(
        moved["text"]
            .as_str()
            .unwrap()
            .contains("band 0/song 0.wav")
    );
    let after = home.json(&["similar", home.file("renamed/song 0.wav").to_str().unwrap()]);
    assert_eq!(names(&before), names(&after));

    fs::copy(home.file("band 1/song 1.wav"), home.file("copy.wav")).unwrap();
    let copied = home.counts();
    assert_eq!(
        (&copied["copied"], &copied["heard"]),
        (&1.into(), &0.into())
    );

    let bytes = fs::read(home.file("band 2/song 2.wav")).unwrap();
    let time = fs::metadata(home.file("band 2/song 2.wav"))
        .unwrap()
        .modified()
        .unwrap();
    fs::remove_file(home.file("band 2/song 2.wav")).unwrap();
    let report = json(&home.add());
    assert_eq!(report["counts"]["missing"], 1);
    assert!(
        report["missing"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("song 2.wav")
    );
    assert_eq!(home.counts()["missing"], 0, "it is told once");
    assert!(
        !home
            .table()
            .iter()
            .any(|row| row[0].ends_with("song 2.wav"))
    );

    // Back as it was: nothing to hear.
    fs::write(home.file("band 2/song 2.wav"), bytes).unwrap();
    let file = fs::File::options()
        .write(true)
        .open(home.file("band 2/song 2.wav"))
        .unwrap();
    file.set_modified(time).unwrap();
    let back = home.counts();
    assert_eq!((&back["back"], &back["heard"]), (&1.into(), &0.into()));

    fs::remove_file(home.file("copy.wav")).unwrap();
    home.counts();
    let removed = home.json(&["remove", "--missing"]);
    assert_eq!(removed["songs"], 1);
    assert_eq!(home.json(&["info"])["missing"], 0);
}

#[test]
fn a_folder_that_is_away_takes_none_of_its_songs_with_it() {
    let home = Home::with_songs();
    home.counts();
    let table = home.table();
    let away = home.folder.path().join("away");
    fs::rename(home.music(), &away).unwrap();
    // Not there at all, and the empty place where a drive was mounted.
    for mounted in [false, true] {
        if mounted {
            fs::create_dir(home.folder.path().join("music")).unwrap();
        }
        let output = home.run(&["refresh", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let report = json(&output);
        assert_eq!(report["away"].as_array().unwrap().len(), 1);
        assert_eq!(report["counts"]["missing"], 0);
        assert_eq!(home.table(), table);
    }
    fs::remove_dir(home.folder.path().join("music")).unwrap();
    fs::rename(&away, home.folder.path().join("music")).unwrap();
    assert_eq!(home.json(&["refresh"])["counts"]["unchanged"], 5);
    let info = home.json(&["info"]);
    assert_eq!(info["folders"][0]["songs"], 5);
    assert_eq!(info["folders"][0]["present"], true);
}

#[test]
fn files_that_cannot_be_heard_are_listed_and_tried_again_when_they_change() {
    let home = Home::with_songs();
    fs::write(home.file("noise.mp3"), b"this is no music at all").unwrap();
    fs::write(home.file("empty.flac"), b"").unwrap();
    fs::write(home.file("old.wma"), b"a format without a decoder").unwrap();
    fs::write(home.file("cover.jpg"), b"no music").unwrap();
    let output = home.add();
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["counts"]["heard"], 5);
    let told = |list: &str| -> Vec<String> {
        let list = report[list].as_array().unwrap().iter();
        list.map(|told| {
            format!(
                "{}: {}",
                told["path"].as_str().unwrap(),
                told["text"].as_str().unwrap()
            )
        })
        .collect()
    };
    let failed = told("failed");
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(
        failed[0].contains("empty.flac: is an empty file"),
        "{failed:?}"
    );
    assert!(
        failed[1].contains("noise.mp3: is not a sound file"),
        "{failed:?}"
    );
    let skipped = told("skipped");
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(
        skipped[0].contains("old.wma: is of a format"),
        "{skipped:?}"
    );

    // Known and told again, but neither tried nor an error of this run.
    let counts = home.counts();
    assert_eq!(
        (&counts["failed"], &counts["failed_before"]),
        (&2.into(), &2.into())
    );
    fs::write(home.file("noise.mp3"), wav(&sound(6, 4.0), &[])).unwrap();
    let counts = home.counts();
    assert_eq!(
        (&counts["heard"], &counts["failed"]),
        (&1.into(), &1.into())
    );

    // A song that is damaged later is no answer any more.
    fs::write(home.file("band 0/song 0.wav"), b"RIFF").unwrap();
    assert_eq!(json(&home.add())["counts"]["failed"], 2);
    assert!(
        !home
            .table()
            .iter()
            .any(|row| row[0].ends_with("song 0.wav"))
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_a_circle_and_names_that_are_not_utf8_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::with_songs();
    std::os::unix::fs::symlink(home.music(), home.file("circle")).unwrap();
    std::os::unix::fs::symlink(home.file("nowhere"), home.file("dead")).unwrap();
    std::os::unix::fs::symlink(home.file("band 1/song 1.wav"), home.file("twice.wav")).unwrap();
    let odd = home
        .music()
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9 1.wav"));
    fs::rename(home.file("band 0/song 0.wav"), &odd).unwrap();
    let report = json(&home.add());
    assert_eq!(report["counts"]["heard"], 5);
    let skipped = report["skipped"].to_string();
    assert!(
        skipped.contains("a folder that it lies in") && skipped.contains("taken once"),
        "{skipped}"
    );
    assert!(
        report["failed"].to_string().contains("does not exist"),
        "{report}"
    );
    assert_eq!(home.json(&["info"])["songs"], 5);

    // It is asked about by its name, and found by its bytes.
    let output = home
        .command(&["similar", "-k", "4", "--null"])
        .arg(&odd)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == 0).count(), 4);
    let from = home.file("band 1/song 1.wav");
    let list = home.file("list.m3u8");
    let arguments = [
        "similar",
        "--null",
        from.to_str().unwrap(),
        "--m3u8",
        list.to_str().unwrap(),
    ];
    let output = home.run(&arguments);
    let found = output.stdout.split(|&byte| byte == 0);
    assert!(
        found
            .into_iter()
            .any(|path| path == odd.as_os_str().as_bytes())
    );
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains("/caf%E9%201.wav\n"), "{text}");
    let found = home.json(&["similar", from.to_str().unwrap()]);
    assert!(found.to_string().contains("caf%E9%201.wav"), "{found}");
}

#[cfg(unix)]
#[test]
fn files_and_folders_without_permission_are_told_and_the_rest_is_heard() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_songs();
    let (file, folder) = (home.file("band 0/song 0.wav"), home.file("band 1"));
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&file, 0o000);
    set(&folder, 0o000);
    if fs::read(&file).is_ok() {
        println!("skipped: this user may read every file");
        set(&folder, 0o755);
        return;
    }
    let output = home.add();
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["counts"]["heard"], 3);
    assert!(
        report["failed"]
            .to_string()
            .contains("check its permissions"),
        "{report}"
    );
    set(&file, 0o644);
    set(&folder, 0o755);
    assert_eq!(home.counts()["heard"], 2);
    // A folder that is closed later is not gone.
    set(&folder, 0o000);
    let report = json(&home.add());
    set(&folder, 0o755);
    assert_eq!(report["counts"]["missing"], 0);
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_library_of_an_undisturbed_one() {
    let home = Home::new();
    for seed in 0..30 {
        home.song(&format!("{seed}.wav"), seed, &[]);
    }
    let music = home.music();
    for delay in [30, 120, 400, 1_000] {
        let mut command = home.command(&["add", "--jobs", "1", music.to_str().unwrap()]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let counts = home.counts();
    assert_eq!(counts["missing"], 0);
    let killed = home.table();
    assert_eq!(killed.len(), 30);
    fs::remove_file(home.store()).unwrap();
    assert_eq!(home.counts()["heard"], 30);
    assert!(killed == home.table(), "both runs make the same library");
}

#[test]
fn a_drive_that_goes_away_in_the_middle_takes_no_song_with_it() {
    let home = Home::new();
    for seed in 0..30 {
        home.song(&format!("{seed}.wav"), seed, &[]);
    }
    home.counts();
    let (music, away) = (home.music(), home.folder.path().join("away"));
    let text = music.to_str().unwrap();
    for (round, delay) in [60, 200, 500].into_iter().enumerate() {
        // Something to hear, and the rest to be compared.
        for seed in 0..15 {
            home.song(&format!("{seed}.wav"), seed + 30 * (round as u64 + 1), &[]);
        }
        let mut command = home.command(&["add", "--json", "--contents", text]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        fs::rename(&music, &away).unwrap();
        let output = child.wait_with_output().unwrap();
        // Unless it went away before anything began.
        if !output.stdout.is_empty() {
            assert_eq!(json(&output)["counts"]["missing"], 0);
        }
        fs::rename(&away, &music).unwrap();
        assert_eq!(home.counts()["missing"], 0);
        assert_eq!(home.json(&["info"])["songs"], 30);
    }
}

#[test]
fn a_store_that_cannot_be_used_is_refused_in_a_sentence_and_stays_as_it_is() {
    let home = Home::with_songs();
    let refused = |bytes: &[u8], words: &str| {
        fs::write(home.store(), bytes).unwrap();
        let music = home.music();
        for arguments in [
            &["similar", "1"][..],
            &["add", music.to_str().unwrap()],
            &["refresh"],
            &["info"],
        ] {
            let output = home.run(arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = errors(&output);
            assert!(said.contains(words), "{arguments:?}: {said}");
            assert!(
                said.contains("library.sqlite") && said.trim().lines().count() == 1,
                "{said}"
            );
        }
        assert!(fs::read(home.store()).unwrap() == bytes, "{words}");
    };
    home.counts();
    let whole = fs::read(home.store()).unwrap();
    refused(b"", "is damaged");
    refused(
        b"a text that is long enough to be something",
        "is not a library",
    );
    refused(&whole[..whole.len() / 2], "is damaged");
    // The version is in the header at byte 60, the program's number at 68: see SQLite's file format.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    refused(&newer, "is a library of format 99");
    let mut other = whole.clone();
    other[68..72].copy_from_slice(&7_u32.to_be_bytes());
    refused(&other, "a database of another program");

    fs::write(home.store(), &whole).unwrap();
    let lock = fs::File::create(home.folder.path().join("library.sqlite.lock")).unwrap();
    lock.lock().unwrap();
    let output = home.add();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("in use by another run"),
        "{}",
        errors(&output)
    );
    // Questions need not wait.
    assert!(home.run(&["similar", "1"]).status.success());
    drop(lock);
    assert_eq!(home.counts()["unchanged"], 5);
}

#[test]
fn damage_inside_of_a_store_is_found_before_anything_is_written() {
    let home = Home::with_songs();
    home.counts();
    let mut bytes = fs::read(home.store()).unwrap();
    // From the second page on; the first is the header.
    let length = bytes.len();
    for byte in &mut bytes[4_096..length.min(40_000)] {
        *byte ^= 0x5a;
    }
    fs::write(home.store(), &bytes).unwrap();
    let output = home.add();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("is damaged"),
        "{}",
        errors(&output)
    );
    assert!(fs::read(home.store()).unwrap() == bytes);
}

#[test]
fn no_library_and_no_folder_are_told_before_anything_is_made() {
    let home = Home::new();
    let output = home.run(&["similar", "1"]);
    assert!(
        errors(&output).contains("library add FOLDER"),
        "{}",
        errors(&output)
    );
    let file = home.song("song.wav", 0, &[]);
    let missing = home.file("nowhere");
    for (path, words) in [(&file, "is not a folder"), (&missing, "cannot be read")] {
        let output = home.run(&["add", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains(words), "{}", errors(&output));
    }
    assert!(!home.store().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_lies_in_the_users_data_folder_unless_another_is_named() {
    let home = Home::with_songs();
    let data = home.folder.path().join("data");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.arg("library").args(arguments);
        command.env("XDG_DATA_HOME", &data).output().unwrap()
    };
    assert!(errors(&run(&["info"])).contains("there is no library here"));
    let output = run(&["add", home.music().to_str().unwrap()]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(data.join("soundalike/library.sqlite").is_file());
    let said = String::from_utf8(run(&["info"]).stdout).unwrap();
    assert!(said.contains("songs       5"), "{said}");
}

/// The shipped model with another SHA-256: its header has more white space.
fn other_model() -> Vec<u8> {
    let model = soundalike_shipped::MODEL;
    let length = u64::from_le_bytes(model[..8].try_into().unwrap());
    let header = &model[8..8 + length as usize];
    let tensors = &model[8 + length as usize..];
    [&(length + 8).to_le_bytes()[..], header, &[b' '; 8], tensors].concat()
}

#[test]
fn another_model_is_told_and_hears_everything_again_only_when_asked() {
    let home = Home::with_songs();
    home.counts();
    let table = home.table();
    let model = home.folder.path().join("other.safetensors");
    fs::write(&model, other_model()).unwrap();
    let refresh = ["refresh", "--json", "--model", model.to_str().unwrap()];
    let output = home.run(&refresh);
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    assert!(
        said.contains("another model") && said.contains("--hear-again"),
        "{said}"
    );
    assert_eq!(home.table(), table);
    // A song that is not in the library would be heard by the shipped model; one of it needs none.
    let again = home.run(&[&refresh[..], &["--hear-again"]].concat());
    assert!(again.status.success(), "{}", errors(&again));
    assert_eq!(json(&again)["counts"]["heard_again"], 5);
    assert_eq!(home.table(), table);
    assert_eq!(home.json(&["info"])["models"].as_array().unwrap().len(), 1);
    let known = home.file("band 0/song 0.wav");
    assert!(
        home.run(&["similar", known.to_str().unwrap()])
            .status
            .success()
    );
    let foreign = home.folder.path().join("foreign.wav");
    fs::write(&foreign, wav(&sound(8, 4.0), &[])).unwrap();
    let output = home.run(&["similar", foreign.to_str().unwrap()]);
    assert!(
        errors(&output).contains("another model"),
        "{}",
        errors(&output)
    );
    let arguments = [
        "similar",
        foreign.to_str().unwrap(),
        "--model",
        model.to_str().unwrap(),
    ];
    assert!(home.run(&arguments).status.success());
}

#[test]
fn similar_songs_are_not_the_query_and_pass_the_filters() {
    let home = Home::tagged();
    let seed = home.file("Odds/0.wav");
    let seed = seed.to_str().unwrap();
    let found = home.json(&["similar", seed, "-k", "50", "--cosine"]);
    let all = names(&found);
    assert!(
        !all.contains(&"0.wav".to_owned()) && !all.contains(&"copy.wav".to_owned()),
        "{all:?}"
    );
    let songs = found["songs"].as_array().unwrap();
    let similarities: Vec<f64> = songs
        .iter()
        .map(|s| s["similarity"].as_f64().unwrap())
        .collect();
    assert!(similarities.is_sorted_by(|a, b| a >= b));
    // By its number it is the same song.
    let table = home.folder.path().join("ids.csv");
    home.json(&["export", table.to_str().unwrap()]);
    let mut reader = csv::Reader::from_path(&table).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let id = rows
        .iter()
        .find(|row| row[1].ends_with("Odds/0.wav"))
        .unwrap()[0]
        .to_owned();
    assert_eq!(
        names(&home.json(&["similar", &id, "-k", "50", "--cosine"])),
        all
    );

    let ask = |more: &[&str]| home.json(&[&["similar", seed, "-k", "50"], more].concat());
    let field = |found: &Value, name: &str| -> BTreeSet<String> {
        let songs = found["songs"].as_array().unwrap().iter();
        songs
            .map(|song| {
                song[name]
                    .as_str()
                    .map_or(song[name].to_string(), str::to_owned)
            })
            .collect()
    };
    assert_eq!(
        field(&ask(&["--genre", "blues"]), "artist"),
        ["Ends".to_owned()].into()
    );
    assert_eq!(
        field(
            &ask(&["--exclude-artist", "odds", "--genre", "rock"]),
            "artist"
        ),
        BTreeSet::new()
    );
    let years = field(&ask(&["--year", "1990..1994"]), "year");
    assert_eq!(years, ["1990", "1992", "1994"].map(str::to_owned).into());
    assert_eq!(
        ask(&["--per-artist", "1"])["songs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let output = home.run(&["similar", seed, "--tag", "no such tag"]);
    assert!(errors(&output).contains("no tag"), "{}", errors(&output));
    let output = home.run(&["similar", seed, "--year", "1999..1990"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn thumbs_and_weights_turn_the_answer_and_a_file_from_outside_is_only_heard() {
    let home = Home::tagged();
    let file = |seed: u64| {
        let band = if seed.is_multiple_of(2) {
            "Odds"
        } else {
            "Ends"
        };
        home.file(&format!("{band}/{seed}.wav"))
            .to_str()
            .unwrap()
            .to_owned()
    };
    let first =
        |arguments: &[&str]| home.json(&[&["similar"], arguments].concat())["songs"][0].clone();
    let (a, b) = (file(2), file(9));
    // Nearly all weight on one seed asks for what it asks alone.
    let weighted = format!("{b}:0.0001");
    let alone = first(&[&a, "-k", "1"]);
    let both = first(&[&a, &weighted, "-k", "1"]);
    assert_eq!(alone["path"], both["path"]);
    // What is not wanted is less similar to the question than before.
    let similarity = |arguments: &[&str]| {
        let found = home.json(&[&["similar", "-k", "50"], arguments].concat());
        let songs = found["songs"].as_array().unwrap().clone();
        let song = songs.iter().find(|song| song["path"] == file(7));
        song.unwrap()["similarity"].as_f64().unwrap()
    };
    assert!(similarity(&[&a, "--dislike", &file(5)]) != similarity(&[&a]));
    assert!(
        similarity(&[
            "--like",
            &a,
            "--dislike",
            &file(7).replace("7.wav", "9.wav")
        ]) <= 1.0
    );
    let output = home.run(&["similar", "--dislike", &a, "--like", &format!("{b}:0")]);
    assert!(
        errors(&output).contains("weight above 0"),
        "{}",
        errors(&output)
    );
    let output = home.run(&["similar", "no-such-song"]);
    assert!(
        errors(&output).contains("neither a file nor a song"),
        "{}",
        errors(&output)
    );

    // The same sound from outside has the same answer, and the library does not grow.
    let outside = home.folder.path().join("outside.wav");
    fs::copy(&a, &outside).unwrap();
    let inside = names(&home.json(&["similar", &a, "-k", "5"]));
    assert_eq!(
        names(&home.json(&["similar", outside.to_str().unwrap(), "-k", "5"])),
        inside
    );
    assert_eq!(home.json(&["info"])["songs"], 13);
}

#[test]
fn songs_are_found_by_the_tempo_and_the_key_that_they_were_played_in() {
    let home = Home::with_songs();
    for (name, n) in [("slow.wav", 9), ("fast.wav", 100)] {
        let bpm = if n == 9 { 90.0 } else { 130.0 };
        let song = synth::Progression {
            bpm,
            ..synth::Progression::set()[n]
        };
        fs::write(home.file(name), wav(&song.render(), &[])).unwrap();
    }
    home.counts();
    let table = home.folder.path().join("all.csv");
    home.json(&["export", table.to_str().unwrap()]);
    let mut reader = csv::Reader::from_path(&table).unwrap();
    let columns = reader.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |name: &str| {
        let mut rows = rows.iter();
        rows.find(|row| row[column("path")].ends_with(name))
            .unwrap()
    };
    let bpm: f64 = row("slow.wav")[column("tempo_bpm")].parse().unwrap();
    assert!((bpm / 90.0 - 1.0).abs() < 0.04, "{bpm}");
    let key = row("slow.wav")[column("key")].to_owned();
    assert_eq!(key, "Db major");
    let ask = |more: &[&str]| {
        let seed = home.file("band 0/song 0.wav");
        let question = ["similar", seed.to_str().unwrap(), "-k", "50"];
        names(&home.json(&[&question, more].concat()))
    };
    let by_key = ask(&["--key", "C# major"]);
    assert!(by_key.contains(&"slow.wav".to_owned()), "{by_key:?}");
    let by_tempo = ask(&["--bpm", "87..93"]);
    assert!(by_tempo.contains(&"slow.wav".to_owned()), "{by_tempo:?}");
    assert!(!by_tempo.contains(&"fast.wav".to_owned()), "{by_tempo:?}");
}

#[test]
fn a_path_joins_its_ends_and_a_mix_does_not_repeat_itself() {
    let home = Home::tagged();
    let (from, to) = (home.file("Odds/2.wav"), home.file("Ends/11.wav"));
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let path = names(&home.json(&["path", from, to, "-n", "6"]));
    assert_eq!(
        (
            path.first().unwrap().as_str(),
            path.last().unwrap().as_str()
        ),
        ("2.wav", "11.wav")
    );
    assert_eq!(path.iter().collect::<BTreeSet<_>>().len(), path.len());
    assert!(path.len() <= 6);
    let output = home.run(&["path", from, from]);
    assert!(
        errors(&output).contains("two different songs"),
        "{}",
        errors(&output)
    );

    let mix = home.json(&["mix", from, "-n", "10"]);
    let songs = names(&mix);
    assert_eq!(songs.len(), 10);
    assert_eq!(songs.iter().collect::<BTreeSet<_>>().len(), 10);
    assert_eq!(names(&home.json(&["mix", from, "-n", "10"])), songs);
    assert_ne!(
        names(&home.json(&["mix", from, "-n", "10", "--seed", "5"])),
        songs
    );
    // Without an end, until nobody reads any more.
    let mut command = home.command(&["mix", from, "--endless", "--null"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut read = vec![0; 10_000];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut read).unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn duplicates_groups_and_figures_cover_the_library() {
    let home = Home::tagged();
    let found = home.json(&["duplicates"]);
    let recordings = found["recordings"].as_array().unwrap();
    let copied = recordings
        .iter()
        .find(|r| r["others"].to_string().contains("copy.wav"));
    // The one of more bits per second is kept.
    let copied = copied.unwrap_or_else(|| panic!("{found}"));
    assert!(
        copied["keep"]["path"]
            .as_str()
            .unwrap()
            .ends_with("Odds/0.wav")
    );
    let null = home.run(&["duplicates", "--null"]).stdout;
    assert!(String::from_utf8(null).unwrap().contains("copy.wav\0"));

    let lists = home.folder.path().join("lists");
    let groups = home.json(&[
        "groups",
        "--count",
        "3",
        "--playlists",
        lists.to_str().unwrap(),
    ]);
    let groups = groups["groups"].as_array().unwrap();
    let songs: usize = groups
        .iter()
        .map(|group| group["songs"].as_array().unwrap().len())
        .sum();
    assert_eq!(songs, 13);
    let named: BTreeSet<&str> = groups
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect();
    assert_eq!(named.len(), groups.len());
    assert_eq!(fs::read_dir(&lists).unwrap().count(), groups.len());

    let stats = home.json(&["stats"]);
    assert_eq!(
        (&stats["songs"], &stats["artists"]),
        (&13.into(), &2.into())
    );
    assert_eq!(stats["genres"]["Rock"], 6);
    assert!(stats["skewness"].is_number() && stats["never_recommended"].is_number());
    for command in ["info", "stats", "groups", "duplicates"] {
        assert!(home.run(&[command]).status.success(), "{command}");
    }
}

#[test]
fn playlists_lead_to_the_files() {
    let home = Home::tagged();
    let seed = home.file("Odds/0.wav");
    let (list, absolute) = (
        home.file("lists/near.m3u8"),
        home.folder.path().join("far.m3u8"),
    );
    let jspf = home.folder.path().join("list.jspf");
    fs::create_dir(home.file("lists")).unwrap();
    let ask = |more: &[&str]| {
        let output = home.run(&[&["similar", "-k", "5", seed.to_str().unwrap()], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
        output
    };
    ask(&[
        "--m3u8",
        list.to_str().unwrap(),
        "--jspf",
        jspf.to_str().unwrap(),
    ]);
    let plain = ask(&["--m3u8", absolute.to_str().unwrap(), "--absolute"]);
    let printed = String::from_utf8(plain.stdout).unwrap();
    for file in [&list, &absolute] {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.starts_with("#EXTM3U\n#EXTINF:4,"), "{text}");
        let paths: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(paths.len(), 5);
        for path in paths {
            assert_eq!(Path::new(path).is_absolute(), file == &absolute);
            // A player joins it with the playlist's folder.
            let song = file.parent().unwrap().join(path).canonicalize().unwrap();
            assert!(printed.contains(song.to_str().unwrap()), "{printed}");
        }
    }
    let jspf: Value = serde_json::from_slice(&fs::read(&jspf).unwrap()).unwrap();
    let tracks = jspf["playlist"]["track"].as_array().unwrap();
    assert_eq!(tracks.len(), 5);
    for track in tracks {
        let address = url::Url::parse(track["location"][0].as_str().unwrap()).unwrap();
        assert!(address.to_file_path().unwrap().is_file());
        assert_eq!(track["duration"], 4_000);
    }
}

#[test]
fn parts_of_several_machines_make_the_library_of_one() {
    let home = Home::tagged();
    let whole = home.table();
    let music = home.music();
    let part = |number: u32| home.folder.path().join(format!("part{number}.sqlite"));
    let library = |file: &Path, arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command
            .arg("library")
            .args(arguments)
            .arg("--library")
            .arg(file);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        output
    };
    let mut heard = 0;
    for number in 1..=3 {
        let shard = format!("{number}/3");
        let output = library(
            &part(number),
            &["add", "--json", "--shard", &shard, music.to_str().unwrap()],
        );
        let counts = json(&output)["counts"].clone();
        heard += counts["heard"].as_u64().unwrap();
        assert_eq!(
            counts["heard"].as_u64().unwrap() + counts["elsewhere"].as_u64().unwrap(),
            13
        );
    }
    assert_eq!(heard, 13);
    let merged = home.folder.path().join("merged.sqlite");
    let merge = |more: &[&Path]| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["library", "merge", "--json", "-o"])
            .arg(&merged)
            .args(more);
        command.output().unwrap()
    };
    let (one, two, three) = (part(1), part(2), part(3));
    // The first part is given twice: the same files.
    let output = merge(&[&one, &two, &three, &one]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(json(&output)["songs"], 13);
    assert!(json(&output)["in_several"].as_u64().unwrap() > 0);
    let exported = home.folder.path().join("merged.csv");
    library(&merged, &["export", exported.to_str().unwrap()]);
    assert!(table(&exported) == whole);
    assert!(errors(&merge(&[&one, &two])).contains("exists already"));
    // All of them together are up to date with the folder.
    let output = library(&merged, &["refresh", "--json"]);
    assert_eq!(json(&output)["counts"]["unchanged"], 13);
}

#[test]
fn a_library_is_exported_for_the_page_and_for_other_programs() {
    let home = Home::tagged();
    let catalog = home.folder.path().join("mine.safetensors");
    let output = home.json(&["export", catalog.to_str().unwrap()]);
    assert_eq!(output["songs"], 13);
    let catalog = Catalog::from_bytes(&fs::read(&catalog).unwrap()).unwrap();
    assert_eq!(catalog.len(), 13);
    assert!(
        catalog
            .tracks
            .iter()
            .all(|track| Path::new(&track.path).is_file())
    );
    assert!(
        catalog
            .tracks
            .iter()
            .any(|track| track.artist == "Odds" && track.year == Some(1984))
    );
    let parquet = home.folder.path().join("mine.parquet");
    home.json(&["export", parquet.to_str().unwrap()]);
    let bytes = fs::read(&parquet).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let rows = home.table();
    assert_eq!(rows.len(), 13);
    let output = home.run(&["export", "mine.txt"]);
    assert!(errors(&output).contains(".parquet"), "{}", errors(&output));
}

/// Lets a library have heard clear rock in all its songs, and that one of them is sad.
fn hear_rock(home: &Home) {
    let store = rusqlite::Connection::open(home.store()).unwrap();
    let provenance: String = store
        .query_row("SELECT provenance FROM model", [], |row| row.get(0))
        .unwrap();
    let provenance: Value = serde_json::from_str(&provenance).unwrap();
    // One and nought in half precision, little-endian.
    let only = |list: &str, name: &str| -> Vec<u8> {
        let names = provenance[list].as_array().unwrap().iter();
        let is = names.map(|other| if other == name { [0, 0x3c] } else { [0, 0] });
        is.flatten().collect()
    };
    let (rock, sad, none) = (
        only("genres", "rock"),
        only("tags", "sad"),
        only("tags", ""),
    );
    store
        .execute(
            "UPDATE song SET music = 1.0, probabilities = ?1, tags = ?2",
            (&rock, &none),
        )
        .unwrap();
    store
        .execute("UPDATE song SET tags = ?1 WHERE id = 1", [&sad])
        .unwrap();
}

fn contents(home: &Home) -> Vec<Vec<u8>> {
    let files = home.table().into_iter();
    files.map(|row| fs::read(&row[0]).unwrap()).collect()
}

#[test]
fn tags_are_written_only_when_asked_and_brought_back_by_one_command() {
    let home = Home::with_songs();
    home.counts();
    hear_rock(&home);
    let before = contents(&home);
    let names = |songs: &Value| songs["songs"].as_array().unwrap().len();

    // Shown, and nothing else, without --write and with --dry-run.
    let shown = home.json(&["tag"]);
    assert_eq!((names(&shown), &shown["backup"]), (5, &Value::Null));
    let sad = shown["songs"].as_array().unwrap().iter();
    assert_eq!(sad.filter(|song| song["moods"][0] == "sad").count(), 1);
    assert_eq!(
        home.json(&["tag", "--write", "genre,mood", "--dry-run"]),
        shown
    );
    let text = home.run(&["tag", "--write", "genre", "--dry-run"]);
    let said = String::from_utf8(text.stdout).unwrap();
    assert_eq!(said.matches(": genre Rock\n").count(), 5, "{said}");
    assert!(contents(&home) == before);

    let file = home.file("band 1/song 1.wav");
    let one = home.json(&["tag", "--write", "genre", file.to_str().unwrap()]);
    assert_eq!(names(&one), 1);
    let rest = home.run(&["tag", "--write", "genre,mood"]);
    assert!(rest.status.success(), "{}", errors(&rest));
    let second = home.folder.path().join("library.sqlite.tags-2.jsonl");
    assert!(errors(&rest).contains("--restore"), "{}", errors(&rest));
    assert!(second.is_file());
    let classified = Command::new(PROGRAM)
        .args(["classify", "--json"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(json(&classified)["files"][0]["song"]["genre"], "Rock");
    // No song is heard again, nor has its content to be compared.
    let counts = home.counts();
    assert_eq!(counts["unchanged"], 5, "{counts}");
    let music = home.music();
    let compared = home.json(&["add", "--contents", music.to_str().unwrap()]);
    assert_eq!(compared["counts"]["heard_again"], 0);
    // What the files say now is what the filters go by.
    let found = home.json(&["similar", "1", "--genre", "rock"]);
    assert!(
        found["songs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|song| song["genre_predicted"] == false)
    );
    let again = home.json(&["tag", "--write", "genre"]);
    assert_eq!((names(&again), &again["named"]), (0, &5.into()));

    for (backup, files) in [("2", 4), ("1", 1)] {
        let name = format!("library.sqlite.tags-{backup}.jsonl");
        let backup = home.folder.path().join(name);
        let restored = home.json(&["tag", "--restore", backup.to_str().unwrap()]);
        assert!(
            restored["restored"].as_u64().unwrap() >= files,
            "{restored}"
        );
        assert_eq!(restored["failed"].as_array().unwrap().len(), 0);
    }
    assert!(contents(&home) == before);
    assert_eq!(home.counts()["unchanged"], 5);
}

#[test]
fn a_run_that_writes_tags_and_is_killed_leaves_whole_files_that_can_be_brought_back() {
    let home = Home::new();
    for seed in 0..12 {
        home.song(&format!("{seed}.wav"), seed, &[]);
    }
    home.counts();
    hear_rock(&home);
    let before = contents(&home);
    let mut written = 0;
    for delay in [20, 60, 120, 250] {
        let mut child = home
            .command(&["tag", "--write", "genre"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        // Whatever was done, every song is there and has its sound.
        let counts = home.counts();
        assert_eq!(
            (&counts["missing"], &counts["failed"]),
            (&0.into(), &0.into())
        );
        let after = contents(&home);
        let changed = after.iter().zip(&before).filter(|(a, b)| a != b).count();
        assert!(changed >= written, "what was written stays");
        written = changed;
    }
    let rest = home.run(&["tag", "--write", "genre"]);
    assert!(rest.status.success(), "{}", errors(&rest));
    let backups = fs::read_dir(home.folder.path()).unwrap().flatten();
    let backups = backups.filter(|entry| entry.file_name().to_string_lossy().ends_with(".jsonl"));
    for backup in backups {
        home.json(&["tag", "--restore", backup.path().to_str().unwrap()]);
    }
    assert!(contents(&home) == before);
}

#[test]
fn tags_that_cannot_be_written_are_told_in_a_sentence() {
    let home = Home::with_songs();
    home.counts();
    hear_rock(&home);
    let before = contents(&home);
    let refused = |arguments: &[&str], code: i32, says: &str| {
        let output = home.run(arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    };
    refused(&["tag", "--write", "title"], 2, "genre, mood");
    refused(&["tag", "--dry-run"], 2, "--write");
    refused(
        &["tag", "--restore", "x", "--write", "genre"],
        2,
        "cannot be used with",
    );
    refused(&["tag", "/nowhere.flac"], 1, "is not a song of the library");
    refused(&["tag", "--tag", "nonsense"], 1, "knows no tag");
    refused(&["tag", "--restore", "/nowhere.jsonl"], 1, "/nowhere.jsonl");
    let song = home.file("band 0/song 0.wav");
    refused(
        &["tag", "--restore", song.to_str().unwrap()],
        1,
        "is not a backup of tags",
    );
    let taken = home.folder.path().join("taken");
    fs::write(&taken, "text").unwrap();
    let backup = [
        "tag",
        "--write",
        "genre",
        "--backup",
        taken.to_str().unwrap(),
    ];
    refused(&backup, 1, "exists already");
    assert_eq!(fs::read(&taken).unwrap(), b"text");
    let lock = fs::File::create(home.folder.path().join("library.sqlite.lock")).unwrap();
    lock.lock().unwrap();
    refused(&["tag", "--write", "genre"], 1, "in use by another run");
    drop(lock);
    assert!(contents(&home) == before);

    let mut read_only = fs::metadata(&song).unwrap().permissions();
    read_only.set_readonly(true);
    fs::set_permissions(&song, read_only).unwrap();
    refused(&["tag", "--write", "genre"], 1, "song 0.wav: is read-only");
    let after = contents(&home);
    assert_eq!(after.iter().zip(&before).filter(|(a, b)| a != b).count(), 4);
}

#[test]
fn a_named_song_that_gets_no_tags_is_told_with_the_reason() {
    let home = Home::with_songs();
    home.counts();
    hear_rock(&home);
    let song = home.file("band 0/song 0.wav");
    let song = song.to_str().unwrap();
    let output = home.run(&["tag", song, "--genre", "jazz"]);
    let said = errors(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("song 0.wav: does not pass the filters"),
        "{said}"
    );
    let output = home.run(&["tag", song, "--genre", "rock"]);
    assert!(!errors(&output).contains("filters"), "{}", errors(&output));

    let store = rusqlite::Connection::open(home.store()).unwrap();
    for order in [
        "INSERT INTO model (sha256, provenance, dimensions) SELECT 'other', provenance, dimensions FROM model",
        "UPDATE song SET model = (SELECT id FROM model WHERE sha256 = 'other') WHERE id = 1",
        "UPDATE song SET embedding = x'00' WHERE id = 2",
        "UPDATE song SET missing = 1 WHERE id = 3",
    ] {
        assert_eq!(store.execute(order, []).unwrap(), 1, "{order}");
    }
    drop(store);
    for (id, says) in [
        ("1", "1: was heard by another model"),
        ("2", "2: its numbers are damaged"),
        ("3", "3: its file was gone"),
        ("99", "99: is not a song of the library"),
    ] {
        let output = home.run(&["tag", id]);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains(says), "{}", errors(&output));
    }
}

#[test]
fn a_dry_run_tells_which_files_cannot_be_written() {
    let home = Home::with_songs();
    home.counts();
    hear_rock(&home);
    fs::write(home.file("band 0/song 0.wav"), "other").unwrap();
    fs::remove_file(home.file("band 1/song 1.wav")).unwrap();
    let shown = home.json(&["tag"]);
    assert_eq!(shown["songs"].as_array().unwrap().len(), 3);
    assert_eq!(shown["failed"].as_array().unwrap().len(), 2);
    let output = home.run(&["tag", "--write", "genre", "--dry-run"]);
    let said = errors(&output);
    for says in [
        "2 would be left as they are",
        "song 0.wav: has changed since it was heard",
        "song 1.wav: is gone",
        "3 songs would get tags",
    ] {
        assert!(said.contains(says), "{said}");
    }
    let output = home.run(&["tag", "--write", "genre"]);
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("2 left as they were") && said.contains("3 songs got tags"),
        "{said}"
    );
}

/// The user who owns nothing, on common systems.
#[cfg(unix)]
const NOBODY: u32 = 65_534;

#[cfg(unix)]
#[test]
fn a_file_of_somebody_else_is_left_as_it_is_even_where_the_folder_is_for_all() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    let home = Home::with_songs();
    home.counts();
    hear_rock(&home);
    let mode = |file: &Path, mode: u32| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let folder = home.folder.path();
    let own = home.file("band 0/song 0.wav");
    // Fails for all but the administrator, who alone can be another user.
    if chown(&own, Some(NOBODY), Some(NOBODY)).is_err() {
        println!("skipped: this user may not give files away");
        return;
    }
    mode(folder, 0o777);
    for entry in fs::read_dir(folder).unwrap().flatten() {
        mode(
            &entry.path(),
            if entry.path().is_dir() { 0o777 } else { 0o666 },
        );
    }
    for band in 0..5 {
        mode(&home.file(&format!("band {band}")), 0o777);
        mode(&home.file(&format!("band {band}/song {band}.wav")), 0o644);
    }
    let before = contents(&home);
    // Where everybody may run it.
    let program = folder.join("soundalike");
    fs::copy(PROGRAM, &program).unwrap();
    mode(&program, 0o755);
    let output = Command::new(&program)
        .args(["library", "tag", "--write", "genre", "--library"])
        .arg(home.store())
        .current_dir(folder)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("is read-only").count(), 4, "{said}");
    let after = contents(&home);
    assert_eq!(after.iter().zip(&before).filter(|(a, b)| a != b).count(), 1);
    assert!(fs::read(&own).unwrap() != before[0]);
}

/// A file system of a few pages, for what a full disk does; none where the user may not mount one.
#[cfg(target_os = "linux")]
fn small_disk(folder: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=1200k", "tmpfs"])
        .arg(folder);
    mount.stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_files_as_they_were_and_is_told() {
    let home = Home::new();
    if !small_disk(&home.music()) {
        println!("skipped: this user may not mount a file system");
        return;
    }
    for seed in 0..3 {
        home.song(&format!("{seed}.wav"), seed, &[]);
    }
    home.counts();
    hear_rock(&home);
    let before = contents(&home);
    let output = home.run(&["tag", "--write", "genre"]);
    let after = contents(&home);
    let said = errors(&output);
    let hidden = fs::read_dir(home.music()).unwrap().flatten().count();
    let unmounted = Command::new("umount").arg(home.music()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the disk is full"), "{said}");
    assert!(after == before);
    assert_eq!(hidden, 3, "nothing is left beside the files");
}
