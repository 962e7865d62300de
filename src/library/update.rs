//! Brings a library up to date with its folders.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rayon::iter::{ParallelBridge, ParallelIterator};
use soundalike_core::catalog::Provenance;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;

use crate::error::LibraryError;
use crate::hear::{Outcome, read};
use crate::paths::settled;
use crate::report::{Report, Told};
use crate::scan::{Before, Rules, Scan, Task, changing, scan};
use crate::shard::Shard;
use crate::store::{ByContent, Store};

/// What was heard is saved at least this often, so that little is lost when the run is killed.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// How a library is brought up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Songs that are heard at the same time; `None` takes one for each core.
    pub jobs: Option<usize>,
    /// The part of the folders that is heard; `None` takes all.
    pub shard: Option<Shard>,
    /// Whether songs that another model heard are heard again.
    pub hear_again: bool,
    /// Whether every file's content is compared, not only size and time.
    pub contents: bool,
    /// Whether files that could not be heard are tried again although they have not changed.
    pub retry: bool,
}

/// Looks through folders, watches them from now on, and hears what is new or changed; without folders,
/// those that are watched already.
///
/// Every two seconds it saves what it has heard. A song whose file is gone stays in the library, marked, so that
/// it need not be heard again when it is back; a folder that is away takes none of its songs with it.
///
/// # Errors
/// If a folder is none, the library cannot be written, or another model heard its songs and they are not to
/// be heard again. What was saved before stays.
pub fn update(
    store: &mut Store,
    predictor: &Predictor,
    folders: &[PathBuf],
    settings: Settings,
) -> Result<Report, LibraryError> {
    let started = Instant::now();
    let model = predictor.model();
    if !settings.hear_again
        && let Some(other) = store.other_model(&model.sha256)?
    {
        return Err(LibraryError::OtherModel {
            path: store.path().to_owned(),
            library: other.chars().take(8).collect(),
            model: model.sha256.chars().take(8).collect(),
        });
    }
    let places = places(store, folders)?;
    let mut update = Update::begin(store, predictor)?;
    let scans = update.scan_all(&places, &settings)?;
    let tasks = update.arrange(scans)?;
    update.hear(predictor, tasks, settings.jobs)?;
    update.finish(&places)?;
    update.report.seconds = started.elapsed().as_secs_f64();
    Ok(update.report)
}

/// A folder to look through, and the watched folder that it is or lies in.
struct Place {
    root: PathBuf,
    below: PathBuf,
}

/// Whether a folder can be looked through.
///
/// # Errors
/// If it is none, is not there or cannot be read.
pub fn check_folder(folder: &Path) -> Result<(), LibraryError> {
    match std::fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(LibraryError::NotAFolder(folder.to_owned()))
        }
        Err(error) => Err(LibraryError::Folder {
            path: folder.to_owned(),
            cause: error.kind().to_string(),
        }),
    }
}

/// The folders to look through. Those that are named are watched from now on.
fn places(store: &Store, folders: &[PathBuf]) -> Result<Vec<Place>, LibraryError> {
    if folders.is_empty() {
        let known = store.folders()?;
        if known.is_empty() {
            return Err(LibraryError::NoFolders(store.path().to_owned()));
        }
        let place = |root: PathBuf| Place {
            below: root.clone(),
            root,
        };
        return Ok(known.into_iter().map(place).collect());
    }
    let mut named = Vec::new();
    for folder in folders {
        check_folder(folder)?;
        named.push(settled(folder));
    }
    named.sort();
    // What lies in another one is looked through with it.
    named.dedup_by(|later, earlier| later.starts_with(earlier));
    for folder in &named {
        store.watch(folder)?;
    }
    store.save()?;
    let watched = store.folders()?;
    let place = |below: PathBuf| {
        let root = watched.iter().find(|root| below.starts_with(root));
        Place {
            root: root.unwrap_or(&below).clone(),
            below,
        }
    };
    Ok(named.into_iter().map(place).collect())
}

/// A run of [`update`]: the only one that writes.
struct Update<'a> {
    store: &'a Store,
    provenance: Provenance,
    widths: [usize; 3],
    /// The model's number in the store.
    model: i64,
    report: Report,
    /// Songs that are gone, unless their content is found somewhere else.
    gone: HashMap<i64, PathBuf>,
    contents: ByContent,
    watched: Vec<PathBuf>,
    /// Files that went away together with their folders.
    went_away: HashMap<PathBuf, usize>,
    roots: Vec<PathBuf>,
}

