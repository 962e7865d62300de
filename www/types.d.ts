// The shapes that travel between the page, its worker and the WebAssembly module.
// Types only: nothing of this file reaches the browser.

import type {
  AnswerView,
  Asked,
  CellSong as EngineCellSong,
  Check as EngineCheck,
  EngineInfo as EngineInfoView,
  Learning,
  LibrarySong,
  Liked,
  MapView,
  Notice as EngineNotice,
  NowView,
  People,
  Point,
  SongNames as EngineSongNames,
  SongView,
  Source as EngineSource,
  TasteTrait,
  TimelineView,
  Verdict as EngineVerdict,
} from './engine/engine-types.js';

export type Verdict = EngineVerdict;
/** An error or a note of the engine. Errors may be about something: "The model is damaged". */
export type Notice = EngineNotice & { subject?: string };
/** What can be said: of the engine with a code, of the page in English. */
export type Message = string | Notice;
/** An error as the WebAssembly module throws it. */
export interface EngineFailure extends Error {
  code: string;
  arguments: Record<string, string>;
  details?: EngineNotice['details'];
  subject?: string;
}

export type Device = 'cpu' | 'gpu';
export type Mode = 'genre-aware' | 'cosine';
export type Probabilities = Record<string, number>;

export type Segment = TimelineView;

/** What the model says of one song. */
export type Answer = Omit<AnswerView, 'verdict'> & {
  /** Missing of songs that an earlier version of the page stored. */
  verdict?: Verdict;
};

/** Whose songs are looked for. */
export type Source = EngineSource;

/** One neighbour, from the catalogue or of the visitor's own. */
export type Recommendation = Liked;

/** What somebody thinks of a song. */
export type Rating = 'like' | 'dislike' | 'unknown';

/** An opinion as this browser keeps it: on a song of the catalogue by its path, on an own one by its embedding. */
export interface StoredRating {
  key: string;
  opinion: Rating;
  title: string;
  artist: string;
  /** When it was given, in milliseconds. */
  when: number;
  path?: string;
  embedding?: number[];
  /** The model that the embedding is of. */
  modelSha256?: string;
}

/** A genre or tag, and how much it goes with a taste, -1 to 1. */
export type Trait = TasteTrait;

/** A song of the catalogue that an opinion is asked on. */
export type TrackToRate = Asked;

/** The taste fitted to all ratings. */
export type LearntTaste = Learning & { milliseconds: number };

/** Whose tastes a model was fitted to. */
export type TastePopulation = People;

/** The log-mel picture: rows (low band first) times columns, row-major, 0..255 for -80..0 dB. */
export interface Picture {
  rows: number;
  columns: number;
  levels: Uint8Array;
}

/** What is to be said of the last seconds of a sound that goes on. */
export type LiveOutput = Omit<NowView, 'answer'> & { answer: Answer | null };

/** Which parts of a segment point to a genre (occlusion). */
export interface SaliencyMap {
  genre: string;
  start: number;
  end: number;
  /** Nats of each patch, the lowest row first; fewer rows while it is looked at. */
  rows: number[][];
}

/** A song on the map: of the catalogue, or by its number one of the visitor's own. */
export type MapPoint = Point & { mine?: number };

/** The catalogue as a map of three axes, nearly all of it within -1 and 1. */
export type CatalogMap = MapView;

/** A song to look for: a track of the catalogue, or the model's output for a song of the visitor's. */
export type Part = { weight: number } & (
  { track: number } | { embedding: Float32Array; probabilities: Float32Array; tags: Float32Array }
);

/** What is asked of the catalogue; a negative weight wants less of a song. */
export interface SimilarityQuery {
  parts: Part[];
  k: number;
  mode: Mode;
  genre?: string | undefined;
  exclude_artists: string[];
  exclude_tracks: number[];
  source: Source;
}

/** How the visitor narrows the list of similar songs. */
export interface Narrowing {
  mode: Mode;
  sameGenre: boolean;
  /** Artists that are not wanted. */
  artists: string[];
  /** Tracks to be more or less like, with their weights. */
  steer: { track: number; weight: number }[];
  /** Which state of the visitor's taste ranks them; empty without opinions. */
  taste: string;
  source: Source;
  /** Which state of the visitor's library is searched; empty without one. */
  library: string;
}

