-- Owners are text: an account's id, or the name of whoever is none (Kafka, the system), who is never closed.

-- The account that an owner is; null for a name.
create function account_of(owner text) returns uuid immutable parallel safe language sql as $$
    select case when owner ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then owner::uuid end
$$;

-- Whether an owner is an account that is not active, or is there no more.
create function is_closed(owner text) returns boolean stable parallel safe language sql as $$
    select account_of(owner) is not null
        and not exists (select from users where id = account_of(owner) and status = 'active')
$$;
revoke execute on function account_of(text), is_closed(text) from public;
grant execute on function account_of(text), is_closed(text) to trawl_app;

-- What accounts have left behind that were removed before this went with them.
with gone as (
    select owner from (select owner from webhooks union select owner from credentials union select owner from jobs) o
    where account_of(owner) is not null and not exists (select from users where id = account_of(owner))
), hooks as (delete from webhooks w using gone where w.owner = gone.owner),
secrets as (delete from credentials c using gone where c.owner = gone.owner),
plans as (
    update schedules s set paused_at = now(), updated_at = now() from jobs j, gone
    where j.id = s.job_id and j.owner = gone.owner and s.paused_at is null
)
update runs r set cancelled_at = now() from gone
where r.owner = gone.owner and r.state in ('queued', 'running', 'finishing') and r.cancelled_at is null;
