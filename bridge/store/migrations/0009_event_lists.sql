-- What lists of events are read by. Only of events that are settled: receiving pays nothing for
-- them, and each event is entered once, when nothing is left to do for it. An id begins with the
-- time at which its event came.
CREATE INDEX events_by_source ON events (tenant, source, id, state)
    WHERE state IN ('done', 'failed', 'ignored', 'echo');
CREATE INDEX events_by_type ON events (tenant, type, id, source, state)
    WHERE state IN ('done', 'failed', 'ignored', 'echo');
CREATE INDEX events_by_subject ON events (tenant, subject, id)
    WHERE state IN ('done', 'failed', 'ignored', 'echo');
CREATE INDEX events_by_state ON events (tenant, state, id)
    WHERE state IN ('done', 'failed', 'ignored', 'echo');
-- Those that are being acted on: few.
CREATE INDEX events_matched ON events (seq) WHERE state = 'matched';

-- Which events met a rule, and which had a value of once_per.
CREATE INDEX runs_rule ON runs (tenant, rule, event_id);
CREATE INDEX runs_once ON runs (tenant, rule, once) WHERE once IS NOT NULL;
