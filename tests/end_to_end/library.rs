//! Your music: a folder is heard once, kept, searched beside the catalogue, and forgotten.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use soundalike_core::catalog::Catalog;

use crate::answer::{COSINE, cosine, soundalike};
use crate::browser::{Browser, Page, Visit, in_each_browser};
use crate::sounds::Sounds;
use crate::{CPU, NO_GPU};

/// How long the page may take for what needs no model.
const SOON: Duration = Duration::from_secs(30);

/// What is kept of the songs, in `window.kept`.
const READ_KEPT: &str = "
    window.kept = undefined;
    indexedDB.open('soundalike-library').onsuccess = ({ target: { result: database } }) => {
        database.transaction('songs').objectStore('songs').getAll().onsuccess = (event) => {
            window.kept = event.target.result.map((song) => ({
                path: song.path, when: song.when, music: song.music, failed: song.error !== '',
                title: song.title, artist: song.artist, album: song.album, size: song.size, embedding: [...song.embedding],
            }));
            database.close();
        };
    };";

/// The rows of the list of similar songs that are the visitor's own.
const OWN_ROWS: &str = "[...document.querySelectorAll('#similar > li[data-mine]')]
    .map((row) => row.dataset.mine)";

in_each_browser!(a_catalogue_made_in_the_terminal_is_opened);

async fn words(page: &Page<'_>, expected: &str) -> Result<()> {
    page.wait(
        &format!("the library says {expected:?}"),
        &format!("document.querySelector('#library-words').textContent.startsWith({expected:?})"),
        CPU,
    )
    .await
}

async fn kept(page: &Page<'_>) -> Result<Vec<Value>> {
    page.run(READ_KEPT).await?;
    page.wait("what is kept is read", "Array.isArray(window.kept)", SOON)
        .await?;
    Ok(serde_json::from_value(page.eval("window.kept").await?)?)
}

/// Opens the page and gives it a folder as its directory input does.
async fn with_folder<'a>(visit: &'a Visit, folder: &Path, query: &str) -> Result<Page<'a>> {
    let page = visit.open(query).await?;
    page.fill("#library-folder", &folder.to_string_lossy())
        .await?;
    Ok(page)
}

/// Chooses whose songs the list shows, and waits until it shows them.
async fn source(page: &Page<'_>, source: &str, shown: &str) -> Result<()> {
    page.run(&format!(
        "document.querySelector('#sources input[value={source}]').click();"
    ))
    .await?;
    page.wait(&format!("the list is of {source}"), shown, SOON)
        .await
}

// geckodriver gives a directory input no folders.
#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_folder_is_heard_once_and_searched_beside_the_catalogue() -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = with_folder(&visit, &folder, "").await?;
    words(&page, "4 songs").await?;
    let failed = page
        .eval("document.querySelector('#library-failed').textContent")
        .await?;
    let failed = failed.as_str().unwrap_or_default();
    ensure!(
        failed.contains("bad.mp3") && !failed.contains("._"),
        "of files that could not be heard it says {failed:?}"
    );
    let before = kept(&page).await?;
    embeddings_are_those_of_the_terminal(&folder, &before)?;

    // After a reload the songs are there, and the same folder has nothing new.
    let page = visit.open_again("").await?;
    words(&page, "4 songs").await?;
    page.fill("#library-folder", &folder.to_string_lossy())
        .await?;
    page.wait(
        "the folder was looked through",
        "document.querySelector('#library-progress').hidden
            && !document.querySelector('#library-trouble').textContent",
        SOON,
    )
    .await?;
    ensure!(kept(&page).await? == before, "songs were heard again");
    similar_songs_come_from_both(&page, &folder).await?;
    playlist_has_paths(&page).await?;

    page.run("document.querySelector('#library-forget').click();")
        .await?;
    words(&page, "None yet").await?;
    let page = visit.open_again("").await?;
    ensure!(kept(&page).await?.is_empty(), "something is still kept");
    Ok(())
}

fn embeddings_are_those_of_the_terminal(folder: &Path, kept: &[Value]) -> Result<()> {
    let heard: Vec<&Value> = kept.iter().filter(|song| song["failed"] == false).collect();
    ensure!(heard.len() == 4 && kept.len() == 5, "kept are {kept:?}");
    for song in heard {
        let path = song["path"].as_str().context("a path")?;
        let page: Vec<f64> = serde_json::from_value(song["embedding"].clone())?;
        let terminal = soundalike("classify", &folder.join(path))?;
        let terminal: Vec<f64> = serde_json::from_value(terminal["embedding"].clone())?;
        let alike = cosine(&page, &terminal);
        ensure!(alike >= COSINE, "{path}: a cosine of {alike}");
    }
    Ok(())
}