impl<'a> Update<'a> {
    fn begin(store: &'a Store, predictor: &Predictor) -> Result<Self, LibraryError> {
        let provenance = Provenance::of(predictor.model());
        let dimensions = predictor.model().architecture.embedding();
        Ok(Self {
            widths: [dimensions, provenance.genres.len(), provenance.tags.len()],
            model: store.model_number(&provenance, dimensions)?,
            store,
            provenance,
            report: Report::default(),
            gone: HashMap::new(),
            contents: ByContent::new(),
            watched: store.folders()?,
            went_away: HashMap::new(),
            roots: Vec::new(),
        })
    }

    fn scan_all(
        &mut self,
        places: &[Place],
        settings: &Settings,
    ) -> Result<Vec<Scan>, LibraryError> {
        let rules = Rules {
            shard: settings.shard,
            contents: settings.contents,
            retry: settings.retry,
            model: &self.provenance.model_sha256,
            widths: self.widths,
        };
        let mut scans = Vec::new();
        for Place { root, below } in places {
            if !below.is_dir() {
                let text = "is not there, so its songs stay as they are; \
                            connect its drive, or remove the folder from the library";
                self.report.away.push(Told::new(below, text));
                continue;
            }
            self.roots.push(below.clone());
            let found = scan(self.store, root, below, rules)?;
            if let Some(why) = &found.away {
                let text = format!(
                    "{why}, so its songs stay as they are; connect its drive, or remove the folder from the library"
                );
                self.report.away.push(Told::new(below, text));
            }
            scans.push(found);
        }
        Ok(scans)
    }

    /// Takes what the scans say without reading a file, and returns what is to be read.
    fn arrange(&mut self, scans: Vec<Scan>) -> Result<Vec<Task>, LibraryError> {
        let mut tasks = Vec::new();
        for scan in scans {
            let counts = &mut self.report.counts;
            counts.found += scan.found;
            counts.unchanged += scan.unchanged;
            counts.elsewhere += scan.elsewhere;
            counts.back += scan.back.len();
            for (id, stamp) in scan.back {
                self.store.touch(id, stamp)?;
            }
            for file in scan.failures_gone {
                self.store.drop_failure(&file)?;
            }
            let skipped = scan.skipped.into_iter();
            let skipped = skipped.map(|(path, why)| Told::new(&path, why));
            self.report.skipped.extend(skipped);
            counts.failed_before += scan.failed_before.len();
            let failed = scan.failed_before.into_iter().chain(scan.problems);
            let failed = failed.map(|(path, why)| Told::new(&path, why));
            self.report.failed.extend(failed);
            self.gone.extend(scan.gone);
            tasks.extend(scan.tasks);
        }
        let changing: HashSet<i64> = changing(&tasks);
        self.contents = self.store.by_content(self.model)?;
        self.contents.retain(|_, songs| {
            songs.retain(|(id, _)| !changing.contains(id));
            !songs.is_empty()
        });
        Ok(tasks)
    }

    /// Reads files on all cores, and writes what comes of them.
    fn hear(
        &mut self,
        predictor: &Predictor,
        tasks: Vec<Task>,
        jobs: Option<usize>,
    ) -> Result<(), LibraryError> {
        if tasks.is_empty() {
            return Ok(());
        }
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(jobs) = jobs {
            pool = pool.num_threads(jobs.max(1));
        }
        let pool = pool
            .build()
            .map_err(|error| LibraryError::io(self.store.path(), error))?;
        let progress = Progress::new("hearing", tasks.len()).rated();
        let stop = AtomicBool::new(false);
        let contents = std::mem::take(&mut self.contents);
        // A few outcomes may wait for the disk; more would only take memory.
        let (sender, receiver) = sync_channel(2 * pool.current_num_threads());
        let written = std::thread::scope(|scope| {
            let (stop, progress, contents) = (&stop, &progress, &contents);
            scope.spawn(move || {
                pool.install(|| read_all(predictor, tasks, contents, sender, progress, stop));
            });
            let written = self.write_all(&receiver, contents);
            // Where nothing can be written, nothing more need be heard.
            stop.store(true, Ordering::Relaxed);
            drop(receiver);
            written
        });
        drop(progress);
        written
    }

