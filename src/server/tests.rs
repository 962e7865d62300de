//! The server over a real port, asked by a client of a few lines: what matters
//! is what goes over the wire, odd paths included, which a tidy client would
//! mend before sending.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;

/// A small site in a temporary folder, and a server that runs over it.
struct Site {
    folder: tempfile::TempDir,
    addr: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<Result<(), ServerError>>>,
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }
}

impl Site {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = small_site();
        let mut config = config(folder.path());
        change(&mut config);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let server = Server::bind(config).await?;
                tell.send(server.local_addr()).expect("the test waits");
                server.run_until(async { drop(stopped.await) }).await
            })
        });
        Self {
            folder,
            addr: told.recv().expect("the server starts"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        self.ask_host("localhost", method, path, headers)
    }

    fn ask_host(&self, host: &str, method: &str, path: &str, headers: &str) -> Reply {
        let mut stream = TcpStream::connect(self.addr).expect("the server listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a timeout");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        )
        .expect("the request is taken");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Reply {
            status: status.expect("a status"),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("no panic").expect("a clean end");
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn config(site: &Path) -> ServerConfig {
    ServerConfig {
        addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        site: Some(site.to_path_buf()),
        collector: None,
        api: None,
        rate_limit: None,
        trust_proxy: false,
        public_url: None,
        connections: ConnectionLimits::default(),
    }
}

fn small_site() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    put("index.html", &"<!doctype html>".repeat(20));
    put("Cargo.toml", "private");
    put("src/lib.rs", "private");
    put("www/app.js", &"export const one = 1;\n".repeat(50));
    put("www/deep/style.css", "body { margin: 0 }");
    put("www/.env", "private");
    put("www/.secret/file.js", "private");
    put("pkg/cpu/soundalike.js", "plain");
    put("pkg/cpu/soundalike_bg.wasm", "\0asm");
    put("pkg/cpu/soundalike_bg.wasm.br", "brotli");
    put("pkg/cpu/soundalike_bg.wasm.gz", "gzip");
    put("models/two-stream.safetensors", "weights");
    put("models/card.json", "{}");
    put("models/answers.jsonl", "private");
    put("models/run/checkpoint.safetensors", "private");
    put("survey/config.json", "{}");
    put("survey/fr.json", "{}");
    put("survey/all.json", "private");
    put("survey/answers.jsonl", "private");
    put("survey/audio/song-1.mp3", "0123456789");
    put("survey/audio/list.txt", "private");
    put("survey/audio/deep/song.mp3", "private");
    put("pkg/sw.js", "self.skipWaiting;");
    folder
}

#[test]
fn the_service_worker_is_at_the_root_so_that_it_serves_the_whole_page() {
    let site = Site::start();
    let reply = site.get("/sw.js");
    assert_eq!((reply.status, reply.text()), (200, "self.skipWaiting;"));
    let kind = reply.header("content-type").expect("a type");
    assert!(kind.starts_with("text/javascript"), "{kind}");
    fs::remove_file(site.folder.path().join("pkg/sw.js")).expect("removed");
    assert_eq!(site.get("/sw.js").status, 404);
}

#[test]
fn serves_the_page_and_its_three_folders_with_their_types() {
    let site = Site::start();
    for (path, kind) in [
        ("/", "text/html"),
        ("/?device=cpu", "text/html"),
        ("/index.html", "text/html"),
        ("/www/app.js", "text/javascript"),
        ("/www/deep/style.css", "text/css"),
        ("/pkg/cpu/soundalike_bg.wasm", "application/wasm"),
        ("/models/two-stream.safetensors", "application/octet-stream"),
        ("/models/card.json", "application/json"),
        ("/survey/config.json", "application/json"),
        ("/survey/fr.json", "application/json"),
        ("/survey/audio/song-1.mp3", "audio/mpeg"),
    ] {
        let reply = site.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some(kind), "{path}");
    }
    assert_eq!(site.get("/models/two-stream.safetensors").text(), "weights");
    assert_eq!(site.get("/healthz").text(), "ok\n");
}

