-- The frontier: one place that knows the fate of every URL. Locks are taken run, hosts, URLs, each in order.

-- name: run_rules
-- The pinned side of a run, for whoever reads its pages.
select id::text, job_id::text, dataset, description, revision from runs where id = %(run)s::uuid

-- name: whole_run
-- The job's newest crawl that had read all of its pages when this run was made: neither its budget nor anybody cut it
-- short, and of ten pages one failed at most. The same whenever it is asked.
select w.id::text from runs n cross join lateral (
    select * from runs r where r.job_id = n.job_id and r.created_at < n.created_at order by r.created_at desc limit 15
) w
where n.id = %(run)s::uuid and w.kind = 'crawl' and w.state = 'completed' and w.finished_at < n.created_at
    and w.stopped_at is null and w.failed * 10 <= w.fetched + w.failed
    and (w.visited < w.max_pages
        or not exists (select from frontier f where f.run_id = w.id and f.outcome = 'budget'))
order by w.created_at desc limit 1

-- name: lock_runs
-- The runs of a batch of answers, locked in order; what is left of their budgets.
select id::text, job_id::text, state, requested, queued, visited, sources, max_pages, cancelled_at is not null as cancelled
from runs where id = any(%(runs)s::uuid[]) order by id for update

-- name: claim
-- Closes rows for the answers that win them: one claim a row, whoever comes first.
with answer as (
    select * from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(fetch)s::uuid[], %(attempt)s::int[], %(whole)s::bool[],
                         %(outcome)s::text[], %(klass)s::text[], %(status)s::smallint[], %(records)s::int[],
                         %(reason)s::text[])
        as t(run_id, url_fp, fetch_id, attempt, whole, outcome, klass, status, records, reason)
)
update frontier f
set state = 'done', fetch_id = a.fetch_id, outcome = a.outcome, klass = a.klass, status = a.status,
    records = a.records, reason = a.reason, tries = f.tries + 1, closed_at = now(), not_before = null
from answer a
where f.run_id = a.run_id and f.url_fp = a.url_fp and f.state = 'issued' and f.fetch_id is null
  and (a.whole or f.attempt = a.attempt)
returning f.run_id::text, f.url_fp::text, f.priority

-- name: held_before
-- Answers whose claim was written before a crash: theirs is the row, and nothing changes, whatever they say now.
select f.run_id::text, f.url_fp::text, f.outcome, f.klass, f.reason, f.records
from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(fetch)s::uuid[]) as a(run_id, url_fp, fetch_id)
join frontier f on f.run_id = a.run_id and f.url_fp = a.url_fp and f.fetch_id = a.fetch_id and f.state = 'done'

-- name: queue_again
-- A failure that may pass: the row waits for its next try. Only the newest attempt may say so, but a whole response
-- (a 503 and its like) of any attempt at the same try: its fetcher does not ask the host again for that. A try that was
-- not made (`counts` false: the host is being left alone) is not one.
with answer as (
    select * from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(attempt)s::int[], %(tries)s::int[], %(whole)s::bool[],
                         %(counts)s::bool[], %(status)s::smallint[], %(reason)s::text[], %(retry_at)s::float8[])
        as t(run_id, url_fp, attempt, tries, whole, counts, status, reason, retry_at)
)
update frontier f
set state = 'queued', tries = f.tries + case when a.counts then 1 else 0 end, status = a.status, reason = a.reason, not_before = to_timestamp(a.retry_at),
    published = false, issued_at = null
from answer a
where f.run_id = a.run_id and f.url_fp = a.url_fp and f.state = 'issued' and f.fetch_id is null
  and (f.attempt = a.attempt or (a.whole and f.tries = a.tries))
returning f.run_id::text, f.url_fp::text

-- name: insert_links
-- New URLs; those that the run knows are passed over. Sorted, so that two writers never wait for each other in a ring.
-- A source costs no budget: that is settled here (`counted`) and nobody else need know.
insert into frontier (run_id, url_fp, kind, counted, host, url, depth, hops, priority, state, outcome, klass, reason,
                      found_on, closed_at)
