-- One table per kind of record (app/store/records.py). Rows are added, never changed.
-- Times are UTC. JSON columns hold what only the app looks into.
CREATE TABLE attempts (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    drill VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    seed BIGINT NOT NULL,
    device VARCHAR NOT NULL,
    wall_ms DOUBLE NOT NULL,
    source VARCHAR NOT NULL,
    checks JSON NOT NULL,
    diagnosis JSON,
    printed VARCHAR NOT NULL,
    message VARCHAR NOT NULL
);
CREATE TABLE events (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    payload JSON
);
CREATE TABLE answers (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    question VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    given JSON,
    correct BOOLEAN,
    score DOUBLE,
    params_seed BIGINT,
    took_ms DOUBLE
);
CREATE TABLE reviews (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    item_kind VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    rating BIGINT NOT NULL,
    card VARCHAR NOT NULL,
    due TIMESTAMP NOT NULL
);
CREATE TABLE self_assessments (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    skill VARCHAR NOT NULL,
    level BIGINT NOT NULL
);
CREATE TABLE settings (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    key VARCHAR NOT NULL,
    value JSON
);
CREATE TABLE interviews (
    id UUID PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    seconds DOUBLE NOT NULL,
    payload JSON
);
