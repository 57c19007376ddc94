CREATE TABLE notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    written_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO notes (text) VALUES ('The first note, from the migration.');
