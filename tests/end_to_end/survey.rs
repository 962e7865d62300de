//! The survey's form, from the consent to the thanks.
//!
//! What the collector says is said by a stand-in within the page, so that each of its answers can be had
//! when it is wanted; the last test asks the real one, where the server has one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use soundalike_survey::{Answer, Config, Favourite, Opinion};

use crate::CPU;
use crate::browser::{Browser, ENTER, Page, TAB, Visit, in_each_browser};
use crate::sounds;

const DOWN: &str = "\u{e015}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";
const BACKSPACE: &str = "\u{e003}";
const SPACE: &str = " ";

in_each_browser!(the_real_collector_takes_an_answer_and_gives_it_up);

/// How long a step may take.
pub const SOON: Duration = Duration::from_secs(20);

/// A collector within the page. `localStorage.collector` says how it is: `there`, `none`, `down`, `busy`, or
/// `refuses`; `localStorage.got` has what it was sent.
const STAND_IN: &str = r#"
    const real = window.fetch;
    window.fetch = async (resource, init = {}) => {
        const url = new URL(resource.url ?? resource, location.href);
        if (!url.pathname.startsWith('/api/v1/')) return real(resource, init);
        const how = localStorage.collector ?? 'there';
        const got = JSON.parse(localStorage.got ?? '[]');
        const method = init.method ?? 'GET';
        const bearer = new Headers(init.headers).get('authorization');
        const type = new Headers(init.headers).get('content-type');
        if (method !== 'GET') {
            got.push({ method, path: url.pathname, bearer, type, how, body: init.body ?? null });
            localStorage.got = JSON.stringify(got);
        }
        const problem = (status, detail, headers = {}) => new Response(
            JSON.stringify({ type: 'about:blank', title: 'No', status, detail }),
            { status, headers: { 'content-type': 'application/problem+json', ...headers } });
        if (how === 'none') return new Response('not found\n', { status: 404 });
        if (how === 'down') throw new TypeError('Failed to fetch');
        if (method === 'GET') {
            const survey = await (await real(new URL('/survey/config.json', location.href))).json();
            survey.consent_version += Number(localStorage.newer ?? 0);
            return Response.json(survey);
        }
        if (how === 'busy') return problem(503, 'The database is gone for a moment.', { 'retry-after': '3600' });
        if (how === 'refuses') return problem(422, 'The song “x” is not in the survey.');
        if (method === 'DELETE') return new Response(null, { status: 204 });
        return new Response('{}', { status: 201, headers: { 'content-type': 'application/json' } });
    };
    // A file that is saved is looked at instead.
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
        if (blob.type === 'application/json') blob.text().then((text) => { window.saved = text; });
        return make(blob);
    };
"#;

fn config() -> Result<Config> {
    Ok(Config::from_json(include_bytes!(
        "../../survey/config.json"
    ))?)
}

/// A browser whose page speaks with the stand-in.
async fn visit() -> Result<Visit> {
    let visit = Visit::start(&[]).await?;
    visit.before_every_page(STAND_IN).await?;
    Ok(visit)
}

/// How the collector is from now on.
async fn collector(page: &Page<'_>, how: &str) -> Result<()> {
    page.run(&format!("localStorage.collector = '{how}';"))
        .await?;
    Ok(())
}

/// Looks at the survey and waits for a step of it.
async fn look(page: &Page<'_>, step: &str) -> Result<()> {
    page.run("document.querySelector('#survey').scrollIntoView();")
        .await?;
    at(page, step).await
}

/// Waits for a step.
pub async fn at(page: &Page<'_>, step: &str) -> Result<()> {
    let there = format!("document.querySelector('#survey form').dataset.step === '{step}'");
    page.wait(&format!("the survey is at “{step}”"), &there, SOON)
        .await
}

/// What is read in an element of the survey.
pub async fn text(page: &Page<'_>, selector: &str) -> Result<String> {
    let element = format!("document.querySelector('#survey {selector}')?.textContent ?? ''");
    let said = page.eval(&element).await?;
    Ok(said.as_str().unwrap_or_default().to_owned())
}

pub const NEXT: &str = "#survey form button[type=submit]";

/// By mouse through consent, favourite song, every opinion, three favourites and comment.
async fn answer_by_mouse(page: &Page<'_>, comment: &str) -> Result<()> {
    look(page, "consent").await?;
    page.click("#survey-agree").await?;
    page.click(NEXT).await?;
    at(page, "favourite").await?;
    page.wait(
        "the catalogue is there",
        "/\\d/.test(document.querySelector('#survey [role=status]').textContent)",
        CPU,
    )
    .await?;
    page.click("#survey-search").await?;
    page.press("JOHN lée").await?;
    page.click("#survey-found li").await?;
    page.click(NEXT).await?;
    opinions_by_mouse(page).await?;
    favourites_by_mouse(page).await?;
    page.click("#survey-comment").await?;
    page.press(comment).await?;
    page.click(NEXT).await?;
    at(page, "review").await
}

