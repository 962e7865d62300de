//! What the page's worker calls. Browser only, and thin: everything here only carries values between
//! JavaScript and the library.
//!
//! Errors are JavaScript `Error`s whose message is one sentence without the file's name, with a code and
//! values to translate it by: see `error.rs`.

mod cells;
mod error;
mod file;
mod library;
#[cfg(any(feature = "networks", not(feature = "webgpu")))]
mod speed;
mod survey;
#[cfg(feature = "tags")]
mod tags;
mod taste;
#[cfg(all(test, feature = "tags"))]
mod types;

use std::cell::OnceCell;

use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

pub use cells::CellCatalog;
pub use file::{PlainSound, SourceFile};
pub use library::OpenedCatalog;
#[cfg(any(feature = "networks", not(feature = "webgpu")))]
pub use speed::milliseconds_per_segment;
#[cfg(feature = "tags")]
pub use tags::names_of;

use error::{PageError, Subject, Thrown};
use library::{Library, Source};
use soundalike_core::audio::{self, AudioError, Clip, Note, SoundReader, synth};
use soundalike_core::catalog::{Catalog, Map, Place, Query, Ranking, Search, Signature, SongView};
use soundalike_core::dsp::{FrontEnd, Spectrogram, intensity};
use soundalike_core::live::{LiveSession, Now};
use soundalike_core::message::Notice;
use soundalike_core::pipeline::{
    AnalysisSession, PIECE_SECONDS, Prediction, PredictionView, Predictor,
};
use soundalike_core::verdict::Verdict;

/// Longest sound that is analysed, hours.
const MAX_HOURS: f64 = 12.0;

/// Segments of the speed test.
const SPEED_SEGMENTS: usize = 10;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Sample rate in Hz that a sound file's header states; undefined if it is not known.
#[wasm_bindgen(js_name = probeRate)]
pub fn probe_rate(bytes: &[u8]) -> Option<u32> {
    audio::probe_rate(bytes)
}

/// Opens a sound file and decodes the first ten minutes of it. `file` is a `Uint8Array` with its bytes, or reads
/// them as they are needed: see `FileSource` in www/engine/file-source.js. The file's name only helps to word what
/// is wrong with it. The sound is brought to `rate` Hz, or else stays at its own, up to 48 000.
///
/// # Errors
/// Why the file cannot be decoded.
#[wasm_bindgen]
pub fn decode(file: JsValue, name: Option<String>, rate: Option<u32>) -> Result<Sound, Thrown> {
    let mut reader = file::open(file, name)?.limited_to(MAX_HOURS * 3600.0);
    if let Some(rate) = rate {
        reader.bring_to(rate)?;
    }
    let clip = reader
        .next_piece(PIECE_SECONDS)?
        .ok_or(AudioError::EmptySound)?;
    let notes = notices(&reader.notes());
    let rest = Some(reader).filter(|reader| !reader.ended());
    Ok(Sound::new(clip, notes, rest))
}

/// A sound from what Web Audio decoded: one array per channel, mixed to mono.
///
/// # Errors
/// If the channels cannot be used.
#[wasm_bindgen(js_name = soundFromChannels)]
pub fn sound_from_channels(channels: Vec<Float32Array>, rate: u32) -> Result<Sound, Thrown> {
    let channels: Vec<Vec<f32>> = channels.iter().map(Float32Array::to_vec).collect();
    let slices: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
    let (clip, notes) = audio::mixed(&slices, rate)?;
    Ok(Sound::new(clip, notices(&notes), None))
}

/// The song that the program itself plays, for visitors without a file.
#[wasm_bindgen(js_name = sampleSong)]
pub fn sample_song() -> Sound {
    Sound::new(synth::sample_song(), Vec::new(), None)
}

/// A mono sound: the first ten minutes, and the reader of what follows.
#[wasm_bindgen]
pub struct Sound {
    /// None once it is being analysed, which needs the memory.
    clip: Option<Clip>,
    rate: u32,
    seconds: f64,
    whole: bool,
    notes: Vec<Notice>,
    rest: Option<SoundReader>,
}

#[wasm_bindgen]
impl Sound {
    /// Sample rate in Hz.
    #[wasm_bindgen(getter)]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Length in seconds, as far as it is decoded.
    #[wasm_bindgen(getter)]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Whether nothing follows what is decoded.
    #[wasm_bindgen(getter)]
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// The samples, from −1 to 1.
    ///
    /// # Errors
    /// If the sound is analysed already.
    pub fn samples(&self) -> Result<Float32Array, Thrown> {
        Ok(Float32Array::from(self.clip()?.samples()))
    }

