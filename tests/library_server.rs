//! Somebody's own library as a player asks it: `serve --library` as a process of its own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use home::{Home, PROGRAM, errors};

#[path = "support/home.rs"]
mod home;

const TOKEN: &str = "a-token-that-only-the-tests-know";
/// Longer than the server waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server that runs.
struct Served {
    child: Child,
    addr: SocketAddr,
    _stdout: BufReader<ChildStdout>,
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

fn command(home: &Home, more: &[&str]) -> Command {
    command_at("127.0.0.1:0", home, more)
}

fn command_at(addr: &str, home: &Home, more: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--addr", addr, "--rate-limit", "0"]);
    command.arg("--library").arg(home.store()).args(more);
    command.env("SOUNDALIKE_LIBRARY_TOKEN", TOKEN);
    command.current_dir(home.folder.path());
    command
}

impl Served {
    fn of(home: &Home) -> Self {
        Self::start(command(home, &[]))
    }

    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split_once("http://").map(|(_, rest)| rest);
        let port =
            address.and_then(|rest| rest.split('/').next()?.rsplit(':').next()?.parse().ok());
        let port: u16 = port.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            child,
            addr: SocketAddr::from(([127, 0, 0, 1], port)),
            _stdout: stdout,
        }
    }

    /// What is answered to a question below `/api/v1/library/`, by who has the token.
    fn ask(&self, question: &str) -> Reply {
        let headers = format!("Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
        let target = format!("/api/v1/library/{question}");
        request(self.addr, "GET", &target, &headers)
    }

    /// A list of songs that is an answer.
    fn songs(&self, question: &str) -> Value {
        let reply = self.ask(question);
        assert_eq!(reply.status, 200, "{question}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Asks until an answer is as it should be; answers may be older than the library by a moment.
    fn until(&self, question: &str, fits: impl Fn(&Reply) -> bool) -> Reply {
        let began = Instant::now();
        loop {
            let reply = self.ask(question);
            if fits(&reply) {
                return reply;
            }
            assert!(began.elapsed() < PATIENCE, "{}", reply.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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

    /// A problem of this status and kind whose detail is one sentence that says this.
    #[track_caller]
    fn is_problem(&self, status: u16, kind: &str, says: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["type"], format!("urn:soundalike:problem:{kind}"));
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains(says) && detail.ends_with('.') && !detail.contains('\n'),
            "{detail}"
        );
    }
}

fn request(addr: SocketAddr, method: &str, target: &str, headers: &str) -> Reply {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Reply {
        status: status.unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

/// A path as a value of a query.
fn encoded(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn ids(songs: &Value) -> Vec<i64> {
    let songs = songs["songs"].as_array().unwrap().iter();
    songs.map(|song| song["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_player_is_answered_as_the_terminal_is() {
    let home = Home::tagged();
    let served = Served::of(&home);
    let (first, last) = (home.file("Odds/0.wav"), home.file("Ends/5.wav"));
    let (first, last) = (first.to_str().unwrap(), last.to_str().unwrap());
    let (one, other) = (encoded(first.as_ref()), encoded(last.as_ref()));
    // Each question with options of its own, and each filter once.
    let questions: [(String, Vec<&str>); 12] = [
        (format!("similar?path={one}"), vec!["similar", first]),
        (
            format!("similar?path={one}&path={other}&k=3&cosine=true"),
            vec!["similar", first, last, "-k", "3", "--cosine"],
        ),
        (
            format!("similar?path={one}&dislike={other}&diversity=0.5"),
            vec!["similar", first, "--dislike", last, "--diversity", "0.5"],
        ),
        (
            format!("similar?path={one}&per_artist=2&per_album=5"),
            vec!["similar", first, "--per-artist", "2", "--per-album", "5"],
        ),
        (
            format!("similar?path={one}&genre=jazz&year=1985..1995"),
            vec!["similar", first, "--genre", "jazz", "--year", "1985..1995"],
        ),
        (
            format!("similar?path={one}&exclude_artist=ends"),
            vec!["similar", first, "--exclude-artist", "ends"],
        ),
        (
            format!("similar?path={one}&bpm=1..400"),
            vec!["similar", first, "--bpm", "1..400"],
        ),
        (
            format!("similar?path={one}&key=A+minor&key=C%20major&key=F%23%20minor"),
            vec![
                "similar", first, "--key", "A minor", "--key", "C major", "--key", "F# minor",
            ],
        ),
        (
            format!("similar?path={one}&tag=electronic&tag=ambient"),
            vec!["similar", first, "--tag", "electronic", "--tag", "ambient"],
        ),
        (
            format!("path?from={one}&to={other}&n=5"),
            vec!["path", first, last, "-n", "5"],
        ),
        (
            format!("mix?seed={one}&n=7&draw=3&stay=0.9"),
            vec!["mix", first, "-n", "7", "--seed", "3", "--stay", "0.9"],
        ),
        (
            format!("mix?seed={one}&seed={other}&genre=rock"),
            vec!["mix", first, last, "--genre", "rock"],
        ),
    ];
    let mut different = BTreeSet::new();
    for (question, arguments) in questions {
        let answer = served.songs(&question);
        assert_eq!(answer, home.json(&arguments), "{question}");
        different.insert(answer.to_string());
    }
    assert!(different.len() > 8, "the options make a difference");
}

#[test]
fn a_song_is_named_by_number_by_path_and_by_path_from_its_folder() {
    let home = Home::tagged();
    let served = Served::of(&home);
    let by_path = served.songs(&format!(
        "similar?path={}&k=3",
        encoded(&home.file("Odds/4.wav"))
    ));
    assert_eq!(ids(&by_path).len(), 3);
    assert_eq!(served.songs("similar?path=Odds/4.wav&k=3"), by_path);
    let found = served.songs("similar?path=Odds/2.wav&cosine=true");
    let found = found["songs"].as_array().unwrap().iter();
    let mut numbers = found.filter(|song| song["path"].as_str().unwrap().ends_with("Odds/4.wav"));
    let id = numbers.next().unwrap()["id"].as_i64().unwrap();
    assert_eq!(served.songs(&format!("similar?id={id}&k=3")), by_path);
    let way = served.songs(&format!("path?from={id}&to=Odds/6.wav&n=2"));
    assert_eq!(ids(&way)[0], id);
    // A file that is there and no song of the library is not opened.
    fs::write(home.folder.path().join("secret"), "text").unwrap();
    let secret = encoded(&home.folder.path().join("secret"));
    served.ask(&format!("similar?path={secret}")).is_problem(
        404,
        "unknown-song",
        "is not a song of the library",
    );
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_asked_about_by_its_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::with_songs();
    let odd = home
        .music()
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9 1.wav"));
    fs::rename(home.file("band 0/song 0.wav"), &odd).unwrap();
    home.counts();
    let served = Served::of(&home);
    assert!(!ids(&served.songs(&format!("similar?path={}", encoded(&odd)))).is_empty());
    assert!(!ids(&served.songs("mix?seed=caf%E9+1.wav&n=2")).is_empty());
    let found = served.songs("similar?path=band%201/song%201.wav");
    assert!(found.to_string().contains("caf%E9%201.wav"), "{found}");
}

#[test]
fn a_question_that_cannot_be_answered_is_refused_in_a_sentence() {
    let home = Home::tagged();
    let served = Served::of(&home);
    let long = format!("similar?path={}", "a".repeat(5000));
    let often = format!("similar?{}", "id=1&".repeat(51));
    for (question, says) in [
        ("mix?n=3", "No song is asked about"),
        ("path?from=1", "to must name one song"),
        ("path?from=1&to=2&to=3", "to must name one song"),
        (
            "similar?id=1&k=0",
            "k must be a whole number from 1 to 1000",
        ),
        ("similar?id=1&k=1001", "k must be"),
        ("similar?id=1&k=ten", "not “ten”"),
        ("similar?id=1&k=2&k=3", "k is given several times"),
        ("path?from=1&to=2&n=1", "from 2 to 1000"),
        ("mix?seed=1&n=1001", "n must be"),
        ("mix?seed=1&stay=2", "stay must be a number from 0 to 1"),
        ("similar?id=1&cosine=yes", "cosine must be true or false"),
        ("similar?id=1&n=3", "There is no parameter “n”"),
        ("path?from=1&to=2&k=3", "There is no parameter “k”"),
        ("similar?id=", "id is empty"),
        ("similar?id=1&genre=%FF", "genre is not UTF-8"),
        (&long, "longer than 4096 bytes"),
        (&often, "more than 50 times"),
    ] {
        served.ask(question).is_problem(400, "bad-parameter", says);
    }
    for (question, says) in [
        (
            "similar?id=1&year=nineties",
            "year=“nineties”: it must be a number or a range",
        ),
        ("similar", "No song is asked about"),
        ("similar?dislike=1", "No song is asked about"),
        ("similar?id=1&mutual_proximity=true", "add cosine=true"),
        (
            "similar?id=1&mutual_proximity=true&cosine=false",
            "add cosine=true",
        ),
        ("similar?id=1&year=1999..1990", "must not be above"),
        ("similar?id=1&bpm=..", "it must be a number"),
        ("similar?id=1&key=H%20minor", "is no key"),
        ("similar?id=x", "id=“x”"),
        ("path?from=1&to=1", "two different songs"),
    ] {
        served.ask(question).is_problem(422, "impossible", says);
    }
    for question in [
        "similar?id=4711",
        "similar?path=/nowhere",
        "mix?seed=%00",
        "path?from=1&to=99",
    ] {
        let reply = served.ask(question);
        reply.is_problem(404, "unknown-song", "is not a song of the library");
    }
    let reply = served.ask("similar?id=1&tag=%3Cscript%3E");
    reply.is_problem(404, "unknown-tag", "knows no tag");
    served
        .ask("groups")
        .is_problem(404, "no-such-path", "docs/library.md");
    served
        .ask("")
        .is_problem(404, "no-such-path", "docs/library.md");
    let bearer = format!("Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
    let posted = request(served.addr, "POST", "/api/v1/library/mix", &bearer);
    posted.is_problem(405, "method-not-allowed", "by GET");
    // All filters together may leave nothing, which is an answer.
    let none = served.songs("similar?id=1&year=1800");
    assert_eq!(ids(&none).len(), 0);
}

#[test]
fn nobody_without_the_token_or_by_another_name_is_answered() {
    let home = Home::with_songs();
    home.counts();
    let served = Served::of(&home);
    let ask = |headers: &str| {
        let target = "/api/v1/library/similar?id=1";
        request(served.addr, "GET", target, headers)
    };
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let local = format!("Host: 127.0.0.1:{}\r\n{bearer}", served.addr.port());
    assert_eq!(ask(&local).status, 200);
    ask("Host: localhost\r\n").is_problem(401, "no-token", "Bearer");
    for wrong in [&TOKEN[1..], "x"] {
        let headers = format!("Host: localhost\r\nAuthorization: Bearer {wrong}\r\n");
        ask(&headers).is_problem(403, "wrong-token", "not the one");
    }
    let foreign = format!("Host: music.example.org\r\n{bearer}");
    ask(&foreign).is_problem(421, "other-host", "does not answer for the host");
    let proxied = format!("Host: localhost\r\nX-Forwarded-For: 203.0.113.7\r\n{bearer}");
    ask(&proxied).is_problem(403, "other-machine", "own machine");
}

/// An address of this machine that is not the loopback; no packet is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn another_address_is_answered_only_when_the_server_is_told_so() {
    let Some(outer) = outer_address() else {
        println!("skipped: this machine has only its loopback");
        return;
    };
    let home = Home::with_songs();
    home.counts();
    for (more, status) in [(&[][..], 403), (&["--allow-others"], 200)] {
        let served = Served::start(command_at("0.0.0.0:0", &home, more));
        let addr = SocketAddr::new(outer, served.addr.port());
        let headers = format!("Host: {addr}\r\nAuthorization: Bearer {TOKEN}\r\n");
        let reply = request(addr, "GET", "/api/v1/library/similar?id=1", &headers);
        assert_eq!(reply.status, status, "{}", reply.text());
        if status == 403 {
            reply.is_problem(403, "other-machine", "own machine");
        }
    }
}

#[test]
fn songs_that_are_added_or_removed_are_so_in_answers_while_the_server_runs() {
    let home = Home::with_songs();
    home.counts();
    let served = Served::of(&home);
    let question = "similar?path=band%201/song%201.wav&cosine=true";
    assert_eq!(ids(&served.songs(question)).len(), 4);
    for seed in 5..9 {
        home.song(&format!("new/{seed}.wav"), seed, &[]);
    }
    // It is asked all the time while they are heard.
    let mut adding = home.command(&["add", home.music().to_str().unwrap()]);
    let mut adding = adding
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while adding.try_wait().unwrap().is_none() {
        assert!(ids(&served.songs(question)).len() >= 4);
    }
    let songs = |reply: &Reply| serde_json::from_slice(&reply.body).map(|songs| ids(&songs).len());
    served.until(question, |reply| songs(reply).is_ok_and(|songs| songs == 8));
    home.json(&["remove", home.file("new").to_str().unwrap()]);
    served.until(question, |reply| songs(reply).is_ok_and(|songs| songs == 4));
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_the_server_goes_on() {
    let home = Home::with_songs();
    home.counts();
    let served = Served::of(&home);
    let question = "similar?id=1";
    served.songs(question);
    let whole = fs::read(home.store()).unwrap();
    let told = |kind: &str, says: &str| {
        let reply = served.until(question, |reply| reply.status == 503);
        // What was read before may be answered for a moment, never something else.
        reply.is_problem(503, kind, says);
        assert_eq!(reply.header("retry-after"), Some("10"));
    };
    let back = || {
        fs::write(home.store(), &whole).unwrap();
        served.until(question, |reply| reply.status == 200);
    };

    fs::remove_file(home.store()).unwrap();
    told("library-missing", "there is no library here");
    back();
    fs::write(home.store(), &whole[..whole.len() / 2]).unwrap();
    told("library-damaged", "is damaged");
    back();
    fs::write(home.store(), "no database at all, only text").unwrap();
    told("library-damaged", "is not a library");
    back();
    // The version is in the header at byte 60: see SQLite's file format.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(home.store(), newer).unwrap();
    told("library-newer", "use a newer version");
    back();
    home.json(&["remove", home.music().to_str().unwrap()]);
    told("library-empty", "holds no song");
    back();
    // Somebody holds it for longer than the server waits, after a change.
    let connection = rusqlite::Connection::open(home.store()).unwrap();
    connection
        .execute_batch("UPDATE folder SET checked = checked + 1; BEGIN EXCLUSIVE")
        .unwrap();
    told("library-locked", "is in use by another run");
    assert_eq!(
        request(served.addr, "GET", "/healthz", "Host: localhost\r\n").status,
        200
    );
    connection.execute_batch("ROLLBACK").unwrap();
    served.until(question, |reply| reply.status == 200);
}

#[test]
fn songs_that_are_left_out_are_told_with_every_answer() {
    let home = Home::with_songs();
    home.counts();
    let connection = rusqlite::Connection::open(home.store()).unwrap();
    connection
        .execute_batch("UPDATE song SET embedding = x'00' WHERE id = 3")
        .unwrap();
    let served = Served::of(&home);
    let answer = served.songs("similar?id=1");
    let notes = answer["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1);
    let note = notes[0].as_str().unwrap();
    assert!(note.starts_with("1 songs have damaged numbers"), "{note}");
}

#[test]
fn a_token_is_made_once_beside_the_library_and_only_its_owner_may_read_it() {
    let home = Home::with_songs();
    home.counts();
    let start = || {
        let mut command = command(&home, &[]);
        command.env_remove("SOUNDALIKE_LIBRARY_TOKEN");
        Served::start(command)
    };
    let file = home.folder.path().join("library.sqlite.token");
    drop(start());
    let made = fs::read_to_string(&file).unwrap();
    let served = start();
    assert_eq!(fs::read_to_string(&file).unwrap(), made);
    let headers = format!(
        "Host: localhost\r\nAuthorization: Bearer {}\r\n",
        made.trim()
    );
    let reply = request(served.addr, "GET", "/api/v1/library/mix?seed=1", &headers);
    assert_eq!(reply.status, 200, "{}", reply.text());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn a_server_that_cannot_start_says_why_in_a_sentence() {
    let home = Home::with_songs();
    let refused = |mut command: Command, code: i32, says: &str| {
        let output = command.output().unwrap();
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{said}");
    };
    refused(command(&home, &[]), 1, "library add FOLDER");
    fs::write(home.store(), "no database at all, only text").unwrap();
    refused(command(&home, &[]), 1, "is not a library");
    fs::remove_file(home.store()).unwrap();
    home.counts();
    let mut short = command(&home, &[]);
    short.env("SOUNDALIKE_LIBRARY_TOKEN", "short");
    let says = "SOUNDALIKE_LIBRARY_TOKEN: the token has fewer than 16 characters";
    refused(short, 1, says);
    refused(
        command(&home, &["--survey", "survey.json"]),
        2,
        "cannot be used with",
    );
    let mut alone = Command::new(PROGRAM);
    alone.args(["serve", "--allow-others"]);
    refused(alone, 2, "--library");
    refused(
        command(&home, &["--site", "nowhere"]),
        1,
        "has no index.html",
    );
}

/// The description with its schemas where JSON Schema looks for them.
fn schema_of(description: &Value, name: &str) -> Value {
    let mut schemas = description["components"]["schemas"].clone();
    let text = schemas
        .to_string()
        .replace("#/components/schemas/", "#/$defs/");
    schemas = serde_json::from_str(&text).unwrap();
    serde_json::json!({ "$ref": format!("#/$defs/{name}"), "$defs": schemas })
}

#[test]
fn every_path_of_the_description_is_there_and_answers_as_it_says() {
    let home = Home::tagged();
    let served = Served::of(&home);
    let target = "/api/v1/library/openapi.json";
    let reply = request(served.addr, "GET", target, "Host: localhost\r\n");
    let description: Value = serde_json::from_slice(&reply.body).unwrap();
    let songs = jsonschema::validator_for(&schema_of(&description, "Songs")).unwrap();
    let problem = jsonschema::validator_for(&schema_of(&description, "Problem")).unwrap();
    let mut found = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let question = path.strip_prefix("/api/v1/library/").unwrap();
        let operation = &operations["get"];
        if operation["security"].is_null() {
            continue;
        }
        // Every parameter at once, each with a value that it takes.
        let mut query = String::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = match parameter["$ref"].as_str() {
                Some(place) => description.pointer(&place[1..]).unwrap(),
                None => parameter,
            };
            let value = match parameter["name"].as_str().unwrap() {
                "path" => "Odds/2.wav",
                "from" | "seed" | "id" => "1",
                "to" => "2",
                "dislike" => "3",
                "k" | "n" => "4",
                "cosine" | "mutual_proximity" => "true",
                "per_artist" | "per_album" => "3",
                "diversity" | "stay" => "0.5",
                "draw" => "7",
                "genre" => "rock",
                "tag" => "electronic",
                "year" => "1900..2100",
                "bpm" => "1..400",
                "key" => "A%20minor",
                "exclude_artist" => "Nobody",
                other => panic!("the test has no value for {other}"),
            };
            let name = parameter["name"].as_str().unwrap();
            query.push_str(&format!("&{name}={value}"));
        }
        let answer = served.songs(&format!("{question}?{}", &query[1..]));
        assert!(songs.is_valid(&answer), "{question}: {answer}");
        let plain = match question {
            "similar" => "similar?id=1",
            "path" => "path?from=1&to=2",
            _ => "mix?seed=1",
        };
        let answer = served.songs(plain);
        assert!(!ids(&answer).is_empty());
        let error = songs.iter_errors(&answer).next();
        assert!(error.is_none(), "{question}: {error:?}");
        let refused = served.ask(&format!("{question}?nothing=1"));
        let refused: Value = serde_json::from_slice(&refused.body).unwrap();
        assert!(problem.is_valid(&refused), "{refused}");
        found += 1;
    }
    assert_eq!(found, 3);
}

/// Requests that fit the description and requests that do not, made up by schemathesis: every answer is one
/// that the description has.
#[test]
fn the_api_answers_as_its_description_says() {
    let target = Path::new(PROGRAM).ancestors().nth(2).unwrap();
    let program = ["bin/st", "Scripts/st.exe"].map(|name| target.join("schemathesis").join(name));
    let Some(program) = program.iter().find(|program| program.is_file()) else {
        println!("skipped: schemathesis is not installed (`cargo xtask test` installs it)");
        return;
    };
    let home = Home::tagged();
    let served = Served::of(&home);
    let config =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/schemathesis-library.toml");
    let tried = Command::new(program)
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(format!(
            "http://{}/api/v1/library/openapi.json",
            served.addr
        ))
        .args(["--checks", "all", "--max-examples", "30", "--seed", "1"])
        .args(["-H", &format!("Authorization: Bearer {TOKEN}")])
        .current_dir(home.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(tried.status.success(), "{said}");
    assert!(said.contains("Selected: 3/3"), "{said}");
}
