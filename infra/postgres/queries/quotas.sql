-- What accounts may have, and what they have of it.

-- name: standing
-- An account's allowance (null: the settings') with what is used of it. Runs of estimates and uploads hold no place;
-- records that were cleaned up are not stored any more. What costs more than a look is only counted when asked for.
select u.role, q.running_jobs, q.pages_a_day, q.stored_records,
    (select count(*) from runs r where r.owner = u.id::text and r.state in ('queued', 'running', 'finishing')
        and r.kind in ('crawl', 'replay'))::int as running,
    coalesce((select d.pages from owner_days d
              where d.owner = u.id::text and d.day = (now() at time zone 'utc')::date), 0) as pages,
    case when %(stored)s then coalesce((
        select sum(r.stored) from runs r where r.owner = u.id::text and r.cleaned_at is null), 0)::bigint end as stored
from users u left join quotas q on q.user_id = u.id
where u.id = %(user)s::uuid

-- name: queue_up
-- One opening of an account's after the other, until the transaction ends: else two could both take the last place.
select pg_advisory_xact_lock(hashtextextended('quota ' || %(user)s::text, 0))

-- name: allow
-- Another allowance for an account.
insert into quotas (user_id, running_jobs, pages_a_day, stored_records)
select id, %(running_jobs)s, %(pages_a_day)s, %(stored_records)s from users where id = %(user)s::uuid
on conflict (user_id) do update set running_jobs = excluded.running_jobs, pages_a_day = excluded.pages_a_day,
    stored_records = excluded.stored_records, changed_at = now()
returning user_id
