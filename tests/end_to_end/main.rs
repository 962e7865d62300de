//! The whole way, as a visitor goes it: the built page in a real headless
//! browser, served by `soundalike serve`, compared with what `soundalike`
//! says in the terminal about the same files.
//!
//! Tests in modules `in_chromium` and `in_firefox` are one journey in each
//! browser; the others need what only Chromium has.
//!
//! `cargo xtask test` builds the page and then runs these; a plain
//! `cargo test` names them as ignored.

// The wasm tests build every test target for wasm too, where there is neither
// a browser to drive nor a process to start.

mod answer;
mod browser;
mod cells;
mod examples;
mod library;
mod listening;
mod offline;
#[path = "../support/ogg.rs"]
mod ogg;
mod processes;
mod sounds;
mod study;
mod survey;
mod taste;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use soundalike_core::model::{Architecture, GENRES, Model, Normalise, Training};

use answer::Answer;
use browser::{Browser, Page, Visit, in_each_browser};
use sounds::Sounds;

/// How long the page may take to get ready, and to answer on the CPU.
const CPU: Duration = Duration::from_secs(90);

/// The same on the software adapter, whose first run compiles every shader.
const SOFTWARE_GPU: Duration = Duration::from_secs(300);

/// Chromium without any graphics adapter.
const NO_GPU: &[&str] = &["--disable-gpu"];

