//! The page of examples/, served as its first line says.

use std::path::Path;

use anyhow::{Result, ensure};
use axum::Router;
use tower_http::services::ServeDir;

use crate::answer::Answer;
use crate::browser::{Browser, Visit, in_each_browser};
use crate::{CPU, sounds};

in_each_browser!(the_example_of_a_page_names_the_genre_of_a_file);

async fn the_example_of_a_page_names_the_genre_of_a_file(browser: Browser) -> Result<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let files = Router::new().fallback_service(ServeDir::new(root));
    // It ends with the test.
    tokio::spawn(axum::serve(listener, files).into_future());

    let visit = Visit::with(browser).await?;
    let url = format!("http://{address}/examples/page/");
    let page = visit.goto(&url).await?;
    page.wait(
        "the example is ready",
        "document.querySelector('input')?.disabled === false",
        CPU,
    )
    .await?;
    let song = sounds::song_mp3();
    page.fill("input", &song.to_string_lossy()).await?;
    page.wait(
        "the example has answered",
        "/^[a-z]+: \\d+ %$/.test(document.querySelector('p').textContent)",
        CPU,
    )
    .await?;
    let said = page.eval("document.querySelector('p').textContent").await?;
    let (said, expected) = (
        said.as_str().unwrap_or_default(),
        Answer::from_terminal(&song)?,
    );
    ensure!(
        said.starts_with(expected.genre()),
        "{said} in the example, {} in the terminal",
        expected.genre()
    );
    Ok(())
}
