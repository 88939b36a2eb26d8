-- Dispatch's side of the frontier: what may go, what goes, what must go again, and when a run is over.

-- name: open_runs
-- Every run that is not over, with its accounts.
select id::text, job_id::text, owner, dataset, state, priority, seeded, cancelled_at is not null as cancelled,
       paused_at is not null as paused, stopped_at is not null as stopped, delay, kind, max_pages,
       requested, queued, issued, fetched, failed, filtered, visited, extracted, stored, rejected, dropped,
       extract(epoch from now() - coalesce(finished_at, now()))::float8 as finishing_s,
       extract(epoch from now() - created_at)::float8 as age_s
from runs where state in ('queued', 'running', 'finishing') order by priority desc, created_at

-- name: ready_hosts
-- Where something waits that may go now, but for hosts that have enough in hand: a few rows for each run, never the
-- frontier itself.
select run_id::text, host, queued from run_hosts
where run_id = any(%(runs)s::uuid[]) and queued > 0 and ready_at <= now() and host <> all(%(full)s::text[])

-- name: next_ready
-- Seconds until the next row may go that may not yet (null: none waits).
select extract(epoch from min(ready_at) - now())::float8 as seconds from run_hosts
where run_id = any(%(runs)s::uuid[]) and queued > 0 and ready_at > now()

-- name: under_way
-- What each host has in hand, over all runs that are not paused, and how slowly it wants to be visited. What a paused
-- run was issued is not visited, so it must not take room from others.
select h.host, sum(h.issued)::int as issued, coalesce(max(l.delay), 0)::float8 as delay
from run_hosts h join runs r on r.id = h.run_id and r.paused_at is null left join hosts l using (host)
where h.issued > 0 group by h.host

-- name: hold_run
-- A run while it ends: nothing of it is reserved meanwhile.
select id from runs where id = %(run)s::uuid for update

-- name: lock_run
-- A run while rows of it are reserved: its budget is exact because nobody else counts meanwhile. `pages_left` is what
-- its account may still visit today (null: no limit; none where the account was removed); `usual` is for accounts that
-- were given nothing else (-1: none).
select r.job_id, r.state, r.cancelled_at is not null as cancelled,
    r.paused_at is not null or r.stopped_at is not null as held, r.visited, r.max_pages,
    case when account_of(r.owner) is not null and u.id is null then 0
        when u.allowed >= 0 then greatest(u.allowed - coalesce(d.pages, 0), 0) end as pages_left
from runs r
left join lateral (
    select o.id, coalesce(q.pages_a_day, case when o.role = 'admin' then -1 else %(usual)s::bigint end) as allowed
    from users o left join quotas q on q.user_id = o.id where o.id = account_of(r.owner)
) u on true
left join owner_days d on d.owner = r.owner and d.day = (now() at time zone 'utc')::date
where r.id = %(run)s::uuid for update of r

-- name: open_days
-- Today's account (UTC) of a job at each host, so that the next statement has something to lock.
insert into host_days (job_id, host, day)
select %(job)s, host, (now() at time zone 'utc')::date from unnest(%(hosts)s::text[]) as h(host) order by host
on conflict do nothing

-- name: visits_today
-- How often all runs of a job have visited these hosts today, locked until the visits of this transaction are added.
select host, visits from host_days
where job_id = %(job)s and host = any(%(hosts)s::text[]) and day = (now() at time zone 'utc')::date
order by host for update

-- name: add_visits
-- Visits that this transaction has issued.
update host_days d set visits = d.visits + n.visits
from unnest(%(hosts)s::text[], %(visits)s::int[]) as n(host, visits)
where d.job_id = %(job)s and d.host = n.host and d.day = (now() at time zone 'utc')::date

-- name: wait_for_tomorrow
-- Hosts that have had their visits for today: look again when the next day (UTC) begins.
update run_hosts set ready_at = ((now() at time zone 'utc')::date + 1)::timestamp at time zone 'utc'
where run_id = %(run)s::uuid and host = any(%(hosts)s::text[])

-- name: forget_days
-- Accounts of days that are over.
with owners as (delete from owner_days where day < (now() at time zone 'utc')::date - 30)
delete from host_days where day < (now() at time zone 'utc')::date - 1

