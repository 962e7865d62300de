//! A headless browser that visits the page.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::http::Method;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::answer::{Answer, READ_FROM_PAGE};
use crate::processes::{self, Driver, Process};

/// Keys, as WebDriver names them.
pub const TAB: &str = "\u{e004}";
/// Opens what has the focus.
pub const ENTER: &str = "\u{e007}";

/// For the page to be ready, whichever module runs: a software adapter takes minutes on a slow machine.
const READY: Duration = Duration::from_secs(300);

/// The browsers that the page is visited with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Driven by ChromeDriver.
    Chromium,
    /// Driven by geckodriver.
    Firefox,
}

/// A microphone that the browser makes up. Chromium's beeps; Firefox's hums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Microphone {
    /// The page may listen to it.
    Allowed,
    /// The page may not.
    Denied,
}

/// Makes a test for each browser out of a journey that takes the browser: `in_chromium::JOURNEY` and
/// `in_firefox::JOURNEY`.
macro_rules! in_each_browser {
    ($($journey:ident),+ $(,)?) => {
        mod in_chromium {
            use crate::browser::Browser;
            $(
                #[tokio::test]
                #[ignore = "needs Chromium and the built page: `cargo xtask test` runs it"]
                async fn $journey() -> anyhow::Result<()> {
                    super::$journey(Browser::Chromium).await
                }
            )+
        }
        mod in_firefox {
            use crate::browser::Browser;
            $(
                #[tokio::test]
                #[ignore = "needs Firefox and the built page: `cargo xtask test` runs it"]
                async fn $journey() -> anyhow::Result<()> {
                    super::$journey(Browser::Firefox).await
                }
            )+
        }
    };
}
pub(crate) use in_each_browser;

/// A browser with an empty profile and a server for it.
pub struct Visit {
    browser: Browser,
    client: Client,
    origin: String,
    // In the order in which they end.
    driver: Driver,
    server: Option<Process>,
    /// Chromium's; geckodriver makes and removes Firefox's.
    _profile: Option<tempfile::TempDir>,
}

impl Visit {
    /// Starts the server, the driver and a browser.
    pub async fn with(browser: Browser) -> Result<Self> {
        match browser {
            Browser::Chromium => Self::start(&[]).await,
            Browser::Firefox => Self::firefox(json!({})).await,
        }
    }

    /// The same with a microphone.
    pub async fn with_microphone(browser: Browser, microphone: Microphone) -> Result<Self> {
        let allowed = microphone == Microphone::Allowed;
        match browser {
            Browser::Chromium => {
                let permission = if allowed {
                    "--use-fake-ui-for-media-stream"
                } else {
                    "--deny-permission-prompts"
                };
                Self::start(&["--use-fake-device-for-media-stream", permission]).await
            }
            Browser::Firefox => {
                // 1 is allowed, 2 is denied.
                let permission = if allowed { 1 } else { 2 };
                Self::firefox(json!({
                    "media.navigator.streams.fake": true,
                    "media.navigator.permission.disabled": allowed,
                    "permissions.default.microphone": permission,
                }))
                .await
            }
        }
    }

    /// Starts the server, the driver and Chromium with further flags.
    pub async fn start(flags: &[&str]) -> Result<Self> {
        Self::chromium(processes::server()?, flags).await
    }

    /// The same over another site with the answers in a folder.
    pub async fn of_site(site: &Path, data: &Path) -> Result<Self> {
        Self::chromium(processes::server_of(site, data)?, &[]).await
    }

    async fn chromium(server: (Process, u16), flags: &[&str]) -> Result<Self> {
        let driver = processes::chromedriver()?;
        let profile = tempfile::tempdir()?;
        let capabilities = chromium(profile.path(), flags)?;
        let visit = Self::begin(Browser::Chromium, server, driver, capabilities).await?;
        Ok(Self {
            _profile: Some(profile),
            ..visit
        })
    }

