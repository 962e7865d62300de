//! The survey's collector as a process of its own, on SQLite and on PostgreSQL: what is promised with a
//! 201 is there afterwards, whatever happens to the process, the disk or the database.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "a-token-that-only-the-tests-know";
/// The password of PostgreSQL's user, where it is asked for.
const PASSWORD: &str = "a word of the tests";
const SONGS: usize = 50;
/// Longer than the collector waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

// --- PostgreSQL ---

/// A PostgreSQL of its own in a temporary folder.
struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    /// None, with a printed line, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        Some(Self::start_with(programs_of_postgres()?, &|_| {
            String::new()
        }))
    }

    /// `prepare` is given the folder of the data and returns more options of the server.
    fn start_with(programs: PathBuf, prepare: &dyn Fn(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let postgres = Self {
            folder,
            programs,
            port,
        };
        if is_root() {
            run(Command::new("chown")
                .arg("postgres")
                .arg(postgres.folder.path()));
        }
        let data = postgres.data();
        let mut init = postgres.program("initdb");
        let password = postgres.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        run(init
            .args(["--auth=trust", "--username=survey", "--no-sync"])
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(&data));
        let more = prepare(&data);
        postgres.up(&more);
        postgres
    }

    /// One that takes encrypted connections only, and asks for the password.
    fn with_tls() -> Option<Self> {
        let programs = programs_of_postgres()?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let prepare = |data: &Path| {
            let key = data.join("server.key");
            let files = [
                (data.join("server.crt"), made.cert.pem()),
                (key.clone(), made.signing_key.serialize_pem()),
                (
                    data.join("pg_hba.conf"),
                    "hostssl all all 127.0.0.1/32 scram-sha-256\n\
                     hostssl all all ::1/128 scram-sha-256\n"
                        .to_owned(),
                ),
            ];
            for (path, text) in files {
                fs::write(&path, text).unwrap();
                if is_root() {
                    run(Command::new("chown").arg("postgres").arg(&path));
                }
            }
            run(Command::new("chmod").arg("600").arg(&key));
            "-c ssl=on".to_owned()
        };
        Some(Self::start_with(programs, &prepare))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs, as a user that PostgreSQL accepts.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }

    fn up(&self, more: &str) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 {more}",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log");
        let mut start = self.program("pg_ctl");
        run(start
            .args(["-w", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(log)
            .args(["-o", &options, "start"]));
    }

    fn down(&self) {
        let mut stop = self.program("pg_ctl");
        run(stop
            .args(["-w", "-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop"));
    }

    fn url(&self) -> String {
        format!("postgres://survey@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["-m", "immediate", "-D"])
            .arg(self.data())
            .arg("stop");
        // It may be down already.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn programs_of_postgres() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = debian
        .chain(on_path)
        .find(|folder| folder.join("initdb").is_file());
    if found.is_none() {
        println!("skipped: PostgreSQL is not installed (`cargo xtask test` installs it)");
    }
    found
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // pg_ctl's child would keep a pipe open, so its errors go to its log.
    let status = output.stderr(Stdio::null()).status();
    assert!(
        status.as_ref().is_ok_and(|s| s.success()),
        "{command:?}: {status:?}"
    );
}

// --- the collector ---

/// A site with a survey, and a place for the answers.
struct Place {
    folder: TempDir,
    postgres: Option<Postgres>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("site/index.html", "<!doctype html>");
        put("site/pkg/cpu/soundalike.js", "");
        put("site/survey/config.json", &survey().to_string());
        Self {
            folder,
            postgres: None,
        }
    }

    fn postgres() -> Option<Self> {
        let postgres = Some(Postgres::start()?);
        Some(Self {
            postgres,
            ..Self::sqlite()
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-server"));
        command.args(["--addr", "127.0.0.1:0", "--site"]);
        command.arg(self.folder.path().join("site"));
        match &self.postgres {
            Some(postgres) => command.args(["--database", &postgres.url()]),
            None => command.arg("--data").arg(self.data()),
        };
        command.args(more).env("SOUNDALIKE_EXPORT_TOKEN", TOKEN);
        command.stderr(Stdio::null());
        command
    }

    fn start(&self) -> Collector {
        Collector::start(self.command(&["--rate-limit", "0"]))
    }
}

struct Collector {
    child: Child,
    addr: SocketAddr,
    _stdout: BufReader<ChildStdout>,
}

impl Collector {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line
            .split_once("http://127.0.0.1:")
            .and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        let port: u16 = port.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            child,
            addr: SocketAddr::from(([127, 0, 0, 1], port)),
            _stdout: stdout,
        }
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn post(&self, answer: &Value, secret: &str) -> Reply {
        post(self.addr, &answer.to_string(), secret).expect("a reply")
    }

    fn ask(&self, method: &str, path: &str, bearer: &str) -> Reply {
        let authorization = match bearer {
            "" => String::new(),
            bearer => format!("Authorization: Bearer {bearer}\r\n"),
        };
        ask(self.addr, method, path, &authorization, b"").expect("a reply")
    }

    fn own(&self, method: &str, answer: &Value, secret: &str) -> Reply {
        let code = answer["participant"].as_str().unwrap();
        self.ask(method, &format!("/api/v1/answers/{code}"), secret)
    }

    /// The answers of an export, by participant, each there once.
    fn exported(&self) -> BTreeMap<String, Value> {
        let reply = self.ask("GET", "/api/v1/export", TOKEN);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let mut answers = BTreeMap::new();
        for line in reply.text().lines() {
            let answer: Value = serde_json::from_str(line).unwrap();
            let participant = answer["participant"].as_str().unwrap().to_owned();
            let before = answers.insert(participant, answer);
            assert!(before.is_none(), "an answer is there twice: {line}");
        }
        answers
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
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

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A problem of this status whose detail says this.
    #[track_caller]
    fn is_problem(&self, status: u16, says: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{detail}");
    }
}

/// One request on a connection of its own; an error if the collector goes away meanwhile.
fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Length: {length}\r\n{headers}\r\n"
    )?;
    // A collector that refuses a large body may not read all of it.
    let written = stream.write_all(body);
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        written?;
        read?;
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut body = bytes[end + 4..].to_vec();
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    if chunked {
        body = unchunked(&body).ok_or(std::io::ErrorKind::UnexpectedEof)?;
    }
    Ok(Reply {
        status: status.ok_or(std::io::ErrorKind::InvalidData)?,
        head,
        body,
    })
}

/// A body that came in chunks; none if the last one is missing.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

fn post(addr: SocketAddr, body: &str, secret: &str) -> std::io::Result<Reply> {
    let headers = format!("Content-Type: application/json\r\nAuthorization: Bearer {secret}\r\n");
    ask(addr, "POST", "/api/v1/answers", &headers, body.as_bytes())
}

// --- the survey ---

fn song(number: usize) -> String {
    format!("set/{number:02}.ogg")
}

fn survey() -> Value {
    let songs: Vec<Value> = (0..SONGS)
        .map(|n| json!({ "id": song(n), "title": format!("Song {n}"), "artist": "", "genre": "" }))
        .collect();
    json!({
        "id": "tests",
        "title": { "en": "Tests" },
        "purpose": { "en": "To test." },
        "contact": "tests@example.org",
        "controller": "The tests",
        "consent_version": 1,
        "retention_days": 30,
        "languages": ["en"],
        "model": { "sha256": "ab".repeat(32), "embedding": 4, "genres": 2, "tags": 0 },
        "songs": songs,
    })
}

/// The participant's code of a number, by hand: five bits a digit.
fn code(number: usize) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digits: String = (0..16)
        .rev()
        .map(|place| char::from(DIGITS[number.checked_shr(5 * place).unwrap_or(0) & 31]))
        .collect();
    [&digits[..4], &digits[4..8], &digits[8..12], &digits[12..]].join("-")
}

fn secret(number: usize) -> String {
    format!("{number:032x}")
}

fn answer(number: usize) -> Value {
    let labels: Vec<Value> = (0..SONGS)
        .map(|n| {
            let opinion = ["like", "dislike", "unknown"][(n + number) % 3];
            json!({ "song": song(n), "opinion": opinion })
        })
        .collect();
    json!({
        "version": 1,
        "survey": "tests",
        "participant": code(number),
        "consent": { "version": 1, "at": "2026-01-31T12:00:00Z" },
        "model_sha256": "ab".repeat(32),
        "favourite": { "song": { "id": song(1) } },
        "labels": labels,
        "favourites": [song(0), song(1), song(2)],
        "comment": format!("comment {number}"),
    })
}

// --- what is promised ---

fn keeps_its_contract(place: &Place) {
    let collector = place.start();
    let first = answer(1);
    assert_eq!(collector.post(&first, &secret(1)).status, 201);
    assert_eq!(collector.post(&first, &secret(1)).status, 200);
    collector.post(&first, &secret(2)).is_problem(403, "secret");
    let mut changed = first.clone();
    changed["comment"] = json!("<script>alert(1)</script> =1+1");
    assert_eq!(collector.post(&changed, &secret(1)).status, 200);

    let own = collector.own("GET", &first, &secret(1));
    assert_eq!(own.status, 200);
    assert_eq!(own.header("content-type"), Some("application/json"));
    assert_eq!(own.header("x-content-type-options"), Some("nosniff"));
    let shown: Value = serde_json::from_slice(&own.body).unwrap();
    assert_eq!(shown["comment"], changed["comment"]);
    collector
        .own("GET", &first, &secret(2))
        .is_problem(403, "secret");
    collector.own("GET", &first, "").is_problem(401, "secret");
    collector
        .own("GET", &answer(9), &secret(9))
        .is_problem(404, "no answer");
    let bad = "/api/v1/answers/me";
    collector
        .ask("GET", bad, &secret(1))
        .is_problem(404, "code");

    let survey: Value =
        serde_json::from_slice(&collector.ask("GET", "/api/v1/survey", "").body).unwrap();
    assert_eq!(survey["songs"].as_array().map(Vec::len), Some(SONGS));
    assert_eq!(collector.ask("GET", "/survey/config.json", "").status, 200);
    collector
        .ask("GET", "/api/v1/nothing", "")
        .is_problem(404, "nothing at this path");
    collector
        .ask("PUT", "/api/v1/answers", "")
        .is_problem(405, "not allowed");

    assert_eq!(collector.post(&answer(2), &secret(2)).status, 201);
    collector
        .ask("GET", "/api/v1/export", "")
        .is_problem(401, "token");
    collector
        .ask("GET", "/api/v1/export", "wrong")
        .is_problem(403, "token");
    collector
        .ask("GET", "/api/v1/export?format=xml", TOKEN)
        .is_problem(400, "jsonl");
    let exported = collector.exported();
    assert_eq!(
        exported.keys().cloned().collect::<Vec<_>>(),
        [code(1), code(2)].map(|c| c.clone())
    );
    assert_eq!(exported[&code(1)]["comment"], changed["comment"]);
    let table = collector.ask("GET", "/api/v1/export?format=csv", TOKEN);
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let mut rows = csv::Reader::from_reader(table.body.as_slice());
    assert_eq!(rows.headers().unwrap().len(), 5 + SONGS + 5);
    assert_eq!(rows.records().map(Result::unwrap).count(), 2);

    // Withdrawn, it is gone, and no late copy brings it back.
    collector
        .own("DELETE", &first, &secret(2))
        .is_problem(403, "secret");
    assert_eq!(collector.own("DELETE", &first, &secret(1)).status, 204);
    collector
        .own("DELETE", &first, &secret(1))
        .is_problem(410, "withdrawn");
    collector
        .own("GET", &first, &secret(1))
        .is_problem(410, "withdrawn");
    collector
        .post(&first, &secret(1))
        .is_problem(410, "withdrawn");
    assert_eq!(
        collector.exported().into_keys().collect::<Vec<_>>(),
        [code(2)]
    );

    // A withdrawal may overtake its answer.
    let late = answer(3);
    assert_eq!(collector.own("DELETE", &late, &secret(3)).status, 204);
    collector
        .post(&late, &secret(3))
        .is_problem(410, "withdrawn");
    collector.post(&late, &secret(4)).is_problem(403, "secret");
    collector
        .own("DELETE", &late, &secret(3))
        .is_problem(410, "withdrawn");

    assert_eq!(collector.ask("GET", "/healthz", "").text(), "ok\n");
    assert_eq!(collector.ask("GET", "/readyz", "").text(), "ready\n");
    let metrics = collector.ask("GET", "/metrics", "").text();
    assert!(metrics.contains("outcome=\"withdrawn\""), "{metrics}");
    assert!(
        !metrics.contains(&code(1)) && !metrics.contains("127.0.0.1"),
        "{metrics}"
    );
}

fn refuses_what_does_not_fit(place: &Place) {
    let collector = place.start();
    let refused = |change: &dyn Fn(&mut Value), status: u16, says: &str| {
        let mut wrong = answer(1);
        change(&mut wrong);
        collector.post(&wrong, &secret(1)).is_problem(status, says);
    };
    refused(&|a| a["version"] = json!(9), 400, "version 9");
    refused(&|a| a["address"] = json!("somewhere"), 400, "address");
    refused(
        &|a| {
            let more = json!({ "song": song(99), "opinion": "like" });
            a["labels"].as_array_mut().unwrap().push(more);
        },
        422,
        "51 labels",
    );
    refused(
        &|a| a["labels"][7]["song"] = json!("other.ogg"),
        422,
        "other.ogg",
    );
    refused(&|a| a["simulated"] = json!(true), 422, "made it up");
    refused(&|a| a["favourites"][1] = json!(song(0)), 422, "twice");
    refused(&|a| a["consent"]["version"] = json!(2), 422, "version 2");
    refused(
        &|a| a["comment"] = json!("x".repeat(300 * 1024)),
        413,
        "256 KiB",
    );

    let send = |headers: &str, body: &[u8]| {
        let reply = ask(collector.addr, "POST", "/api/v1/answers", headers, body);
        reply.expect("a reply")
    };
    let bearer = format!("Authorization: Bearer {}\r\n", secret(1));
    let json = format!("Content-Type: application/json\r\n{bearer}");
    send(&json, b"{\"version\": 1, \"comment\": \"\xff\"}").is_problem(400, "UTF-8");
    send(&json, b"{").is_problem(400, "schema");
    send(&bearer, b"{}").is_problem(415, "application/json");
    send("Content-Type: application/json\r\n", b"{}").is_problem(401, "secret");
    let short = "Content-Type: application/json\r\nAuthorization: Bearer 12ab\r\n";
    send(short, b"{}").is_problem(401, "secret");
    assert!(
        collector.exported().is_empty(),
        "something refused was stored"
    );
}

/// Participants who send at once: each secret's first is stored, others are told.
fn decides_races(place: &Place) {
    let collector = place.start();
    let statuses = |secret_of: &(dyn Fn(usize) -> String + Sync), number: usize| -> Vec<u16> {
        let answer = answer(number);
        let (answer, collector) = (&answer, &collector);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..20)
                .map(|n| scope.spawn(move || collector.post(answer, &secret_of(n)).status))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        statuses
    };
    let mut same = vec![200; 19];
    same.push(201);
    assert_eq!(statuses(&|_| secret(1), 1), same);
    let mut other = vec![201];
    other.extend([403; 19]);
    assert_eq!(statuses(&secret, 2), other);
    assert_eq!(collector.exported().len(), 2);
}

