-- What is to be told, and what became of telling it.

-- name: audiences
-- Whose runs these are, and what their jobs say of notifications now. Of a closed account's nobody is told.
select r.id::text as run_id, j.id::text as job_id, j.name as job_name, j.owner,
    coalesce(j.description -> 'notifications', '{}') as notifications
from runs r join jobs j on j.id = r.job_id
where r.id = any(%(runs)s::uuid[]) and j.deleted_at is null and r.kind <> 'estimate' and not is_closed(j.owner);

-- name: webhooks_of
-- The webhooks of some owners that may be told.
select id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at, failing_since,
    disabled_at, disabled_why, previous_until
from webhooks where owner = any(%(owners)s) and disabled_at is null and not is_closed(owner);

-- name: lock_bound
-- Whoever counts an address's mails does so alone.
select pg_advisory_xact_lock(hashtextextended(%(name)s, 7241031));

-- name: tell_webhook
-- A delivery, once for its event and target.
insert into deliveries (id, event_id, target, event, job_id, webhook_id, host, body, state)
select %(id)s, %(event_id)s, %(target)s, %(event)s, %(job_id)s, w.id, w.host, %(body)s, 'pending'
from webhooks w where w.id = %(webhook_id)s and w.disabled_at is null and not is_closed(w.owner)
on conflict do nothing returning id;

-- name: tell_address
-- The same for a mail, which is held back where the address has had its share of the job's within the hour.
insert into deliveries (id, event_id, target, event, job_id, body, state)
select %(id)s, %(event_id)s, %(target)s, %(event)s, %(job_id)s, %(body)s, case when (
    select count(*) from deliveries where job_id = %(job_id)s and target = %(target)s and state = 'mailed'
        and created_at > now() - interval '1 hour') >= %(most)s then 'held' else 'mailed' end
on conflict do nothing returning state;

-- name: wake
-- Wakes the sender when this transaction is committed.
select pg_notify('deliveries', '');

-- name: sum_up
-- All that was held back for one address of one job, an hour after the first of it.
with one as (
    select job_id, target from deliveries where state = 'held' and created_at < now() - make_interval(secs => %(after)s)
    order by created_at limit 1
)
update deliveries d set state = 'summed', finished_at = now() from one
where d.state = 'held' and d.job_id = one.job_id and d.target = one.target
returning d.target, d.body, d.created_at, coalesce((select name from jobs where jobs.id = d.job_id), '') as job_name;

