// What the engine takes and gives, made from the Rust types of src/web and src/core. Do not edit:
// `UPDATE=1 cargo test --release --workspace --lib types` writes it again.

export type AnswerView = { 
/**
 * What the probabilities come to.
 */
verdict: Verdict, 
/**
 * The notes with their codes.
 */
notices: Array<Notice>, 
/**
 * Length of the sound in seconds.
 */
seconds: number, 
/**
 * Whether the genres are one of several or, as tags are, any number at once.
 */
head?: Head, 
/**
 * The most probable genre.
 */
genre: string, 
/**
 * Its probability.
 */
confidence: number, 
/**
 * Probability of each genre.
 */
probabilities: Record<string, number>, 
/**
 * One entry per segment.
 */
timeline: Array<TimelineView>, 
/**
 * See [`Prediction::embedding`].
 */
embedding: Array<number>, 
/**
 * Probability of each tag; none if the model has none.
 */
tags: Record<string, number>, 
/**
 * See [`Prediction::music`].
 */
music: number, 
/**
 * See [`Prediction::notes`].
 */
notes: Array<string>, };

export type Asked = { 
/**
 * Probability that it is liked.
 */
liked: number, 
/**
 * Index of the song in the catalogue.
 */
track: number, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Genre: the label, or else what the model predicts.
 */
genre: string, 
/**
 * Whether the genre is predicted by the model rather than a label.
 */
genre_predicted: boolean, 
/**
 * The collection that it comes from.
 */
set: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type CellSong = { 
/**
 * Index in the catalogue.
 */
song: number, 
/**
 * Cosine similarity from −1 to 1.
 */
similarity: number, 
/**
 * Title; may be empty.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Labelled genre; may be empty.
 */
genre: string, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type Check = { difference: number, milliseconds: number, };

export type EngineInfo = { genres: Array<string>, tags: Array<string>, tracks: number, model_sha256: string, parameters: number, segment_seconds: number, frames_per_second: number, band_hertz: Array<number>, device: string, 
/**
 * Extensions of sound files, in small letters.
 */
extensions: Array<string>, };

export type Head = "softmax" | "sigmoid";

export type Learning = { summary: TasteSummary, ask: Asked | null, 
/**
 * The track of each opinion; none for a song that the catalogue lacks.
 */
tracks: Array<number | null>, };

export type LibrarySong = { 
/**
 * Path in its folder.
 */
path: string, 
/**
 * Title, or the file's name.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Album; may be empty.
 */
album: string, 
/**
 * Labelled genre; may be empty.
 */
genre: string, };

export type Liked = { 
/**
 * Probability that it is liked; none before there are opinions.
 */
liked: number | null, 
/**
 * Its number among the visitor's own songs, if it is one.
 */
mine: number | null, 
/**
 * Place in the list, from one.
 */
rank: number, 
/**
 * Cosine similarity from −1 to 1.
 */
similarity: number, 
/**
 * What the two have in common, in English.
 */
why: string, 
/**
 * The same in parts.
 */
reason: Reason, 
/**
 * Index of the song in the catalogue.
 */
track: number, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Genre: the label, or else what the model predicts.
 */
genre: string, 
/**
 * Whether the genre is predicted by the model rather than a label.
 */
genre_predicted: boolean, 
/**
 * The collection that it comes from.
 */
set: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type MapView = { explained: [number, number, number], points: Array<Point>, genres: Array<Signature>, };

export type Notice = { 
/**
 * See [`Message::code`].
 */
code: string, 
/**
 * Name and value, see [`Message::arguments`].
 */
arguments: Array<[string, string]>, 
/**
 * Name and message, see [`Message::details`].
 */
details: Array<[string, Notice]>, 
/**
 * The English text.
 */
text: string, };

export type NowView = { answer: AnswerView | null, quiet: boolean, seconds: number, };

export type Part = { weight: number, track: number | null, embedding: Array<number>, probabilities: Array<number>, tags: Array<number>, };

export type People = { simulated: boolean, answers: number, survey: string, };

export type Point = { point: [number, number, number], 
/**
 * Index of the song in the catalogue.
 */
track: number, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Genre: the label, or else what the model predicts.
 */
genre: string, 
/**
 * Whether the genre is predicted by the model rather than a label.
 */
genre_predicted: boolean, 
/**
 * The collection that it comes from.
 */
set: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type PredictionView = { 
/**
 * Length of the sound in seconds.
 */
seconds: number, 
/**
 * Whether the genres are one of several or, as tags are, any number at once.
 */
head?: Head, 
/**
 * The most probable genre.
 */
genre: string, 
/**
 * Its probability.
 */
confidence: number, 
/**
 * Probability of each genre.
 */
probabilities: Record<string, number>, 
/**
 * One entry per segment.
 */
timeline: Array<TimelineView>, 
/**
 * See [`Prediction::embedding`].
 */
embedding: Array<number>, 
/**
 * Probability of each tag; none if the model has none.
 */
tags: Record<string, number>, 
/**
 * See [`Prediction::music`].
 */
music: number, 
/**
 * See [`Prediction::notes`].
 */
notes: Array<string>, };

export type Ranking = "genre-aware" | "cosine";

export type Reason = { 
/**
 * Whether the two are alike at all: whether their similarity is 0.3 or more. What is not alike shares nothing.
 */
alike: boolean, 
/**
 * Up to two genres that the model predicts for both.
 */
genres: Array<string>, 
/**
 * Up to three tags that are more than usual in both.
 */
tags: Array<string>, };

export type RecommendOptions = { parts: Array<Part>, k: number, mode: Ranking, genre: string | null, exclude_artists: Array<string>, exclude_tracks: Array<number>, 
/**
 * Whose songs are wanted.
 */
source: Source, };

export type RecommendationView = { 
/**
 * Place in the list, from one.
 */
rank: number, 
/**
 * Cosine similarity from −1 to 1.
 */
similarity: number, 
/**
 * What the two have in common, in English.
 */
why: string, 
/**
 * The same in parts.
 */
reason: Reason, 
/**
 * Index of the song in the catalogue.
 */
track: number, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Genre: the label, or else what the model predicts.
 */
genre: string, 
/**
 * Whether the genre is predicted by the model rather than a label.
 */
genre_predicted: boolean, 
/**
 * The collection that it comes from.
 */
set: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type Signature = { 
/**
 * The genre.
 */
genre: string, 
/**
 * How many songs it has.
 */
songs: number, 
/**
 * Their middle.
 */
point: [number, number, number], };

export type SongNames = { 
/**
 * Title, or what the file's name makes of it.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Album; may be empty.
 */
album: string, };

export type SongView = { 
/**
 * Index of the song in the catalogue.
 */
track: number, 
/**
 * Path of its clip in its collection.
 */
path: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artist; may be empty.
 */
artist: string, 
/**
 * Genre: the label, or else what the model predicts.
 */
genre: string, 
/**
 * Whether the genre is predicted by the model rather than a label.
 */
genre_predicted: boolean, 
/**
 * The collection that it comes from.
 */
set: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * Where it can be found; may be empty.
 */
source: string, 
/**
 * Address at its source where it can be listened to; may be empty.
 */
link: string, };

export type Source = "catalog" | "mine" | "both";

export type TasteSummary = { 
/**
 * Number of ratings that it was fitted to.
 */
labels: number, 
/**
 * What is liked more than other things, most so first.
 */
more: Array<TasteTrait>, 
/**
 * What is liked less, most so first.
 */
less: Array<TasteTrait>, 
/**
 * Share of the differences between songs that is known rather than guessed, 0 to 1.
 */
certainty: number, 
/**
 * "more blues and acoustic, less metal", or "nothing yet".
 */
sentence: string, };

export type TasteTrait = { 
/**
 * Genre or tag, as it stands in a sentence.
 */
name: string, 
/**
 * How far the fitted logit of songs that have it lies above that of all songs of the catalogue, in standard
 * deviations.
 */
weight: number, };

export type Thumb = { opinion: 'like' | 'dislike' | 'unknown', 
/**
 * The path of a song of the catalogue; one that the catalogue lacks says nothing.
 */
path: string | null, 
/**
 * Of the visitor's own song.
 */
embedding: Array<number>, };

export type TimelineView = { 
/**
 * Start in seconds.
 */
start: number, 
/**
 * End in seconds.
 */
end: number, 
/**
 * Probability of each genre.
 */
probabilities: Record<string, number>, };

export type Verdict = { "kind": "not_music" } | { "kind": "unsure", 
/**
 * One to three genres or tags.
 */
near: Array<string>, } | { "kind": "clearly", 
/**
 * The genre.
 */
genre: string, } | { "kind": "between", 
/**
 * The more probable one.
 */
first: string, 
/**
 * The other.
 */
second: string, } | { "kind": "mostly", 
/**
 * The genre.
 */
genre: string, 
/**
 * Whether the genre has less than half.
 */
closest: boolean, 
/**
 * Up to two others worth naming.
 */
some: Array<string>, } | { "kind": "tags", 
/**
 * The tags.
 */
tags: Array<string>, };