export type EngineInfo = Omit<EngineInfoView, 'device'> & { device: Device };

export type Check = EngineCheck;

/** A sound that lies in the worker, by the number the worker gave it. */
export interface SoundHandle {
  handle: number;
  seconds: number;
  notes: Notice[];
  /** A WAV of it, where the browser has no file of its own that it can play. */
  wav: Blob | null;
}

export type SongState =
  | 'listening'
  | 'waiting'
  | 'reading'
  | 'decoding'
  | 'analysing'
  | 'comparing'
  | 'done'
  | 'failed'
  | 'cancelled';

/** What this browser keeps of a song. */
export type StoredSong = Pick<
  Song,
  | 'name'
  | 'seconds'
  | 'answer'
  | 'picture'
  | 'similar'
  | 'narrowing'
  | 'notes'
  | 'took'
  | 'modelSha256'
  | 'fromFile'
> & { when: number };

/** One song of the visitor's, from the drop to the answer. */
export interface Song {
  name: string;
  /** Null for the sample, for what was listened to, and for songs of earlier visits. */
  file: File | null;
  state: SongState;
  /** False for what was listened to, and for the sample. */
  fromFile: boolean;
  /** True if it was analysed in an earlier visit, and only its answer is stored. */
  restored: boolean;
  /** Length in seconds, 0 while unknown. */
  seconds: number;
  /** Seconds of it that are analysed. */
  analysedSeconds: number;
  picture: Picture | null;
  answer: Answer | null;
  /** True once the answer covers the whole song. */
  complete: boolean;
  similar: Recommendation[];
  /** How they were looked for; null before. */
  narrowing: Narrowing | null;
  notes: Message[];
  error: Message;
  /** What the player plays. */
  playable: Blob | null;
  /** By what number the worker knows its analysis; null if it does not. */
  handle: number | null;
  /** Milliseconds from the start of reading to the answer. */
  took: number;
  modelSha256: string;
}

// --- the library (see www/library) ---

/** What a worker heard of a song of the library. */
export interface HeardSong {
  seconds: number;
  /** Probability that it is music. */
  music: number;
  notes: Notice[];
  /** [dimensions] */
  embedding: Float32Array;
  /** [genres], in the model's order. */
  probabilities: Float32Array;
  /** [tags], in the model's order. */
  tags: Float32Array;
}

/** A song of a catalogue in cells. */
export type CellSong = EngineCellSong;

/** A catalogue in cells that was opened. */
export interface OpenedCells {
  songs: number;
  /** Fetched to open it. */
  bytes: number;
}

/** The songs of a catalogue in cells that sound most alike. */
export interface FoundInCells {
  songs: CellSong[];
  /** Fetched for this search. */
  bytes: number;
}

/** What a song is called, by its file's tags. */
export type SongNames = EngineSongNames;

/** Songs with their numbers, row by row. */
export interface LibraryRows {
  songs: LibrarySong[];
  embeddings: Float32Array<ArrayBuffer>;
  probabilities: Float32Array<ArrayBuffer>;
  tags: Float32Array<ArrayBuffer>;
}

/** What this browser keeps of a song of the library, or of a file that could not be heard. */
export interface LibraryRecord extends HeardSong, SongNames {
  /** Folder and path. */
  key: string;
  /** Name of the chosen folder, or of the opened catalogue's file. */
  folder: string;
  /** Path in the folder, with slashes. */
  path: string;
  /** Labelled genre; empty if there is none. */
  genre: string;
  /** Whether it is of an opened catalogue, so that there is no file to hear. */
  opened: boolean;
  /** Whether its tags were read, which earlier versions of the page did not. */
  tagged?: boolean;
  /** Of the file, in bytes; 0 without one. */
  size: number;
  /** When the file was changed last, in milliseconds; 0 without one. */
  modified: number;
  /** Why it could not be heard; empty if it was. */
  error: Message;
  modelSha256: string;
  /** When it was heard, in milliseconds. */
  when: number;
}

/** A folder that was chosen. */
export interface KeptFolder {
  name: string;
  /** By which it can be read again; null where the browser gives none. */
  handle: FileSystemDirectoryHandle | null;
  /** Songs that were found in it. */
  songs: number;
}