-- name: take
-- Deliveries whose turn it is, held until the lease is over. Places go round the owners, whoever has the fewest first;
-- an endpoint in doubt (it failed last, or never answered) has one, and all of those together half. What is under way
-- (hosts, owners, webhooks, doubtful) counts.
with recursive told (webhook_id) as (
    (select webhook_id from deliveries where state = 'pending' order by webhook_id limit 1)
    union all
    select (select d.webhook_id from deliveries d where d.state = 'pending' and d.webhook_id > told.webhook_id
        order by d.webhook_id limit 1)
    from told where told.webhook_id is not null
), busy as (
    select * from unnest(%(hosts)s::text[], %(owners)s::text[], %(webhooks)s::uuid[], %(doubtful)s::boolean[])
        as one (host, owner, webhook_id, doubtful)
), of_webhook as (
    select d.id, d.next_try, w.id as webhook_id, w.owner, w.host, w.doubtful
    from told
    join (select *, failures > 0 or not proven as doubtful from webhooks) w on w.id = told.webhook_id
    cross join lateral (
        select id, next_try from deliveries where webhook_id = w.id and state = 'pending' and next_try <= now()
        order by next_try limit greatest(0, case when w.doubtful then 1 else %(of_host)s end
            - (select count(*) from busy where busy.webhook_id = w.id))
    ) d
    where w.rest_until is null or w.rest_until <= now()
), at_host as (
    select *, row_number() over (partition by host, owner order by next_try, id)
        + (select count(*) from busy b where b.host = o.host and b.owner = o.owner) as place
    from of_webhook o
), of_host as (
    select *, row_number() over (partition by host order by place, next_try, id)
        + (select count(*) from busy b where b.host = h.host) as host_place
    from at_host h where place <= %(of_owner_at_host)s
), of_owner as (
    select *, row_number() over (partition by owner order by doubtful, host_place, next_try, id)
        + (select count(*) from busy b where b.owner = h.owner) as owner_place
    from of_host h where host_place <= %(of_host)s
), of_doubtful as (
    select *, row_number() over (partition by doubtful order by owner_place, next_try, id)
        + (select count(*) from busy b where b.doubtful = o.doubtful) as doubtful_place
    from of_owner o where owner_place <= %(of_owner)s
), due as (
    select d.id from deliveries d join of_doubtful a on a.id = d.id
    where (not a.doubtful or a.doubtful_place <= %(of_doubtful)s) and d.state = 'pending' and d.next_try <= now()
    order by a.owner_place, a.next_try limit %(most)s for update of d skip locked
)
update deliveries d set tries = d.tries + 1, next_try = now() + make_interval(secs => %(lease)s)
from due, webhooks w where d.id = due.id and w.id = d.webhook_id
returning d.id::text, w.id::text as webhook_id, w.owner, w.url, d.host, d.body, d.tries, w.failures, w.failures > 0 or not w.proven as doubtful, w.key_id, w.sealed,
    w.previous_key_id, case when w.previous_until > now() then w.previous_sealed end as previous_sealed;

-- name: rouse
-- Its owner wants to see it tried now.
update webhooks set rest_until = null where id = %(webhook_id)s and rest_until is not null;

-- name: delivered
-- It was taken.
update deliveries set state = 'delivered', finished_at = now(), attempts = case
        when jsonb_array_length(attempts) >= 16 then attempts - 0 else attempts end || %(attempt)s where id = %(id)s;

-- name: well
-- Its webhook answers, again or at last.
update webhooks set failing_since = null, failures = 0, rest_until = null, proven = true
where id = %(webhook_id)s and (failing_since is not null or not proven);

-- name: later
-- Another try, in so many seconds.
update deliveries set next_try = now() + make_interval(secs => %(wait)s), attempts = case
        when jsonb_array_length(attempts) >= 16 then attempts - 0 else attempts end || %(attempt)s
where id = %(id)s and state = 'pending';

-- name: failed
-- That was the last try.
update deliveries set state = 'failed', finished_at = now(), attempts = case
        when jsonb_array_length(attempts) >= 16 then attempts - 0 else attempts end || %(attempt)s
where id = %(id)s and state = 'pending';

-- name: ill
-- Its webhook does not answer, since when; it rests for a while. What failed at one time counts once.
update webhooks set failing_since = coalesce(failing_since, now()), failures = greatest(failures, %(failures)s + 1),
    rest_until = greatest(rest_until, now() + make_interval(secs => %(rest)s))
where id = %(webhook_id)s
returning id::text, owner, name, url, disabled_at is null
    and (%(gone)s or failing_since < now() - make_interval(secs => %(patience)s)) as over;

-- name: disable
-- It is told nothing more; what waits is dropped.
with disabled as (
    update webhooks set disabled_at = now(), disabled_why = %(why)s, updated_at = now() where id = %(webhook_id)s
    returning id
)
update deliveries d set state = 'dropped', finished_at = now() from disabled
where d.webhook_id = disabled.id and d.state = 'pending';

-- name: address_of
-- Where an owner can be written to.
select email from users where id::text = %(owner)s and status = 'active' and email is not null;

-- name: forget
-- Deliveries of a month ago; events are kept in Kafka for a week, so that none of these comes again.
delete from deliveries where created_at < now() - interval '30 days' and state not in ('pending', 'held') returning id;

