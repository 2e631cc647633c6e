-- Which records nothing was heard of for the longest time; retention looks there.
CREATE INDEX records_updated ON records (updated_at);
