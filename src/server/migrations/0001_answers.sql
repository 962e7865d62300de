-- One set of statements for SQLite and PostgreSQL.
-- A row is known by the SHA-256 of its participant's code. A withdrawn answer leaves its row without
-- an answer, so that a copy that arrives late does not bring it back.
CREATE TABLE answers (
    code_hash TEXT PRIMARY KEY NOT NULL,
    secret_hash TEXT NOT NULL,
    -- Day of the first arrival, in days since 1970-01-01.
    received_day BIGINT NOT NULL,
    answer TEXT
);
CREATE INDEX answers_by_day ON answers (received_day);