/// Likes, dislikes and does not know in turn.
async fn opinions_by_mouse(page: &Page<'_>) -> Result<()> {
    at(page, "songs").await?;
    for song in 0..config()?.songs.len() {
        let opinion = ["like", "dislike", "unknown"][song % 3];
        page.click(&format!("#survey [data-opinion={opinion}]"))
            .await?;
    }
    Ok(())
}

async fn favourites_by_mouse(page: &Page<'_>) -> Result<()> {
    at(page, "three").await?;
    for song in 1..=3 {
        page.click(&format!(".survey-three label:nth-of-type({song}) input"))
            .await?;
    }
    page.click(NEXT).await?;
    at(page, "comment").await
}

/// What the stand-in was sent.
async fn received(page: &Page<'_>) -> Result<Vec<Value>> {
    let got = page.eval("JSON.parse(localStorage.got ?? '[]')").await?;
    Ok(serde_json::from_value(got)?)
}

/// Checks an answer as the collector does.
fn checked(json: &str) -> Result<Answer> {
    let answer = Answer::from_json(json.as_bytes())?;
    answer.check(&config()?)?;
    Ok(answer)
}

/// Waits until the answer is thanked for, or waits, or is ready.
async fn done(page: &Page<'_>, heading: &str) -> Result<()> {
    let there = format!("document.querySelector('#survey h3')?.textContent === '{heading}'");
    page.wait(&format!("the survey says “{heading}”"), &there, SOON)
        .await
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn an_answer_is_given_and_withdrawn_by_mouse() -> Result<()> {
    let visit = visit().await?;
    let page = visit.open("").await?;
    look(&page, "consent").await?;
    let ticked = page.eval("document.querySelector('#survey-agree').checked");
    ensure!(ticked.await? == json!(false), "the consent is ticked");
    page.click(NEXT).await?;
    ensure!(
        text(&page, "#survey-trouble").await?.contains("consent"),
        "it goes on without consent"
    );
    let comment = "<script>document.body.remove()</script>";
    answer_by_mouse(&page, comment).await?;
    ensure!(text(&page, ".survey-said").await? == comment);
    page.click(NEXT).await?;
    done(&page, "Thank you").await?;

    let got = received(&page).await?;
    ensure!(got.len() == 1, "sent {} times", got.len());
    let sent = &got[0];
    ensure!(sent["method"] == "POST" && sent["path"] == "/api/v1/answers");
    ensure!(sent["type"] == "application/json");
    let bearer = sent["bearer"].as_str().unwrap_or_default();
    let secret = bearer
        .strip_prefix("Bearer ")
        .context("no bearer's secret")?;
    ensure!(
        secret.len() == 32
            && secret
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        "the secret {secret:?}"
    );
    let answer = checked(sent["body"].as_str().unwrap_or_default())?;
    let count = |opinion| {
        answer
            .labels
            .iter()
            .filter(|l| l.opinion == opinion)
            .count()
    };
    ensure!(
        [Opinion::Like, Opinion::Dislike, Opinion::Unknown].map(count) == [17, 17, 16],
        "other opinions than were given"
    );
    ensure!(answer.comment == comment && !answer.simulated);
    ensure!(matches!(answer.favourite, Favourite::Song { .. }));
    ensure!(
        text(&page, "[data-code]")
            .await?
            .contains(&answer.participant)
    );

    // In a later visit it can still be withdrawn.
    let page = visit.open_again("").await?;
    look(&page, "done").await?;
    done(&page, "Thank you").await?;
    page.click("#survey [data-do=ask]").await?;
    page.click("#survey [data-do=yes]").await?;
    at(&page, "consent").await?;
    let got = received(&page).await?;
    let last = got.last().context("nothing was sent")?;
    ensure!(last["method"] == "DELETE" && last["bearer"] == bearer);
    ensure!(last["path"] == format!("/api/v1/answers/{}", answer.participant));
    let page = visit.open_again("").await?;
    look(&page, "consent").await?;
    ensure!(page.console_errors().await?.is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn an_answer_is_given_by_keyboard_alone() -> Result<()> {
    let visit = visit().await?;
    let page = visit.open("").await?;
    look(&page, "consent").await?;
    page.run("document.querySelector('a[href=\"#survey\"]').focus();")
        .await?;
    page.press(ENTER).await?;
    to(&page, "#survey-agree").await?;
    page.press(SPACE).await?;
    to(&page, "[type=submit]").await?;
    page.press(ENTER).await?;

    at(&page, "favourite").await?;
    to(&page, "#survey-search").await?;
    page.wait(
        "the catalogue is there",
        "/\\d/.test(document.querySelector('#survey [role=status]').textContent)",
        CPU,
    )
    .await?;
    page.press("hooker").await?;
    page.press(DOWN).await?;
    page.press(DOWN).await?;
    page.press(ENTER).await?;
    let chosen = text(&page, ".survey-chosen").await?;
    ensure!(chosen.contains("John Lee Hooker"), "{chosen}");
    to(&page, "[type=submit]").await?;
    page.press(ENTER).await?;

    at(&page, "songs").await?;
    // Second thoughts about the first song.
    page.press(LEFT).await?;
    page.press(BACKSPACE).await?;
    ensure!(text(&page, "#survey-count").await?.starts_with("1 "));
    let songs = config()?.songs.len();
    for song in 0..songs {
        page.press([RIGHT, LEFT, DOWN][song % 3]).await?;
    }
    at(&page, "three").await?;
    for _ in 0..3 {
        page.press(TAB).await?;
        page.press(SPACE).await?;
    }
    to(&page, "[type=submit]").await?;
    page.press(ENTER).await?;
    at(&page, "comment").await?;
    to(&page, "[type=submit]").await?;
    page.press(ENTER).await?;
    at(&page, "review").await?;
    to(&page, "[type=submit]").await?;
    page.press(ENTER).await?;
    done(&page, "Thank you").await?;

    let got = received(&page).await?;
    let answer = checked(got[0]["body"].as_str().unwrap_or_default())?;
    let first = answer.labels.first().context("no label")?;
    ensure!(first.opinion == Opinion::Like, "the first thought counts");
    ensure!(answer.favourites[0] == config()?.songs[0].id);
    Ok(())
}

/// Tab after tab, to an element of the survey.
async fn to(page: &Page<'_>, selector: &str) -> Result<()> {
    for _ in 0..60 {
        page.press(TAB).await?;
        let there = format!("document.activeElement.matches('#survey {selector}')");
        if page.eval(&there).await? == json!(true) {
            return Ok(());
        }
    }
    anyhow::bail!("the keyboard does not come to {selector}")
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn a_half_given_answer_goes_on_after_a_reload_and_is_forgotten_with_all() -> Result<()> {
    let visit = visit().await?;
    let page = visit.open("").await?;
    look(&page, "consent").await?;
    page.click("#survey-agree").await?;
    page.click(NEXT).await?;
    at(&page, "favourite").await?;
    // Of a file only numbers are kept.
    page.fill("#survey-file", &sounds::song_mp3().to_string_lossy())
        .await?;
    page.wait(
        "the file is heard",
        "document.querySelector('.survey-chosen')?.textContent.includes('.mp3')",
        CPU,
    )
    .await?;
    page.click(NEXT).await?;
    at(&page, "songs").await?;
    for _ in 0..11 {
        page.click("#survey [data-opinion=like]").await?;
    }
    let song = text(&page, ".survey-song").await?;

    let page = visit.open_again("").await?;
    look(&page, "songs").await?;
    ensure!(text(&page, "#survey-count").await?.starts_with("12 "));
    ensure!(text(&page, ".survey-song").await? == song);

    // The rest, and what was kept of the file is an answer's.
    for _ in 11..config()?.songs.len() {
        page.click("#survey [data-opinion=dislike]").await?;
    }
    favourites_by_mouse(&page).await?;
    page.click(NEXT).await?;
    at(&page, "review").await?;
    collector(&page, "refuses").await?;
    page.click(NEXT).await?;
    page.wait(
        "the collector's reason is shown",
        "document.querySelector('#survey-trouble')?.textContent.includes('“x” is not in the survey')",
        SOON,
    )
    .await?;
    at(&page, "review").await?;
    // A text that has changed meanwhile has to be agreed to.
    page.run("localStorage.newer = 1;").await?;
    page.click(NEXT).await?;
    at(&page, "consent").await?;
    let ticked = page.eval("document.querySelector('#survey-agree').checked");
    ensure!(ticked.await? == json!(false), "the new text is ticked");
    page.click("#survey-agree").await?;
    page.click(NEXT).await?;
    at(&page, "review").await?;
    collector(&page, "there").await?;
    page.click(NEXT).await?;
    done(&page, "Thank you").await?;
    let got = received(&page).await?;
    let body = got[2]["body"].as_str().unwrap_or_default();
    ensure!(!body.contains(".mp3"), "the file's name is sent");
    ensure!(body.len() < 256 * 1024, "{} bytes", body.len());
    let answer = Answer::from_json(body.as_bytes())?;
    let mut newer = config()?;
    newer.consent_version += 1;
    answer.check(&newer)?;
    ensure!(matches!(answer.favourite, Favourite::Own { .. }));
    let refused = checked(got[0]["body"].as_str().unwrap_or_default())?;
    ensure!(answer.participant == refused.participant);

    page.run("document.querySelector('#forget').click();")
        .await?;
    at(&page, "consent").await?;
    let page = visit.open_again("").await?;
    look(&page, "consent").await
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn without_a_collector_the_answer_is_a_file() -> Result<()> {
    let visit = visit().await?;
    let page = visit.open("").await?;
    collector(&page, "none").await?;
    answer_by_mouse(&page, "").await?;
    page.click(NEXT).await?;
    done(&page, "Your answer is ready").await?;
    let told = text(&page, "form").await?;
    ensure!(told.contains(&config()?.contact), "{told}");
    page.click("#survey [data-do=download]").await?;
    page.wait("a file is saved", "Boolean(window.saved)", SOON)
        .await?;
    let saved = page.eval("window.saved").await?;
    checked(saved.as_str().unwrap_or_default())?;
    ensure!(received(&page).await?.is_empty(), "something was sent");
    page.click("#survey [data-do=ask]").await?;
    page.click("#survey [data-do=yes]").await?;
    at(&page, "consent").await
}

#[tokio::test]
#[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
async fn an_answer_waits_for_the_collector_over_reloads() -> Result<()> {
    let visit = visit().await?;
    let page = visit.open("").await?;
    answer_by_mouse(&page, "").await?;
    collector(&page, "down").await?;
    page.click(NEXT).await?;
    done(&page, "Your answer waits").await?;
    page.wait(
        "it was tried",
        "JSON.parse(localStorage.got ?? '[]').length > 0",
        SOON,
    )
    .await?;
    // A collector that wants to be left alone for an hour is.
    collector(&page, "busy").await?;
    let page = visit.open_again("").await?;
    look(&page, "done").await?;
    page.wait(
        "the collector's reason is shown",
        "document.querySelector('#survey [data-why]')?.textContent.includes('for a moment')",
        SOON,
    )
    .await?;
    collector(&page, "there").await?;
    let page = visit.open_again("").await?;
    look(&page, "done").await?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    done(&page, "Your answer waits").await?;
    // Unless the participant wants otherwise.
    let now = "[...document.querySelectorAll('#survey button')].find((b) => b.textContent === 'Try now').click();";
    page.run(now).await?;
    done(&page, "Thank you").await?;
    let got = received(&page).await?;
    let bodies: Vec<&Value> = got.iter().map(|sent| &sent["body"]).collect();
    ensure!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "the same answer is sent each time"
    );
    ensure!(got.iter().filter(|sent| sent["how"] == "there").count() == 1);
    Ok(())
}

/// Needs a server with a collector; says so where there is none.
async fn the_real_collector_takes_an_answer_and_gives_it_up(browser: Browser) -> Result<()> {
    const ASK: &str = "fetch('/api/v1/answers/' + window.code, {
            headers: { Authorization: 'Bearer ' + window.secret },
        }).then((r) => { window.status = r.status; });";
    let visit = Visit::with(browser).await?;
    let page = visit.open("").await?;
    page.run("fetch('/api/v1/survey').then((r) => { window.status = r.status; });")
        .await?;
    page.wait("the server answers", "window.status > 0", SOON)
        .await?;
    if page.eval("window.status").await? != json!(200) {
        println!("not run: this server collects no answers");
        return Ok(());
    }
    answer_by_mouse(&page, "").await?;
    page.click(NEXT).await?;
    done(&page, "Thank you").await?;
    page.run(&format!(
        "window.code = document.querySelector('#survey [data-code]').dataset.code;
         window.secret = document.querySelector('#survey details code').textContent;
         window.status = 0;
         {ASK}"
    ))
    .await?;
    page.wait("it is there", "window.status === 200", SOON)
        .await?;
    page.click("#survey [data-do=ask]").await?;
    page.click("#survey [data-do=yes]").await?;
    at(&page, "consent").await?;
    page.run(&format!("window.status = 0; {ASK}")).await?;
    page.wait(
        "it is gone",
        "[401, 404, 410].includes(window.status)",
        SOON,
    )
    .await
}