// --- the survey (see src/survey) ---

/** A song of the catalogue to choose. */
export type CatalogTrack = SongView;

/** Small pictures of a sound, row by row. */
export interface SoundFeatures {
  mfcc: number[];
  stft: number[];
  dwt: number[];
}

/** A text by language. */
export type LocalisedText = Record<string, string>;

export interface SurveySong {
  id: string;
  title: string;
  artist: string;
  genre: string;
  source: string;
  /** Where it can be listened to at its source. */
  link?: string;
  licence?: string;
  /** Its sound file in survey/audio/. */
  audio?: string;
}

/** What a listening study asks: for each seed what each of two methods recommends. */
export interface ListeningStudy {
  methods: string[];
  seeds: { song: string; recommendations: string[][] }[];
}

/** A recommended song and the song for which it is recommended. */
export interface RatedPair {
  seed: string;
  song: string;
}

/** A survey as its researcher describes it. */
export interface SurveyConfig {
  id: string;
  kind?: 'taste' | 'recommendations';
  title: LocalisedText;
  purpose: LocalisedText;
  contact: string;
  controller: string;
  consent_version: number;
  retention_days: number;
  invited_only?: boolean;
  answers_most?: number;
  languages: string[];
  model: { sha256: string; embedding: number; genres: number; tags: number };
  songs: SurveySong[];
  study?: ListeningStudy;
}

/** All that is kept of a participant's own song. */
export interface OwnSong {
  embedding: number[];
  probabilities: number[];
  tags: number[];
  features: SoundFeatures;
}

/** What a participant sends. */
export interface SurveyAnswer {
  version: number;
  survey: string;
  participant: string;
  consent: { version: number; at: string };
  model_sha256: string;
  favourite: { song: { id: string } } | { own: OwnSong };
  labels: { song: string; opinion: Rating }[];
  favourites: string[];
  comment: string;
  simulated: boolean;
}

/** What a participant of a listening study sends. */
export interface ListeningAnswer {
  version: number;
  kind: 'recommendations';
  survey: string;
  participant: string;
  consent: { version: number; at: string };
  /** In the order in which they were asked. */
  ratings: (RatedPair & { rating: number })[];
  comment: string;
  simulated: boolean;
}

export type SurveyStep =
  'consent' | 'favourite' | 'songs' | 'three' | 'ratings' | 'comment' | 'review';

/**
 * Where an answer is: being given; waiting to be sent; kept by the collector; without a collector, to be
 * handed over as a file; refused; waiting to be withdrawn.
 */
export type SurveyState = 'draft' | 'waiting' | 'sent' | 'local' | 'refused' | 'withdrawing';

/** What this browser keeps of an answer to a survey, from the consent on. */
export interface StoredAnswer {
  /** When it was begun, in milliseconds; its key. */
  begun: number;
  survey: string;
  state: SurveyState;
  step: SurveyStep;
  consent: { version: number; at: string } | null;
  /** What is shown of the favourite song, and what of it is sent. */
  favourite: { title: string; artist: string; sent: SurveyAnswer['favourite'] } | null;
  opinions: Record<string, Rating>;
  /** The song that is asked about now. */
  at: number;
  favourites: string[];
  /** In a listening study, the order in which is asked; answers of earlier versions have none. */
  order?: RatedPair[];
  /** Ratings by `keyOf` of www/survey/listening.js. */
  ratings?: Record<string, number>;
  comment: string;
  /** Empty until it is sent. */
  participant: string;
  secret: string;
  /** As it was sent, or is to be. */
  answer: SurveyAnswer | ListeningAnswer | null;
  /** How often it was tried to send it. */
  tries: number;
  /** The collector asked not to be asked before, in milliseconds. */
  notBefore: number;
  /** What the collector said last. */
  said: string;
}

// --- the module that wasm-bindgen writes to pkg/ (see src/web) ---

export interface WasmSound {
  readonly rate: number;
  readonly seconds: number;
  readonly whole: boolean;
  samples(): Float32Array;
  notes(): Notice[];
  features(): string;
  free(): void;
}