select l.run_id, l.url_fp, l.kind, l.kind <> 'page', l.host, l.url, l.depth, l.hops, l.priority,
       case when l.outcome is null then 'queued' else 'done' end, l.outcome,
       case when l.outcome is null then null else 'filtered' end, l.reason, l.found_on,
       case when l.outcome is null then null else now() end
from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(kind)s::text[], %(host)s::text[], %(url)s::text[], %(depth)s::int[],
            %(hops)s::smallint[], %(priority)s::smallint[], %(outcome)s::text[], %(reason)s::text[],
            %(found_on)s::text[])
    as l(run_id, url_fp, kind, host, url, depth, hops, priority, outcome, reason, found_on)
order by l.run_id, l.url_fp
on conflict (run_id, url_fp) do nothing
returning run_id::text, url_fp::text, host, state

-- name: known_rows
-- Which of these the runs have met.
select f.run_id::text, f.url_fp::text from unnest(%(run)s::uuid[], %(fp)s::uuid[]) as l(run_id, url_fp)
join frontier f on f.run_id = l.run_id and f.url_fp = l.url_fp

-- name: note_left_out
-- Answers of which not every link became a row say so.
update frontier f set reason = ltrim(f.reason || ' ' || n.note)
from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(note)s::text[]) as n(run_id, url_fp, note)
where f.run_id = n.run_id and f.url_fp = n.url_fp

-- name: come_nearer
-- A URL that was found again by a shorter way: one that was left out as too deep is let in, one that waits moves up.
with link as (
    select * from unnest(%(run)s::uuid[], %(fp)s::uuid[], %(depth)s::int[]) as t(run_id, url_fp, depth)
), found as (
    select f.run_id, f.url_fp, f.state, l.depth from link l
    join frontier f on f.run_id = l.run_id and f.url_fp = l.url_fp
    where (f.state = 'queued' and f.depth > l.depth)
       or (f.state = 'done' and f.outcome = 'out_of_scope' and f.reason = 'too_deep')
    order by f.run_id, f.url_fp for update of f
)
update frontier f
set depth = found.depth, state = 'queued', outcome = null, klass = null, reason = '', closed_at = null
from found where f.run_id = found.run_id and f.url_fp = found.url_fp
returning f.run_id::text, f.host, found.state = 'done' as let_in

-- name: add_to_hosts
-- What a transaction changed at its hosts. `ready_at` is the earliest moment at which one of the waiting rows may go.
insert into run_hosts as h (run_id, host, queued, issued, ready_at)
select d.run_id, d.host, d.queued, d.issued, coalesce(to_timestamp(d.ready_at), now())
from unnest(%(run)s::uuid[], %(host)s::text[], %(queued)s::int[], %(issued)s::int[], %(ready_at)s::float8[])
    as d(run_id, host, queued, issued, ready_at)
order by d.run_id, d.host
on conflict (run_id, host) do update
set queued = h.queued + excluded.queued, issued = h.issued + excluded.issued,
    ready_at = case when excluded.queued <= 0 then h.ready_at
                    when h.queued = 0 then excluded.ready_at
                    else least(h.ready_at, excluded.ready_at) end

-- name: add_to_hosts_known
-- The same where a count falls: an upsert would check the new row's counts before it sees the old one.
update run_hosts h
set queued = h.queued + d.queued, issued = h.issued + d.issued,
    ready_at = case when d.queued <= 0 then h.ready_at
                    when h.queued = 0 then coalesce(to_timestamp(d.ready_at), now())
                    else least(h.ready_at, coalesce(to_timestamp(d.ready_at), now())) end
from unnest(%(run)s::uuid[], %(host)s::text[], %(queued)s::int[], %(issued)s::int[], %(ready_at)s::float8[])
    as d(run_id, host, queued, issued, ready_at)
where h.run_id = d.run_id and h.host = d.host

