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

-- name: forget_sessions
-- Sessions that ended 30 days ago, however they did. An account's last one stays: by it is known when it was last used.
with old as (
    select s.id from sessions s
    where least(s.expires_at, s.revoked_at, s.last_seen + make_interval(secs => s.idle_lifetime))
            < now() - interval '30 days'
        and exists (select from sessions n where n.user_id = s.user_id and (n.last_seen, n.id) > (s.last_seen, s.id))
    limit %(limit)s for update of s skip locked
), gone as (
    delete from sessions s using old where s.id = old.id returning 1
)
select count(*)::int as removed from gone

-- name: forget_links
-- One-time links that have not worked for 7 days.
with old as (
    select link_hash from sign_in_links where expires_at < now() - interval '7 days' limit %(limit)s
), gone as (
    delete from sign_in_links l using old where l.link_hash = old.link_hash returning 1
)
select count(*)::int as removed from gone

-- name: forget_devices
-- Devices that nobody has signed in with for 400 days. An account's last one stays: where none is known, a new one is no
-- surprise, and its owner would not be told of it.
with old as (
    select d.user_id, d.mark from devices d
    where d.last_seen < now() - interval '400 days'
        and exists (select from devices n where n.user_id = d.user_id and (n.last_seen, n.mark) > (d.last_seen, d.mark))
    limit %(limit)s for update of d skip locked
), gone as (
    delete from devices d using old where d.user_id = old.user_id and d.mark = old.mark returning 1
)
select count(*)::int as removed from gone