    fn write_all(
        &mut self,
        outcomes: &Receiver<(Task, Outcome)>,
        contents: &ByContent,
    ) -> Result<(), LibraryError> {
        let mut saved = Instant::now();
        loop {
            let wait = SAVE_EVERY.saturating_sub(saved.elapsed());
            let received = outcomes.recv_timeout(wait);
            match received {
                Ok((task, outcome)) => self.write(&task, outcome, contents)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if saved.elapsed() >= SAVE_EVERY {
                self.store.save()?;
                saved = Instant::now();
            }
        }
        self.store.save()
    }

    fn write(
        &mut self,
        task: &Task,
        outcome: Outcome,
        contents: &ByContent,
    ) -> Result<(), LibraryError> {
        let file = task.file.as_path();
        match outcome {
            Outcome::Same(id, stamp) => {
                self.report.counts.touched += 1;
                self.store.touch(id, stamp)?;
            }
            Outcome::Heard(heard) => {
                let counts = &mut self.report.counts;
                match task.before {
                    Before::New => counts.heard += 1,
                    Before::Perhaps(..) | Before::Other(_) => counts.heard_again += 1,
                }
                let notes = heard.track.notes.iter();
                let notes = notes.map(|note| Told::new(file, note.clone()));
                self.report.notes.extend(notes);
                self.store.put(file, &heard, self.model)?;
                self.store.drop_failure(file)?;
            }
            Outcome::Known {
                sha256,
                stamp,
                track,
            } => {
                self.store.drop_failure(file)?;
                let songs = contents.get(&sha256).map_or(&[][..], Vec::as_slice);
                let left = songs.iter().find(|(id, path)| self.has_left(*id, path));
                if let Some((id, from)) = left {
                    self.report.counts.moved += 1;
                    let text = format!("was {} before", from.display());
                    self.report.moved.push(Told::new(file, text));
                    self.gone.remove(id);
                    self.store.move_to(*id, file, stamp, &track)?;
                } else if let Some((id, _)) = songs.first() {
                    self.report.counts.copied += 1;
                    self.store.copy_to(*id, file, stamp, &track)?;
                }
            }
            Outcome::Failed(stamp, reason) => {
                self.store.put_failure(file, stamp, &reason)?;
                self.report.failed.push(Told::new(file, reason));
            }
            Outcome::NotNow(reason) => self.report.failed.push(Told::new(file, reason)),
            Outcome::Gone => {
                let root = self.roots.iter().find(|root| file.starts_with(root));
                match root.filter(|root| !root.is_dir()) {
                    Some(root) => *self.went_away.entry(root.clone()).or_default() += 1,
                    None => {
                        let text = "went away before it was read";
                        self.report.failed.push(Told::new(file, text));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a song is gone from its place, and no other file has its row yet.
    fn has_left(&self, id: i64, path: &Path) -> bool {
        if self.roots.iter().any(|root| path.starts_with(root)) {
            return self.gone.contains_key(&id);
        }
        // In a folder that was not looked through now.
        let gone = std::fs::symlink_metadata(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        let folder = self.watched.iter().find(|root| path.starts_with(root));
        gone && folder.is_some_and(|folder| folder.is_dir())
    }

    fn finish(&mut self, places: &[Place]) -> Result<(), LibraryError> {
        let went_away = std::mem::take(&mut self.went_away);
        for (root, files) in went_away {
            let text = format!(
                "went away while its songs were heard; {files} of them are left for the next time"
            );
            self.report.away.push(Told::new(&root, text));
        }
        let mut gone: Vec<(i64, PathBuf)> = self.gone.drain().collect();
        gone.sort_by(|a, b| a.1.cmp(&b.1));
        for (id, file) in gone {
            self.store.set_missing(id)?;
            let text = "is gone; its song is left out of answers until it is back";
            self.report.missing.push(Told::new(&file, text));
        }
        for place in places.iter().filter(|place| place.below == place.root) {
            let name = place.root.to_string_lossy();
            if !self.report.away.iter().any(|told| told.path == name) {
                self.store.set_checked(&place.root)?;
            }
        }
        self.store.drop_unused_models()?;
        self.store.save()?;
        let report = &mut self.report;
        report.counts.failed = report.failed.len();
        report.counts.skipped = report.skipped.len();
        report.counts.missing = report.missing.len();
        let lists = [
            &mut report.failed,
            &mut report.skipped,
            &mut report.notes,
            &mut report.moved,
        ];
        for list in lists {
            // Songs are heard in any order.
            list.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Ok(())
    }
}

fn read_all(
    predictor: &Predictor,
    tasks: Vec<Task>,
    contents: &ByContent,
    sender: SyncSender<(Task, Outcome)>,
    progress: &Progress,
    stop: &AtomicBool,
) {
    // A bridge hands out one task to each thread at a time: no thread begins a second song while it waits
    // for a part of its first, so that no more songs than threads are in memory.
    tasks
        .into_iter()
        .par_bridge()
        .for_each_with(sender, |sender, task| {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let outcome = read(predictor, &task, contents);
            progress.advance();
            // The writer has an error of its own to tell when it does not listen any more.
            let _ = sender.send((task, outcome));
        });
}
