-- What readers ask about a dataset and made of it, and data that is asked for and is not there.

CREATE TABLE catalog.questions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets ON DELETE CASCADE,
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    hidden_reason text NOT NULL DEFAULT ''             -- empty: it is shown
);
CREATE INDEX questions_by_dataset ON catalog.questions (dataset_id, asked_at DESC, id);
CREATE INDEX questions_by_author ON catalog.questions (asked_by, asked_at);

CREATE TABLE catalog.answers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    question_id uuid NOT NULL REFERENCES catalog.questions ON DELETE CASCADE,
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 4000),
    is_official boolean NOT NULL,                      -- its publisher's word when it was written
    answered_by uuid NOT NULL REFERENCES policies.users,
    answered_at timestamptz NOT NULL,
    hidden_reason text NOT NULL DEFAULT ''
);
CREATE INDEX answers_by_question ON catalog.answers (question_id, answered_at, id);
CREATE INDEX answers_by_author ON catalog.answers (answered_by, answered_at);

CREATE TABLE catalog.reuses (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dataset_id uuid NOT NULL REFERENCES catalog.datasets ON DELETE CASCADE,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    link text NOT NULL CHECK (link ~ '^https?://' AND length(link) <= 2000),
    maker text NOT NULL CHECK (length(maker) BETWEEN 1 AND 200),
    picture bytea CHECK (length(picture) <= 524288),
    picture_type text CHECK (picture_type IN ('image/png', 'image/jpeg', 'image/webp')),
    added_by uuid NOT NULL REFERENCES policies.users,
    added_at timestamptz NOT NULL,
    hidden_reason text NOT NULL DEFAULT '',
    CHECK ((picture IS NULL) = (picture_type IS NULL)),
    UNIQUE (dataset_id, link)
);
CREATE INDEX reuses_by_author ON catalog.reuses (added_by, added_at);

-- What a department says that it is there for: one duty a row, matched with what is asked for.
CREATE TABLE catalog.duties (
    organization_id uuid NOT NULL REFERENCES policies.organizations ON DELETE CASCADE,
    position integer NOT NULL CHECK (position BETWEEN 1 AND 200),
    words text NOT NULL CHECK (length(words) BETWEEN 1 AND 300),
    PRIMARY KEY (organization_id, position)
);

CREATE TABLE catalog.data_requests (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    folded text NOT NULL,                              -- the title as two that ask the same write it
    detail text NOT NULL DEFAULT '' CHECK (length(detail) <= 4000),
    asked_by uuid NOT NULL REFERENCES policies.users,
    asked_at timestamptz NOT NULL,
    department_id uuid REFERENCES policies.organizations ON DELETE SET NULL,
    due_on date NOT NULL,
    is_due_provisional boolean NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'promised', 'met', 'refused')),
    answer text NOT NULL DEFAULT '' CHECK (length(answer) <= 4000),
    legal_basis text NOT NULL DEFAULT '',
    dataset_id uuid REFERENCES catalog.datasets ON DELETE SET NULL,
    promised_on date,
    answered_by uuid REFERENCES policies.users,
    answered_at timestamptz,
    hidden_reason text NOT NULL DEFAULT '',
    CHECK ((state = 'open') = (answered_at IS NULL)),
    CHECK (state <> 'refused' OR legal_basis <> ''),
    CHECK (state <> 'promised' OR promised_on IS NOT NULL)
);
CREATE UNIQUE INDEX data_requests_open_once ON catalog.data_requests (folded)
    WHERE state = 'open' AND hidden_reason = '';
CREATE INDEX data_requests_by_department ON catalog.data_requests (department_id, state, due_on);
CREATE INDEX data_requests_by_author ON catalog.data_requests (asked_by, asked_at);

CREATE TABLE catalog.data_request_joins (
    request_id uuid NOT NULL REFERENCES catalog.data_requests ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES policies.users,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (request_id, user_id)
);
CREATE INDEX data_request_joins_by_user ON catalog.data_request_joins (user_id);

-- What was searched for and not found: the words and how often, never who.
CREATE TABLE catalog.unmet_queries (
    folded text PRIMARY KEY CHECK (length(folded) BETWEEN 1 AND 100),
    times bigint NOT NULL CHECK (times > 0),
    last_at timestamptz NOT NULL
);
CREATE INDEX unmet_queries_by_times ON catalog.unmet_queries (times DESC, last_at DESC);

-- The history of a record is read apart from its deliveries, which may be millions.
CREATE INDEX events_of_records ON policies.events (dataset_id, id DESC)
    WHERE kind LIKE 'dataset.%';

-- What somebody typed in the form of a record and did not save yet, right or wrong as it is.
CREATE TABLE catalog.entry_drafts (
    user_id uuid NOT NULL REFERENCES policies.users,
    dataset_id uuid REFERENCES catalog.datasets ON DELETE CASCADE,   -- NULL: one to be registered
    fields jsonb NOT NULL,
    kept_at timestamptz NOT NULL,
    CONSTRAINT one_draft_each UNIQUE NULLS NOT DISTINCT (user_id, dataset_id)
);
