-- Exports: the gateway asks and shows, exporters make.

-- name: run_of
-- The run that is meant: the named one, else the newest that is over. Its job must not be deleted. It is held, so that
-- its records are not removed between this look and the file.
select r.id::text as run_id, r.job_id::text, r.owner, r.dataset, r.state, j.name,
    r.cleanup_at is not null as cleaned
from runs r join jobs j on j.id = r.job_id
where r.job_id = %(job)s::uuid and j.deleted_at is null and r.kind <> 'estimate'
    and (r.id = %(run)s::uuid or (%(run)s::uuid is null and r.state in ('completed', 'failed', 'cancelled')))
order by r.created_at desc, r.id desc limit 1 for share of r

-- name: lock_owner
-- One asks at a time for an owner, so that bounds hold.
select pg_advisory_xact_lock(hashtextextended('exports ' || %(owner)s, 0))

-- name: held
-- What an owner has, and what waits for him.
select count(*) as files, coalesce(sum(bytes), 0)::bigint as bytes,
    count(*) filter (where state in ('queued', 'running')) as waiting
from exports where owner = %(owner)s and state <> 'failed'

-- name: ask
-- A file that is to be made, unless it is already.
insert into exports (id, job_id, run_id, owner, dataset, name, format, variant, filename, asked_by, conditions, since,
    until, selection, compressed, encrypted, key_id, sealed)
values (%(id)s::uuid, %(job)s::uuid, %(run)s::uuid, %(owner)s, %(dataset)s, %(name)s, %(format)s, %(variant)s,
    %(filename)s, %(asked_by)s, %(conditions)s, %(since)s, %(until)s, %(selection)s, %(compressed)s, %(encrypted)s,
    %(key_id)s, %(sealed)s)
on conflict do nothing returning id

-- name: wake
-- Tells the exporters.
notify exports

-- name: same
-- The file that is there or on its way: the one of that id, or another that would hold the same. One with a password is
-- the same as no other. It is held: nobody ends it while somebody is put down who is told of its end.
select e.*, e.id::text, e.job_id::text, e.run_id::text from exports e
where e.id = %(id)s::uuid or (e.run_id = %(run)s::uuid and e.format = %(format)s and e.variant = %(variant)s
    and e.compressed = %(compressed)s and e.selection = %(selection)s and e.state <> 'failed'
    and not e.encrypted and not %(encrypted)s)
order by e.id = %(id)s::uuid desc limit 1 for update of e

-- name: mail_to
-- Whoever is told when it is made, each once.
update exports set mail_to = array_append(array_remove(mail_to, %(user)s), %(user)s) where id = %(id)s::uuid

-- name: addresses
-- Where accounts that are active can be written to.
select email from users where id::text = any(%(users)s::text[]) and status = 'active' and email is not null
order by email

-- name: password
-- What the file will be locked with, sealed.
select key_id, sealed from exports
where id = %(id)s::uuid and attempt = %(attempt)s and state = 'running' and sealed is not null

-- name: export
-- One, by its id.
select e.*, e.id::text, e.job_id::text, e.run_id::text from exports e
join jobs j on j.id = e.job_id and j.deleted_at is null
where e.id = %(id)s::uuid and (e.expires_at is null or e.expires_at > now())

-- name: of_job
-- A job's, the newest first.
select e.*, e.id::text, e.job_id::text, e.run_id::text from exports e
where e.job_id = %(job)s::uuid and (e.expires_at is null or e.expires_at > now())
order by e.asked_at desc, e.id limit %(limit)s

-- name: named
-- The whole file of that name.
select e.*, e.id::text, e.job_id::text, e.run_id::text from exports e
where e.job_id = %(job)s::uuid and e.filename = %(filename)s and e.state = 'completed' and e.expires_at > now()

-- name: downloaded
-- One more has it.
update exports set downloads = downloads + 1 where id = %(id)s::uuid and state = 'completed' returning id

-- name: remove
-- All of a job; their files are dropped, and whoever makes one notices.
with gone as (delete from exports where job_id = %(job)s::uuid returning blob),
    dropped as (insert into dropped_exports (blob) select blob from gone where blob <> '' on conflict do nothing)
select count(*) as files from gone

-- name: remove_of_run
-- The same for one run.
with gone as (delete from exports where run_id = %(run_id)s returning blob)
insert into dropped_exports (blob) select blob from gone where blob <> '' on conflict do nothing

-- name: due
-- Runs that have completed and whose description asks for files; held, so that they are planned once.
select r.id::text as run_id, r.job_id::text, r.owner, r.dataset, j.name,
    r.description -> 'export_formats' as formats
from runs r join jobs j on j.id = r.job_id
where r.state = 'completed' and not r.exports_planned
    and jsonb_typeof(r.description -> 'export_formats') = 'array' and r.description -> 'export_formats' <> '[]'::jsonb
order by r.finished_at limit %(limit)s for update of r skip locked

-- name: planned
-- What they ask for is asked.
update runs set exports_planned = true where id = any(%(runs)s::uuid[])

-- name: take
-- The one that has waited longest, or whose exporter is gone.
update exports e set state = 'running', attempt = e.attempt + 1, started_at = now(),
    lease_until = now() + make_interval(secs => %(lease)s)
where e.id = (
    select id from exports
    where state = 'queued' or (state = 'running' and lease_until < now())
    order by asked_at, id limit 1 for update skip locked)
returning e.*, e.id::text, e.job_id::text, e.run_id::text

-- name: drop
-- A file that nothing will show.
insert into dropped_exports (blob) values (%(blob)s) on conflict do nothing

-- name: renew
-- Still at it.
update exports set lease_until = now() + make_interval(secs => %(lease)s)
where id = %(id)s::uuid and attempt = %(attempt)s and state = 'running' returning id

-- name: give_back
-- Not now: somebody else makes it. It counts as no try.
update exports set state = 'queued', attempt = attempt - 1, lease_until = null
where id = %(id)s::uuid and attempt = %(attempt)s and state = 'running'

-- name: finish
-- The file is whole and may be seen; what it is locked with is forgotten.
update exports set state = 'completed', lease_until = null, finished_at = now(), why = '',
    expires_at = now() + make_interval(secs => %(keep)s),
    records = %(records)s, bytes = %(bytes)s, sha256 = %(sha256)s, blob = %(blob)s, key_id = null, sealed = null
where id = %(id)s::uuid and attempt = %(attempt)s and state = 'running'
returning *, id::text, job_id::text, run_id::text

-- name: fail
-- It will not be made; what it would have been locked with is forgotten.
update exports set state = 'failed', lease_until = null, finished_at = now(), why = %(why)s,
    expires_at = now() + make_interval(secs => %(keep)s), key_id = null, sealed = null
where id = %(id)s::uuid and attempt = %(attempt)s and state = 'running'
returning *, id::text, job_id::text, run_id::text

-- name: expire
-- Rows whose time is over.
with gone as (delete from exports where expires_at <= now() returning blob),
    dropped as (insert into dropped_exports (blob) select blob from gone where blob <> '' on conflict do nothing)
select count(*) as files from gone

-- name: to_drop
-- Files to be removed.
select blob from dropped_exports order by at limit %(limit)s

-- name: dropped
-- They are gone.
delete from dropped_exports where blob = any(%(blobs)s)

-- name: stats
-- What a caller's exports come to (or everyone's), by state.
select state, count(*) as files, coalesce(sum(bytes), 0)::bigint as bytes, coalesce(sum(downloads), 0)::bigint
    as downloads
from exports where %(owner)s::text is null or owner = %(owner)s
group by state