#[test]
fn serves_nothing_else() {
    let site = Site::start();
    for path in [
        "/Cargo.toml",
        "/src/lib.rs",
        "/www",
        "/www/",
        "/www/deep",
        "/www/deep/",
        "/pkg/",
        "/models",
        "/survey/",
        "/survey/answers.jsonl",
        "/survey/all.json",
        "/survey/de.json",
        "/survey/audio",
        "/survey/audio/",
        "/survey/audio/list.txt",
        "/survey/audio/deep/song.mp3",
        "/survey/audio/..%2fanswers.jsonl",
        "/survey/audio/missing.mp3",
        "/www/nothing.js",
        "/www/app.js/more",
        "/www/.env",
        "/www/.secret/file.js",
        "/www/%2eenv",
        "/www/%2e%65nv",
        "/www/%2Eenv",
        "/www/deep/%2e%2e%2f.env",
        "/www/deep/..%2f%2eenv",
        "/www/%2esecret/file.js",
        "/www/deep%2f%2e%2e%2f%2eenv",
        "/models/answers.jsonl",
        "/models/run/checkpoint.safetensors",
        "/www/../Cargo.toml",
        "/www/..%2fCargo.toml",
        "/www/%2e%2e/Cargo.toml",
        "/www/deep/%2E%2e/%2e%2e/Cargo.toml",
        "/www/..%5cCargo.toml",
        "/www//etc/passwd",
        "//etc/passwd",
        "/www/%00",
        "/index.html/",
    ] {
        let reply = site.get(path);
        assert!(
            matches!(reply.status, 400 | 404),
            "{path}: {}",
            reply.status
        );
        assert!(!reply.text().contains("private"), "{path}");
        assert!(!reply.text().contains("root:"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        for path in ["/", "/www/app.js", "/healthz"] {
            assert_eq!(site.ask(method, path, "").status, 405, "{method} {path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn follows_links_within_the_folders_only() {
    use std::os::unix::fs::symlink;
    let site = Site::start();
    let root = site.folder.path();
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("file.js"), "private").expect("a file");
    for (target, link) in [
        (outside.path().join("file.js"), "www/file.js"),
        (outside.path().to_owned(), "www/outside"),
        (root.join("Cargo.toml"), "www/manifest.js"),
        (root.join("www/.env"), "www/env.js"),
        (root.join("www/app.js"), "www/again.js"),
    ] {
        symlink(target, root.join(link)).expect("a link");
    }
    for path in [
        "/www/file.js",
        "/www/outside/file.js",
        "/www/manifest.js",
        "/www/env.js",
    ] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
    assert_eq!(site.get("/www/again.js").status, 200);
}

#[test]
fn a_name_too_long_for_the_system_is_not_there() {
    let site = Site::start();
    for path in [
        format!("/www/{}", "a".repeat(300)),
        format!("/www/{}", "a/".repeat(3_000)),
        format!("/{}", "a".repeat(10_000)),
    ] {
        assert_eq!(site.get(&path).status, 404);
    }
}

#[test]
fn every_error_is_a_problem() {
    let site = Site::start();
    let range = "Range: bytes=1000-2000\r\n";
    let changed = "If-Match: \"other\"\r\n";
    for (method, path, headers, status) in [
        ("GET", "/nothing", "", 404),
        ("GET", "/www/nothing.js", "", 404),
        ("GET", "/www/.env", "", 404),
        ("GET", "/www/%00", "", 404),
        ("GET", "/api/v1/survey", "", 404),
        ("POST", "/api/v1/answers", "", 404),
        ("POST", "/www/app.js", "", 405),
        ("DELETE", "/healthz", "", 405),
        ("GET", "/models/two-stream.safetensors", range, 416),
        ("GET", "/models/two-stream.safetensors", changed, 412),
    ] {
        let reply = site.ask(method, path, headers);
        assert_eq!(reply.status, status, "{method} {path}");
        let kind = reply.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{method} {path}");
        let problem: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!(problem["status"], status);
    }
    let refused = site.ask("POST", "/healthz", "");
    assert!(
        refused
            .header("allow")
            .is_some_and(|allow| allow.contains("GET"))
    );
}

#[test]
fn answers_for_its_public_host_only() {
    let site = Site::start_with(|config| {
        config.public_url = Some("https://survey.example.org".parse().expect("an address"));
    });
    let ask = |host: &str, path: &str| site.ask_host(host, "GET", path, "");
    let reply = ask("survey.example.org", "/");
    assert_eq!(reply.status, 200);
    let https = reply.header("strict-transport-security");
    assert_eq!(https, Some("max-age=31536000"));
    for host in ["localhost", "evil.example", "survey.example.org:8080"] {
        assert_eq!(ask(host, "/www/app.js").status, 421, "{host}");
        // A load balancer knows the machine by another name.
        assert_eq!(ask(host, "/healthz").status, 200, "{host}");
    }
    let plain = Site::start();
    assert_eq!(plain.get("/").header("strict-transport-security"), None);
}

#[test]
fn answers_a_question_about_a_file_without_its_content() {
    let site = Site::start();
    let reply = site.ask("HEAD", "/models/two-stream.safetensors", "");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(reply.header("content-length"), Some("7"));
    assert_eq!(site.ask("HEAD", "/www/deep", "").status, 404);
    assert_eq!(site.ask("HEAD", "/", "").status, 200);
}

#[test]
fn prefers_the_compressed_copy_that_the_client_takes() {
    let site = Site::start();
    let path = "/pkg/cpu/soundalike_bg.wasm";
    for (takes, coding, body) in [
        (
            "Accept-Encoding: gzip, deflate, br\r\n",
            Some("br"),
            "brotli",
        ),
        ("Accept-Encoding: gzip\r\n", Some("gzip"), "gzip"),
        ("", None, "\0asm"),
    ] {
        let reply = site.ask("GET", path, takes);
        assert_eq!(reply.header("content-encoding"), coding, "{takes}");
        assert_eq!(reply.text(), body);
        assert_eq!(reply.header("content-type"), Some("application/wasm"));
        assert_eq!(
            reply.header("vary").map(str::to_ascii_lowercase).as_deref(),
            Some("accept-encoding")
        );
    }
}

#[test]
fn leaves_out_a_compressed_copy_that_is_older_than_its_file() {
    let site = Site::start();
    let copy = site.folder.path().join("pkg/cpu/soundalike_bg.wasm.br");
    fs::File::options()
        .append(true)
        .open(copy)
        .and_then(|file| file.set_modified(SystemTime::now() - Duration::from_secs(60)))
        .expect("an older copy");
    for method in ["GET", "HEAD"] {
        let reply = site.ask(
            method,
            "/pkg/cpu/soundalike_bg.wasm",
            "Accept-Encoding: br, gzip\r\n",
        );
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{method}");
    }
}

#[test]
fn compresses_the_rest_on_the_way() {
    let site = Site::start();
    for path in ["/", "/www/app.js"] {
        let reply = site.ask("GET", path, "Accept-Encoding: gzip\r\n");
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{path}");
        let plain = site.get(path);
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert!(reply.body.len() < plain.body.len(), "{path}");
    }
}

#[test]
fn answers_304_until_the_file_changes() {
    let site = Site::start();
    for path in ["/", "/www/app.js", "/pkg/cpu/soundalike_bg.wasm"] {
        let first = site.get(path);
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{path}");
        assert!(first.header("last-modified").is_some(), "{path}");
        let tag = first.header("etag").expect("an entity tag").to_owned();
        let again = site.ask("GET", path, &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
    let tag = site.get("/www/app.js").header("etag").map(str::to_owned);
    fs::write(site.folder.path().join("www/app.js"), "changed").expect("a new file");
    let headers = format!("If-None-Match: {}\r\n", tag.expect("an entity tag"));
    let after = site.ask("GET", "/www/app.js", &headers);
    assert_eq!((after.status, after.text()), (200, "changed"));
}

#[test]
fn guards_every_answer_with_the_same_headers() {
    let site = Site::start();
    for path in ["/", "/www/app.js", "/pkg/cpu/soundalike.js", "/nowhere"] {
        let reply = site.get(path);
        let policy = reply.header("content-security-policy").expect("a policy");
        for part in [
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|p| p == part), "{path}: {part}");
        }
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}: {name}");
        }
        let permissions = reply.header("permissions-policy").expect("permissions");
        assert!(permissions.starts_with("microphone=(self), "), "{path}");
    }
}

#[test]
fn says_in_a_sentence_why_it_does_not_start() {
    let folder = small_site();
    let bind = |site: &Path, addr: Option<SocketAddr>| {
        let mut config = config(site);
        config.addr = addr.unwrap_or(config.addr);
        let bound = runtime().block_on(Server::bind(config));
        bound.expect_err("no start").to_string()
    };

    let empty = tempfile::tempdir().expect("a temporary folder");
    assert!(bind(empty.path(), None).contains("has no index.html"));

    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let addr = taken.local_addr().expect("its address");
    let said = bind(folder.path(), Some(addr));
    assert!(
        said.starts_with(&format!("{addr} is already in use")),
        "{said}"
    );

    fs::remove_dir_all(folder.path().join("pkg")).expect("no pkg");
    assert!(bind(folder.path(), None).contains("run `cargo xtask serve`"));
}

#[test]
fn ends_although_a_client_never_does() {
    let site = Site::start();
    let mut lingering = TcpStream::connect(site.addr).expect("the server listens");
    lingering
        .write_all(b"GET /www/app.js HTTP/1.1\r\nHost:")
        .expect("half a request");
    let start = std::time::Instant::now();
    drop(site);
    assert!(start.elapsed() < GRACE + Duration::from_secs(2));
}

#[test]
fn lets_go_of_clients_that_stop_reading_or_say_nothing_more() {
    const SIZE: u64 = 64 << 20;
    let site = Site::start_with(|config| {
        config.connections.head_timeout = Duration::from_millis(200);
        config.connections.idle_timeout = Duration::from_millis(200);
        let site = config.site.as_ref().expect("a site");
        let big = fs::File::create(site.join("www/big.bin")).expect("a file");
        big.set_len(SIZE).expect("a large one");
    });
    let connect = || {
        let stream = TcpStream::connect(site.addr).expect("the server listens");
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).expect("a timeout");
        stream
    };
    // What the server wrote before it gave up is less than the file. Meanwhile it answers others.
    let mut lazy = connect();
    lazy.write_all(b"GET /www/big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("the request is taken");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(site.get("/healthz").status, 200);
    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read @ 1..) = lazy.read(&mut buffer) {
        received += read as u64;
    }
    assert!(received < SIZE, "{received}");

    // Silent from the start, and after an answer.
    for request in ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut stream = connect();
        stream.write_all(request.as_bytes()).expect("taken");
        stream.read_to_end(&mut Vec::new()).expect("an end");
    }
}

