//! A listening study from its description to the report: the real collector, over a site of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use soundalike_survey::{AnyAnswer, Config};

use crate::browser::{Page, Visit};
use crate::processes::repository;
use crate::sounds::Sounds;
use crate::survey::{NEXT, SOON, at, text};

/// A site with the built page and a listening study, one of whose songs has a sound file.
struct Site {
    folder: tempfile::TempDir,
    config: Config,
}

impl Site {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let site = folder.path().join("site");
        fs::create_dir_all(site.join("survey/audio"))?;
        fs::copy(repository().join("index.html"), site.join("index.html"))?;
        for part in ["www", "pkg", "models"] {
            copy(&repository().join(part), &site.join(part))?;
        }
        fs::copy(
            repository().join("survey/fr.json"),
            site.join("survey/fr.json"),
        )?;
        let file = site.join("survey/config.json");
        let first = describe(&file)?;
        let seed = &first.study.as_ref().context("no study")?.seeds[0].song;
        let stem = Path::new(seed).file_stem().context("no name")?;
        let sound = site.join("survey/audio").join(stem).with_extension("wav");
        fs::copy(Sounds::new()?.song_wav()?, sound)?;
        // Now the description names the sound.
        let mut config = describe(&file)?;
        config.languages.push("fr".to_owned());
        for (words, text) in [
            (&mut config.title, "Quels morceaux vont ensemble ?"),
            (
                &mut config.purpose,
                "Nous comparons deux façons de recommander.",
            ),
        ] {
            words.0.insert("fr".to_owned(), text.to_owned());
        }
        fs::write(&file, serde_json::to_vec(&config)?)?;
        Ok(Self { folder, config })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn soundalike(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(env!("CARGO_BIN_EXE_soundalike"))
        .args(arguments)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {errors}");
    Ok(output.stdout)
}

/// Writes the description of a study of two songs with two recommendations by each method.
fn describe(file: &Path) -> Result<Config> {
    let path = file.to_str().context("a path")?;
    soundalike(&[
        "survey",
        "config",
        "--kind",
        "recommendations",
        "--seeds",
        "2",
        "--recommendations",
        "2",
        "--methods",
        "cosine,random",
        "--seed",
        "5",
        "-o",
        path,
    ])?;
    Ok(Config::from_json(&fs::read(file)?)?)
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_listening_study_is_answered_blind_and_reported() -> Result<()> {
    let site = Site::new()?;
    let visit = Visit::of_site(&site.file("site"), &site.file("data")).await?;
    let page = visit.open("").await?;
    page.run("document.querySelector('#survey').scrollIntoView();")
        .await?;
    at(&page, "consent").await?;
    speaks_french_where_it_is_asked_to(&page).await?;
    page.click("#survey-agree").await?;
    page.click(NEXT).await?;

    let asked = rate_everything(&page, &site.config).await?;
    at(&page, "comment").await?;
    page.click(NEXT).await?;
    at(&page, "review").await?;
    page.click(NEXT).await?;
    let thanks = "document.querySelector('#survey h3')?.textContent === 'Thank you'";
    page.wait("the collector has it", thanks, SOON).await?;
    ensure!(page.console_errors().await?.is_empty());

    let answer = stored(&page).await?;
    AnyAnswer::from_json(answer.to_string().as_bytes())?.check(&site.config)?;
    let ratings = answer["ratings"].as_array().context("no ratings")?;
    let title = |id: &Value| {
        let song = site
            .config
            .songs
            .iter()
            .find(|song| *id == song.id.as_str());
        song.map_or("", |song| song.title.as_str()).to_owned()
    };
    let sent: Vec<[String; 2]> = ratings
        .iter()
        .map(|rated| [title(&rated["seed"]), title(&rated["song"])])
        .collect();
    ensure!(sent == asked, "asked {asked:?}, and sent {sent:?}");
    let given: Vec<u64> = ratings
        .iter()
        .filter_map(|r| r["rating"].as_u64())
        .collect();
    ensure!(given[0] == 2, "the second thought counts: {given:?}");
    report_has_one_answer(&site)
}

/// The survey speaks a language that only it has, and then the page's again.
async fn speaks_french_where_it_is_asked_to(page: &Page<'_>) -> Result<()> {
    let choose = |code: &str| {
        format!(
            "const choice = document.querySelector('#survey-language');
             choice.value = '{code}';
             choice.dispatchEvent(new Event('change'));"
        )
    };
    let heading = "document.querySelector('#survey h3').textContent";
    page.run(&choose("fr")).await?;
    let french = format!("{heading}.startsWith('Avant de commencer')");
    page.wait("the survey speaks French", &french, SOON).await?;
    ensure!(
        text(page, "form .large")
            .await?
            .starts_with("Quels morceaux")
    );
    let language = page.eval("document.querySelector('#survey-form').lang");
    ensure!(language.await? == json!("fr"));
    page.run(&choose("")).await?;
    let english = format!("{heading}.startsWith('Before you begin')");
    page.wait("the survey speaks English", &english, SOON).await
}

/// Rates by keys and by mouse in turn; returns the titles of seed and song in the order of the questions.
async fn rate_everything(page: &Page<'_>, config: &Config) -> Result<Vec<[String; 2]>> {
    at(page, "ratings").await?;
    let study = config.study.as_ref().context("no study")?;
    let mut asked = Vec::new();
    let mut heard = false;
    for number in 0..study.pairs().len() {
        let shown = text(page, "form").await?;
        ensure!(
            study
                .methods
                .iter()
                .all(|method| !shown.contains(method.as_str())),
            "the method is shown: {shown}"
        );
        let count = text(page, "#survey-count").await?;
        ensure!(count.starts_with(&format!("{} of", number + 1)), "{count}");
        asked.push([
            text(page, ".survey-pair:nth-of-type(2) .survey-song").await?,
            text(page, ".survey-pair:nth-of-type(3) .survey-song").await?,
        ]);
        heard |= is_heard(page).await?;
        if number == 0 {
            // Second thoughts about the first one.
            page.press("5").await?;
            page.press("\u{e013}").await?;
            let again = text(page, "#survey-count").await?;
            ensure!(again.starts_with("1 "), "{again}");
        }
        if number % 2 == 0 {
            page.press("2").await?;
        } else {
            page.click("#survey [data-rating='4']").await?;
        }
    }
    ensure!(heard, "the song with a sound file has no player");
    Ok(asked)
}

/// Whether a song on show plays.
async fn is_heard(page: &Page<'_>) -> Result<bool> {
    if page
        .eval("document.querySelector('#survey audio') === null")
        .await?
        == json!(true)
    {
        return Ok(false);
    }
    page.run("document.querySelector('#survey audio').load();")
        .await?;
    let ready = "(() => { const a = document.querySelector('#survey audio'); a.preload = 'auto'; return a.duration > 1; })()";
    page.wait("the sound is there", ready, SOON).await?;
    Ok(true)
}

/// The answer as the collector has it.
async fn stored(page: &Page<'_>) -> Result<Value> {
    page.run(
        "const code = document.querySelector('#survey [data-code]').dataset.code;
         const secret = document.querySelector('#survey details code').textContent;
         fetch('/api/v1/answers/' + code, { headers: { Authorization: 'Bearer ' + secret } })
             .then((response) => response.json())
             .then((answer) => { window.stored = answer; });",
    )
    .await?;
    page.wait("it is there", "window.stored !== undefined", SOON)
        .await?;
    page.eval("window.stored").await
}

fn report_has_one_answer(site: &Site) -> Result<()> {
    let (data, config) = (site.file("data"), site.file("site/survey/config.json"));
    let page = site.file("report.html");
    let path = |path: &'_ Path| path.to_str().map(str::to_owned).context("a path");
    let output = soundalike(&[
        "survey",
        "report",
        "--data",
        &path(&data)?,
        "--config",
        &path(&config)?,
        "-o",
        &path(&page)?,
        "--json",
    ])?;
    let numbers: Value = serde_json::from_slice(&output)?;
    ensure!(numbers["answers"] == 1 && numbers["day_of"] == "arrival");
    ensure!(numbers["withdrawn"] == 0 && numbers["listening"]["participants"] == 1);
    ensure!(fs::read_to_string(page)?.contains("cosine"));
    soundalike(&["survey", "check", &path(&config)?])?;
    Ok(())
}