    /// Starts the server, the driver and Firefox with further preferences.
    async fn firefox(preferences: Value) -> Result<Self> {
        let driver = processes::geckodriver()?;
        let capabilities = firefox(preferences)?;
        let server = processes::server()?;
        let mut visit = Self::begin(Browser::Firefox, server, driver, capabilities).await?;
        let session = visit.client.session_id().await?;
        visit.driver.farewell = format!("DELETE /session/{}", session.unwrap_or_default());
        Ok(visit)
    }

    async fn begin(
        browser: Browser,
        (server, port): (Process, u16),
        driver: Driver,
        capabilities: Capabilities,
    ) -> Result<Self> {
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .with_context(|| format!("{browser:?} does not start"))?;
        Ok(Self {
            browser,
            client,
            origin: format!("http://127.0.0.1:{port}"),
            driver,
            server: Some(server),
            _profile: None,
        })
    }

    /// Opens any address.
    pub async fn goto(&self, url: &str) -> Result<Page<'_>> {
        self.client.goto(url).await?;
        Ok(Page { visit: self })
    }

    /// Opens the page, which forgets the songs of earlier visits, and waits until it can take a song.
    pub async fn open(&self, query: &str) -> Result<Page<'_>> {
        let page = self.open_again(query).await?;
        page.run("document.querySelector('#forget').click();")
            .await?;
        page.wait(
            "the page is ready",
            "document.body?.dataset.state === 'ready'",
            READY,
        )
        .await?;
        Ok(page)
    }

    /// Opens the page as a visitor finds it who was here before.
    pub async fn open_again(&self, query: &str) -> Result<Page<'_>> {
        let page = self.goto(&format!("{}/{query}", self.origin)).await?;
        page.wait(
            "the page is ready",
            "['ready', 'answer'].includes(document.body?.dataset.state)",
            READY,
        )
        .await?;
        Ok(page)
    }

    /// Takes the server away, as when the network is gone.
    pub fn go_offline(&mut self) {
        self.server = None;
    }

    /// Runs a script in every page before the page's own; in Chromium only.
    pub async fn before_every_page(&self, script: &str) -> Result<()> {
        let source = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await
    }

    /// A command of Chromium's own protocol.
    async fn devtools(&self, command: &'static str, parameters: Value) -> Result<()> {
        let command = Devtools {
            command,
            parameters,
        };
        self.client.issue_cmd(command).await?;
        Ok(())
    }

    /// The tab that is looked at.
    pub async fn current_tab(&self) -> Result<WindowHandle> {
        Ok(self.client.window().await?)
    }

    /// Opens another tab and looks at it.
    pub async fn new_tab(&self) -> Result<()> {
        let tab = self.client.new_window(true).await?;
        self.switch_to(tab.handle).await
    }

    /// Looks at a tab.
    pub async fn switch_to(&self, tab: WindowHandle) -> Result<()> {
        Ok(self.client.switch_to_window(tab).await?)
    }
}

/// ChromeDriver's way to the browser's own protocol.
#[derive(Debug)]
struct Devtools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

type Capabilities = serde_json::Map<String, Value>;

fn chromium(profile: &Path, flags: &[&str]) -> Result<Capabilities> {
    let profile = format!("--user-data-dir={}", profile.display());
    let mut arguments = vec![
        "--headless",
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Containers often have a tiny /dev/shm.
        "--disable-dev-shm-usage",
        &profile,
    ];
    arguments.extend(flags);
    let chromium = processes::program(&["chromium", "chromium-browser", "google-chrome"])?;
    Ok(serde_json::from_value(json!({
        "goog:chromeOptions": { "binary": chromium, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    }))?)
}

fn firefox(mut preferences: Value) -> Result<Capabilities> {
    // The page's console is read from what Firefox prints.
    preferences["devtools.console.stdout.content"] = json!(true);
    preferences["devtools.console.stdout.chrome"] = json!(false);
    preferences["intl.accept_languages"] = json!("en");
    // Where there is no sound card an audio context would wait for one for ever.
    preferences["media.cubeb.force_mock_context"] = json!(true);
    preferences["media.cubeb.sandbox"] = json!(false);
    preferences["media.autoplay.default"] = json!(0);
    preferences["media.autoplay.blocking_policy"] = json!(0);
    let firefox = processes::program(&["firefox-esr", "firefox"])?;
    Ok(serde_json::from_value(json!({
        "moz:firefoxOptions": {
            "binary": firefox,
            "args": ["-headless"],
            "prefs": preferences,
        },
    }))?)
}

/// The page in the browser.
pub struct Page<'a> {
    visit: &'a Visit,
}