    /// What should be known about how it was decoded: see `Notice` in www/engine/engine-types.d.ts.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn notes(&self) -> Result<JsValue, Thrown> {
        to_js(&self.notes)
    }
}

impl Sound {
    fn new(clip: Clip, notes: Vec<Notice>, rest: Option<SoundReader>) -> Self {
        Self {
            rate: clip.rate(),
            seconds: clip.seconds(),
            whole: rest.is_none(),
            clip: Some(clip),
            notes,
            rest,
        }
    }

    fn clip(&self) -> Result<&Clip, PageError> {
        self.clip.as_ref().ok_or(PageError::Analysed)
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct EngineInfo<'a> {
    genres: &'a [String],
    tags: &'a [String],
    tracks: usize,
    model_sha256: &'a str,
    parameters: usize,
    segment_seconds: f64,
    frames_per_second: f64,
    band_hertz: Vec<f64>,
    device: &'a str,
    /// Extensions of sound files, in small letters.
    extensions: &'a [&'a str],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Check {
    difference: f32,
    milliseconds: f64,
}

/// A song to look for: one of the catalogue, one of the visitor's behind it, or one that was analysed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Part {
    weight: f32,
    track: Option<usize>,
    #[serde(default)]
    embedding: Vec<f32>,
    #[serde(default)]
    probabilities: Vec<f32>,
    #[serde(default)]
    tags: Vec<f32>,
}

/// What the page asks of the catalogue.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct RecommendOptions {
    parts: Vec<Part>,
    k: usize,
    mode: Ranking,
    genre: Option<String>,
    #[serde(default)]
    exclude_artists: Vec<String>,
    #[serde(default)]
    exclude_tracks: Vec<usize>,
    /// Whose songs are wanted.
    #[serde(default)]
    source: Source,
}

/// A song on the map.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct Point<'a> {
    #[serde(flatten)]
    song: SongView<'a>,
    point: Place,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct MapView<'a> {
    explained: [f32; 3],
    points: Vec<Point<'a>>,
    genres: Vec<Signature<'a>>,
}

/// A prediction as the page shows it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct AnswerView {
    #[serde(flatten)]
    prediction: PredictionView,
    /// What the probabilities come to.
    verdict: Verdict,
    /// The notes with their codes.
    notices: Vec<Notice>,
}

