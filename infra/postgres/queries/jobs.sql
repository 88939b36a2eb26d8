-- name: add_job
-- A job, kept so that it can be run again.
-- That of an estimate is hidden from the first moment.
insert into jobs (id, owner, name, dataset, description, deleted_at)
values (%(job_id)s, %(owner)s, %(name)s, %(dataset)s, %(description)s,
    case when %(kind)s = 'estimate' then now() end);

-- name: add_run
-- A run of a job, with the description as it is now pinned to it.
insert into runs (id, job_id, owner, dataset, description, priority, max_pages, kind, revision)
values (%(run_id)s, %(job_id)s, %(owner)s, %(dataset)s, %(description)s, %(priority)s, %(max_pages)s, %(kind)s,
    %(revision)s)
returning id, job_id, owner, dataset, state, reason, max_pages, created_at, started_at, finished_at, cancelled_at,
    paused_at, stopped_at, priority, delay, kind, revision, requested, queued, issued, fetched, failed, filtered,
    extracted, stored, rejected, dropped;

-- name: ask
-- The request that dispatch relays to Kafka once this transaction is committed.
insert into outbox (topic, key, value) values (%(topic)s, %(key)s, %(value)s);

-- name: wake
-- Wakes dispatch when this transaction is committed.
select pg_notify('frontier', '');

-- name: jobs
-- Jobs with their newest run, newest first, after a position.
select j.id as job_id, j.owner as job_owner, j.name, j.dataset as job_dataset, j.description,
    j.created_at as job_created_at, j.updated_at,
    r.id, r.owner, r.dataset, r.state, r.reason, r.max_pages, r.created_at, r.started_at, r.finished_at,
    r.cancelled_at, r.paused_at, r.stopped_at, r.priority, r.delay, r.kind, r.revision, r.requested, r.queued,
    r.issued, r.fetched, r.failed, r.filtered, r.extracted, r.stored, r.rejected, r.dropped
from jobs j cross join lateral (
    select * from runs where job_id = j.id order by created_at desc, id desc limit 1) r
where j.deleted_at is null
    and (%(owner)s::text is null or j.owner = %(owner)s)
    and (%(states)s::text[] is null or r.state = any(%(states)s))
    and (%(before)s::timestamptz is null or (j.created_at, j.id) < (%(before)s, %(before_id)s::uuid))
order by j.created_at desc, j.id desc limit %(limit)s;

-- name: job
-- One job with its newest run.
select j.id as job_id, j.owner as job_owner, j.name, j.dataset as job_dataset, j.description,
    j.created_at as job_created_at, j.updated_at,
    r.id, r.owner, r.dataset, r.state, r.reason, r.max_pages, r.created_at, r.started_at, r.finished_at,
    r.cancelled_at, r.paused_at, r.stopped_at, r.priority, r.delay, r.kind, r.revision, r.requested, r.queued,
    r.issued, r.fetched, r.failed, r.filtered, r.extracted, r.stored, r.rejected, r.dropped
from jobs j cross join lateral (
    select * from runs where job_id = j.id order by created_at desc, id desc limit 1) r
where j.deleted_at is null and j.id = %(job_id)s;

-- name: run
-- One run, if its job is not deleted, or is that of an estimate.
select r.id, r.job_id, r.owner, r.dataset, r.state, r.reason, r.max_pages, r.created_at, r.started_at, r.finished_at,
    r.cancelled_at, r.paused_at, r.stopped_at, r.priority, r.delay, r.kind, r.revision, r.requested, r.queued,
    r.issued, r.fetched, r.failed, r.filtered, r.extracted, r.stored, r.rejected, r.dropped
from runs r join jobs j on j.id = r.job_id where r.id = %(run_id)s and (j.deleted_at is null or r.kind = 'estimate');