/// Two thousand answers from many participants at once while a collector is killed and comes back.
fn keeps_every_201_over_a_kill(place: &Place, collectors: usize) {
    const ANSWERS: usize = 2_000;
    const KILL_AFTER: usize = 700;
    let running: Vec<Mutex<Collector>> =
        (0..collectors).map(|_| Mutex::new(place.start())).collect();
    let addrs: Vec<Mutex<SocketAddr>> = running
        .iter()
        .map(|c| Mutex::new(c.lock().unwrap().addr))
        .collect();
    let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let created = Mutex::new(BTreeSet::new());
    let again = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= ANSWERS {
                        return;
                    }
                    let body = answer(number).to_string();
                    // As the page does it: until it is told that the answer is there.
                    let mut tries = 0;
                    loop {
                        let addr = *addrs[(number + tries) % collectors].lock().unwrap();
                        tries += 1;
                        match post(addr, &body, &secret(number)).map(|reply| reply.status) {
                            Ok(201) => {
                                created.lock().unwrap().insert(code(number));
                                break;
                            }
                            Ok(200) => {
                                again.fetch_add(1, Ordering::SeqCst);
                                break;
                            }
                            _ => std::thread::sleep(Duration::from_millis(50)),
                        }
                        assert!(tries < 1_000, "answer {number} is never taken");
                    }
                    accepted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| {
            while accepted.load(Ordering::SeqCst) < KILL_AFTER {
                std::thread::sleep(Duration::from_millis(1));
            }
            let mut collector = running[0].lock().unwrap();
            collector.kill();
            *collector = place.start();
            *addrs[0].lock().unwrap() = collector.addr;
        });
    });
    let exported = running[0].lock().unwrap().exported();
    let created = created.into_inner().unwrap();
    let again = again.into_inner();
    println!(
        "{} answers got their 201, {again} a 200 after a lost reply; {} are there",
        created.len(),
        exported.len()
    );
    // Who got a 200 had been stored by a request whose reply was lost.
    assert_eq!(created.len() + again, ANSWERS);
    assert_eq!(exported.len(), ANSWERS);
    for number in 0..ANSWERS {
        assert_eq!(
            exported[&code(number)]["comment"],
            answer(number)["comment"]
        );
    }
}

