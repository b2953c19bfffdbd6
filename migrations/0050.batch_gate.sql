-- What the gate holds back is offered to nobody, nor are steps that were made of it.

UPDATE catalog.versions AS version
   SET offered_under = NULL
 WHERE offered_under IS NOT NULL
   AND state <> 'published'
   AND EXISTS (SELECT 1
                 FROM catalog.versions AS blocked
                WHERE blocked.distribution_id = version.distribution_id
                  AND blocked.verdict = 'blocked');

ALTER TABLE catalog.versions
    ADD CONSTRAINT blocked_is_not_offered CHECK (offered_under IS NULL OR verdict <> 'blocked');

CREATE INDEX versions_offered ON catalog.versions (distribution_id, number DESC)
    WHERE offered_under IS NOT NULL;