impl Page<'_> {
    /// The page's scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.visit.origin
    }

    /// The value of a JavaScript expression.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        self.run(&format!("return {expression};")).await
    }

    /// Runs a piece of JavaScript.
    pub async fn run(&self, script: &str) -> Result<Value> {
        Ok(self.visit.client.execute(script, Vec::new()).await?)
    }

    /// Waits until an expression is true; tells the page's state if it never is.
    pub async fn wait(&self, what: &str, expression: &str, patience: Duration) -> Result<()> {
        let start = Instant::now();
        while self.eval(expression).await? != json!(true) {
            if start.elapsed() > patience {
                let state = self.describe().await;
                bail!(
                    "after {} s it is not so that {what}; {state}",
                    patience.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Gives the page files as its file dialog does.
    pub async fn choose(&self, files: &[impl AsRef<Path>]) -> Result<()> {
        self.forget_answer().await?;
        let paths: Vec<_> = files
            .iter()
            .map(|file| file.as_ref().to_string_lossy())
            .collect();
        let input = self.visit.client.find(Locator::Css("input#file")).await?;
        input.send_keys(&paths.join("\n")).await?;
        Ok(())
    }

    /// Drops a file on the page. The browser does not let a test drag from
    /// outside, so the file is built in the page from its bytes.
    pub async fn drop_file(&self, file: &Path, kind: &str) -> Result<()> {
        const DROP: &str = "
            const [bytes, name, type] = arguments;
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type }));
            const target = document.querySelector('#drop') ?? document.body;
            for (const event of ['dragenter', 'dragover', 'drop']) {
                target.dispatchEvent(new DragEvent(event, {
                    dataTransfer: data, bubbles: true, cancelable: true, composed: true,
                }));
            }";
        self.forget_answer().await?;
        let name = file.file_name().context("a file's name")?.to_string_lossy();
        let arguments = vec![json!(std::fs::read(file)?), json!(name), json!(kind)];
        self.visit.client.execute(DROP, arguments).await?;
        Ok(())
    }

    /// Clicks an element with the mouse.
    pub async fn click(&self, selector: &str) -> Result<()> {
        // The page scrolls smoothly, and a click does not wait for that.
        self.run(&format!(
            "document.querySelector({selector:?})
                ?.scrollIntoView({{ block: 'center', behavior: 'instant' }});"
        ))
        .await?;
        let element = self.visit.client.find(Locator::Css(selector)).await;
        let clicked = element.with_context(|| selector.to_owned())?.click().await;
        clicked.with_context(|| format!("click on {selector}"))
    }

    /// Types into an element, or gives it a file.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.visit.client.find(Locator::Css(selector)).await?;
        Ok(element.send_keys(text).await?)
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: &str) -> Result<()> {
        let focused = self.visit.client.active_element().await?;
        focused.send_keys(key).await?;
        Ok(())
    }

    /// Drops a folder on the page, from outside the browser. Chromium's own command only.
    pub async fn drop_folder(&self, folder: &Path) -> Result<()> {
        let data = json!({ "items": [], "files": [folder], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let drag = json!({ "type": kind, "x": 200, "y": 200, "data": data });
            self.visit.devtools("Input.dispatchDragEvent", drag).await?;
        }
        Ok(())
    }

    /// What the page says went wrong; empty when nothing did.
    pub async fn error(&self) -> Result<String> {
        let said = self
            .eval("document.querySelector('#error').textContent")
            .await?;
        Ok(said.as_str().unwrap_or_default().trim().to_owned())
    }

    /// The answer to the files given last.
    pub async fn answer(&self, patience: Duration) -> Result<Answer> {
        Answer::from_page(&self.settled_answer(patience).await?)
    }

    /// The same, as it was read.
    pub async fn settled_answer(&self, patience: Duration) -> Result<Value> {
        self.wait(
            "the page has answered",
            "document.body.dataset.state === 'answer'
                && Boolean(window.soundalike?.answer)
                && window.soundalike.answer !== window.answerBefore
                && document.querySelectorAll('#result [data-genre]').length === 10",
            patience,
        )
        .await?;
        self.eval(READ_FROM_PAGE).await
    }

    /// Remembers the answer on show, so that the next one is told from it.
    async fn forget_answer(&self) -> Result<()> {
        self.run("window.answerBefore = window.soundalike?.answer;")
            .await?;
        Ok(())
    }

    /// The errors on the console since the last call.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        match self.visit.browser {
            Browser::Chromium => self.chromium_errors().await,
            Browser::Firefox => self.firefox_errors().await,
        }
    }

    /// geckodriver has no command for the console, but prints it.
    async fn firefox_errors(&self) -> Result<Vec<String>> {
        const END: &str = "the console was read up to here";
        self.run(&format!("console.error({END:?});")).await?;
        let mut errors = Vec::new();
        loop {
            let line = self.visit.driver.process.lines.recv_timeout(READY);
            let line = line.context("Firefox does not print its console")?;
            if line.contains(END) {
                return Ok(errors);
            }
            if is_of_a_page(&line) {
                errors.push(line);
            }
        }
    }

    async fn chromium_errors(&self) -> Result<Vec<String>> {
        let log = self.visit.client.issue_cmd(ConsoleLog).await?;
        let entries = log.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or("?").to_owned())
            .collect())
    }

    /// What a person would look at first when a test has failed.
    async fn describe(&self) -> String {
        let state = self
            .eval(
                "({
                    state: document.body?.dataset.state,
                    error: document.querySelector('#error')?.textContent,
                    badge: { ...document.querySelector('#badge')?.dataset },
                    bars: document.querySelectorAll('#result [data-genre]').length,
                    text: document.body?.innerText.slice(0, 600),
                })",
            )
            .await;
        let console = self.console_errors().await;
        format!("the page: {state:#?}; its console: {console:#?}")
    }
}

