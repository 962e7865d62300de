//! Thumbs: what the visitor likes ranks the list, is said in words, and can be taken away again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::browser::{Page, Visit};
use crate::{CPU, NO_GPU, sounds};

/// How long the page may take to learn and to look again.
const SOON: Duration = Duration::from_secs(30);

/// The tracks of the list, in order.
const TRACKS: &str =
    "[...document.querySelectorAll('#similar > li')].map((row) => row.dataset.track)";

async fn opinions(page: &Page<'_>, count: usize) -> Result<()> {
    page.wait(
        &format!("{count} opinions are learnt from"),
        &format!("document.querySelector('#taste-sure').textContent.includes(' {count} opinion')"),
        SOON,
    )
    .await
}

async fn with_a_song<'a>(visit: &'a Visit) -> Result<Page<'a>> {
    let page = visit.open("").await?;
    page.choose(&[&sounds::song_mp3()]).await?;
    page.answer(CPU).await?;
    Ok(page)
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_thumb_ranks_the_list_and_survives_a_reload() -> Result<()> {
    let visit = Visit::start(NO_GPU).await?;
    let page = with_a_song(&visit).await?;
    let before = page.eval(TRACKS).await?;
    let [first, second] = [&before[0], &before[1]];
    page.run("document.querySelector('#similar > li:nth-child(2) .thumb.like').click();")
        .await?;
    opinions(&page, 1).await?;
    page.run(&format!(
        "document.querySelector('#similar > [data-track={first}] .thumb.dislike').click();"
    ))
    .await?;
    opinions(&page, 2).await?;
    page.wait(
        "the song that is not liked has left the list",
        &format!("!{TRACKS}.includes({first})"),
        SOON,
    )
    .await?;
    let after = page.eval(TRACKS).await?;
    ensure!(
        after
            .as_array()
            .is_some_and(|tracks| tracks.len() == 10 && tracks.contains(second)),
        "the list is {after}"
    );
    let liked = page
        .eval(&format!(
            "Number(document.querySelector('#similar > [data-track={second}] .liked').dataset.liked)"
        ))
        .await?;
    ensure!(
        liked.as_f64().is_some_and(|p| p > 0.5 && p < 1.0),
        "the song that is liked is said to be liked with {liked}"
    );

    let page = visit.open_again("").await?;
    opinions(&page, 2).await?;
    page.wait(
        "the list is ranked as before",
        &format!("JSON.stringify({TRACKS}) === {:?}", after.to_string()),
        SOON,
    )
    .await?;
    let pressed = format!(
        "document.querySelector('#similar > [data-track={second}] .thumb.like').ariaPressed"
    );
    ensure!(
        page.eval(&pressed).await? == json!("true"),
        "the thumb is not pressed"
    );

    // What is pressed already is taken back.
    page.run(&format!(
        "document.querySelector('#similar > [data-track={second}] .thumb.like').click();"
    ))
    .await?;
    opinions(&page, 1).await?;
    page.run("document.querySelector('#taste-forget').click();")
        .await?;
    page.wait(
        "the list is as it was before the first opinion",
        &format!("JSON.stringify({TRACKS}) === {:?}", before.to_string()),
        SOON,
    )
    .await?;
    let complaints = page.console_errors().await?;
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn answering_what_it_asks_teaches_the_taste_in_words() -> Result<()> {
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    for asked in 1..=12 {
        // Likes what the label calls classical, and nothing else.
        page.wait(
            "a song is asked about",
            "Boolean(document.querySelector('#taste-ask:not([hidden]) [data-answer=like]'))",
            CPU,
        )
        .await?;
        let track = page
            .eval("document.querySelector('#taste-ask').dataset.track")
            .await?;
        page.run(
            "const ask = document.querySelector('#taste-ask');
            const classical = ask.querySelector('.genre').textContent.startsWith('classical');
            ask.querySelector(classical ? '[data-answer=like]' : '[data-answer=dislike]').click();",
        )
        .await?;
        opinions(&page, asked).await?;
        page.wait(
            "another song is asked about",
            &format!("document.querySelector('#taste-ask').dataset.track !== {track}"),
            SOON,
        )
        .await?;
    }
    let words = page
        .eval("document.querySelector('#taste-words').textContent")
        .await?;
    let words = words.as_str().context("words")?;
    let more = words.split(", less").next().unwrap_or_default();
    ensure!(
        more.starts_with("More ") && more.contains("classical"),
        "says {words:?}"
    );
    let certainty = page
        .eval("Number(document.querySelector('#taste-sure').dataset.certainty)")
        .await?;
    ensure!(
        certainty.as_f64().is_some_and(|c| (0.01..1.0).contains(&c)),
        "certain to {certainty}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_taste_is_exported_forgotten_and_imported() -> Result<()> {
    let visit = Visit::start(NO_GPU).await?;
    let page = with_a_song(&visit).await?;
    page.run("document.querySelector('#own-thumbs .thumb.like').click();")
        .await?;
    opinions(&page, 1).await?;
    page.run("document.querySelector('#similar > li:nth-child(3) .thumb.dislike').click();")
        .await?;
    opinions(&page, 2).await?;
    // The file that the page would save.
    page.run(
        "const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
            blob.text().then((text) => { window.exported = text; });
            return make.call(URL, blob);
        };
        document.querySelector('#taste-export').click();",
    )
    .await?;
    page.wait("the file is there", "Boolean(window.exported)", SOON)
        .await?;
    let exported = page.eval("window.exported").await?;
    let exported: Value = serde_json::from_str(exported.as_str().context("a text")?)?;
    ensure!(
        exported["opinions"]
            .as_array()
            .is_some_and(|o| o.len() == 2)
    );
    page.run("document.querySelector('#taste-forget').click();")
        .await?;
    page.wait(
        "nothing is left",
        "document.querySelector('#taste-words').textContent === 'Nothing yet'",
        SOON,
    )
    .await?;
    let import = |text: &str| {
        format!(
            "const data = new DataTransfer();
            data.items.add(new File([{}], 'taste.json'));
            const input = document.querySelector('#taste-file');
            input.files = data.files;
            input.dispatchEvent(new Event('change'));",
            json!(text)
        )
    };
    for (bad, because) in [
        ("{", "not a taste"),
        (r#"{"soundalike_taste":9,"opinions":[]}"#, "another version"),
        (
            r#"{"soundalike_taste":1,"opinions":[{"key":"x"}]}"#,
            "damaged",
        ),
    ] {
        page.run(&import(bad)).await?;
        page.wait(
            "the page says what is wrong with the file",
            &format!("document.querySelector('#taste-trouble').textContent.includes('{because}')"),
            SOON,
        )
        .await?;
    }
    page.run(&import(&exported.to_string())).await?;
    opinions(&page, 2).await?;
    let pressed = page
        .eval("document.querySelector('#own-thumbs .thumb.like').ariaPressed")
        .await?;
    ensure!(pressed == json!("true"), "the own song is {pressed}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn other_peoples_tastes_count_only_where_they_are_asked_for_and_are_called_simulated()
-> Result<()> {
    let visit = Visit::start(NO_GPU).await?;
    let page = visit.open("").await?;
    page.wait(
        "a song is asked about",
        "Boolean(document.querySelector('#taste-ask:not([hidden]) [data-answer=like]'))",
        CPU,
    )
    .await?;
    let others = page
        .eval("document.querySelector('#taste-others').checked")
        .await?;
    ensure!(others == json!(false), "others count from the beginning");
    page.run("document.querySelector('#taste-others').click();")
        .await?;
    page.wait(
        "the people are called simulated",
        "document.querySelector('#taste-people').textContent.includes('simulated')",
        SOON,
    )
    .await
}
