-- Control over runs that are open.

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