/** What the module reads a file by: the bytes from a place on. */
export interface WasmFile {
  readonly size: number;
  read(at: number, count: number): Uint8Array;
}

/** A sound piece by piece, to be played. */
export interface WasmPlainSound {
  readonly rate: number;
  nextPiece(): Int16Array<ArrayBuffer> | undefined;
  free(): void;
}

export interface WasmAnalysis {
  readonly segments: number;
  readonly done: number;
  readonly finished: boolean;
  readonly pieces: number;
  readonly seconds: number;
  step(engine: WasmEngine, count: number): Promise<number>;
  answer(): unknown;
  picture(columns: number): Uint8Array;
  segmentAt(seconds: number): Float64Array;
  patchSaliency(
    engine: WasmEngine,
    segment: number,
    genre: string,
    row: number,
  ): Promise<Float32Array>;
  free(): void;
}

export interface WasmLive {
  push(samples: Float32Array): void;
  takePicture(): Uint8Array;
  takeLevel(): Float32Array;
  now(engine: WasmEngine): Promise<unknown>;
  free(): void;
}

export interface WasmEngine {
  readonly rate: number | undefined;
  info(): unknown;
  check(): Promise<unknown>;
  begin(sound: WasmSound): WasmAnalysis;
  listen(rate: number): WasmLive;
  map(): unknown;
  place(embedding: Float32Array): Float32Array;
  tracks(): unknown;
  similar(wish: SimilarityQuery): unknown;
  verdict(probabilities: Float32Array, music: number): unknown;
  setPopulation(population?: Uint8Array): unknown;
  learnTaste(opinions: { opinion: Rating; path?: string; embedding?: number[] }[]): unknown;
  pathOf(track: number): string | undefined;
  openCatalog(bytes: Uint8Array): WasmOpenedCatalog;
  setLibrary(
    songs: LibrarySong[],
    embeddings: Float32Array,
    probabilities: Float32Array,
    tags: Float32Array,
  ): void;
  libraryPlaces(): Float32Array;
  libraryGenres(): string[];
}

export interface WasmOpenedCatalog {
  songs(): unknown;
  embeddings(): Float32Array<ArrayBuffer>;
  probabilities(): Float32Array<ArrayBuffer>;
  tags(): Float32Array<ArrayBuffer>;
  free(): void;
}

export interface WasmCells {
  readonly songs: number;
  readonly bytesRead: number;
  search(embedding: Float32Array, k: number): Promise<unknown>;
  free(): void;
}

export interface WasmModule {
  default(options: { module_or_path: Response | Promise<Response> }): Promise<unknown>;
  probeRate(bytes: Uint8Array): number | undefined;
  namesOf(file: WasmFile, name: string): unknown;
  decode(file: Uint8Array | WasmFile, name?: string, rate?: number): WasmSound;
  PlainSound: { open(file: Uint8Array | WasmFile, name?: string): WasmPlainSound };
  soundFromChannels(channels: Float32Array[], rate: number): WasmSound;
  sampleSong(): WasmSound;
  participantCode(random: Uint8Array): string;
  surveyCheck(answer: string, config: string): void;
  CellCatalog: {
    open(
      fetchRanges: (ranges: [number, number][]) => Promise<Uint8Array[]>,
      modelSha256: string,
    ): Promise<WasmCells>;
  };
  Engine: { load(model: Uint8Array, catalog: Uint8Array, device: Device): Promise<WasmEngine> };
}

// --- messages between the page and the worker ---

export interface Request {
  id: number;
  method: string;
  args: any;
}

export type Reply =
  | { id: number; value: any }
  | { id: number; error: Message; cancelled?: boolean }
  | { id: number; event: string; data: any }
  | { crash: string };

declare global {
  // What the audio thread has, which TypeScript does not know.
  class AudioWorkletProcessor {
    port: MessagePort;
  }
  // What workers have, which pages lack.
  class FileReaderSync {
    readAsArrayBuffer(blob: Blob): ArrayBuffer;
  }
  function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

  interface Window {
    /** For tests and for tinkerers at the console. */
    soundalike: {
      answer: (Answer & { name: string; similar: Recommendation[] }) | null;
      /** Milliseconds after which a worker that is asked and says nothing counts as dead. */
      patience: number;
    };
  }
}
