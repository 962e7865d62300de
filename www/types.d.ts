// The shapes that travel between the page, its worker and the WebAssembly module.
// Types only: nothing of this file reaches the browser.

export type Device = 'cpu' | 'gpu';
export type Mode = 'genre-aware' | 'cosine';
export type Probabilities = Record<string, number>;

export interface Segment {
  start: number;
  end: number;
  probabilities: Probabilities;
}

/** What the model says of one song. */
export interface Answer {
  seconds: number;
  genre: string;
  confidence: number;
  probabilities: Probabilities;
  timeline: Segment[];
  embedding: number[];
  /** Probability of each tag; empty if the model knows none. */
  tags: Probabilities;
  /** Probability that it is music at all. */
  music: number;
  notes: string[];
}

/** One neighbour from the catalogue. */
export interface Recommendation {
  rank: number;
  track: number;
  title: string;
  artist: string;
  genre: string;
  /** True where the genre is the model's own guess and not a label somebody gave. */
  genre_heard: boolean;
  set: string;
  licence: string;
  source: string;
  similarity: number;
  why: string;
}

/** The log-mel picture: rows (low band first) times columns, row-major, 0..255 for -80..0 dB. */
export interface Picture {
  rows: number;
  columns: number;
  levels: Uint8Array;
}

export interface EngineInfo {
  genres: string[];
  tags: string[];
  tracks: number;
  model_sha256: string;
  parameters: number;
  segment_seconds: number;
  device: Device;
}

export interface Check {
  difference: number;
  milliseconds: number;
}

/** A sound that lies in the worker, by the number the worker gave it. */
export interface SoundHandle {
  handle: number;
  seconds: number;
  notes: string[];
  /** A WAV of it, where the browser has no file of its own that it can play. */
  wav: Blob | null;
}

export type SongState =
  'waiting' | 'reading' | 'decoding' | 'analysing' | 'comparing' | 'done' | 'failed' | 'cancelled';

/** One song of the visitor's, from the drop to the answer. */
export interface Song {
  name: string;
  /** Null for the sample, which the engine makes up. */
  file: File | null;
  state: SongState;
  /** Length in seconds, 0 while unknown. */
  seconds: number;
  /** Seconds of it that are analysed. */
  heard: number;
  picture: Picture | null;
  answer: Answer | null;
  /** True once the answer covers the whole song. */
  whole: boolean;
  similar: Recommendation[];
  /** How they were looked for. */
  mode: Mode;
  notes: string[];
  error: string;
  /** What the player plays. */
  playable: Blob | null;
  /** Milliseconds from the start of reading to the answer. */
  took: number;
  modelSha256: string;
}

// --- the module that wasm-bindgen writes to pkg/ (see src/web) ---

export interface WasmSound {
  readonly rate: number;
  readonly seconds: number;
  samples(): Float32Array;
  notes(): string[];
  free(): void;
}

export interface WasmAnalysis {
  readonly segments: number;
  readonly done: number;
  readonly seconds: number;
  step(engine: WasmEngine, count: number): Promise<number>;
  answer(): unknown;
  picture(columns: number): Uint8Array;
  free(): void;
}

export interface WasmEngine {
  info(): unknown;
  check(): Promise<unknown>;
  begin(sound: WasmSound): WasmAnalysis;
  similar(
    embedding: Float32Array,
    probabilities: Float32Array,
    tags: Float32Array,
    k: number,
    mode: Mode,
  ): unknown;
}

export interface WasmModule {
  default(options: { module_or_path: Response | Promise<Response> }): Promise<unknown>;
  probeRate(bytes: Uint8Array): number | undefined;
  decode(bytes: Uint8Array, name?: string): WasmSound;
  soundFromChannels(channels: Float32Array[], rate: number): WasmSound;
  sampleSong(): WasmSound;
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
  | { id: number; error: string; cancelled?: boolean }
  | { id: number; event: string; data: any }
  | { crash: string };

declare global {
  interface Window {
    /** For tests and for tinkerers at the console; the page itself never reads it. */
    soundalike: { answer: (Answer & { name: string; similar: Recommendation[] }) | null };
  }
}
