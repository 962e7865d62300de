//! Listening to a microphone that the browser makes up: Chromium can feed it from a file.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::CPU;
use crate::answer::Answer;
use crate::browser::{Browser, Microphone, Page, Visit, in_each_browser};
use crate::sounds::{self, Sounds};

/// A live answer comes from other segments than the file's, and from the file played over and over.
const LIVE_TOLERANCE: f64 = 0.15;

fn microphone(file: &Path) -> [String; 3] {
    [
        "--use-fake-device-for-media-stream".to_owned(),
        "--use-fake-ui-for-media-stream".to_owned(),
        format!("--use-file-for-fake-audio-capture={}", file.display()),
    ]
}

in_each_browser!(
    a_microphone_is_listened_to,
    a_microphone_that_may_not_be_used_is_told_and_files_still_work,
    two_tabs_answer_side_by_side,
);

async fn listen_for_ten_seconds(page: &Page<'_>) -> Result<()> {
    page.click("#listen").await?;
    page.wait(
        "it has listened for ten seconds",
        "document.body.dataset.state === 'listening' && window.soundalike.answer?.seconds > 10",
        CPU,
    )
    .await
}

async fn a_microphone_is_listened_to(browser: Browser) -> Result<()> {
    let visit = Visit::with_microphone(browser, Microphone::Allowed).await?;
    let page = visit.open("").await?;
    listen_for_ten_seconds(&page).await?;
    page.click("#stop").await?;
    page.answer(CPU).await?.is_sound()?;
    let complaints = page.console_errors().await?;
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    Ok(())
}

async fn listening_to(file: &Path) -> Result<Visit> {
    let flags = microphone(file);
    Visit::start(&flags.each_ref().map(String::as_str)).await
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn what_is_heard_live_is_what_is_heard_of_the_file() -> Result<()> {
    let sounds = Sounds::new()?;
    let song = sounds.song_wav()?;
    let visit = listening_to(&song).await?;
    let page = visit.open("").await?;
    listen_for_ten_seconds(&page).await?;
    let level = "Number(document.querySelector('#level').style.getPropertyValue('--rms'))";
    let level = page.eval(level).await?.as_f64().unwrap_or_default();
    ensure!(
        level > 0.1 && level < 1.0,
        "the level meter stands at {level}"
    );
    let bands = "document.querySelectorAll('#bands path').length";
    ensure!(page.eval(bands).await? == json!(10), "no bands over time");
    page.run("document.querySelector('#stop').click();").await?;
    let heard = page.answer(CPU).await?;
    heard.is_sound()?;
    heard.has_the_genre_of(&Answer::from_terminal(&song)?, LIVE_TOLERANCE)?;
    let picture = "document.querySelector('#picture').width > 300";
    ensure!(page.eval(picture).await? == json!(true), "no picture stays");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn silence_is_said_to_be_too_quiet() -> Result<()> {
    let sounds = Sounds::new()?;
    let visit = listening_to(&sounds.silence_wav()?).await?;
    let page = visit.open("").await?;
    page.run("document.querySelector('#listen').click();")
        .await?;
    page.wait(
        "it is said to be too quiet",
        "document.querySelector('#said').textContent.includes('Too quiet')",
        CPU,
    )
    .await?;
    page.run("document.querySelector('#stop').click();").await?;
    page.wait(
        "the page is ready again",
        "document.body.dataset.state === 'ready'",
        CPU,
    )
    .await
}

async fn a_microphone_that_may_not_be_used_is_told_and_files_still_work(
    browser: Browser,
) -> Result<()> {
    let visit = Visit::with_microphone(browser, Microphone::Denied).await?;
    let page = visit.open("").await?;
    page.run("document.querySelector('#listen').click();")
        .await?;
    let told = "document.querySelector('#error').textContent.includes('choose a file')";
    page.wait("the refusal is told", told, CPU).await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    page.answer(CPU).await?.is_sound()
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_worker_that_is_killed_is_told_and_replaced() -> Result<()> {
    let visit = Visit::start(&[]).await?;
    // The page's worker, to be had from outside.
    visit
        .before_every_page(
            "window.workers = [];
             window.Worker = class extends Worker {
                 constructor(...a) { super(...a); window.workers.push(this); }
             };",
        )
        .await?;
    let page = visit.open("").await?;
    page.run("window.workers.forEach((w) => w.terminate()); window.soundalike.patience = 3000;")
        .await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    page.wait(
        "it is told",
        "document.body.dataset.state === 'error'
            && document.querySelector('#error').textContent.includes('Start again')
            && !document.querySelector('#again').hidden",
        Duration::from_secs(30),
    )
    .await?;
    page.run("window.soundalike.patience = 300000; document.querySelector('#again').click();")
        .await?;
    page.wait(
        "the page is ready again",
        "document.body.dataset.state === 'ready'",
        CPU,
    )
    .await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    page.answer(CPU).await?.is_sound()
}

async fn two_tabs_answer_side_by_side(browser: Browser) -> Result<()> {
    let visit = Visit::with(browser).await?;
    let first = visit.open("").await?;
    first.choose(&[&sounds::song_mp3()]).await?;
    let one = visit.current_tab().await?;
    visit.new_tab().await?;
    let second = visit.open("").await?;
    second.choose(&[&sounds::song_mp3()]).await?;
    let answer = second.answer(CPU).await?;
    visit.switch_to(one).await?;
    first.settled_answer(CPU).await?;
    first.answer(CPU).await?.agrees_with(&answer)
}