impl AnswerView {
    fn of(prediction: &Prediction, genres: &[String], tags: &[String]) -> Self {
        Self {
            prediction: prediction.view(genres, tags),
            verdict: prediction.verdict(genres),
            notices: prediction.notes.clone(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
struct NowView {
    answer: Option<AnswerView>,
    quiet: bool,
    seconds: f64,
}

/// A model on a device, and the catalogue that it made.
#[wasm_bindgen]
pub struct Engine {
    predictor: Predictor,
    catalog: Catalog,
    /// Made when it is first asked for.
    map: OnceCell<Map>,
    /// The visitor's taste, once there is an opinion.
    personal: Option<taste::Personal>,
    /// The visitor's own songs, once there are some.
    library: Option<Library>,
    device: String,
}

#[wasm_bindgen]
impl Engine {
    /// Reads model and catalogue. `device` is `cpu`, or in the WebGPU module `gpu`. The page's first module has
    /// only the network that ships, and fails with `model.needs_networks` for a model of another architecture.
    ///
    /// # Errors
    /// If a file is damaged, they do not belong together, or the device is unavailable.
    pub async fn load(model: Vec<u8>, catalog: Vec<u8>, device: String) -> Result<Engine, Thrown> {
        let predictor = open_predictor(&model, &device).await?;
        let catalog = Catalog::from_bytes(&catalog)
            .and_then(|catalog| {
                catalog.check_model(&predictor.model().sha256)?;
                Ok(catalog)
            })
            .map_err(|e| Thrown::about(Subject::Catalog, &e))?;
        Ok(Engine {
            predictor,
            catalog,
            map: OnceCell::new(),
            personal: None,
            library: None,
            device,
        })
    }

    /// Genres, size of the catalogue, and what the model is.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn info(&self) -> Result<JsValue, Thrown> {
        let model = self.predictor.model();
        to_js(&EngineInfo {
            genres: &model.genres,
            tags: &model.tags,
            tracks: self.catalog.len(),
            model_sha256: &model.sha256,
            parameters: model.parameters,
            segment_seconds: model.input().seconds(),
            frames_per_second: 1.0 / model.front_end.frame_seconds(),
            band_hertz: model.front_end.band_centres(),
            device: &self.device,
            extensions: &audio::EXTENSIONS,
        })
    }

    /// The sample rate in Hz to decode sounds at for this model; undefined if any is right.
    #[wasm_bindgen(getter)]
    pub fn rate(&self) -> Option<u32> {
        self.predictor.model().reading_rate()
    }

    /// The verdict on probabilities that this model gave, in the order of its genres: for answers that were
    /// stored before answers had a verdict.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn verdict(&self, probabilities: &[f32], music: f32) -> Result<JsValue, Thrown> {
        let model = self.predictor.model();
        let head = model.calibration.head;
        to_js(&Verdict::new(head, probabilities, music, &model.genres))
    }

    /// Predicts the reference input and compares with the model file: largest difference of a probability,
    /// and the milliseconds that ten segments take, warmed up.
    ///
    /// # Errors
    /// If the device fails, or the model holds no reference answers.
    pub async fn check(&self) -> Result<JsValue, Thrown> {
        let difference = self
            .predictor
            .reference_difference()
            .await?
            .ok_or(PageError::NoReference)?;
        let mut milliseconds = f64::INFINITY;
        // The first run compiles shaders; the better of the others counts.
        for _ in 0..3 {
            let song = synth::sample_song();
            let mut session = AnalysisSession::begin(&song, self.predictor.model())?;
            let started = now();
            while session.done() < SPEED_SEGMENTS.min(session.segments()) {
                let rest = SPEED_SEGMENTS - session.done();
                session.step(&self.predictor, rest).await?;
            }
            let share = SPEED_SEGMENTS as f64 / session.done() as f64;
            milliseconds = milliseconds.min((now() - started) * share);
        }
        to_js(&Check {
            difference,
            milliseconds,
        })
    }

    /// Prepares a sound for analysis: resampling and log-mel spectrogram. The samples, and what follows the decoded
    /// part, are taken from the sound.
    ///
    /// # Errors
    /// If it is silent or too short, or analysed already.
    pub fn begin(&self, sound: &mut Sound) -> Result<Analysis, Thrown> {
        let model = self.predictor.model();
        let clip = sound.clip.take().ok_or(PageError::Analysed)?;
        let session = AnalysisSession::begin_long(clip, model)?;
        let rest = sound.rest.take();
        if rest.is_none() {
            session.check()?;
        }
        Ok(Analysis {
            session,
            rest,
            drawn: Vec::new(),
            front_end: model.front_end.clone(),
            genres: model.genres.clone(),
            tags: model.tags.clone(),
            notes: sound.notes.clone(),
        })
    }

    /// Begins to listen to a device of this rate in Hz.
    ///
    /// # Errors
    /// If the rate is out of range.
    pub fn listen(&self, rate: u32) -> Result<Live, Thrown> {
        Ok(Live {
            running: LiveSession::begin(rate, self.predictor.model())?,
            genres: self.predictor.model().genres.clone(),
            tags: self.predictor.model().tags.clone(),
        })
    }

    /// The songs of the catalogue that sound most like what is wished for: see `RecommendOptions` in
    /// www/types.d.ts.
    ///
    /// # Errors
    /// If the wish is not one.
    pub fn similar(&self, wish: JsValue) -> Result<JsValue, Thrown> {
        let wish: RecommendOptions =
            serde_wasm_bindgen::from_value(wish).map_err(|e| PageError::Request(e.to_string()))?;
        let all = self.all_songs();
        let parts: Vec<(Query<'_>, f32)> = wish
            .parts
            .iter()
            .filter_map(|part| match part.track {
                Some(track) if track >= all.len() => None,
                Some(track) => Some((all.query(track), part.weight)),
                None => Some((
                    Query {
                        embedding: &part.embedding,
                        probabilities: &part.probabilities,
                        tags: &part.tags,
                    },
                    part.weight,
                )),
            })
            .collect();
        let searched = self.searched(wish.source);
        let blend = match parts.as_slice() {
            // One song is looked for as it is, so that page and terminal say the same.
            [(_, weight)] if *weight > 0.0 => None,
            several => Some(searched.blend(several).ok_or(PageError::NothingWanted)?),
        };
        let query = blend
            .as_ref()
            .map_or_else(|| parts[0].0, |blend| blend.query());
        // The first part is the song that is asked about.
        let asked = parts.first().map_or(query, |part| part.0);
        let mut search = Search {
            ranking: wish.mode,
            genre: wish.genre,
            exclude_artists: wish.exclude_artists,
            exclude_tracks: wish.exclude_tracks,
            admitted: self.admitted(wish.source, asked),
            ..Search::default()
        };
        self.to_taste(searched, wish.k, |k, without| {
            search.exclude_tracks.extend(without);
            searched.similar(query, k, &search)
        })
    }

    /// The map of the catalogue's songs: see `CatalogMap` in www/types.d.ts.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn map(&self) -> Result<JsValue, Thrown> {
        let map = self.map.get_or_init(|| self.catalog.map());
        let point = |track: usize| Point {
            song: self.catalog.song_view(track),
            point: map.tracks[track],
        };
        to_js(&MapView {
            explained: map.explained,
            points: (0..self.catalog.len()).map(point).collect(),
            genres: self.catalog.signatures(map),
        })
    }

    /// Where an embedding lies on the map, `[x, y, z]`.
    pub fn place(&self, embedding: &[f32]) -> Vec<f32> {
        let map = self.map.get_or_init(|| self.catalog.map());
        self.catalog.place(map, embedding).to_vec()
    }
}

/// A sound that goes on.
#[wasm_bindgen]
pub struct Live {
    running: LiveSession,
    genres: Vec<String>,
    tags: Vec<String>,
}

#[wasm_bindgen]
impl Live {
    /// Takes mono samples at the device's rate.
    ///
    /// # Errors
    /// If they cannot be resampled; never in practice.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), Thrown> {
        Ok(self.running.push(samples)?)
    }

    /// The columns of the picture since the last call, column by column, the lowest band of each first.
    #[wasm_bindgen(js_name = takePicture)]
    pub fn take_picture(&mut self) -> Vec<u8> {
        self.running.take_picture()
    }

    /// Peak, root of the mean square, and 1 if it clipped, since the last call.
    #[wasm_bindgen(js_name = takeLevel)]
    pub fn take_level(&mut self) -> Vec<f32> {
        let level = self.running.take_level();
        vec![level.peak, level.rms, f32::from(u8::from(level.clipped))]
    }

    /// What the last seconds sound like: see `Now` in www/types.d.ts.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn now(&mut self, engine: &Engine) -> Result<JsValue, Thrown> {
        let Now {
            answer,
            quiet,
            seconds,
        } = self.running.now(&engine.predictor).await?;
        to_js(&NowView {
            answer: answer.map(|answer| AnswerView::of(&answer, &self.genres, &self.tags)),
            quiet,
            seconds,
        })
    }
}

