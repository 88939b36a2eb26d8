-- name: credential
-- The account that signs in by this e-mail address or username, with its password's hash. Both are one namespace since
-- names are checked; of older rows what looks like an address is one first, for a name may have been chosen to be it.
select * from accounts where username = %(login)s or email = lower(%(login)s)
order by (email = lower(%(login)s)) is true desc limit 1;

-- name: user
-- One account.
select * from accounts where id = %(id)s;

-- name: add_user
-- A new account; no row when the name or the address is taken, as whichever of the two. A name that could be an address
-- is its owner's own, so that no two at once can take one of each; none with a colon could be.
insert into users (id, username, email, password_hash, role, first_name, last_name, password_expires, kind)
select %(id)s, %(username)s, %(email)s, %(password_hash)s, %(role)s, %(first_name)s, %(last_name)s, %(expires)s, %(kind)s
where (%(username)s::text not like '%%@%%' or %(username)s like '%%:%%' or lower(%(username)s) = %(email)s::text)
    and not exists (select from users where lower(username) = %(email)s::text)
on conflict do nothing returning id;

-- name: grant
-- Lets an account do what its role does not.
insert into grants (user_id, permission, granted_by)
select %(user_id)s, permission, %(by)s from unnest(%(permissions)s::text[]) as permission on conflict do nothing;

-- name: add_session
-- A device that has just signed in.
insert into sessions (id, user_id, refresh_hash, expires_at, user_agent, address, idle_lifetime, how)
values (%(id)s, %(user_id)s, %(refresh_hash)s, %(expires_at)s, %(user_agent)s, %(address)s, %(idle_lifetime)s,
    %(how)s);

-- name: seen_device
-- Remembers a device; `surprising` is one that an account which knows others has never used.
with seen as (
    insert into devices as d (user_id, mark, network) values (%(user_id)s, %(mark)s, %(network)s)
    on conflict (user_id, mark) do update set last_seen = now()
    returning xmax = 0 as new
)
select s.new and exists (select from devices where user_id = %(user_id)s) as surprising from seen s;

-- name: known_network
-- Whether an account was let in from there of late.
select exists (
    select from devices
    where user_id = %(user_id)s and network = %(network)s and last_seen > now() - interval '30 days'
) as known;

-- name: signed_in
-- Remembers when the account was last let in.
update users set last_login = now() where id = %(user_id)s;

-- name: live_session
-- A session that still counts, with its account.
select s.expires_at, s.last_seen < now() - interval '1 minute' as stale, u.*
from live_sessions s join accounts u on u.id = s.user_id where s.id = %(id)s and u.status = 'active';

-- name: used_session
-- Remembers the last use, at most once a minute, so that reading does not become writing.
update sessions set last_seen = now() where id = %(id)s and last_seen < now() - interval '1 minute';

-- name: devices
-- An account's sessions that still count, last used first.
select id, created_at, last_seen, expires_at, user_agent, address, how from live_sessions
where user_id = %(user_id)s order by last_seen desc, id;

-- name: end_device
-- Ends a session of this account; no row when there is none.
update sessions set revoked_at = now()
where id in (select id from live_sessions where id = %(id)s and user_id = %(user_id)s) and revoked_at is null
returning id;

-- name: lock_session
-- The session whose refresh token is shown, held until the answer is decided: of twenty at once one is first.
select s.refresh_hash, s.previous_hash, s.user_id,
    s.revoked_at is null and s.expires_at > now() and u.status = 'active'
        and s.last_seen > now() - make_interval(secs => s.idle_lifetime) as live,
    coalesce(s.rotated_at > now() - make_interval(secs => %(grace)s), false) as just_rotated
from sessions s join users u on u.id = s.user_id
where s.id = %(id)s for update of s;

-- name: rotate
-- The refresh token is replaced by the next one.
update sessions set refresh_hash = %(next_hash)s, previous_hash = refresh_hash, rotated_at = now(), last_seen = now()
where id = %(id)s;

-- name: end_session
-- Ends one session; no row when it had already ended.
update sessions set revoked_at = now() where id = %(id)s and revoked_at is null returning id;

-- name: end_sessions
-- Ends every session of an account, and the codes that would become others.
with codes as (delete from oauth_codes where user_id = %(user_id)s and spent_at is null)
update sessions set revoked_at = now() where user_id = %(user_id)s and revoked_at is null returning id;

-- name: count_sessions
-- How many devices of an account are signed in.
select count(*) as count from live_sessions where user_id = %(user_id)s;

-- name: add_key
-- A program's key, of which only the hash is kept; no row where the account has enough of them that count.
insert into api_keys (id, user_id, name, prefix, key_hash, expires_at, scopes)
select %(id)s, %(user_id)s, %(name)s, %(prefix)s, %(key_hash)s, %(expires_at)s, %(scopes)s::text[]
where (
    select count(*) from api_keys
    where user_id = %(user_id)s and revoked_at is null and (expires_at is null or expires_at > now())
) < %(room)s
returning *;

-- name: lock_user
-- Whatever opens, ends or changes what lets an account in happens one after the other.
select id from users where id = %(id)s for update;

-- name: lock_as_seen
-- The same, if the account is active and nothing that lets it in has changed since it was looked at.
select id from users where id = %(id)s and status = 'active' and credential_version = %(version)s for update;

-- name: keys
-- An account's keys, newest first.
select * from api_keys
where user_id = %(user_id)s and revoked_at is null order by created_at desc, id;

-- name: revoke_key
-- Ends a key of this account; no row when there is none.
update api_keys set revoked_at = now() where id = %(id)s and user_id = %(user_id)s and revoked_at is null returning id;

-- name: key_by_hash
-- The key that hashes to this, with its account, if both still count.
select k.id as key_id, k.expires_at as key_expires_at, k.scopes as key_scopes, u.*
from api_keys k join accounts u on u.id = k.user_id
where k.key_hash = %(key_hash)s and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and u.status = 'active';

-- name: used_key
-- Remembers the last use, at most once a minute, so that reading does not become writing.
update api_keys set last_used = now(), last_address = %(address)s
where id = %(id)s and (last_used is null or last_used < now() - interval '1 minute');

-- name: add_link
-- A one-time link, unless its account has changed since it was looked at.
insert into sign_in_links (link_hash, user_id, expires_at, purpose)
select %(link_hash)s, id, %(expires_at)s, %(purpose)s from users
where id = %(user_id)s and credential_version = %(version)s for update
returning user_id;

-- name: use_link
-- Spends a link: whoever updates the row is the one that gets in. Its account is held first, and looked at as it is then.
with owner as (
    select id from users
    where id = (select user_id from sign_in_links where link_hash = %(link_hash)s)
        and status = 'active' and kind = 'person' for update
)
update sign_in_links l set used_at = now() from owner
where l.link_hash = %(link_hash)s and l.used_at is null and l.expires_at > now() and l.purpose = %(purpose)s
    and owner.id = l.user_id
returning owner.id;

-- name: standing
-- Of these sessions and keys the ones that still count, with what their account may do now.
select g.id, u.role, u.permissions
from (
    select id, user_id from live_sessions where id = any(%(ids)s)
    union all
    select id, user_id from api_keys
    where id = any(%(ids)s) and revoked_at is null and (expires_at is null or expires_at > now())
) g join accounts u on u.id = g.user_id
where u.status = 'active';