#[test]
fn sqlite_keeps_its_contract() {
    let place = Place::sqlite();
    keeps_its_contract(&place);
    // What was withdrawn is in none of the files either.
    let mut files = 0;
    for entry in fs::read_dir(place.data()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(8).any(|w| w == b"alert(1)") || contains(&bytes, &code(1));
        assert!(!found, "{} still holds it", path.display());
        files += 1;
    }
    assert!(files > 0);
}

/// `soundalike-server survey …` on the answers of a place: its output, or its error.
fn administer(place: &Place, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-server"));
    command.arg("survey").args(arguments);
    match &place.postgres {
        Some(postgres) => command.args(["--database", &postgres.url()]),
        None => command.arg("--data").arg(place.data()),
    };
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

fn change_survey(place: &Place, change: impl FnOnce(&mut Value)) {
    let mut survey = survey();
    change(&mut survey);
    let file = place.folder.path().join("site/survey/config.json");
    fs::write(file, survey.to_string()).unwrap();
}

/// An invitation lets one participant answer, once and for all later changes of the answer.
fn invites(place: &Place) {
    change_survey(place, |survey| survey["invited_only"] = json!(true));
    let collector = place.start();
    let post = |number: usize, invitation: &str| {
        let headers = format!(
            "Content-Type: application/json\r\nAuthorization: Bearer {}\r\n\
            Soundalike-Invitation: {invitation}\r\n",
            secret(number)
        );
        let body = answer(number).to_string();
        let path = "/api/v1/answers";
        ask(collector.addr, "POST", path, &headers, body.as_bytes()).expect("a reply")
    };
    collector
        .post(&answer(1), &secret(1))
        .is_problem(403, "invitation");
    let url = "https://survey.example.org";
    let links = administer(place, &["invite", "-n", "3", "--public-url", url]).unwrap();
    let codes: Vec<&str> = links
        .lines()
        .map(|line| {
            line.strip_prefix("https://survey.example.org/#invitation=")
                .expect("a link")
        })
        .collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 3);

    post(1, "0000-0000-0000-0000").is_problem(403, "invitation");
    assert_eq!(post(1, codes[0]).status, 201);
    // A repeat whose first reply was lost, and a change from another link.
    assert_eq!(post(1, codes[0]).status, 200);
    assert_eq!(post(1, codes[1]).status, 200);
    assert_eq!(collector.post(&answer(1), &secret(1)).status, 200);
    post(2, codes[0]).is_problem(403, "invitation");
    // The second was not used up by somebody who did not need it.
    assert_eq!(post(2, codes[1]).status, 201);

    // Two who use one at the same moment.
    let statuses: BTreeSet<u16> = std::thread::scope(|scope| {
        let (post, last) = (&post, codes[2]);
        let threads = [3, 4].map(|number| scope.spawn(move || post(number, last).status));
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(statuses, BTreeSet::from([201, 403]));
    assert_eq!(collector.exported().len(), 3);
}

/// A survey takes as many answers as it asks for; who is among them may still change theirs.
fn stops_at_its_cap(place: &Place) {
    change_survey(place, |survey| survey["answers_most"] = json!(2));
    let collector = place.start();
    for number in [1, 2] {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    collector
        .post(&answer(3), &secret(3))
        .is_problem(403, "all the answers");
    assert_eq!(collector.post(&answer(2), &secret(2)).status, 200);
    assert_eq!(collector.own("DELETE", &answer(1), &secret(1)).status, 204);
    assert_eq!(collector.post(&answer(3), &secret(3)).status, 201);
}

#[test]
fn sqlite_lets_invited_participants_answer_once() {
    invites(&Place::sqlite());
    stops_at_its_cap(&Place::sqlite());
}

#[test]
fn postgresql_lets_invited_participants_answer_once() {
    if let Some(place) = Place::postgres() {
        invites(&place);
    }
    if let Some(place) = Place::postgres() {
        stops_at_its_cap(&place);
    }
}

#[test]
fn a_doubted_clock_deletes_nothing_until_somebody_says_that_it_is_right() {
    use sqlx::{ConnectOptions, Connection};
    let place = Place::sqlite();
    let mut collector = place.start();
    for number in 0..3 {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    collector.kill();
    // As if the collector had been off for 500 days, or its clock were so far ahead.
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(place.data().join("answers.sqlite"));
    runtime().block_on(async {
        let mut connection = options.connect().await.unwrap();
        for statement in [
            "UPDATE answers SET received_day = received_day - 500",
            "UPDATE collector_state SET value = value - 500",
        ] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
    let log = place.folder.path().join("log");
    let mut command = place.command(&["--rate-limit", "0"]);
    command.stderr(fs::File::create(&log).unwrap());
    let mut collector = Collector::start(command);
    let told = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        contains(&fs::read(&log).unwrap(), "500 days after")
    });
    assert!(told, "{}", fs::read_to_string(&log).unwrap());
    assert_eq!(collector.exported().len(), 3);
    collector.kill();

    administer(&place, &["trust-clock"]).unwrap();
    let collector = place.start();
    let deleted = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        collector.exported().is_empty()
    });
    assert!(deleted);
}

#[test]
fn a_backup_is_private_and_whole_and_can_be_restored() {
    let place = Place::sqlite();
    let collector = place.start();
    for number in 0..20 {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    assert_eq!(collector.own("DELETE", &answer(7), &secret(7)).status, 204);
    let before = collector.exported();
    let copy = place.folder.path().join("copy.sqlite");
    let name = copy.to_str().unwrap();
    // While the collector runs.
    let said = administer(&place, &["backup", name]).unwrap();
    assert!(said.contains("19 answers"), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert!(!contains(&fs::read(&copy).unwrap(), &code(7)));
    let again = administer(&place, &["backup", name]).unwrap_err();
    assert!(again.contains("exists"), "{again}");
    let occupied = administer(&place, &["restore", name]).unwrap_err();
    assert!(occupied.contains("already"), "{occupied}");

    let other = Place::sqlite();
    let nothing = administer(&other, &["backup", name]).unwrap_err();
    assert!(nothing.contains("no answers in this folder"), "{nothing}");
    let damaged = place.folder.path().join("damaged.sqlite");
    let mut bytes = fs::read(&copy).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&damaged, bytes).unwrap();
    let refused = administer(&other, &["restore", damaged.to_str().unwrap()]).unwrap_err();
    assert!(refused.contains("not a backup"), "{refused}");
    assert!(!other.data().exists());

    let said = administer(&other, &["restore", name]).unwrap();
    assert!(said.contains("19 answers"), "{said}");
    let restored = other.start();
    assert_eq!(restored.exported(), before);
    assert_eq!(restored.own("GET", &answer(3), &secret(3)).status, 200);
    restored
        .post(&answer(7), &secret(7))
        .is_problem(410, "withdrawn");
    assert_eq!(restored.post(&answer(50), &secret(50)).status, 201);
}

/// Waits until none of SQLite's files holds a text.
#[track_caller]
fn is_gone(place: &Place, text: &str) {
    let holding = || {
        let files = fs::read_dir(place.data()).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        files
            .filter(|file| contains(&fs::read(file).unwrap(), text))
            .collect::<Vec<_>>()
    };
    for _ in 0..400 {
        if holding().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?} hold it still", holding());
}

/// Somebody who reads SQLite's file, until this is dropped.
fn reader(place: &Place, runtime: &tokio::runtime::Runtime) -> sqlx::SqliteConnection {
    use sqlx::ConnectOptions;
    let file = place.data().join("answers.sqlite");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = options.connect().await.unwrap();
        for statement in ["BEGIN", "SELECT COUNT(*) FROM answers"] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection
    })
}

#[test]
fn what_is_withdrawn_or_replaced_while_somebody_reads_is_gone_afterwards() {
    let place = Place::sqlite();
    let mut collector = place.start();
    let runtime = runtime();
    let commented = |number: usize, comment: &str| {
        let mut answer = answer(number);
        answer["comment"] = json!(comment);
        answer
    };
    let withdrawn = commented(1, "a comment to withdraw");
    assert_eq!(collector.post(&withdrawn, &secret(1)).status, 201);
    let replaced = commented(2, "a comment to replace");
    assert_eq!(collector.post(&replaced, &secret(2)).status, 201);

    // Without a reader, a replaced answer is gone at once.
    let first = commented(2, "a second comment to replace");
    assert_eq!(collector.post(&first, &secret(2)).status, 200);
    is_gone(&place, "a comment to replace");

    let reading = reader(&place, &runtime);
    let second = commented(2, "a comment to stay");
    assert_eq!(collector.post(&second, &secret(2)).status, 200);
    assert_eq!(collector.own("DELETE", &withdrawn, &secret(1)).status, 204);
    // Neither a restart beside the reader …
    collector.kill();
    let mut collector = place.start();
    drop(reading);
    // … nor the reader's end overwrites it, but the next answer does.
    assert_eq!(collector.post(&answer(3), &secret(3)).status, 201);
    is_gone(&place, "a comment to withdraw");
    is_gone(&place, "a second comment to replace");

    // And so does a start.
    let reading = reader(&place, &runtime);
    let third = commented(2, "the last comment");
    assert_eq!(collector.post(&third, &secret(2)).status, 200);
    collector.kill();
    drop(reading);
    let collector = place.start();
    is_gone(&place, "a comment to stay");
    assert_eq!(collector.exported().len(), 2);
}

#[cfg(unix)]
#[test]
fn only_their_owner_may_read_the_answers() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let are_private = || {
        assert_eq!(mode(&place.data()), 0o700);
        let files: Vec<PathBuf> = fs::read_dir(place.data())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        // The answers, two more of SQLite's files, and the token.
        assert_eq!(files.len(), 4, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    };
    let start = || {
        let mut command = place.command(&[]);
        command.env_remove("SOUNDALIKE_EXPORT_TOKEN");
        let collector = Collector::start(command);
        collector.post(&answer(1), &secret(1));
        collector
    };
    let mut collector = start();
    are_private();
    // As earlier versions left them.
    collector.kill();
    for file in ["answers.sqlite", "answers.sqlite-wal", "export-token", ""] {
        let path = place.data().join(file);
        let wide = if file.is_empty() { 0o755 } else { 0o644 };
        if path.exists() {
            fs::set_permissions(path, fs::Permissions::from_mode(wide)).unwrap();
        }
    }
    let _collector = start();
    are_private();
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn postgresql_keeps_its_contract() {
    if let Some(place) = Place::postgres() {
        keeps_its_contract(&place);
    }
}

/// Where answers are stored, as the command line of a report says it.
#[derive(clap::Parser)]
struct Stored {
    #[command(flatten)]
    place: soundalike_server::DatabaseArguments,
}

/// A listening study is answered and exported, and read beside the collector.
fn keeps_ratings(place: &Place) {
    let (config, answer) = soundalike_survey::examples::listening_study_of(2, 3);
    let site = place.folder.path().join("site");
    let text = serde_json::to_string(&config).unwrap();
    fs::write(site.join("survey/config.json"), text).unwrap();
    let collector = place.start();
    let ratings = serde_json::to_value(&answer).unwrap();
    assert_eq!(collector.post(&ratings, &secret(1)).status, 201);
    let mut changed = ratings.clone();
    changed["ratings"][0]["rating"] = json!(1);
    assert_eq!(collector.post(&changed, &secret(1)).status, 200);
    let mut wrong = changed.clone();
    wrong["ratings"][0]["rating"] = json!(6);
    let reply = collector.post(&wrong, &secret(1));
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("1 to 5"), "{}", reply.text());
    // An answer about tastes, and one that is withdrawn.
    assert_eq!(collector.post(&self::answer(2), &secret(2)).status, 422);
    let mut other = changed.clone();
    other["participant"] = json!(code(3));
    assert_eq!(collector.post(&other, &secret(3)).status, 201);
    assert_eq!(collector.own("DELETE", &other, &secret(3)).status, 204);

    let exported = collector.exported();
    assert_eq!(exported.values().collect::<Vec<_>>(), [&changed]);
    let table = collector
        .ask("GET", "/api/v1/export?format=csv", TOKEN)
        .text();
    assert_eq!(table.lines().count(), 2);
    assert!(table.contains("\"0/seed.ogg > 0/both.ogg\""), "{table}");
    let data = place.data();
    let arguments = match &place.postgres {
        Some(postgres) => ["report".to_owned(), "--database".to_owned(), postgres.url()],
        None => [
            "report".to_owned(),
            "--data".to_owned(),
            data.display().to_string(),
        ],
    };
    let Stored { place } = clap::Parser::parse_from(arguments);
    let stored = place.read_answers().unwrap();
    assert_eq!((stored.answers.len(), stored.withdrawn), (1, 1));
    let (_, text) = &stored.answers[0];
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), changed);
}

