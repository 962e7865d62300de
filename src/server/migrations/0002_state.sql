-- Numbers that outlive the process: `last_day` is the last day, since 1970-01-01, on which the collector
-- looked for answers that are too old.
CREATE TABLE collector_state (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