/// A sound that is being analysed, some segments at a time.
#[wasm_bindgen]
pub struct Analysis {
    session: AnalysisSession,
    /// What of the sound is not decoded yet.
    rest: Option<SoundReader>,
    /// The spectrograms of the pieces before the last, with few columns.
    drawn: Vec<Spectrogram>,
    front_end: FrontEnd,
    genres: Vec<String>,
    tags: Vec<String>,
    notes: Vec<Notice>,
}

#[wasm_bindgen]
impl Analysis {
    /// Segments in all.
    #[wasm_bindgen(getter)]
    pub fn segments(&self) -> usize {
        self.session.segments()
    }

    /// Segments analysed so far.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> usize {
        self.session.done()
    }

    /// Length of the sound in seconds.
    #[wasm_bindgen(getter)]
    pub fn seconds(&self) -> f64 {
        self.session.seconds()
    }

    /// Predicts up to `count` further segments, or decodes the next piece where all are done; how many are done
    /// then.
    ///
    /// # Errors
    /// If the device fails, what follows cannot be decoded, or all of it is silent.
    pub async fn step(&mut self, engine: &Engine, count: usize) -> Result<usize, Thrown> {
        if self.session.done() == self.session.segments()
            && let Some(reader) = &mut self.rest
        {
            self.drawn.push(overview(self.session.log_mel()));
            let more = self.session.read(reader, engine.predictor.model())?;
            if !more || reader.ended() {
                (self.notes, self.rest) = (notices(&reader.notes()), None);
                self.session.check()?;
            }
        }
        self.session.step(&engine.predictor, count).await?;
        Ok(self.session.done())
    }

    /// Whether all of the sound is analysed.
    #[wasm_bindgen(getter)]
    pub fn finished(&self) -> bool {
        self.rest.is_none() && self.session.done() == self.session.segments()
    }

    /// Pieces of the sound that there are spectrograms of.
    #[wasm_bindgen(getter)]
    pub fn pieces(&self) -> usize {
        self.drawn.len() + 1
    }

    /// The answer from the segments predicted so far.
    ///
    /// # Errors
    /// Never in practice: only if the values cannot be converted.
    pub fn answer(&self) -> Result<JsValue, Thrown> {
        let mut answer = self.session.answer();
        answer.notes.splice(0..0, self.notes.iter().cloned());
        to_js(&AnswerView::of(&answer, &self.genres, &self.tags))
    }

    /// The segment whose middle is nearest to a time: its number, start and end in seconds.
    #[wasm_bindgen(js_name = segmentAt)]
    pub fn segment_at(&self, seconds: f64) -> Vec<f64> {
        let segment = self.session.segment_at(seconds);
        let (start, end) = self.session.segment_span(segment);
        vec![segment as f64, start, end]
    }

    /// How much each of eight patches of one of eight rows of a segment adds to the logit of a genre, in nats; row
    /// 0 has the lowest bands.
    ///
    /// # Errors
    /// If the device fails.
    #[wasm_bindgen(js_name = patchSaliency)]
    pub async fn patch_saliency(
        &self,
        engine: &Engine,
        segment: usize,
        genre: &str,
        row: usize,
    ) -> Result<Vec<f32>, Thrown> {
        let genre = self.genres.iter().position(|g| g == genre);
        let genre = genre.unwrap_or(usize::MAX);
        let session = &self.session;
        Ok(session
            .patch_saliency(&engine.predictor, segment, genre, row)
            .await?)
    }

    /// The spectrogram as a picture of one row a band, the lowest band first, and `columns` columns,
    /// row by row: 255 is the loudest point, 0 lies 80 dB below it. A column shows the loudest of the
    /// frames that fall into it.
    pub fn picture(&self, columns: usize) -> Vec<u8> {
        let last = self.session.log_mel();
        let whole;
        let mel = if self.drawn.is_empty() {
            last
        } else {
            whole = joined(&self.drawn, &overview(last));
            &whole
        };
        let front_end = &self.front_end;
        let loudest = mel.values.iter().copied().fold(f32::MIN, f32::max);
        let loudest = front_end.decibel_of_value(loudest);
        let columns = with_columns(mel, columns);
        let levels = columns.values.iter();
        levels
            .map(|value| intensity(front_end.decibel_of_value(*value), loudest))
            .collect()
    }
}