-- name: choose
-- The next rows of each host, by priority, then breadth first, then age. Each half reads no more than its quota from an
-- index of its own. The run's lock, under which every change of a row's state happens, holds them.
select f.url_fp::text, f.host, f.counted, f.hops, f.kind from
    unnest(%(hosts)s::text[], %(quotas)s::int[]) as w(host, quota)
cross join lateral (
    select url_fp, host, counted, hops, kind from (
        (select url_fp, host, counted, hops, kind, priority, depth, found_at from frontier
         where run_id = %(run)s::uuid and host = w.host and state = 'queued' and not_before is null
         order by priority desc, depth, found_at limit w.quota)
        union all
        (select url_fp, host, counted, hops, kind, priority, depth, found_at from frontier
         where run_id = %(run)s::uuid and host = w.host and state = 'queued' and not_before <= now()
         order by not_before limit w.quota)
    ) both_halves
    order by priority desc, depth, found_at limit w.quota
) f

-- name: issue
-- Marks rows issued. `attempt` tells answers to this issue from answers to earlier ones. The account of the run's owner
-- grows by the `fresh` pages among them.
with day as (
    insert into owner_days (owner, day, pages)
    select owner, (now() at time zone 'utc')::date, %(fresh)s::int from runs
    where id = %(run)s::uuid and %(fresh)s::int > 0
    on conflict (owner, day) do update set pages = owner_days.pages + excluded.pages
)
update frontier set state = 'issued', attempt = attempt + 1, issued_at = now(), published = false, not_before = null,
    counted = counted or (hops = 0 and kind = 'page')
where run_id = %(run)s::uuid and url_fp = any(%(fps)s::uuid[]) and state = 'queued'
returning url_fp::text, url, host, attempt, depth, hops, tries, kind

-- name: wait_until
-- Hosts at which nothing may go yet although rows wait: look again at the earliest moment.
update run_hosts h set ready_at = case
    when exists (select from frontier f where f.run_id = h.run_id and f.host = h.host
                 and f.state = 'queued' and f.not_before is null) then now()
    else coalesce((select f.not_before from frontier f where f.run_id = h.run_id and f.host = h.host
                   and f.state = 'queued' and f.not_before is not null order by f.not_before limit 1), now()) end
where h.run_id = %(run)s::uuid and h.host = any(%(hosts)s::text[])

-- name: spend_nothing_more
-- The budget is spent: what has never been visited is closed as left out, a piece of it at a time, and with it the
-- sources, whatever their moment, since no page that they name may be visited. Retries and redirect targets of pages
-- may still go.
with gone as (
    (select url_fp from frontier
     where run_id = %(run)s::uuid and state = 'queued' and not_before is null and not counted and hops = 0
         and kind = 'page'
     limit %(limit)s)
    union all
    (select url_fp from frontier where run_id = %(run)s::uuid and state = 'queued' and kind <> 'page' limit %(limit)s)
), closed as (
    update frontier set state = 'done', outcome = 'budget', klass = 'filtered', closed_at = now()
    where run_id = %(run)s::uuid and url_fp in (select url_fp from gone) returning host
)
select host, count(*)::int as rows from closed group by host

-- name: mark_published
-- Their tasks are in Kafka.
update frontier set published = true
where run_id = %(run)s::uuid and url_fp = any(%(fps)s::uuid[]) and state = 'issued'

-- name: unpublished
-- Rows that were issued by somebody who ended before Kafka had them: the same attempt goes out again.
select f.run_id::text, f.url_fp::text, f.url, f.host, f.attempt, f.depth, f.hops, f.tries, f.kind
from frontier f where f.state = 'issued' and not f.published and f.issued_at < now() - make_interval(secs => %(older)s)
limit 2000

