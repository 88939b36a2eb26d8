-- name: begin
-- Makes sure that there is a row of each subject to hold.
insert into attempts (subject) select unnest(%(subjects)s::text[]) on conflict do nothing;

-- name: lock
-- The tallies, held until it is decided; always in the same order, so that nobody waits in a circle.
select subject, failures, last_at, blocked_until, failures > 0 as begun from attempts
where subject = any(%(subjects)s) order by subject for update;

-- name: now
-- The one clock by which all gateways wait.
select clock_timestamp() as now;

-- name: keep
-- A tally as it is from now on.
update attempts set failures = %(failures)s, last_at = coalesce(%(last_at)s, now()), blocked_until = %(blocked_until)s
where subject = %(subject)s;

-- name: clear
-- Somebody's tallies are forgotten.
delete from attempts where starts_with(subject, %(beginning)s);

-- name: forget
-- Old rows, a few at a time, so that made-up names do not fill the table.
delete from attempts where subject in (
    select subject from attempts where last_at < now() - interval '2 days' order by last_at limit 20
    for update skip locked
);
