-- An agreement is suspended with a reason, and taken up again by whoever suspended it or is senior.

ALTER TABLE policies.agreements
    ADD COLUMN suspended_at timestamptz,
    ADD COLUMN suspended_by uuid REFERENCES policies.users,
    ADD COLUMN suspension_reason text CHECK (length(suspension_reason) > 0),
    ADD COLUMN is_suspended_by_supervisor boolean,
    ADD CONSTRAINT suspension_is_whole CHECK (
        num_nulls(suspended_at, suspended_by, suspension_reason, is_suspended_by_supervisor)
            IN (0, 4)
    ),
    ADD CONSTRAINT suspended_has_reason CHECK (state <> 'suspended' OR suspended_at IS NOT NULL),
    ADD CONSTRAINT active_is_not_suspended CHECK (state <> 'active' OR suspended_at IS NULL);
