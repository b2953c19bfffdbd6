-- How often a clause refused what somebody tried, by day; what was refused leaves nothing else behind.

CREATE TABLE exchange.clause_refusals (
    clause_id text NOT NULL,
    day date NOT NULL,
    times bigint NOT NULL CHECK (times > 0),
    PRIMARY KEY (clause_id, day)
);