-- name: add
-- A new webhook; no row where its owner has enough of them.
insert into webhooks (id, owner, name, url, host, events, all_jobs, kinds, min_confidence, key_id, sealed)
select %(id)s, %(owner)s, %(name)s, %(url)s, %(host)s, %(events)s, %(all_jobs)s, %(kinds)s, %(min_confidence)s,
    %(key_id)s, %(sealed)s
where (select count(*) from webhooks where owner = %(owner)s) < %(room)s
on conflict (id) do nothing
returning id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at, failing_since,
    disabled_at, disabled_why, previous_until;

-- name: all
-- An owner's (null: everyone's), in the order in which they were made.
select id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at, failing_since,
    disabled_at, disabled_why, previous_until
from webhooks where %(owner)s::text is null or owner = %(owner)s order by created_at, id limit 1000;

-- name: one
-- By its id.
select id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at, failing_since,
    disabled_at, disabled_why, previous_until
from webhooks where id = %(id)s;

-- name: known
-- How many of these are an owner's.
select count(*)::int as count from webhooks where owner = %(owner)s and id = any(%(ids)s::uuid[]);

-- name: change
-- As it is from now on; enabling it forgets that it failed. What waits goes to the new address, which is to prove itself.
with changed as (
    update webhooks set name = %(name)s, url = %(url)s, host = %(host)s, events = %(events)s, all_jobs = %(all_jobs)s,
        kinds = %(kinds)s, min_confidence = %(min_confidence)s, updated_at = now(), proven = proven and url = %(url)s,
        disabled_at = case when %(enabled)s then null else coalesce(disabled_at, now()) end,
        disabled_why = case when %(enabled)s then '' when disabled_at is null then 'Its owner disabled it.'
            else disabled_why end,
        failing_since = case when %(enabled)s and disabled_at is not null then null else failing_since end,
        failures = case when %(enabled)s and disabled_at is not null then 0 else failures end, rest_until = null
    where id = %(id)s
    returning id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at,
        failing_since, disabled_at, disabled_why, previous_until
), moved as (
    update deliveries d set host = c.host, state = case when c.disabled_at is null then 'pending' else 'dropped' end,
        finished_at = case when c.disabled_at is not null then now() end
    from changed c where d.webhook_id = c.id::uuid and d.state = 'pending'
)
select * from changed;

-- name: remove
-- With its deliveries.
delete from webhooks where id = %(id)s returning id;

-- name: rotate
-- Another secret; the one before it signs too for a while.
update webhooks set previous_key_id = key_id, previous_sealed = sealed,
    previous_until = now() + make_interval(secs => %(overlap)s), key_id = %(key_id)s, sealed = %(sealed)s,
    updated_at = now()
where id = %(id)s
returning id::text, owner, name, url, host, events, all_jobs, kinds, min_confidence, created_at, updated_at, failing_since,
    disabled_at, disabled_why, previous_until;

-- name: deliveries
-- A webhook's, the newest first, after a position.
select id::text, webhook_id::text, event, state, tries, next_try, created_at, finished_at, body, attempts
from deliveries where webhook_id = %(webhook_id)s and (%(state)s::text is null or state = %(state)s)
    and (%(id)s::uuid is null or id = %(id)s)
    and (%(before)s::timestamptz is null or (created_at, id) < (%(before)s, %(before_id)s::uuid))
order by created_at desc, id desc limit %(limit)s;

-- name: again
-- Sent once more, from the first try on. What its sender holds at the moment stays with it.
with again as (
    update deliveries set state = 'pending', tries = 0, next_try = now(), finished_at = null
    where id = %(id)s and webhook_id = %(webhook_id)s and state <> 'pending'
    returning id::text, webhook_id::text, event, state, tries, next_try, created_at, finished_at, body, attempts
), roused as (update webhooks w set rest_until = null from again where w.id = again.webhook_id::uuid)
select * from again;
