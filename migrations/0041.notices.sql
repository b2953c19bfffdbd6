-- What people are told of what happened: in the page, by mail, and to programs by signed calls.

CREATE TABLE exchange.notices (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    event_id bigint NOT NULL REFERENCES policies.events,
    user_id uuid NOT NULL REFERENCES policies.users,
    kind text NOT NULL,
    topic text NOT NULL,
    at timestamptz NOT NULL,
    dataset_id uuid,
    subject_id uuid,
    facts jsonb NOT NULL,
    is_shown boolean NOT NULL,                       -- in the page
    read_at timestamptz,
    mail_state text NOT NULL
        CHECK (mail_state IN ('none', 'due', 'sending', 'sent', 'failed', 'dropped')),
    mail_attempts integer NOT NULL DEFAULT 0,
    mail_next_at timestamptz,
    mail_error text NOT NULL DEFAULT '',
    CONSTRAINT one_notice_an_event_and_person UNIQUE (event_id, user_id)
);
CREATE INDEX notices_of_user ON exchange.notices (user_id, id DESC) WHERE is_shown;
CREATE INDEX notices_unread ON exchange.notices (user_id) WHERE is_shown AND read_at IS NULL;
CREATE INDEX notices_to_mail ON exchange.notices (mail_next_at)
    WHERE mail_state IN ('due', 'sending');

-- How far the log was read; it begins with what comes after this release.
CREATE TABLE exchange.notice_mark (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    next_leaf bigint NOT NULL
);
INSERT INTO exchange.notice_mark (next_leaf)
SELECT coalesce(max(leaf_index) + 1, 0) FROM policies.leaves;

-- Without a row: everything in the page, by mail what has a clock, in Chinese.
CREATE TABLE exchange.notice_preferences (
    user_id uuid PRIMARY KEY REFERENCES policies.users,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    shown_topics text[] NOT NULL,
    mailed_topics text[] NOT NULL
);

CREATE TABLE exchange.webhooks (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES policies.organizations,
    url text NOT NULL,
    sealed_secret bytea NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_by uuid NOT NULL REFERENCES policies.users,
    created_at timestamptz NOT NULL
);
CREATE INDEX webhooks_by_organization ON exchange.webhooks (organization_id);

CREATE TABLE exchange.webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    webhook_id uuid NOT NULL REFERENCES exchange.webhooks ON DELETE CASCADE,
    event_id bigint REFERENCES policies.events,      -- NULL: a test
    body text NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    status integer,                                  -- of the last answer
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    CONSTRAINT one_call_an_event UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON exchange.webhook_deliveries (next_at) WHERE state = 'due';