#[test]
fn sqlite_keeps_the_ratings_of_a_listening_study() {
    keeps_ratings(&Place::sqlite());
}

#[test]
fn postgresql_keeps_the_ratings_of_a_listening_study() {
    if let Some(place) = Place::postgres() {
        keeps_ratings(&place);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_problem_and_nothing_is_stored() {
    refuses_what_does_not_fit(&Place::sqlite());
}

#[test]
fn sqlite_decides_races() {
    decides_races(&Place::sqlite());
}

#[test]
fn postgresql_decides_races() {
    if let Some(place) = Place::postgres() {
        decides_races(&place);
    }
}

#[test]
fn sqlite_keeps_every_201_over_a_kill() {
    keeps_every_201_over_a_kill(&Place::sqlite(), 1);
}

#[test]
fn postgresql_with_two_collectors_keeps_every_201_over_a_kill() {
    if let Some(place) = Place::postgres() {
        keeps_every_201_over_a_kill(&place, 2);
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_stored_stays() {
    let place = Place::sqlite();
    // The system lets no file of the collector's grow beyond 400 KiB (in blocks of 512 bytes).
    let plain = place.command(&["--rate-limit", "0"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$@\"", "sh"])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("SOUNDALIKE_EXPORT_TOKEN", TOKEN)
        .stderr(Stdio::null());
    let mut stored = BTreeSet::new();
    {
        let collector = Collector::start(limited);
        let full = (0..1_000).find_map(|number| {
            let reply = collector.post(&answer(number), &secret(number));
            if reply.status == 201 {
                stored.insert(code(number));
                return None;
            }
            Some(reply)
        });
        let full = full.expect("the disk is full at some time");
        full.is_problem(503, "Nothing was stored");
        assert!(full.header("retry-after").is_some());
        assert!(!stored.is_empty());
        // It still answers.
        assert_eq!(collector.own("GET", &answer(0), &secret(0)).status, 200);
        assert_eq!(collector.ask("GET", "/healthz", "").status, 200);
    }
    let exported: BTreeSet<String> = place.start().exported().into_keys().collect();
    assert_eq!(exported, stored);
}

#[test]
fn a_read_only_disk_is_told_and_nothing_is_lost() {
    let place = Place::sqlite();
    fs::create_dir_all(place.data()).unwrap();
    let Some(_mounted) = Mounted::on(&place.data()) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let mut collector = place.start();
    assert_eq!(collector.post(&answer(1), &secret(1)).status, 201);
    collector.kill();
    remount(&place.data(), "ro");
    let mut collector = place.start();
    let reply = collector.post(&answer(2), &secret(2));
    reply.is_problem(503, "database is read-only");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(collector.own("GET", &answer(1), &secret(1)).status, 200);
    collector.kill();
    remount(&place.data(), "rw");
    let collector = place.start();
    assert_eq!(collector.post(&answer(2), &secret(2)).status, 201);
    assert_eq!(collector.exported().len(), 2);
}

#[test]
fn a_collector_whose_disk_is_full_is_not_ready() {
    let place = Place::sqlite();
    fs::create_dir_all(place.data()).unwrap();
    let Some(_mounted) = Mounted::on(&place.data()) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let collector = place.start();
    assert_eq!(collector.ask("GET", "/readyz", "").status, 200);
    let filler = place.data().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    collector
        .ask("GET", "/readyz", "")
        .is_problem(503, "disk is full");
    let mut refused = (0..100).map(|number| collector.post(&answer(number), &secret(number)));
    let refused = refused.find(|reply| reply.status != 201).expect("no room");
    refused.is_problem(503, "disk is full");
    assert_eq!(collector.ask("GET", "/healthz", "").status, 200);
    drop(file);
    fs::remove_file(filler).unwrap();
    assert_eq!(collector.post(&answer(200), &secret(200)).status, 201);
    assert_eq!(collector.ask("GET", "/readyz", "").status, 200);
}

/// A small file system in memory.
struct Mounted(PathBuf);

impl Mounted {
    fn on(folder: &Path) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        mount.ok()?.success().then(|| Self(folder.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: the collector may still hold its files.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn remount(folder: &Path, how: &str) {
    let mut remount = Command::new("mount");
    remount.arg("-o").arg(format!("remount,{how}")).arg(folder);
    run(&mut remount);
}

#[test]
fn a_read_only_postgresql_is_told_until_it_is_writable_again() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let postgres = place.postgres.as_ref().unwrap();
    let collector = place.start();
    assert_eq!(collector.post(&answer(1), &secret(1)).status, 201);
    postgres.down();
    postgres.up("-c default_transaction_read_only=on");
    let reply = collector.post(&answer(2), &secret(2));
    reply.is_problem(503, "later");
    assert_eq!(collector.own("GET", &answer(1), &secret(1)).status, 200);
    postgres.down();
    postgres.up("");
    assert_eq!(collector.post(&answer(2), &secret(2)).status, 201);
    assert_eq!(collector.exported().len(), 2);
}

#[test]
fn postgresql_may_go_away_and_come_back() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let postgres = place.postgres.as_ref().unwrap();
    let collector = place.start();
    assert_eq!(collector.post(&answer(1), &secret(1)).status, 201);
    postgres.down();
    // The collector waits for it a while, twice: ten seconds.
    for _ in 0..2 {
        let reply = collector.post(&answer(2), &secret(2));
        reply.is_problem(503, "later");
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(collector.ask("GET", "/healthz", "").status, 200);
    assert_eq!(collector.ask("GET", "/readyz", "").status, 503);
    postgres.up("");
    assert_eq!(collector.post(&answer(2), &secret(2)).status, 201);
    assert_eq!(collector.exported().len(), 2);
}

#[test]
fn an_address_that_asks_too_often_is_told_to_wait() {
    let place = Place::sqlite();
    let collector = Collector::start(place.command(&["--rate-limit", "3"]));
    for number in 0..3 {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    let reply = collector.post(&answer(3), &secret(3));
    reply.is_problem(429, "wait");
    assert!(reply.header("retry-after").is_some());
    // The page itself is not counted.
    assert_eq!(collector.ask("GET", "/", "").status, 200);
}

#[test]
fn the_rate_limit_covers_every_path() {
    let place = Place::sqlite();
    let paths = [
        ("GET", "/api/v1/survey", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("BREW", "/api/v1/answers", 405),
    ];
    for (method, path, status) in paths {
        let collector = Collector::start(place.command(&["--rate-limit", "2"]));
        for _ in 0..2 {
            assert_eq!(collector.ask(method, path, "").status, status, "{path}");
        }
        collector.ask(method, path, "").is_problem(429, "wait");
        collector.ask("GET", "/metrics", "").is_problem(429, "wait");
    }
}

#[test]
fn made_up_methods_and_paths_leave_no_trace() {
    let place = Place::sqlite();
    let log = place.folder.path().join("log");
    let mut command = place.command(&["--rate-limit", "0"]);
    command.stderr(fs::File::create(&log).unwrap());
    let collector = Collector::start(command);
    let made_up = |n: usize| format!("MADEUP{n}{}", "X".repeat(20_000));
    for number in 0..200 {
        let reply = collector.ask(&made_up(number), "/api/v1/answers", "");
        assert_eq!(reply.status, 405);
        let path = format!("/api/v1/answers/{}", made_up(number));
        assert_eq!(collector.ask("GET", &path, "").status, 401);
    }
    // Beyond any use: it is not even read to its end.
    let huge = ask(
        collector.addr,
        &"X".repeat(390_000),
        "/api/v1/answers",
        "",
        b"",
    );
    assert!(huge.is_err() || huge.is_ok_and(|reply| reply.status >= 400));

    let metrics = collector.ask("GET", "/metrics", "").text();
    assert!(metrics.contains("method=\"other\""), "{metrics}");
    assert!(!metrics.contains("MADEUP") && metrics.len() < 20_000);
    let log = fs::read(&log).unwrap();
    assert!(!contains(&log, "MADEUP") && log.len() < 200_000);
}

/// Connections that say nothing, each from one of these addresses in turn.
async fn silent_connections(
    to: SocketAddr,
    count: usize,
    addresses: u8,
) -> Vec<tokio::net::TcpStream> {
    let mut silent = Vec::new();
    for number in 0..count {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        let last = 2 + u8::try_from(number % usize::from(addresses)).unwrap();
        socket
            .bind(SocketAddr::from(([127, 0, 0, last], 0)))
            .unwrap();
        silent.push(socket.connect(to).await.unwrap());
    }
    silent
}

/// How many connections the server has not closed.
async fn still_open(silent: &[tokio::net::TcpStream]) -> usize {
    let mut open = 0;
    for stream in silent {
        match stream.try_read(&mut [0]) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => open += 1,
            _ => {}
        }
    }
    open
}

/// Raises the number of files this process may open; false, with a printed line, where that is not possible.
fn may_open(files: u64) -> bool {
    let possible = rlimit::increase_nofile_limit(files).unwrap_or(0) >= files;
    if !possible {
        println!("skipped: this process may not open {files} files (ulimit -n)");
    }
    possible
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn silent_connections_beyond_the_open_files_leave_room_for_answers() {
    if !may_open(1_400) {
        return;
    }
    let place = Place::sqlite();
    let plain = place.command(&["--rate-limit", "0", "--max-connections-per-address", "0"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 1024; exec \"$@\"", "sh"])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env("SOUNDALIKE_EXPORT_TOKEN", TOKEN)
        .stderr(Stdio::null());
    let collector = Collector::start(limited);
    let runtime = runtime();
    let silent = runtime.block_on(silent_connections(collector.addr, 1_100, 1));
    assert_eq!(collector.ask("GET", "/healthz", "").status, 200);
    for number in 0..20 {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    drop(silent);
}

#[test]
fn five_thousand_idle_connections_are_held_while_answers_get_their_201() {
    if !may_open(5_400) {
        return;
    }
    let place = Place::sqlite();
    let collector = place.start();
    let runtime = runtime();
    let silent = runtime.block_on(silent_connections(collector.addr, 5_000, 50));
    for number in 0..200 {
        assert_eq!(collector.post(&answer(number), &secret(number)).status, 201);
    }
    // Who connects too often from one address loses only connections that say nothing.
    let more = runtime.block_on(silent_connections(collector.addr, 300, 1));
    let open = runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        (still_open(&silent).await, still_open(&more).await)
    });
    println!("{} of 5,000 and {} of 300 are open", open.0, open.1);
    assert!(open.1 <= 256);
    assert_eq!(collector.ask("GET", "/healthz", "").status, 200);
}

#[test]
fn a_request_that_never_ends_its_head_is_ended() {
    let place = Place::sqlite();
    let collector = place.start();
    let mut stream = TcpStream::connect(collector.addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    let mut rest = Vec::new();
    // Closed, with an answer or without: an error would be the test's own patience.
    stream.read_to_end(&mut rest).unwrap();
}

/// Requests that fit the description and requests that do not, made up by schemathesis: every answer is one
/// that the description has.
#[test]
fn the_api_answers_as_its_description_says() {
    let target = Path::new(env!("CARGO_BIN_EXE_soundalike-server"))
        .ancestors()
        .nth(2)
        .unwrap();
    let program = ["bin/st", "Scripts/st.exe"].map(|name| target.join("schemathesis").join(name));
    let Some(program) = program.iter().find(|program| program.is_file()) else {
        println!("skipped: schemathesis is not installed (`cargo xtask test` installs it)");
        return;
    };
    let place = Place::sqlite();
    let mut command = place.command(&["--rate-limit", "0"]);
    // One header serves as secret and token.
    command.env("SOUNDALIKE_EXPORT_TOKEN", secret(1));
    let collector = Collector::start(command);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/schemathesis.toml");
    let mut schemathesis = Command::new(program);
    let tried = schemathesis
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", collector.addr))
        .args(["--checks", "all", "--max-examples", "30", "--seed", "1"])
        .args(["-H", &format!("Authorization: Bearer {}", secret(1))])
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(tried.status.success(), "{said}");
    assert!(said.contains("Selected: 8/8"), "{said}");
}

#[test]
fn a_request_that_does_not_end_is_ended() {
    let place = Place::sqlite();
    let collector = place.start();
    let mut stream = TcpStream::connect(collector.addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST /api/v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Authorization: Bearer {}\r\nContent-Length: 100\r\n\r\n{{",
        secret(1)
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 408"), "{line}");
}

#[test]
fn postgresql_is_reached_over_tls_with_a_password_that_no_argument_holds() {
    let Some(postgres) = Postgres::with_tls() else {
        return;
    };
    let place = Place::sqlite();
    let at = |name: &str| place.folder.path().join(name);
    let authority = postgres.data().join("server.crt");
    let (known, other) = (at("known.crt"), at("other.crt"));
    fs::copy(authority, &known).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&other, made.cert.pem()).unwrap();
    fs::write(at("password"), format!("{PASSWORD}\n")).unwrap();

    let command = |host: &str, more: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-server"));
        let url = format!("postgres://survey@{host}:{}/postgres?{more}", postgres.port);
        command
            .args(["--addr", "127.0.0.1:0", "--rate-limit", "0", "--site"])
            .arg(at("site"))
            .args(["--database", &url])
            .env("SOUNDALIKE_EXPORT_TOKEN", TOKEN)
            .stderr(Stdio::null());
        command
    };
    let verified = format!("sslmode=verify-full&sslrootcert={}", known.display());
    let mut by_file = command("localhost", &verified);
    by_file.arg("--database-password-file").arg(at("password"));
    let collector = Collector::start(by_file);
    assert_eq!(collector.post(&answer(1), &secret(1)).status, 201);
    drop(collector);
    for mode in [verified.as_str(), "sslmode=require", "sslmode=prefer"] {
        let mut by_variable = command("localhost", mode);
        by_variable.env("PGPASSWORD", PASSWORD);
        assert_eq!(Collector::start(by_variable).exported().len(), 1, "{mode}");
    }

    let refused = |host: &str, more: &str| {
        let mut command = command(host, more);
        command.env("PGPASSWORD", PASSWORD).stderr(Stdio::piped());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{more}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("cannot be opened"), "{error}");
        assert!(!error.contains(PASSWORD), "{error}");
    };
    refused("localhost", "sslmode=disable");
    let stranger = format!("sslmode=verify-full&sslrootcert={}", other.display());
    refused("localhost", &stranger);
    // The certificate is for another name.
    refused("127.0.0.1", &verified);
}

#[test]
fn an_export_token_is_made_once_and_only_its_owner_may_read_it() {
    let place = Place::sqlite();
    let start = || {
        let mut command = place.command(&[]);
        command.env_remove("SOUNDALIKE_EXPORT_TOKEN");
        Collector::start(command)
    };
    let token = || fs::read_to_string(place.data().join("export-token")).unwrap();
    drop(start());
    let made = token();
    let collector = start();
    assert_eq!(token(), made);
    assert_eq!(
        collector.ask("GET", "/api/v1/export", made.trim()).status,
        200
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = fs::metadata(place.data().join("export-token")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_collector_that_cannot_work_says_why_in_a_sentence() {
    let place = Place::sqlite();
    let refused = |command: &mut Command, says: &str| {
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(says), "{error}");
    };
    let site = place.folder.path().join("site");
    let serve = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-server"));
        command
            .args(["--addr", "127.0.0.1:0", "--site"])
            .arg(&site)
            .args(more);
        command
    };
    refused(&mut serve(&["--database", "mysql://host"]), "postgres://");
    refused(&mut serve(&["--survey", "/nowhere.json"]), "/nowhere.json");
    let mut short = place.command(&[]);
    refused(short.env("SOUNDALIKE_EXPORT_TOKEN", "short"), "longer");
    fs::write(site.join("survey/config.json"), "{}").unwrap();
    refused(&mut place.command(&[]), "config.json is not a survey");
}

#[test]
fn a_page_without_a_survey_is_served_all_the_same() {
    let place = Place::sqlite();
    fs::remove_file(place.folder.path().join("site/survey/config.json")).unwrap();
    let collector = place.start();
    assert_eq!(collector.ask("GET", "/", "").status, 200);
    assert_eq!(collector.ask("GET", "/api/v1/survey", "").status, 404);
    assert!(!place.data().exists());
}