-- name: newest_runs
-- The ids of the newest runs of an owner (null: everyone's) or of one job.
select r.id from runs r join jobs j on j.id = r.job_id
where j.deleted_at is null and (%(owner)s::text is null or r.owner = %(owner)s)
    and (%(job_id)s::uuid is null or r.job_id = %(job_id)s)
order by r.created_at desc limit %(limit)s;

-- name: lock_job
-- Holds a job while its next run is opened or it is deleted.
select id from jobs where id = %(job_id)s and deleted_at is null for update;

-- name: is_open
-- Whether a run of a job is open (null: of any kind). A statement of its own after the lock: one that had to wait for the lock would still
-- look with the eyes of the moment at which it began to wait.
select exists (select from runs where job_id = %(job_id)s and state in ('queued', 'running', 'finishing')
    and (%(kind)s::text is null or kind = %(kind)s)) as open;

-- name: cancel
-- Asks dispatch to drop what waits of every open run of a job; returns the runs that were not being cancelled yet.
update runs set cancelled_at = now()
where job_id = %(job_id)s and state in ('queued', 'running', 'finishing') and cancelled_at is null returning id;

-- name: pause
-- Nothing more of a job's open runs is visited, until they are resumed.
update runs set paused_at = now(), event_seq = event_seq + 1
where job_id = %(job_id)s and state in ('queued', 'running') and paused_at is null and cancelled_at is null
    and stopped_at is null
returning *, true as paused;

-- name: resume
-- Paused runs of a job go on; what was issued before this moment is issued again.
update runs set paused_at = null, resumed_at = clock_timestamp(), event_seq = event_seq + 1
where job_id = %(job_id)s and state in ('queued', 'running') and paused_at is not null and cancelled_at is null
returning *, false as paused;

-- name: stop
-- What is under way in a job's open runs is still visited, nothing else; a pause ends with it.
update runs set stopped_at = now(), paused_at = null, event_seq = event_seq + 1,
    resumed_at = case when paused_at is null then resumed_at else clock_timestamp() end
where job_id = %(job_id)s and state in ('queued', 'running') and stopped_at is null and cancelled_at is null
returning *, false as paused;

-- name: adjust
-- Another priority or delay for a job's open runs, from now on (null: as it is).
update runs set priority = coalesce(%(priority)s::smallint, priority), delay = coalesce(%(delay)s::float8, delay)
where job_id = %(job_id)s and state in ('queued', 'running') and cancelled_at is null
returning id;

-- name: host_wait
-- What a run's URLs at a host wait for.
select h.host, h.queued, h.issued, h.ready_at, l.next_visit, coalesce(l.delay, 0)::float8 as delay,
    coalesce(d.visits, 0) as visits_today
from run_hosts h join runs r on r.id = h.run_id
left join hosts l on l.host = h.host and l.next_visit > '-infinity'
left join host_days d on d.job_id = r.job_id and d.host = h.host and d.day = (now() at time zone 'utc')::date
where h.run_id = %(run_id)s and h.host = %(host)s;

-- name: spent_hosts
-- At how many hosts a run waits for tomorrow, because all runs of its job have had their visits for today.
select count(*)::int as hosts
from run_hosts h join runs r on r.id = h.run_id
join host_days d on d.job_id = r.job_id and d.host = h.host and d.day = (now() at time zone 'utc')::date
where h.run_id = %(run_id)s and h.queued > 0 and d.visits >= %(daily)s;

-- name: redirects
-- Where a URL of a run redirects to.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier where run_id = %(run_id)s and found_on = %(url)s and hops > 0 limit 1;

-- name: tried
-- What a short run has visited, and what it began with.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier where run_id = %(run_id)s and (attempt > 0 or found_on = '') order by depth, found_at limit %(limit)s;

-- name: host_samples
-- What a short run has seen of each host: pages that belong, visits, seconds of a visit from its issue to its end.
select f.host, count(*) filter (where f.klass is distinct from 'filtered' or f.outcome in ('budget', 'cancelled'))::int
        as known,
    count(*) filter (where f.attempt > 0 and f.state = 'done')::int as visited,
    avg(extract(epoch from f.closed_at - f.issued_at)) filter (where f.attempt > 0 and f.klass = 'fetched')::float8
        as seconds,
    coalesce(max(l.delay), 0)::float8 as delay
from frontier f left join hosts l on l.host = f.host
where f.run_id = %(run_id)s and f.kind = 'page' group by f.host limit 1000;

-- name: delete_job
-- Hides a job; its rows stay for the accounts.
update jobs set deleted_at = now(), updated_at = now() where id = %(job_id)s and deleted_at is null returning id;

-- name: urls
-- URLs of a run with their fate, in the order of their fingerprint, after a position.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier
where run_id = %(run_id)s
    and (%(after)s::uuid is null or url_fp > %(after)s)
    and (%(url_fp)s::uuid is null or url_fp = %(url_fp)s)
    and (%(outcome)s::text is null or outcome = %(outcome)s or klass = %(outcome)s
        or (state <> 'done' and state = %(outcome)s))
order by url_fp limit %(limit)s;