async fn similar_songs_come_from_both(page: &Page<'_>, folder: &Path) -> Result<()> {
    page.choose(&[folder.join("a/one.wav")]).await?;
    page.answer(CPU).await?;
    source(
        page,
        "mine",
        "document.querySelectorAll('#similar > li').length === 3
            && document.querySelectorAll('#similar > li[data-mine]').length === 3",
    )
    .await?;
    let own = page.eval(OWN_ROWS).await?;
    let asked = own.as_array().is_some_and(|rows| {
        rows.iter()
            .any(|row| row.as_str().is_some_and(|row| row.ends_with("/a/one.wav")))
    });
    ensure!(!asked, "the song is its own answer: {own}");
    source(
        page,
        "catalog",
        "document.querySelectorAll('#similar > li').length === 10
            && document.querySelectorAll('#similar > li[data-mine]').length === 0",
    )
    .await?;
    source(
        page,
        "both",
        "document.querySelectorAll('#similar > li').length === 10
            && document.querySelectorAll('#similar > li[data-mine]').length > 0",
    )
    .await?;
    // Only what a visitor presses may play.
    page.click("#similar .play-own").await?;
    page.wait(
        "a song of the folder plays",
        "document.querySelector('#similar .play-own.on') !== null",
        SOON,
    )
    .await
}

async fn playlist_has_paths(page: &Page<'_>) -> Result<()> {
    source(
        page,
        "mine",
        "document.querySelectorAll('#similar > li').length === 3",
    )
    .await?;
    page.run(
        "window.playlist = undefined;
        const make = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (blob) => {
            blob.text().then((text) => { window.playlist = text; });
            return make(blob);
        };
        document.querySelector('#save-m3u').click();
        URL.createObjectURL = make;",
    )
    .await?;
    page.wait("there is a playlist", "Boolean(window.playlist)", SOON)
        .await?;
    let playlist = page.eval("window.playlist").await?;
    let mut paths: Vec<&str> = playlist
        .as_str()
        .context("a playlist")?
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    paths.sort_unstable();
    ensure!(
        paths == ["a/two.wav", "four.wav", "three.wav"],
        "the playlist is {playlist}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_dropped_folder_is_heard_with_the_folders_in_it() -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    page.drop_folder(&folder).await?;
    words(&page, "4 songs").await?;
    let kept = kept(&page).await?;
    embeddings_are_those_of_the_terminal(&folder, &kept)?;
    ensure!(
        kept.iter().any(|song| song["path"] == "a/two.wav"),
        "kept are {kept:?}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn what_is_paused_goes_on_and_other_songs_are_answered_meanwhile() -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = with_folder(&visit, &folder, "?workers=1").await?;
    page.wait(
        "it hears",
        "!document.querySelector('#library-pause').hidden",
        SOON,
    )
    .await?;
    page.run("document.querySelector('#library-pause').click();")
        .await?;
    words(&page, "Paused").await?;
    page.click("#sample").await?;
    page.answer(CPU).await?.is_sound()?;
    words(&page, "Paused").await?;
    page.run("document.querySelector('#library-go-on button').click();")
        .await?;
    words(&page, "4 songs").await?;

    // What another model heard is not compared, but may be heard again.
    page.run(
        "window.changed = false;
        indexedDB.open('soundalike-library').onsuccess = ({ target: { result: database } }) => {
            const songs = database.transaction('songs', 'readwrite').objectStore('songs');
            songs.openCursor().onsuccess = ({ target: { result: cursor } }) => {
                if (!cursor) { window.changed = true; database.close(); return; }
                cursor.update({ ...cursor.value, modelSha256: 'another' });
                cursor.continue();
            };
        };",
    )
    .await?;
    page.wait("the songs are of another model", "window.changed", SOON)
        .await?;
    let page = visit.open_again("").await?;
    trouble(&page, "another version").await?;
    page.fill("#library-folder", &folder.to_string_lossy())
        .await?;
    words(&page, "4 songs").await
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_browser_that_keeps_nothing_is_told_of_and_the_songs_are_there_all_the_same() -> Result<()>
{
    const NO_DATABASE: &str =
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };";
    const FULL: &str = "IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError');
    };";
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    for (script, said) in [(NO_DATABASE, "keeps nothing"), (FULL, "no room left")] {
        let visit = Visit::start(NO_GPU).await?;
        visit.before_every_page(script).await?;
        let page = with_folder(&visit, &folder, "").await?;
        words(&page, "4 songs").await?;
        trouble(&page, said).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn two_tabs_do_not_hear_at_once() -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    // What another tab holds while it hears.
    page.run(
        "navigator.locks.request('soundalike-library', () => new Promise((resolve) => {
            window.otherIsDone = resolve;
        }));",
    )
    .await?;
    page.fill("#library-folder", &folder.to_string_lossy())
        .await?;
    words(&page, "Paused").await?;
    trouble(&page, "Another tab").await?;
    page.run("window.otherIsDone(); document.querySelector('#library-go-on button').click();")
        .await?;
    words(&page, "4 songs").await
}

