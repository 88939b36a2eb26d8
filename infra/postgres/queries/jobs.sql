-- Jobs: kept, found, run, removed.

-- name: add_job
-- A job, kept so that it can be run again.
-- That of an estimate is hidden from the first moment.
insert into jobs (id, owner, name, dataset, description, versioned_by, deleted_at)
values (%(job_id)s, %(owner)s, %(name)s, %(dataset)s, %(description)s, %(actor)s,
    case when %(kind)s = 'estimate' then now() end);

-- name: add_run
-- A run of a job, with the description as it is now pinned to it.
insert into runs (id, job_id, owner, dataset, description, priority, max_pages, kind, revision, job_version, ready_made)
values (%(run_id)s, %(job_id)s, %(owner)s, %(dataset)s, %(description)s, %(priority)s, %(max_pages)s, %(kind)s,
    %(revision)s, %(job_version)s, %(ready_made)s)
returning *;

-- name: made
-- A run that an earlier attempt of the same request has opened.
select * from runs where id = %(run_id)s;

-- name: ask
-- The request that dispatch relays to Kafka once this transaction is committed.
insert into outbox (topic, key, value) values (%(topic)s, %(key)s, %(value)s);

-- name: wake
-- Wakes dispatch when this transaction is committed.
select pg_notify('frontier', '');

-- name: jobs
-- Jobs with their newest run, by the time at which they were made, after a position (null: from the beginning). The index
-- on that time leads straight to the newest of them.
select job_id, job_owner, name, job_dataset, description, job_created_at, updated_at, version, versioned_at, archived_at,
    id, owner, dataset, state, reason, max_pages, created_at, started_at, finished_at, cancelled_at, paused_at,
    stopped_at, priority, delay, kind, revision, job_version, acknowledged_at, cleanup_at, cleaned_at, requested, queued,
    issued, fetched, failed, filtered, extracted, stored, rejected, dropped,
    to_char(job_created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') as place
from jobs_now
where (%(owner)s::text is null or job_owner = %(owner)s)
    and (%(states)s::text[] is null or now = any(%(states)s))
    and (%(type)s::text is null or lower(type) = lower(%(type)s))
    and (%(text)s::text is null or position(lower(%(text)s) in lower(name)) > 0)
    and (%(dataset)s::text is null or lower(job_dataset) = lower(%(dataset)s))
    and (%(enabled)s::bool is null or enabled = %(enabled)s)
    and (%(archived)s::bool is null or (archived_at is not null) = %(archived)s)
    and (%(after)s::text is null
        or (job_created_at, job_id) < (%(after)s::timestamp at time zone 'utc', %(after_id)s::uuid))
order by job_created_at desc, job_id desc limit %(limit)s offset %(offset)s;

-- name: jobs_sorted
-- The same in another order: by a text that sorts as it does, up or down.
with found as (
    select *, case %(by)s
        when 'name' then lower(name)
        when 'status' then now
        when 'updated_at' then to_char(updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US')
        else to_char(job_created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US') end collate "C" as place
    from jobs_now
    where (%(owner)s::text is null or job_owner = %(owner)s)
    and (%(states)s::text[] is null or now = any(%(states)s))
    and (%(type)s::text is null or lower(type) = lower(%(type)s))
    and (%(text)s::text is null or position(lower(%(text)s) in lower(name)) > 0)
    and (%(dataset)s::text is null or lower(job_dataset) = lower(%(dataset)s))
    and (%(enabled)s::bool is null or enabled = %(enabled)s)
    and (%(archived)s::bool is null or (archived_at is not null) = %(archived)s)
)
select job_id, job_owner, name, job_dataset, description, job_created_at, updated_at, version, versioned_at, archived_at,
    id, owner, dataset, state, reason, max_pages, created_at, started_at, finished_at, cancelled_at, paused_at,
    stopped_at, priority, delay, kind, revision, job_version, acknowledged_at, cleanup_at, cleaned_at, requested, queued,
    issued, fetched, failed, filtered, extracted, stored, rejected, dropped, place
from found
where %(after)s::text is null or case when %(down)s
    then (place, job_id) < (%(after)s, %(after_id)s::uuid) else (place, job_id) > (%(after)s, %(after_id)s::uuid) end
order by case when %(down)s then place end desc, case when not %(down)s then place end,
    case when %(down)s then job_id end desc, job_id
limit %(limit)s offset %(offset)s;

-- name: count_jobs
-- How many jobs a list has.
select count(*)::int as jobs from jobs_now
where (%(owner)s::text is null or job_owner = %(owner)s)
    and (%(states)s::text[] is null or now = any(%(states)s))
    and (%(type)s::text is null or lower(type) = lower(%(type)s))
    and (%(text)s::text is null or position(lower(%(text)s) in lower(name)) > 0)
    and (%(dataset)s::text is null or lower(job_dataset) = lower(%(dataset)s))
    and (%(enabled)s::bool is null or enabled = %(enabled)s)
    and (%(archived)s::bool is null or (archived_at is not null) = %(archived)s);

-- name: job
-- One job with its newest run.
select job_id, job_owner, name, job_dataset, description, job_created_at, updated_at, version, versioned_at, archived_at,
    id, owner, dataset, state, reason, max_pages, created_at, started_at, finished_at, cancelled_at, paused_at,
    stopped_at, priority, delay, kind, revision, job_version, acknowledged_at, cleanup_at, cleaned_at, requested, queued,
    issued, fetched, failed, filtered, extracted, stored, rejected, dropped
from jobs_now where job_id = %(job_id)s;

-- name: run
-- One run, if its job is not deleted, or is that of an estimate.
select r.* from runs r join jobs j on j.id = r.job_id
where r.id = %(run_id)s and (j.deleted_at is null or r.kind = 'estimate');

-- name: newest_runs
-- The ids of the newest runs of an owner (null: everyone's), of one job, or into one dataset.
select r.id from runs r join jobs j on j.id = r.job_id
where j.deleted_at is null and (%(owner)s::text is null or r.owner = %(owner)s)
    and (%(job_id)s::uuid is null or r.job_id = %(job_id)s)
    and (%(dataset)s::text is null or r.dataset = %(dataset)s)
order by r.created_at desc limit %(limit)s;

-- name: lock_job
-- Holds a job while its next run is opened, it is changed or deleted.
select id, owner, name, dataset, description, version, versioned_at, versioned_by, archived_at from jobs
where id = %(job_id)s and deleted_at is null for update;

-- name: is_open
-- Whether a run of a job is open (null: of any kind). A statement of its own after the lock: one that had to wait for the lock would still
-- look with the eyes of the moment at which it began to wait.
select exists (select from runs where job_id = %(job_id)s and state in ('queued', 'running', 'finishing')
    and (%(kind)s::text is null or kind = %(kind)s)) as open;

-- name: delete_job
-- Hides a job; its rows stay for the accounts.
update jobs set deleted_at = now(), updated_at = now() where id = %(job_id)s and deleted_at is null returning id;
