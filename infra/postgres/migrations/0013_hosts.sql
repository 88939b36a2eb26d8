-- What of a host's pace and health outlives its keeper.

-- backoff: seconds that failures and pleas have added to its pause. latency: seconds until it answers, smoothed.
-- failures: in a row, of pages that say that the host is in trouble; since when, and the kind of the last.
alter table hosts
    add column backoff       real not null default 0,
    add column latency       real not null default 0,
    add column failures      integer not null default 0,
    add column failing_since timestamptz,
    add column failure       text not null default '';