/// Columns that are kept of a piece's spectrogram.
const OVERVIEW: usize = 512;

fn overview(mel: &Spectrogram) -> Spectrogram {
    with_columns(mel, OVERVIEW.min(mel.frames))
}

/// The same with another number of columns: each has the loudest of the frames that fall into it.
fn with_columns(mel: &Spectrogram, columns: usize) -> Spectrogram {
    let mut values = Vec::with_capacity(mel.bands * columns);
    for band in 0..mel.bands {
        let row = mel.band(band);
        values.extend((0..columns).map(|column| {
            let from = (column * mel.frames / columns).min(mel.frames - 1);
            let to = ((column + 1) * mel.frames / columns).max(from + 1);
            row[from..to].iter().copied().fold(f32::MIN, f32::max)
        }));
    }
    Spectrogram {
        bands: mel.bands,
        frames: columns,
        values,
    }
}

/// Spectrograms one after another.
fn joined(first: &[Spectrogram], last: &Spectrogram) -> Spectrogram {
    let parts = || first.iter().chain(std::iter::once(last));
    let rows = (0..last.bands).flat_map(|band| parts().flat_map(move |part| part.band(band)));
    Spectrogram {
        bands: last.bands,
        frames: parts().map(|part| part.frames).sum(),
        values: rows.copied().collect(),
    }
}

fn notices(notes: &[Note]) -> Vec<Notice> {
    notes.iter().map(Notice::of).collect()
}

async fn open_predictor(model: &[u8], device: &str) -> Result<Predictor, Thrown> {
    let predictor = match device {
        #[cfg(any(feature = "networks", not(feature = "webgpu")))]
        "cpu" => Predictor::on_processor(model),
        #[cfg(feature = "webgpu")]
        "gpu" => {
            let device = burn::tensor::Device::wgpu_options().init_async().await;
            let device = device.map_err(|e| PageError::Gpu(format!("{e:?}")))?;
            Predictor::from_bytes(model, &device)
        }
        other => return Err(PageError::Device(other.to_owned()).into()),
    };
    predictor.map_err(|e| Thrown::about(Subject::Model, &e))
}

fn to_js(value: &impl Serialize) -> Result<JsValue, Thrown> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    value
        .serialize(&serializer)
        .map_err(|e| PageError::Conversion(e.to_string()).into())
}

/// Milliseconds of the clock that pages and workers share.
fn now() -> f64 {
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .filter(JsValue::is_object)
        // Outside browsers the clock is there, but not always the name of its type.
        .map(JsCast::unchecked_into::<web_sys::Performance>)
        .map_or(0.0, |performance| performance.now())
}
