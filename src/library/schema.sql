-- Format 1 of a library. Texts that are not known are empty; numbers that are not known are NULL.

-- The models that heard the songs; usually one.
CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    -- JSON: soundalike_core::catalog::Provenance.
    provenance TEXT NOT NULL,
    -- Length of an embedding.
    dimensions INTEGER NOT NULL
) STRICT;

-- The folders that are watched.
CREATE TABLE folder (
    path BLOB PRIMARY KEY,
    -- Seconds since 1970.
    checked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE song (
    id INTEGER PRIMARY KEY,
    -- The absolute path's bytes, so that names that are not UTF-8 survive.
    path BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    -- Nanoseconds since 1970.
    mtime INTEGER NOT NULL,
    -- Of the file's bytes.
    sha256 BLOB NOT NULL,
    -- When it was first found to be gone, seconds since 1970; NULL while it is there.
    missing INTEGER,
    model INTEGER NOT NULL REFERENCES model (id),
    seconds REAL NOT NULL,
    music REAL NOT NULL,
    -- Little-endian IEEE half precision.
    embedding BLOB NOT NULL,
    probabilities BLOB NOT NULL,
    tags BLOB NOT NULL,
    tempo_bpm REAL,
    key TEXT,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    album TEXT NOT NULL,
    album_artist TEXT NOT NULL,
    genre TEXT NOT NULL,
    track_number INTEGER,
    year INTEGER,
    musicbrainz_recording TEXT NOT NULL,
    musicbrainz_release TEXT NOT NULL,
    -- JSON: list of texts.
    musicbrainz_artists TEXT NOT NULL,
    track_gain REAL,
    track_peak REAL,
    album_gain REAL,
    album_peak REAL,
    -- JSON: list of what was said when it was decoded.
    notes TEXT NOT NULL
) STRICT;

CREATE INDEX song_sha256 ON song (sha256);

-- Files that could not be heard, so that they are not tried again while they stay as they are.
CREATE TABLE failure (
    path BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- The program's version: a newer one may read what this one could not.
    program TEXT NOT NULL
) STRICT, WITHOUT ROWID;