/// A catalogue of a folder, made in the terminal.
fn catalogue_of(folder: &Path) -> Result<PathBuf> {
    let file = folder.with_file_name("mine.safetensors");
    let built = Command::new(env!("CARGO_BIN_EXE_soundalike"))
        .args(["catalog", "build"])
        .arg(folder)
        .arg("-o")
        .arg(&file)
        .stdin(Stdio::null())
        .output()?;
    // A bad file is said and makes the exit status 1.
    ensure!(
        file.is_file(),
        "no catalogue: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    Ok(file)
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn songs_are_called_by_their_tags_as_in_the_terminal() -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.tagged()?;
    let catalog = Catalog::from_bytes(&std::fs::read(catalogue_of(&folder)?)?)?;
    let terminal: Vec<Value> = (catalog.tracks.iter())
        .map(|track| json!([track.path, track.title, track.artist, track.album]))
        .collect();
    ensure!(
        terminal.contains(&json!(["кино.mp3", "Звезда", "Кино", "Live"])),
        "the terminal reads {terminal:?}"
    );
    let named = |kept: &[Value]| -> Vec<Value> {
        let names = kept
            .iter()
            .map(|song| json!([song["path"], song["title"], song["artist"], song["album"]]));
        let mut names: Vec<Value> = names.collect();
        names.sort_by_key(ToString::to_string);
        names
    };
    let mut expected = terminal;
    expected.sort_by_key(ToString::to_string);

    let visit = Visit::start(NO_GPU).await?;
    let page = with_folder(&visit, &folder, "").await?;
    words(&page, "3 songs").await?;
    let before = kept(&page).await?;
    let found = named(&before);
    ensure!(
        found == expected,
        "the page has {found:?}, not {expected:?}"
    );
    let row = "document.querySelector('#library-list li[data-key$=\"кино.mp3\"]').textContent";
    let row = page.eval(row).await?;
    let row = row.as_str().unwrap_or_default();
    ensure!(
        ["Звезда", "Кино", "Live"]
            .iter()
            .all(|word| row.contains(word)),
        "its row says {row:?}"
    );

    // What an earlier version of the page kept, which read no tags.
    page.run(
        "window.changed = false;
        indexedDB.open('soundalike-library').onsuccess = ({ target: { result: database } }) => {
            const songs = database.transaction('songs', 'readwrite').objectStore('songs');
            songs.openCursor().onsuccess = ({ target: { result: cursor } }) => {
                if (!cursor) { window.changed = true; database.close(); return; }
                const { tagged, ...old } = cursor.value;
                cursor.update({ ...old, title: 'old', artist: '', album: '', music: 0.125 });
                cursor.continue();
            };
        };",
    )
    .await?;
    page.wait(
        "the songs are of an earlier version",
        "window.changed",
        SOON,
    )
    .await?;
    let page = visit.open_again("").await?;
    page.fill("#library-folder", &folder.to_string_lossy())
        .await?;
    page.wait(
        "the tags were read",
        "document.querySelector('#library-list').textContent.includes('Звезда')
            && !document.querySelector('#library-list').textContent.includes('old')",
        CPU,
    )
    .await?;
    let after = kept(&page).await?;
    ensure!(named(&after) == expected, "after that: {after:?}");
    // None was heard again.
    ensure!(
        after.iter().all(|song| song["music"] == 0.125),
        "songs were heard again"
    );
    Ok(())
}

async fn a_catalogue_made_in_the_terminal_is_opened(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let folder = sounds.library()?;
    let file = catalogue_of(&folder)?;
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    page.fill("#library-catalog", &file.to_string_lossy())
        .await?;
    words(&page, "4 songs").await?;
    page.choose(&[folder.join("a/one.wav")]).await?;
    page.answer(CPU).await?;
    source(
        &page,
        "mine",
        "document.querySelectorAll('#similar > li[data-mine]').length === 3",
    )
    .await?;

    let mut other = Catalog::from_bytes(&std::fs::read(&file)?)?;
    other.provenance.model_sha256 = "0".repeat(64);
    std::fs::write(&file, other.to_bytes()?)?;
    page.fill("#library-catalog", &file.to_string_lossy())
        .await?;
    trouble(&page, "another model").await?;
    std::fs::write(&file, b"no catalogue")?;
    page.fill("#library-catalog", &file.to_string_lossy())
        .await?;
    trouble(&page, "is not a catalogue").await?;
    words(&page, "4 songs").await?;
    let state = page.eval("document.body.dataset.state").await?;
    ensure!(state == json!("answer"), "the page is in the state {state}");
    Ok(())
}

/// Waits until the library says what is wrong.
async fn trouble(page: &Page<'_>, why: &str) -> Result<()> {
    page.wait(
        &format!("it says {why:?}"),
        &format!("document.querySelector('#library-trouble').textContent.includes({why:?})"),
        SOON,
    )
    .await
}