/// Whether a line that Firefox prints is a page's error. Firefox's own parts complain as well: with their
/// name, or with addresses such as chrome: and resource:.
fn is_of_a_page(line: &str) -> bool {
    let named = |said: &str| {
        let name = said.split_once(':').map_or("", |(name, _)| name);
        !name.is_empty() && name.chars().all(char::is_alphanumeric)
    };
    if let Some(uncaught) = line.strip_prefix("JavaScript error: ") {
        return uncaught.starts_with("http");
    }
    let logged = line.strip_prefix("console.error: ");
    logged.is_some_and(|said| !named(said) && !said.contains("resource://"))
}

#[test]
fn errors_of_pages_are_told_from_those_of_firefox() {
    for line in [
        "console.error: \"no: way\"\n",
        "console.error: (new Error(\"x\", \"http://127.0.0.1:1/www/main.js\", 1))\n",
        "JavaScript error: http://127.0.0.1:1/, line 2: Error: x\n",
    ] {
        assert!(is_of_a_page(line), "{line}");
    }
    for line in [
        "console.error: RSLoader: \n",
        "console.warn: \"x\"\n",
        "console.error: (new Error(\"x\", \"resource://services-settings/a.sys.mjs\", 490))\n",
        "JavaScript error: resource:///modules/a.sys.mjs, line 4: NotAllowedError: x\n",
        "Read port: 45483\n",
    ] {
        assert!(!is_of_a_page(line), "{line}");
    }
}

/// ChromeDriver's own command for the console's messages.
#[derive(Debug)]
struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