-- name: add_to_runs
-- What a transaction changed in the runs' accounts; a check constraint holds their sum.
update runs r
set requested = r.requested + d.requested, queued = r.queued + d.queued, issued = r.issued + d.issued,
    fetched = r.fetched + d.fetched, failed = r.failed + d.failed, filtered = r.filtered + d.filtered,
    visited = r.visited + d.visited, extracted = r.extracted + d.extracted, sources = r.sources + d.sources
from unnest(%(run)s::uuid[], %(requested)s::int[], %(queued)s::int[], %(issued)s::int[], %(fetched)s::int[],
            %(failed)s::int[], %(filtered)s::int[], %(visited)s::int[], %(extracted)s::bigint[], %(sources)s::int[])
    as d(run_id, requested, queued, issued, fetched, failed, filtered, visited, extracted, sources)
where r.id = d.run_id

-- name: promise_batches
-- The batches that will be published for the pages just closed: the run is not over before ClickHouse holds each.
insert into run_batches (run_id, batch_id, url_fp, records)
select * from unnest(%(run)s::uuid[], %(batch)s::uuid[], %(fp)s::uuid[], %(records)s::int[])
on conflict do nothing

-- name: wake
-- Dispatch has something to look at.
select pg_notify('frontier', '')

-- name: lock_memory
-- What jobs remember of pages, before a visit is added to it.
select p.job_id::text, p.url_fp::text, p.content_hash, extract(epoch from p.visited_at)::float8 as visited_at,
       p.visits, p.changes, p.watched_s
from job_pages p join unnest(%(job)s::uuid[], %(fp)s::uuid[]) as k(job_id, url_fp)
    on p.job_id = k.job_id and p.url_fp = k.url_fp
order by p.job_id, p.url_fp for update of p

-- name: remember
-- One visit more of each page. Where the host said that nothing had changed, links are kept, and what it left out.
insert into job_pages as p (job_id, url_fp, etag, last_modified, content_hash, links, visited_at, visits, changes,
                            watched_s, due_at)
select v.job_id, v.url_fp, v.etag, v.last_modified, v.content_hash, coalesce(v.links, ''), to_timestamp(v.visited_at),
       v.visits, v.changes, v.watched_s, to_timestamp(v.due_at)
from unnest(%(job)s::uuid[], %(fp)s::uuid[], %(etag)s::text[], %(last_modified)s::text[], %(content_hash)s::text[],
            %(links)s::bytea[], %(visited_at)s::float8[], %(visits)s::real[], %(changes)s::real[],
            %(watched_s)s::float8[], %(due_at)s::float8[])
    as v(job_id, url_fp, etag, last_modified, content_hash, links, visited_at, visits, changes, watched_s, due_at)
on conflict (job_id, url_fp) do update
set etag = case when excluded.links = '' and excluded.etag = '' then p.etag else excluded.etag end,
    last_modified = case when excluded.links = '' and excluded.last_modified = '' then p.last_modified
                         else excluded.last_modified end,
    content_hash = excluded.content_hash, links = case when excluded.links = '' then p.links else excluded.links end,
    visited_at = excluded.visited_at,
    visits = excluded.visits, changes = excluded.changes, watched_s = excluded.watched_s, due_at = excluded.due_at
where p.visited_at < excluded.visited_at

-- name: remembered_links
-- Where pages lead that have not changed since the run's job saw them.
select p.url_fp::text, p.links from runs r join job_pages p on p.job_id = r.job_id
where r.id = %(run)s::uuid and p.url_fp = any(%(fps)s::uuid[])

-- name: remembered_visits
-- What the next visits to pages can say: what the job saw when it was there, and since when it rests if it does.
select f.run_id::text, f.url_fp::text, p.etag, p.last_modified,
       case when p.due_at > now() then to_char(p.visited_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') else '' end as rests_since
from unnest(%(run)s::uuid[], %(fp)s::uuid[]) as f(run_id, url_fp)
join runs r on r.id = f.run_id
join job_pages p on p.job_id = r.job_id and p.url_fp = f.url_fp

-- name: came_from
-- The page whose redirect a row is, if it is one.
select found_on, kind from frontier where run_id = %(run)s::uuid and url_fp = %(fp)s::uuid and hops > 0
