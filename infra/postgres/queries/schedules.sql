-- Schedules, and what became of their times.

-- name: clock
-- The one clock of all schedulers.
select now() as now;

-- name: held
-- A job's schedule, while it is changed.
select kind, expression, zone, anchor, jitter, catch_up, overlap from schedules where job_id = %(job_id)s for update;

-- name: put
-- A job's schedule, new or in the place of another; a pause stays.
insert into schedules (job_id, kind, expression, zone, anchor, jitter, catch_up, overlap, due_at, next_at)
values (%(job_id)s, %(kind)s, %(expression)s, %(zone)s, %(anchor)s, %(jitter)s, %(catch_up)s, %(overlap)s,
    %(due_at)s, %(next_at)s)
on conflict (job_id) do update
set kind = excluded.kind, expression = excluded.expression, zone = excluded.zone, anchor = excluded.anchor,
    jitter = excluded.jitter, catch_up = excluded.catch_up, overlap = excluded.overlap, due_at = excluded.due_at,
    next_at = excluded.next_at, updated_at = now();

-- name: drop
-- The job runs by itself no more; what waited will not begin.
with gone as (delete from schedules where job_id = %(job_id)s returning job_id)
update firings f set outcome = 'skipped', why = 'The schedule was removed.', decided_at = now()
from gone where f.job_id = gone.job_id and f.outcome = 'waiting';

-- name: due
-- The schedule that has waited longest, if another scheduler does not hold it.
select s.job_id::text, s.kind, s.expression, s.zone, s.anchor, s.jitter, s.catch_up, s.overlap, s.due_at, s.next_at,
    now() as now
from schedules s where s.paused_at is null and s.next_at <= now()
order by s.next_at limit 1 for update skip locked;

-- name: job
-- What a run is opened from, held until it is; nothing for a job that was deleted.
select id::text as job_id, owner, name, description, version,
    coalesce((description ->> 'enabled')::bool, true) and archived_at is null as enabled,
    is_closed(owner) as closed,
    exists (select from schedules s where s.job_id = jobs.id and s.paused_at is not null) as paused
from jobs where id = %(job_id)s and deleted_at is null for update;

-- name: waiting
-- How many firings wait for the end of a run.
select count(*)::int as waiting from firings where job_id = %(job_id)s and outcome = 'waiting';

-- name: fired
-- What became of a time; one that was told before stays as it is.
insert into firings (job_id, due_at, until, times, outcome, why, run_id)
values (%(job_id)s, %(due_at)s, %(until)s, %(times)s, %(outcome)s, %(why)s, %(run_id)s)
on conflict (job_id, due_at) do nothing returning job_id;

-- name: moved_on
-- When it is due again.
update schedules set due_at = %(due_at)s, next_at = %(next_at)s where job_id = %(job_id)s;

-- name: next_waiting
-- A firing whose job has no open run any more, if another scheduler does not hold it.
select f.job_id::text, f.due_at from firings f
where f.outcome = 'waiting' and not exists (
    select from runs r where r.job_id = f.job_id and r.kind = 'crawl' and r.state in ('queued', 'running', 'finishing'))
order by f.due_at limit 1 for update skip locked;

-- name: waited
-- What became of a firing that had to wait.
update firings set outcome = %(outcome)s, why = %(why)s, run_id = %(run_id)s, decided_at = now()
where job_id = %(job_id)s and due_at = %(due_at)s;

-- name: pause
-- No firing until it is resumed.
update schedules set paused_at = now(), updated_at = now() where job_id = %(job_id)s and paused_at is null
returning job_id;

-- name: resume
-- Goes on with the next time: what passed meanwhile was not wanted.
update schedules set paused_at = null, due_at = %(due_at)s, next_at = %(next_at)s, updated_at = now()
where job_id = %(job_id)s and paused_at is not null returning job_id;

-- name: schedule
-- One job's.
select s.*, j.name, j.owner, coalesce((j.description ->> 'enabled')::bool, true) as enabled
from schedules s join jobs j on j.id = s.job_id where s.job_id = %(job_id)s and j.deleted_at is null;

-- name: schedules
-- An owner's (null: everyone's), the next one to fire first, after a position.
select s.*, j.name, j.owner, coalesce((j.description ->> 'enabled')::bool, true) as enabled
from schedules s join jobs j on j.id = s.job_id
where j.deleted_at is null and (%(owner)s::text is null or j.owner = %(owner)s)
    and (%(after)s::timestamptz is null or (coalesce(s.next_at, 'infinity'), s.job_id) > (%(after)s, %(after_id)s::uuid))
order by coalesce(s.next_at, 'infinity'), s.job_id limit %(limit)s;

-- name: firings
-- What became of a job's times, the newest first, before one.
select due_at, until, times, outcome, why, run_id::text, decided_at from firings
where job_id = %(job_id)s and (%(before)s::timestamptz is null or due_at < %(before)s)
    and (%(outcome)s::text is null or outcome = %(outcome)s)
order by due_at desc limit %(limit)s;

-- name: description
-- A job's description, held while its schedule is changed.
select name, dataset, description, version from jobs where id = %(job_id)s and deleted_at is null for update;

-- name: forget
-- Firings of three months ago.
delete from firings where decided_at < now() - interval '90 days' and outcome <> 'waiting' returning job_id;
