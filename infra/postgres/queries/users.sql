-- name: page
-- Some accounts in the asked order, and how many there are; the id makes the order total.
select *, count(*) over () as total from accounts
where (%(role)s::text is null or role = %(role)s) and (%(status)s::text is null or status = %(status)s)
order by
    case when not %(descending)s then case %(sort_by)s
        when 'username' then username when 'email' then email when 'role' then role when 'status' then status end end,
    case when %(descending)s then case %(sort_by)s
        when 'username' then username when 'email' then email when 'role' then role when 'status' then status end
        end desc nulls last,
    case when not %(descending)s then case %(sort_by)s
        when 'created_at' then created_at when 'last_login' then last_login end end,
    case when %(descending)s then case %(sort_by)s
        when 'created_at' then created_at when 'last_login' then last_login end end desc nulls last,
    id
offset %(offset)s limit %(limit)s;

-- name: count
-- How many there are, for a page beyond the last one.
select count(*) as total from users
where (%(role)s::text is null or role = %(role)s) and (%(status)s::text is null or status = %(status)s);

-- name: activity
-- What an account has done, by the audit log, its sessions and its keys.
select count(*) filter (where action = 'signed_in') as total_logins,
    count(*) filter (where action = 'report_created') as reports_created,
    count(distinct object) filter (where action like 'job\_%%') as jobs_managed,
    (select greatest((select max(last_seen) from sessions where user_id = %(id)s::uuid),
        (select max(last_used) from api_keys where user_id = %(id)s::uuid))) as last_active
from audit where actor = %(id)s::text;

-- name: lock_administrators
-- Whoever takes an administrator away waits for whoever is doing so: two at once could take the last two.
select id from users where role = 'admin' and status = 'active' and kind = 'person' order by id for update;

-- name: lock
-- The account, held until it is decided what becomes of it.
select id from users where id = %(id)s for update;

-- name: hold_owner
-- The same for the owner of something; nothing is held for one that is no account.
select id from users where id = account_of(%(owner)s) for update;

-- name: closed
-- Whether an owner is an account that is not active any more. A statement of its own after the lock, so that it sees
-- what it had to wait for.
select is_closed(%(owner)s) as closed;

-- name: taken
-- Whether another account has this address, or is signed in to by it as its name.
select exists (
    select from users where (email = %(email)s or lower(username) = %(email)s) and id <> %(id)s
) as taken;

-- name: change
-- What is given is changed.
update users set first_name = coalesce(%(first_name)s, first_name), last_name = coalesce(%(last_name)s, last_name),
    email = coalesce(%(email)s, email), role = coalesce(%(role)s, role), status = coalesce(%(status)s, status),
    credential_version = credential_version + (coalesce(%(email)s, %(status)s::text) is not null)::int
where id = %(id)s;

-- name: ungrant
-- Takes back what was granted besides the role.
delete from grants where user_id = %(user_id)s;

-- name: pause_schedules
-- No job of an account runs by itself.
update schedules s set paused_at = now(), updated_at = now() from jobs j
where j.id = s.job_id and j.owner = %(id)s::text and s.paused_at is null;

-- name: cancel_runs
-- What is open of an account's runs is dropped.
update runs set cancelled_at = now()
where owner = %(id)s::text and state in ('queued', 'running', 'finishing') and cancelled_at is null;

-- name: drop_deliveries
-- What waits for an account's webhooks is not sent.
update deliveries d set state = 'dropped', finished_at = now() from webhooks w
where w.id = d.webhook_id and w.owner = %(id)s::text and d.state = 'pending';

-- name: remove_webhooks
-- With their deliveries.
delete from webhooks where owner = %(id)s::text;

-- name: remove_credentials
-- What let its jobs in at sites.
delete from credentials where owner = %(id)s::text;

-- name: remove
-- The account with its sessions, keys, links and factors.
delete from users where id = %(id)s;

-- name: set_password
-- The new password; `expires` is the end of one that somebody else has chosen. Programs' accounts have none. With a
-- `version` only if nothing has changed since that was looked at.
update users set password_hash = %(password_hash)s, password_changed = now(), password_expires = %(expires)s,
    credential_version = credential_version + 1
where id = %(id)s and kind = 'person' and credential_version = coalesce(%(version)s, credential_version) returning id;

-- name: end_other_sessions
-- Ends every session of an account but the one that asked, and the codes that would become others.
with codes as (delete from oauth_codes where user_id = %(user_id)s and spent_at is null)
update sessions set revoked_at = now()
where user_id = %(user_id)s and revoked_at is null and id is distinct from %(keep)s;

-- name: end_keys
-- No key of an account counts any more.
update api_keys set revoked_at = now() where user_id = %(user_id)s and revoked_at is null;

-- name: end_identities
-- Whoever was linked to an account leads in no more; the one that it was made for, in the same transaction, is its own.
delete from identities i using users u
where u.id = %(user_id)s and i.user_id = u.id and i.created_at <> u.created_at;

-- name: end_links
-- No link that was sent before leads in any more.
update sign_in_links set used_at = now() where user_id = %(user_id)s and used_at is null;
