-- Replays: pages that were fetched before are read again. The room of the replaying service, and of who asks for one.

-- name: lock_revisions
-- One new revision of a dataset at a time.
select pg_advisory_xact_lock(7241, hashtext(%(dataset)s))

-- name: newest_source
-- The run whose pages are meant where nobody says so: the job's newest crawl that completed.
select id from runs where job_id = %(job)s and kind = 'crawl' and state = 'completed'
order by created_at desc, id desc limit 1

-- name: source
-- A crawl of the job, by its id.
select id from runs where id = %(run)s and job_id = %(job)s and kind = 'crawl'

-- name: sources_between
-- The job's crawls that may have fetched something in a span of time (null: from ever, until now).
select id from runs
where job_id = %(job)s and kind = 'crawl'
    and (%(until)s::timestamptz is null or created_at <= %(until)s)
    and (%(since)s::timestamptz is null or finished_at is null or finished_at >= %(since)s)
order by created_at desc limit %(limit)s

-- name: bound
-- How many pages the sources hold at most, and the next revision of the dataset.
select greatest(1, coalesce(sum(fetched + failed), 0))::int as pages,
    (select coalesce(max(revision), 1) + 1 from runs where dataset = %(dataset)s) as revision
from runs where id = any(%(sources)s::uuid[])

-- name: add
-- What the replay reads.
insert into replays (run_id, sources, since, until, pattern)
values (%(run_id)s, %(sources)s::uuid[], %(since)s, %(until)s, %(pattern)s)

-- name: next
-- The oldest replay that has something to do.
select p.run_id::text, p.sources::text[] as sources, p.since, p.until, p.pattern, p.planned_to::text, p.reads_to,
    p.published, p.closing, r.seeded,
    (select extract(epoch from min(s.created_at))::float8 from runs s where s.id = any(p.sources)) as begun_at,
    (select case when bool_and(s.finished_at is not null) then extract(epoch from max(s.finished_at))::float8 end
     from runs s where s.id = any(p.sources)) as ended_at
from replays p join runs r on r.id = p.run_id
where not p.done and (r.state = 'finishing' or (r.state in ('queued', 'running') and r.paused_at is null
    and r.cancelled_at is null))
order by r.priority desc, r.created_at limit 1

-- name: lock_replay
-- The run while its rows change, and whether anything of it is still wanted.
select state, queued, issued, state in ('queued', 'running') and cancelled_at is null and stopped_at is null as wanted,
    paused_at is not null as paused, cancelled_at is not null or state not in ('queued', 'running', 'finishing') as over
from runs where id = %(run)s::uuid for update

-- name: standing
-- The same without the lock.
select state, queued, issued, state in ('queued', 'running') and cancelled_at is null and stopped_at is null as wanted,
    paused_at is not null as paused, cancelled_at is not null or state not in ('queued', 'running', 'finishing') as over
from runs where id = %(run)s::uuid

-- name: candidates
-- Pages of the sources that an answer closed, in the order of fingerprint and run, after a fingerprint: those that
-- gave records, and those on which the rules or the reading failed. All copies of the last fingerprint are among them.
select f.run_id::text, f.url_fp::text, f.fetch_id::text, f.url, f.host, f.depth
from unnest(%(sources)s::uuid[]) as s(id)
cross join lateral (
    select run_id, url_fp, fetch_id, url, host, depth from frontier
    where run_id = s.id and state = 'done' and kind = 'page' and fetch_id is not null
        and outcome in ('fetched', 'extract_failed', 'dead_lettered')
        and (%(since)s::timestamptz is null or closed_at >= %(since)s)
        and (%(until)s::timestamptz is null or closed_at <= %(until)s)
        and (%(after)s::uuid is null or url_fp > %(after)s)
    order by url_fp limit %(limit)s
) f
order by f.url_fp, f.run_id

-- name: plan
-- Pages become rows of the replay: at no host, so that no dispatch gives them out.
insert into frontier (run_id, url_fp, host, url, depth, state, counted, found_on)
select %(run)s::uuid, p.row, p.host, p.url, p.depth, 'queued', true, ''
from unnest(%(row)s::uuid[], %(host)s::text[], %(url)s::text[], %(depth)s::int[]) as p(row, host, url, depth)
order by p.row
on conflict (run_id, url_fp) do nothing
returning url_fp

-- name: planned
-- Up to here the sources were looked at.
update replays set planned_to = %(to)s::uuid where run_id = %(run)s::uuid

-- name: begin
-- Every page that is meant is a row; where reading begins, and where it ends.
with begun as (
    update replays set reads_to = %(to)s::jsonb, published = %(from)s::jsonb, closing = %(from)s::jsonb
    where run_id = %(run)s::uuid
)
update runs set seeded = true where id = %(run)s::uuid

-- name: take
-- Which of these visits are rows of the replay: those that still wait are issued; one that was closed by the same visit
-- comes too, since whoever closed it may have ended before Kafka had its records. Where there are several sources a row
-- is a visit, else a URL.
with page as (
    select * from unnest(%(source)s::uuid[], %(fp)s::uuid[], %(fetch)s::uuid[]) as t(source, url_fp, fetch_id)
), mine as (
    select r.url_fp as row, p.fetch_id, r.state, r.depth from page p
    join frontier s on s.run_id = p.source and s.url_fp = p.url_fp and s.fetch_id = p.fetch_id
    join frontier r on r.run_id = %(run)s::uuid and r.url_fp = case when %(by_visit)s then p.fetch_id else p.url_fp end
    where r.state = 'issued' or (r.state = 'queued' and %(wanted)s) or (r.state = 'done' and r.fetch_id = p.fetch_id)
), issued as (
    update frontier f set state = 'issued', attempt = 1 from mine m
    where f.run_id = %(run)s::uuid and f.url_fp = m.row and f.state = 'queued' returning f.url_fp
)
select m.row::text, m.fetch_id::text, m.depth, m.row in (select url_fp from issued) as fresh from mine m

-- name: note
-- Up to here everything is in Kafka; up to there rows may be closed from now on.
update replays set published = %(published)s::jsonb, closing = %(closing)s::jsonb where run_id = %(run)s::uuid

-- name: close_left
-- Pages that were planned and that raw-pages does not hold any more, a piece at a time.
with gone as (
    select url_fp, state from frontier where run_id = %(run)s::uuid and state in ('queued', 'issued') limit %(limit)s
), closed as (
    update frontier f set state = 'done', outcome = 'not_kept', klass = 'failed', reason = %(reason)s, closed_at = now()
    from gone where f.run_id = %(run)s::uuid and f.url_fp = gone.url_fp returning gone.state
)
select count(*) filter (where state = 'queued')::int as waited, count(*) filter (where state = 'issued')::int as issued
from closed

-- name: explain
-- What a person should know of the run, in a sentence that stays when it completes.
update runs set reason = (
    select case when count(*) = 0 then '' when count(*) = 1 then '1 page of the run is no longer kept.'
        else count(*) || ' pages of the run are no longer kept.' end
    from frontier where run_id = %(run)s::uuid and outcome = 'not_kept')
where id = %(run)s::uuid

-- name: finish
-- Nothing more is read.
update replays set done = true where run_id = %(run)s::uuid