/// Chromium with WebGPU computed in software.
const SWIFTSHADER: &[&str] = &["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

in_each_browser!(
    the_sample_song_is_answered,
    a_chosen_wav_is_answered_as_in_the_terminal,
    a_chosen_mp3_is_answered_as_in_the_terminal,
    noise_is_said_to_be_no_music,
    dropped_files_are_answered_as_in_the_terminal,
    a_bad_file_does_not_keep_the_others_from_their_answer,
    the_page_loads_without_complaint_and_asks_nobody_else,
    the_page_speaks_german_where_it_is_asked_to,
);

async fn the_sample_song_is_answered(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    page.click("#sample").await?;
    let answer = page.answer(CPU).await?;
    // The page makes the same song.
    answer.agrees_with(&Answer::from_terminal(&sounds.song_wav()?)?)
}

async fn a_chosen_wav_is_answered_as_in_the_terminal(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::with(browser).await?;
    same_as_terminal(&visit, "", &sounds.song_wav()?, CPU).await
}

async fn a_chosen_mp3_is_answered_as_in_the_terminal(browser: Browser) -> Result<()> {
    let visit = Visit::with(browser).await?;
    same_as_terminal(&visit, "", &sounds::song_mp3(), CPU).await
}

async fn noise_is_said_to_be_no_music(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    page.choose(&[&sounds.noise_wav()?]).await?;
    let answer = page.answer(CPU).await?;
    ensure!(
        answer.verdict.starts_with("Not sure"),
        "says {:?} of white noise",
        answer.verdict
    );
    Ok(())
}

async fn dropped_files_are_answered_as_in_the_terminal(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::with(browser).await?;
    for (file, kind) in [
        (sounds.song_wav()?, "audio/wav"),
        (sounds::song_mp3(), "audio/mpeg"),
    ] {
        let page = visit.open("").await?;
        page.drop_file(&file, kind).await?;
        let answer = page.answer(CPU).await?;
        answer.agrees_with(&Answer::from_terminal(&file)?)?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_machine_without_a_graphics_adapter_gets_the_same_answers() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(NO_GPU).await?;
    for file in [sounds.song_wav()?, sounds::song_mp3()] {
        same_as_terminal(&visit, "", &file, CPU).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn the_webgpu_module_gives_the_same_answers() -> Result<()> {
    let module =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("pkg/gpu/soundalike.js");
    ensure!(
        module.is_file(),
        "the WebGPU module is not built: run `cargo xtask build`"
    );
    let sounds = Sounds::new()?;
    let visit = Visit::start(SWIFTSHADER).await?;
    for file in [sounds.song_wav()?, sounds::song_mp3()] {
        let page = visit.open("?device=gpu").await?;
        page.wait(
            "the WebGPU module has taken over",
            "document.querySelector('#badge')?.dataset.device === 'gpu'",
            SOFTWARE_GPU,
        )
        .await?;
        page.choose(&[&file]).await?;
        let answer = page.answer(SOFTWARE_GPU).await?;
        ensure!(answer.device == "gpu", "answered on the {}", answer.device);
        answer.agrees_with(&Answer::from_terminal(&file)?)?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_software_adapter_is_not_chosen_for_speed() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(SWIFTSHADER).await?;
    let page = visit.open("").await?;
    page.choose(&[&sounds.song_wav()?]).await?;
    let answer = page.answer(CPU).await?;
    ensure!(answer.device == "cpu", "answered on the {}", answer.device);
    let reason = page.eval("document.querySelector('#badge').dataset.reason");
    ensure!(reason.await?.as_str().is_some_and(|why| !why.is_empty()));
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn bad_files_get_a_sentence_or_an_answer_and_never_a_hang() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(NO_GPU).await?;
    for bad in sounds.bad()? {
        let page = visit.open("").await?;
        page.choose(&[&bad.path]).await?;
        let checked = bad_file_is_handled(&page, bad.may_be_answered).await;
        checked.with_context(|| format!("{}", bad.path.display()))?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn odd_files_are_heard_as_in_the_terminal() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(NO_GPU).await?;
    for file in sounds.odd()? {
        let heard = same_as_terminal(&visit, "", &file, CPU).await;
        heard.with_context(|| format!("{}", file.display()))?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_file_that_a_decoder_fails_on_costs_only_itself() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    page.choose(&[&sounds.fatal_ogg()?, &sounds.song_wav()?])
        .await?;
    page.wait(
        "the other file has an answer",
        "document.body.dataset.state === 'answer'",
        CPU,
    )
    .await?;
    let said = page.error().await?;
    ensure!(said.contains("fatal.ogg"), "the page says {said:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_file_chosen_while_songs_are_being_forgotten_is_not_forgotten_with_them() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    page.answer(CPU).await?;
    // What is kept is cleared slowly, and an empty file is refused at once.
    page.run(
        "const held = Promise.all.bind(Promise);
         Promise.all = (all) => held([...all, new Promise((done) => setTimeout(done, 1000))]);
         document.querySelector('#forget').click();
         Promise.all = held;",
    )
    .await?;
    page.choose(&[&sounds.empty()?]).await?;
    page.wait(
        "the old song is forgotten",
        "document.body.innerText.includes('Your songs are forgotten.')",
        CPU,
    )
    .await?;
    let said = page.error().await?;
    ensure!(said.contains("empty"), "the refusal is gone: {said:?}");
    Ok(())
}

async fn a_bad_file_does_not_keep_the_others_from_their_answer(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let good = sounds.song_wav()?;
    let visit = Visit::with(browser).await?;
    for good_first in [true, false] {
        let mut files = vec![sounds.empty()?, sounds.text()?];
        files.insert(if good_first { 0 } else { 2 }, good.clone());
        let page = visit.open("").await?;
        page.choose(&files).await?;
        let answer = page.answer(CPU).await?;
        answer.agrees_with(&Answer::from_terminal(&good)?)?;
        let said = page.error().await?;
        ensure!(!said.is_empty(), "nothing is said about the bad files");
    }
    Ok(())
}

async fn the_page_loads_without_complaint_and_asks_nobody_else(browser: Browser) -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    let complaints = page.console_errors().await?;
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");

    page.choose(&[&sounds.song_wav()?]).await?;
    page.answer(CPU).await?;
    let asked = page
        .eval("performance.getEntriesByType('resource').map((entry) => entry.name)")
        .await?;
    let asked: Vec<String> = serde_json::from_value(asked)?;
    ensure!(!asked.is_empty(), "the page loads its parts");
    // What the page makes itself (`blob:`, `data:`) leaves the machine as
    // little as what comes from its own server.
    let elsewhere = asked.iter().find(|url| {
        let own = [page.origin(), "blob:", "data:"];
        !own.iter().any(|start| url.starts_with(start))
    });
    ensure!(elsewhere.is_none(), "the page asks {elsewhere:?}");
    let complaints = page.console_errors().await?;
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn the_keyboard_alone_opens_the_file_dialog() -> Result<()> {
    let visit = Visit::start(&[]).await?;
    let page = visit.open("").await?;
    // The dialog itself belongs to the system; that it would open is enough.
    page.run(
        "document.querySelector('input#file').addEventListener('click', (event) => {
            event.preventDefault();
            window.dialogOpened = true;
        });",
    )
    .await?;
    let chooses = "(() => {
        const focused = document.activeElement;
        const name = (focused?.getAttribute('aria-label') ?? '') + (focused?.textContent ?? '');
        return focused?.id === 'file' || (focused?.matches('button, [role=button], label')
            && /choose|drop|file/i.test(name));
    })()";
    for _ in 0..30 {
        page.press(browser::TAB).await?;
        if page.eval(chooses).await? != json!(true) {
            continue;
        }
        page.press(browser::ENTER).await?;
        if page.eval("window.dialogOpened === true").await? == json!(true) {
            return Ok(());
        }
    }
    anyhow::bail!("no button that opens the file dialog can be reached with Tab")
}

async fn the_page_speaks_german_where_it_is_asked_to(browser: Browser) -> Result<()> {
    const GERMAN: [&str; 5] = [
        "Eindeutig ",
        "Zwischen ",
        "Vor allem ",
        "Am ehesten ",
        "Nicht sicher",
    ];
    let visit = Visit::with(browser).await?;
    let page = visit.open("?lang=de").await?;
    let language = page.eval("document.documentElement.lang").await?;
    ensure!(language == json!("de"), "the page is in {language}");

    let song = sounds::song_mp3();
    page.choose(&[&song]).await?;
    let answer = page.answer(CPU).await?;
    let said = &answer.verdict;
    ensure!(
        GERMAN.iter().any(|start| said.starts_with(start)),
        "says {said:?}"
    );
    // What is read by programs is in no language.
    answer.agrees_with(&Answer::from_terminal(&song)?)?;

    page.run(
        "const languages = document.querySelector('#language');
        languages.value = 'en';
        languages.dispatchEvent(new Event('change'));",
    )
    .await?;
    page.wait(
        "the page is in English again",
        "document.documentElement.lang === 'en'
            && document.querySelector('#language')?.value === 'en'",
        Duration::from_secs(30),
    )
    .await
}

/// Opens the page, gives it a file and holds its answer against the terminal's.
async fn same_as_terminal(
    visit: &Visit,
    query: &str,
    file: &Path,
    patience: Duration,
) -> Result<()> {
    let page = visit.open(query).await?;
    page.choose(&[file]).await?;
    let answer = page.answer(patience).await?;
    ensure!(answer.device == "cpu", "answered on the {}", answer.device);
    answer.agrees_with(&Answer::from_terminal(file)?)
}

/// One sentence, or an answer that is one.
async fn bad_file_is_handled(page: &Page<'_>, may_be_answered: bool) -> Result<()> {
    page.wait(
        "the file is settled",
        "['answer', 'error'].includes(document.body.dataset.state)
            || document.querySelector('#error').textContent.trim() !== ''",
        CPU,
    )
    .await?;
    let said = page.error().await?;
    if page.eval("document.body.dataset.state").await? == json!("answer") {
        ensure!(may_be_answered, "was answered as if it were music");
        return page.answer(CPU).await?.is_sound();
    }
    ensure!(
        (10..400).contains(&said.len())
            && !said.contains("panicked")
            && !said.contains("unreachable"),
        "is refused with {said:?}"
    );
    // The page is still alive: the next file is answered.
    page.choose(&[&sounds::song_mp3()]).await?;
    let answer: Value = page.settled_answer(CPU).await?;
    Answer::from_page(&answer)?.is_sound()
}

/// A site whose model is an MFCC network with random weights, and its model file.
fn site_of_another_network(folder: &Path) -> Result<std::path::PathBuf> {
    let architecture: Architecture = "mfcc-cnn".parse()?;
    let device = burn::tensor::Device::flex();
    let input = architecture.input();
    let normalise = input.shapes().into_iter().map(|[rows, _]| Normalise {
        mean: vec![0.0; rows],
        deviation: vec![50.0; rows],
    });
    let model = Model::new(
        architecture.clone(),
        architecture.init(&device),
        (GENRES.map(str::to_owned).to_vec(), Vec::new()),
        input.front_end(),
        normalise.collect(),
        Training::default(),
        &device,
    );
    let site = processes::repository();
    for part in [
        "index.html",
        "www",
        "pkg",
        "survey/config.json",
        "models/card.json",
    ] {
        processes::copy(&site.join(part), &folder.join(part))?;
    }
    // The page asks for the model by this name, whatever is in it.
    let file = folder.join("models/two-stream.safetensors");
    std::fs::write(&file, model.to_bytes()?)?;
    Ok(file)
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_model_of_another_architecture_is_answered_as_in_the_terminal() -> Result<()> {
    let (sounds, site, data) = (Sounds::new()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let model = site_of_another_network(site.path())?;
    let soundalike = |arguments: &[&std::ffi::OsStr]| -> Result<Vec<u8>> {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_soundalike"));
        let output = program
            .args(arguments)
            .arg("--model")
            .arg(&model)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "soundalike fails: {said}");
        Ok(output.stdout)
    };
    let catalog = site.path().join("models/catalog.safetensors");
    let library = sounds.library()?;
    // A file that is no song would end it with an error.
    std::fs::remove_file(library.join("bad.mp3"))?;
    soundalike(&[
        "catalog".as_ref(),
        "build".as_ref(),
        library.as_ref(),
        "-o".as_ref(),
        catalog.as_ref(),
    ])?;
    let song = sounds.song_wav()?;
    let expected = soundalike(&["classify".as_ref(), "--json".as_ref(), song.as_ref()])?;
    let expected: Value = serde_json::from_slice(&expected)?;

    let visit = Visit::of_site(site.path(), data.path()).await?;
    let page = visit.open("").await?;
    page.choose(&[&song]).await?;
    let answer = page.settled_answer(CPU).await?;
    let shown: Vec<(String, f64)> = serde_json::from_value(answer["genres"].clone())?;
    ensure!(shown.len() == GENRES.len(), "the page shows {shown:?}");
    for (genre, found) in shown {
        let expected = expected["files"][0]["probabilities"][&genre].as_f64();
        let expected = expected.with_context(|| format!("the terminal knows no {genre}"))?;
        // Single precision in another order, on the same samples.
        ensure!(
            (found - expected).abs() < 1e-3,
            "{genre}: {found} in the page, {expected} in the terminal"
        );
    }
    Ok(())
}
