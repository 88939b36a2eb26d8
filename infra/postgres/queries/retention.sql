-- What is kept for a while only. Each statement removes one piece.

-- name: forget_pages
-- Pages that jobs remember: those of deleted jobs, and those that no run has seen for 400 days, which is longer than any
-- of them may rest (max_interval is a year at most).
with old as (
    select p.job_id, p.url_fp from job_pages p
    where p.visited_at < now() - interval '400 days'
        or p.job_id in (select id from jobs where deleted_at < now() - interval '1 hour')
    limit %(limit)s
), gone as (
    delete from job_pages p using old where p.job_id = old.job_id and p.url_fp = old.url_fp returning 1
)
select count(*)::int as removed from gone

-- name: forget_estimates
-- Estimates that are over, with everything that was made for them. Their visits stay in the audit log.
with old as (
    select id, job_id from runs
    where kind = 'estimate' and state in ('completed', 'failed', 'cancelled') and finished_at < now() - interval '1 hour'
    order by finished_at limit %(limit)s for update skip locked
), rows as (
    delete from frontier f using old where f.run_id = old.id
), hosts as (
    delete from run_hosts h using old where h.run_id = old.id
), batches as (
    delete from run_batches b using old where b.run_id = old.id
), cookies as (
    delete from run_cookies c using old where c.run_id = old.id
), days as (
    delete from host_days d using old where d.job_id = old.job_id
), pages as (
    delete from job_pages p using old where p.job_id = old.job_id
), gone as (
    delete from runs r using old where r.id = old.id returning r.job_id
), jobs_too as (
    delete from jobs j using old where j.id = old.job_id
)
select count(*)::int as removed from gone;

-- name: forget_keys
-- Idempotency keys that are over a day old.
with old as (
    select id from idempotency_keys where created_at < now() - interval '25 hours' limit %(limit)s
), gone as (
    delete from idempotency_keys k using old where k.id = old.id returning 1
)
select count(*)::int as removed from gone
