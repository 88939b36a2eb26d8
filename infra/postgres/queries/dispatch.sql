-- Dispatch's side of the frontier: what may go, what goes, what must go again, and when a run is over.

-- name: open_runs
-- Every run that is not over, with its accounts.
select id::text, job_id::text, owner, dataset, state, priority, seeded, cancelled_at is not null as cancelled, max_pages,
       requested, queued, issued, fetched, failed, filtered, visited, extracted, stored, rejected, dropped,
       extract(epoch from now() - coalesce(finished_at, now()))::float8 as finishing_s
from runs where state in ('queued', 'running', 'finishing') order by priority desc, created_at

-- name: ready_hosts
-- Where something waits that may go now: a few rows for each run, never the frontier itself.
select run_id::text, host, queued from run_hosts
where run_id = any(%(runs)s::uuid[]) and queued > 0 and ready_at <= now()

-- name: next_ready
-- Seconds until the next row may go that may not yet (null: none waits).
select extract(epoch from min(ready_at) - now())::float8 as seconds from run_hosts
where run_id = any(%(runs)s::uuid[]) and queued > 0 and ready_at > now()

-- name: under_way
-- What each host has in hand, over all runs, and how slowly it wants to be visited.
select h.host, sum(h.issued)::int as issued, coalesce(max(l.delay), 0)::float8 as delay
from run_hosts h left join hosts l using (host) where h.issued > 0 group by h.host

-- name: lock_run
-- A run while rows of it are reserved: its budget is exact because nobody else counts meanwhile.
select state, cancelled_at is not null as cancelled, visited, max_pages from runs where id = %(run)s::uuid for update

-- name: choose
-- The next rows of each host, by priority, then breadth first, then age.
select f.url_fp::text, f.host, f.counted, f.hops from
    unnest(%(hosts)s::text[], %(quotas)s::int[]) as w(host, quota)
cross join lateral (
    select url_fp, host, counted, hops from frontier
    where run_id = %(run)s::uuid and host = w.host and state = 'queued' and (not_before is null or not_before <= now())
    order by priority desc, depth, found_at limit w.quota
    for update
) f

-- name: issue
-- Marks rows issued. `attempt` tells answers to this issue from answers to earlier ones.
update frontier set state = 'issued', attempt = attempt + 1, issued_at = now(), published = false, not_before = null,
    counted = counted or hops = 0
where run_id = %(run)s::uuid and url_fp = any(%(fps)s::uuid[])
returning url_fp::text, url, host, attempt, depth, hops, tries

-- name: wait_until
-- Hosts at which nothing may go yet although rows wait: look again at the earliest moment.
update run_hosts h set ready_at = coalesce(
    (select min(coalesce(f.not_before, now())) from frontier f
     where f.run_id = h.run_id and f.host = h.host and f.state = 'queued'), now())
where h.run_id = %(run)s::uuid and h.host = any(%(hosts)s::text[])

-- name: spend_nothing_more
-- The budget is spent: what has never been visited is closed as left out. Retries and redirect targets may still go.
update frontier set state = 'done', outcome = 'budget', klass = 'filtered', closed_at = now()
where run_id = %(run)s::uuid and state = 'queued' and not counted and hops = 0
returning host

-- name: mark_published
-- Their tasks are in Kafka.
update frontier set published = true
where run_id = %(run)s::uuid and url_fp = any(%(fps)s::uuid[]) and state = 'issued'

-- name: unpublished
-- Rows that were issued by somebody who ended before Kafka had them: the same attempt goes out again.
select f.run_id::text, f.url_fp::text, f.url, f.host, f.attempt, f.depth, f.hops, f.tries
from frontier f where f.state = 'issued' and not f.published and f.issued_at < now() - make_interval(secs => %(older)s)
limit 2000

-- name: overdue
-- Tasks that nobody can be working on any more: their host's lease has lapsed, or passed to an heir after they were
-- issued, or they are older than any exchange may take. They are issued again under a new attempt.
with lost as (
    select f.run_id, f.url_fp from frontier f left join hosts l on l.host = f.host
    where f.state = 'issued' and f.published and (
        (coalesce(l.lease_until, '-infinity') < now() and f.issued_at < now() - make_interval(secs => %(lapsed)s))
        or (l.acquired_at > f.issued_at and f.issued_at < now() - make_interval(secs => %(inherited)s))
        or f.issued_at < now() - make_interval(secs => %(hopeless)s))
    order by f.run_id, f.url_fp limit 2000 for update of f skip locked
)
update frontier f set attempt = f.attempt + 1, issued_at = now(), published = false
from lost where f.run_id = lost.run_id and f.url_fp = lost.url_fp
returning f.run_id::text, f.url_fp::text, f.url, f.host, f.attempt, f.depth, f.hops, f.tries

-- name: drop_waiting
-- A cancelled or failed run: everything that is not done is closed, answers that come later hold no claim.
update frontier set state = 'done', outcome = 'cancelled', klass = 'filtered', closed_at = now()
where run_id = %(run)s::uuid and state <> 'done'

-- name: drop_accounts
-- The accounts of a run whose queue was dropped.
update runs set filtered = filtered + queued + issued, queued = 0, issued = 0 where id = %(run)s::uuid

-- name: forget_hosts
-- A run that is over has nothing waiting anywhere.
delete from run_hosts where run_id = %(run)s::uuid

-- name: change_state
-- A run's next state, if it is still in one of those that lead to it.
update runs set state = %(state)s, reason = %(reason)s, event_seq = event_seq + 1,
    started_at = case when %(state)s = 'running' then coalesce(started_at, now()) else started_at end,
    finished_at = case when %(state)s in ('finishing', 'completed', 'failed', 'cancelled') then now() else finished_at end
where id = %(run)s::uuid and state = any(%(before)s)
returning id::text, job_id::text, dataset, state, event_seq, max_pages, requested, queued, issued, fetched, failed,
    filtered, extracted, stored, rejected, dropped

-- name: open_batches
-- Batches that were promised and are not stored yet, with their pages, oldest promise first.
select b.batch_id::text, b.records, f.url from run_batches b
left join frontier f on f.run_id = b.run_id and f.url_fp = b.url_fp
where b.run_id = %(run)s::uuid and not b.confirmed limit 20

-- name: promised
-- What ClickHouse must hold of a run.
select count(*)::int as batches, coalesce(sum(records), 0)::bigint as records from run_batches where run_id = %(run)s::uuid

-- name: say
-- An event that this transaction decided on; dispatch publishes it.
insert into outbox (topic, key, value) values (%(topic)s, %(key)s, %(value)s)

-- name: outbox
-- The oldest events that wait to be published.
select id, topic, key, value from outbox order by id limit 500

-- name: delivered
-- They are in Kafka.
delete from outbox where id = any(%(ids)s)

-- name: raise_alert
-- One open alert for a subject and kind.
insert into alerts (subject, kind, message) values (%(subject)s, %(kind)s, %(message)s)
on conflict (subject, kind) where closed_at is null do update set message = excluded.message

-- name: close_alerts
-- It is over.
update alerts set closed_at = now() where subject = %(subject)s and closed_at is null
