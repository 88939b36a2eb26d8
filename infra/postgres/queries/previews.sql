-- Previews: a question and its answer, which live for a second.

-- name: ask
-- Rules to be tried on the newest stored copy of a page.
insert into previews (id, job_id, url_fp, description)
values (%(id)s::uuid, %(job)s::uuid, %(fp)s::uuid, %(description)s::jsonb)

-- name: wake
-- Whoever answers is told when this transaction is committed.
select pg_notify('previews', '')

-- name: answer_of
-- The answer, once it is there.
select answer from previews where id = %(id)s::uuid and answer is not null

-- name: forget
-- It was read, or nobody waits for it any more; and with it what was left behind.
delete from previews where id = %(id)s::uuid or asked_at < now() - interval '1 minute'

-- name: take
-- Questions that wait, oldest first, each for one who answers.
update previews set taken = true where id in (
    select id from previews where not taken and asked_at > now() - interval '10 seconds'
    order by asked_at limit %(limit)s for update skip locked)
returning id::text, job_id::text, url_fp::text, description

-- name: newest_copy
-- The visit that last brought a page of a job, over its newest crawls, and between which moments (epoch seconds) it did.
select f.run_id::text, f.fetch_id::text, f.url,
    extract(epoch from coalesce(f.issued_at, f.found_at))::float8 as since, extract(epoch from f.closed_at)::float8 as until
from (select id from runs where job_id = %(job)s::uuid and kind = 'crawl' order by created_at desc limit 200) r
cross join lateral (
    select run_id, fetch_id, url, issued_at, found_at, closed_at from frontier
    where run_id = r.id and url_fp = %(fp)s::uuid and state = 'done' and kind = 'page' and fetch_id is not null
        and outcome in ('fetched', 'extract_failed')
) f order by f.closed_at desc limit 1

-- name: answer
-- For whoever asked, if he still waits.
update previews set answer = %(answer)s where id = %(id)s::uuid