#[test]
fn prints_an_address_that_a_browser_can_open() {
    let url = |addr: &str| super::url(addr.parse().expect("an address"));
    assert_eq!(url("127.0.0.1:8080"), "http://127.0.0.1:8080/");
    assert_eq!(url("0.0.0.0:80"), "http://localhost:80/");
    assert_eq!(url("[::1]:80"), "http://[::1]:80/");
}

#[test]
fn a_part_of_a_sound_file_is_served_for_players_that_seek() {
    let site = Site::start();
    let reply = site.ask("GET", "/survey/audio/song-1.mp3", "Range: bytes=2-4\r\n");
    assert_eq!((reply.status, reply.text()), (206, "234"));
    assert_eq!(reply.header("content-range"), Some("bytes 2-4/10"));
}

/// An API of one question, whose answer is a word, and of one route that is open.
fn api(for_others: bool) -> Api {
    use axum::routing::get;
    Api {
        routes: axum::Router::new().route("/api/v1/question", get(async || "answer")),
        open_routes: axum::Router::new().route("/api/v1/description", get(async || "words")),
        token: Token::new("a-token-of-the-tests", "a test").expect("long enough"),
        for_others,
    }
}

const BEARER: &str = "Authorization: Bearer a-token-of-the-tests\r\n";

