//! Without a network: after the first visit the page needs none.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::CPU;
use crate::browser::{Browser, Page, Visit, in_each_browser};
use crate::sounds;

in_each_browser!(
    after_the_first_visit_the_page_works_without_a_network,
    answers_survive_a_reload_until_they_are_forgotten,
);

/// Waits until the page's own copy of itself is complete.
async fn kept(page: &Page<'_>) -> Result<()> {
    page.run("navigator.serviceWorker.ready.then(() => { window.kept = true; });")
        .await?;
    page.wait("the page is kept", "window.kept === true", CPU)
        .await
}

async fn after_the_first_visit_the_page_works_without_a_network(browser: Browser) -> Result<()> {
    let mut visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    kept(&page).await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    let online = page.answer(CPU).await?;
    visit.go_offline();
    for query in ["", "?device=cpu"] {
        let page = visit.open(query).await?;
        page.choose(&[&sounds::song_mp3()]).await?;
        page.answer(CPU).await?.agrees_with(&online)?;
        let complaints = page.console_errors().await?;
        ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    }
    Ok(())
}

async fn answers_survive_a_reload_until_they_are_forgotten(browser: Browser) -> Result<()> {
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    let before = page.answer(CPU).await?;
    let page = visit.open_again("").await?;
    page.wait(
        "the answer is there again",
        "Boolean(window.soundalike?.answer)",
        Duration::from_secs(30),
    )
    .await?;
    page.answer(CPU).await?.agrees_with(&before)?;
    page.run("document.querySelector('#forget').click();")
        .await?;
    page.wait("it is gone", "document.body.dataset.state === 'ready'", CPU)
        .await?;
    let page = visit.open_again("").await?;
    let left = page.eval("window.soundalike.answer").await?;
    ensure!(left == json!(null), "there is still an answer");
    Ok(())
}
