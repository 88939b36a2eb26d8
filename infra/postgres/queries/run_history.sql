-- A job's runs one after the other, what was done to them, and what became of their records.

-- name: runs
-- A job's runs, the newest first.
select * from runs
where job_id = %(job_id)s and (%(states)s::text[] is null or state = any(%(states)s))
order by created_at desc, id desc limit %(limit)s offset %(offset)s;

-- name: count_runs
-- How many there are.
select count(*)::int as runs from runs
where job_id = %(job_id)s and (%(states)s::text[] is null or state = any(%(states)s));

-- name: acknowledge
-- Somebody has taken note of the end of a run.
update runs set acknowledged_at = now(), acknowledged_by = %(actor)s
where id = %(run_id)s and acknowledged_at is null and state in ('completed', 'failed', 'cancelled')
returning id;

-- name: begin_cleanup
-- A run's records are to go, and no file of them is made any more; said once.
update runs set cleanup_at = now(), exports_planned = true
where id = %(run_id)s and cleanup_at is null and state in ('completed', 'failed', 'cancelled')
returning id;

-- name: cleaned
-- They are gone.
update runs set cleaned_at = coalesce(cleaned_at, now()) where id = %(run_id)s;

-- name: acts
-- What was done with a job (null run: with any run of it), after a moment and line, in order.
select 'act ' || lpad(id::text, 20, '0') as id, date_trunc('milliseconds', at) as at, actor, action, details from audit
where object = %(job_id)s
    and (%(run_id)s::text is null or coalesce(details ->> 'run_id', %(run_id)s) = %(run_id)s)
    and at >= %(after)s
    and (date_trunc('milliseconds', at), 'act ' || lpad(id::text, 20, '0') collate "C") > (%(after)s, %(after_id)s)
order by date_trunc('milliseconds', audit.at), audit.id limit %(limit)s;

-- name: loads
-- What waits at the hosts of a run, those first at which it takes longest.
select h.host, h.queued, coalesce(l.delay, 0)::float8 as delay
from run_hosts h left join hosts l on l.host = h.host
where h.run_id = %(run_id)s and h.queued > 0 order by h.queued * coalesce(l.delay, 0) desc, h.host limit %(limit)s