#[test]
fn an_api_is_for_those_who_bear_its_token_on_this_machine() {
    let site = Site::start_with(|config| config.api = Some(api(false)));
    let ask = |host: &str, headers: &str| site.ask_host(host, "GET", "/api/v1/question", headers);
    let reply = ask("localhost", BEARER);
    assert_eq!((reply.status, reply.text()), (200, "answer"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(site.get("/api/v1/description").status, 200);
    assert_eq!(site.get("/").status, 200);

    let refused = |reply: Reply, status: u16, kind: &str| {
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        let end = format!("problem:{kind}\"");
        assert!(reply.text().contains(&end), "{}", reply.text());
        reply
    };
    let reply = refused(ask("localhost", ""), 401, "no-token");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    let other = "Authorization: Bearer a-token-of-the-tests-\r\n";
    refused(ask("localhost", other), 403, "wrong-token");
    let basic = "Authorization: Basic a-token-of-the-tests\r\n";
    refused(ask("localhost", basic), 401, "no-token");
    refused(ask("music.example.org", BEARER), 421, "other-host");
    for header in [
        "X-Forwarded-For: 127.0.0.1",
        "Forwarded: for=127.0.0.1",
        "Via: 1.1 proxy",
        "X-Real-IP: 127.0.0.1",
    ] {
        let headers = format!("{BEARER}{header}\r\n");
        refused(ask("localhost", &headers), 403, "other-machine");
    }
    // Not even what is open, nor with another method.
    let reply = site.ask_host("music.example.org", "GET", "/api/v1/description", "");
    refused(reply, 421, "other-host");
    refused(
        site.ask("POST", "/api/v1/question", BEARER),
        405,
        "method-not-allowed",
    );
}

#[test]
fn an_api_for_others_asks_for_its_token_all_the_same() {
    let site = Site::start_with(|config| config.api = Some(api(true)));
    let ask =
        |headers: &str| site.ask_host("music.example.org", "GET", "/api/v1/question", headers);
    assert_eq!(ask(BEARER).status, 200);
    assert_eq!(ask("").status, 401);
}

#[test]
fn an_api_is_served_without_a_page() {
    let site = Site::start_with(|config| {
        config.api = Some(api(false));
        config.site = None;
    });
    assert_eq!(site.ask("GET", "/api/v1/question", BEARER).status, 200);
    assert_eq!(site.get("/healthz").text(), "ok\n");
    assert_eq!(site.get("/").status, 404);
    assert_eq!(site.get("/index.html").status, 404);
}
