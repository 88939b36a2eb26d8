-- name: credential
-- The account that signs in by this username or e-mail address, with its password's hash.
select id, username, email, role, status, created_at, last_login, password_hash
from users where username = %(login)s or email = %(login)s
order by (username = %(login)s) desc limit 1;

-- name: user
-- One account.
select id, username, email, role, status, created_at, last_login from users where id = %(id)s;

-- name: add_user
-- A new account; no row when the name or the address is taken.
insert into users (id, username, email, password_hash, role)
values (%(id)s, %(username)s, %(email)s, %(password_hash)s, %(role)s)
on conflict do nothing returning id;

-- name: add_session
-- A device that has just signed in.
insert into sessions (id, user_id, refresh_hash, expires_at, user_agent, address)
values (%(id)s, %(user_id)s, %(refresh_hash)s, %(expires_at)s, %(user_agent)s, %(address)s);

-- name: signed_in
-- Remembers when the account was last let in.
update users set last_login = now() where id = %(user_id)s;

-- name: live_session
-- A session that still counts, with its account.
select s.id as session_id, s.expires_at, u.id, u.username, u.email, u.role, u.status, u.created_at, u.last_login
from sessions s join users u on u.id = s.user_id
where s.id = %(id)s and s.revoked_at is null and s.expires_at > now() and u.status = 'active';

-- name: lock_session
-- The session whose refresh token is shown, held until the answer is decided: of twenty at once one is first.
select s.refresh_hash, s.previous_hash, s.user_id,
    s.revoked_at is null and s.expires_at > now() and u.status = 'active' as live,
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
-- Ends every session of an account.
update sessions set revoked_at = now() where user_id = %(user_id)s and revoked_at is null returning id;

-- name: count_sessions
-- How many devices of an account are signed in.
select count(*) as count from sessions where user_id = %(user_id)s and revoked_at is null and expires_at > now();

-- name: add_key
-- A program's key, of which only the hash is kept.
insert into api_keys (id, user_id, name, prefix, key_hash, expires_at)
values (%(id)s, %(user_id)s, %(name)s, %(prefix)s, %(key_hash)s, %(expires_at)s)
returning id, user_id, name, prefix, created_at, expires_at, last_used;

-- name: keys
-- An account's keys, newest first.
select id, user_id, name, prefix, created_at, expires_at, last_used from api_keys
where user_id = %(user_id)s and revoked_at is null order by created_at desc, id;

-- name: revoke_key
-- Ends a key of this account; no row when there is none.
update api_keys set revoked_at = now() where id = %(id)s and user_id = %(user_id)s and revoked_at is null returning id;

-- name: key_by_hash
-- The key that hashes to this, with its account, if both still count.
select k.id as key_id, k.expires_at as key_expires_at,
    u.id, u.username, u.email, u.role, u.status, u.created_at, u.last_login
from api_keys k join users u on u.id = k.user_id
where k.key_hash = %(key_hash)s and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and u.status = 'active';

-- name: used_key
-- Remembers the last use, at most once a minute, so that reading does not become writing.
update api_keys set last_used = now()
where id = %(id)s and (last_used is null or last_used < now() - interval '1 minute');

-- name: add_link
-- A one-time sign-in link.
insert into sign_in_links (link_hash, user_id, expires_at) values (%(link_hash)s, %(user_id)s, %(expires_at)s);

-- name: use_link
-- Spends a link: whoever updates the row is the one that gets in.
update sign_in_links l set used_at = now() from users u
where l.link_hash = %(link_hash)s and l.used_at is null and l.expires_at > now()
    and u.id = l.user_id and u.status = 'active'
returning u.id, u.username, u.email, u.role, u.status, u.created_at, u.last_login;

-- name: still_good
-- Of these sessions and keys the ones that still count, with the role of their account now.
select s.id, u.role from sessions s join users u on u.id = s.user_id
where s.id = any(%(ids)s) and s.revoked_at is null and s.expires_at > now() and u.status = 'active'
union all
select k.id, u.role from api_keys k join users u on u.id = k.user_id
where k.id = any(%(ids)s) and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and u.status = 'active';

-- name: audit
-- One line of the audit log.
insert into audit (actor, action, object, request_id, address, details)
values (%(actor)s, %(action)s, %(object)s, %(request_id)s, %(address)s, %(details)s);
