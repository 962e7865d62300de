//! A catalogue in cells at the page's own server, of which a search fetches a part.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::CPU;
use crate::browser::{Browser, Page, Visit, in_each_browser};
use crate::processes::repository;
use crate::sounds;

const SOON: Duration = Duration::from_secs(30);

in_each_browser!(songs_of_a_catalogue_in_cells_are_those_of_the_terminal);

/// The shipped catalogue in cells, in a folder that the server serves; gone after the test.
struct InCells(PathBuf);

impl InCells {
    fn new() -> Result<Self> {
        let file = repository().join("pkg/end-to-end.cells");
        let made = Self(file);
        let output = Command::new(env!("CARGO_BIN_EXE_soundalike"))
            .args(["catalog", "index"])
            .arg(repository().join("models/catalog.safetensors"))
            .arg("-o")
            .arg(&made.0)
            .stdin(Stdio::null())
            .output()?;
        ensure!(
            output.status.success(),
            "no cells: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(made)
    }

    /// What the terminal finds.
    fn search(&self, song: &Path) -> Result<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_soundalike"))
            .args(["catalog", "search", "--json"])
            .arg(&self.0)
            .arg(song)
            .stdin(Stdio::null())
            .output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for InCells {
    fn drop(&mut self) {
        // What is left over costs nothing but room.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn open(page: &Page<'_>, address: &str) -> Result<()> {
    page.run("document.querySelector('#cells-address').value = '';")
        .await?;
    page.fill("#cells-address", address).await?;
    page.run("document.querySelector('#cells-form').requestSubmit();")
        .await?;
    Ok(())
}

async fn songs_of_a_catalogue_in_cells_are_those_of_the_terminal(browser: Browser) -> Result<()> {
    let cells = InCells::new()?;
    let song = sounds::song_mp3();
    let terminal = cells.search(&song)?;
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    open(&page, "pkg/end-to-end.cells").await?;
    page.wait(
        "the catalogue is open",
        "/^[\\d,]+ songs$/.test(document.querySelector('#cells-words').textContent)",
        SOON,
    )
    .await?;
    page.choose(&[&song]).await?;
    page.answer(CPU).await?;
    page.wait(
        "songs are found in it",
        "!document.querySelector('#cells-found').hidden",
        SOON,
    )
    .await?;
    let rows = page
        .eval(
            "[...document.querySelectorAll('#cells-list > li')].map((row) =>
                [row.querySelector('strong').textContent, Number(row.dataset.similarity)])",
        )
        .await?;
    let rows = rows.as_array().context("rows")?;
    let found = terminal["songs"].as_array().context("songs")?;
    ensure!(rows.len() == 10 && found.len() == 10, "{rows:?}, {found:?}");
    for (row, song) in rows.iter().zip(found) {
        let [here, there] = [&row[1], &song["similarity"]].map(|s| s.as_f64().unwrap_or(f64::NAN));
        // The embeddings of page and terminal differ in their last digits.
        ensure!(
            row[0] == song["title"] && (here - there).abs() < 1e-3,
            "the page finds {row}, the terminal {song}"
        );
    }
    let bytes = page
        .eval("Number(document.querySelector('#cells-fetched').dataset.bytes)")
        .await?;
    ensure!(
        bytes.as_f64() == terminal["bytes_to_search"].as_f64(),
        "{bytes} bytes were fetched, not {}",
        terminal["bytes_to_search"]
    );
    let text = repository().join("pkg/end-to-end-text.cells");
    std::fs::write(&text, "no catalogue in cells")?;
    let told = bad_addresses_are_told_of(&page).await;
    std::fs::remove_file(&text)?;
    told
}

async fn bad_addresses_are_told_of(page: &Page<'_>) -> Result<()> {
    for (address, said) in [
        ("pkg/none.cells", "answered 404"),
        ("pkg/end-to-end-text.cells", "The catalogue is not"),
        ("https://", "is no address"),
        (
            "https://elsewhere.invalid/songs.cells",
            "could not be fetched",
        ),
    ] {
        open(page, address).await?;
        page.wait(
            &format!("of {address} it says {said:?}"),
            &format!("document.querySelector('#cells-trouble').textContent.includes({said:?})"),
            SOON,
        )
        .await?;
        let words = page
            .eval("document.querySelector('#cells-words').textContent")
            .await?;
        ensure!(words == "None open", "then it says {words}");
        let left = page
            .eval(
                "document.querySelector('#cells-fetched').textContent
                    + (document.querySelector('#cells-fetched').dataset.bytes ?? '')",
            )
            .await?;
        ensure!(left == "", "of the search before it still says {left}");
    }
    Ok(())
}
