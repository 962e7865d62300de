-- Invitations that nobody has used, by the SHA-256 of their code. A used one is deleted: nothing says which
-- answer it was for.
CREATE TABLE invitations (
    code_hash TEXT PRIMARY KEY NOT NULL
);