-- name: overdue
-- Tasks that nobody can be working on any more: their host's lease has lapsed, or passed to an heir after they were
-- issued, or they are older than any exchange may take, or their run was paused meanwhile, in which fetchers drop them.
-- They are issued again under a new attempt; those of a run that is paused are not, for nobody would visit them.
with lost as (
    select f.run_id, f.url_fp from frontier f join runs r on r.id = f.run_id left join hosts l on l.host = f.host
    where f.state = 'issued' and f.published and r.paused_at is null and (
        f.issued_at < r.resumed_at or
        (coalesce(l.lease_until, '-infinity') < now() and f.issued_at < now() - make_interval(secs => %(lapsed)s))
        or (l.acquired_at > f.issued_at and f.issued_at < now() - make_interval(secs => %(inherited)s))
        or f.issued_at < now() - make_interval(secs => %(hopeless)s))
    order by f.run_id, f.url_fp limit 2000 for update of f skip locked
)
update frontier f set attempt = f.attempt + 1, issued_at = now(), published = false
from lost where f.run_id = lost.run_id and f.url_fp = lost.url_fp
returning f.run_id::text, f.url_fp::text, f.url, f.host, f.attempt, f.depth, f.hops, f.tries, f.kind

-- name: drop_queued
-- Closes a piece of what waits in a run that goes no further, whatever its moment.
with gone as (
    (select url_fp from frontier where run_id = %(run)s::uuid and state = 'queued' and not_before is null limit %(limit)s)
    union all
    (select url_fp from frontier where run_id = %(run)s::uuid and state = 'queued' and not_before is not null
     limit %(limit)s)
), closed as (
    update frontier set state = 'done', outcome = 'cancelled', klass = 'filtered', reason = %(reason)s, closed_at = now()
    where run_id = %(run)s::uuid and url_fp in (select url_fp from gone) returning host
)
select host, count(*)::int as rows from closed group by host

-- name: drop_issued
-- Closes what is under way in a run that was cancelled or has failed: answers that come later hold no claim.
update frontier f set state = 'done', outcome = 'cancelled', klass = 'filtered', closed_at = now()
from run_hosts h where h.run_id = %(run)s::uuid and h.issued > 0
    and f.run_id = h.run_id and f.host = h.host and f.state = 'issued'
returning f.host

-- name: drop_reading
-- The same for a replay, whose pages are under way at no host.
update frontier set state = 'done', outcome = 'cancelled', klass = 'filtered', closed_at = now()
where run_id = %(run)s::uuid and state = 'issued' and exists (select from replays where run_id = %(run)s::uuid)
returning host

-- name: forget_hosts
-- A run that is over has nothing waiting anywhere.
delete from run_hosts where run_id = %(run)s::uuid

-- name: change_state
-- A run's next state, if it is still in one of those that lead to it. What a replay has to say of its pages stays.
update runs set state = %(state)s, event_seq = event_seq + 1,
    reason = case when kind = 'replay' then trim(%(reason)s || ' ' || reason) else %(reason)s end,
    started_at = case when %(state)s = 'running' then coalesce(started_at, now()) else started_at end,
    finished_at = case when %(state)s in ('finishing', 'completed', 'failed', 'cancelled') then now() else finished_at end
where id = %(run)s::uuid and state = any(%(before)s)
returning id::text, job_id::text, dataset, state, kind, reason, paused_at is not null as paused, event_seq, max_pages,
    requested, queued, issued, fetched, failed,
    filtered, extracted, stored, rejected, dropped

-- name: open_batches
-- Batches that were promised and are not stored yet, with their pages, oldest promise first.
select b.batch_id::text, b.records, f.url from run_batches b
left join frontier f on f.run_id = b.run_id and f.url_fp = b.url_fp
where b.run_id = %(run)s::uuid and not b.confirmed limit 20

-- name: promised
-- What ClickHouse must hold of a run.
select count(*)::int as batches, coalesce(sum(records), 0)::bigint as records from run_batches where run_id = %(run)s::uuid

-- name: accounts
-- A run's accounts as they stand now.
select requested, queued, issued, fetched, failed, filtered, extracted, stored, rejected, dropped
from runs where id = %(run)s::uuid

-- name: say
-- An event that this transaction decided on; dispatch publishes it.
insert into outbox (topic, key, value) values (%(topic)s, %(key)s, %(value)s)

-- name: outbox
-- The oldest events that wait to be published: some megabytes at a time, since parts of uploads are large.
select id, topic, key, value from (
    select *, sum(octet_length(value)) over (order by id) - octet_length(value) as before
    from (select id, topic, key, value from outbox order by id limit 500) oldest
) weighed where before < 8000000 order by id

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
