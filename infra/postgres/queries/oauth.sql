-- OAuth2 clients, and what they are given.

-- name: add_client
-- A new client; no row for a taken name.
insert into oauth_clients (id, name, redirect_uris, scopes, secret_hash, resource_server, service_user, created_by)
values (%(id)s, %(name)s, %(redirect_uris)s, %(scopes)s, %(secret_hash)s, %(resource_server)s, %(service_user)s,
    %(created_by)s)
on conflict do nothing returning *

-- name: lock_clients
-- One is registered at a time, so that the bound holds.
select pg_advisory_xact_lock(hashtextextended('oauth clients', 0))

-- name: count_clients
-- How many there are.
select count(*)::int as count from oauth_clients

-- name: client
-- One client.
select * from oauth_clients where id = %(id)s

-- name: clients
-- All of them, by name.
select * from oauth_clients order by name

-- name: name_taken
-- Whether another client has this name.
select exists (select from oauth_clients where name = %(name)s and id <> %(id)s) as taken

-- name: change_client
-- Changes what is given, and leaves what is not.
update oauth_clients set
    name = coalesce(%(name)s, name),
    redirect_uris = coalesce(%(redirect_uris)s::text[], redirect_uris),
    scopes = coalesce(%(scopes)s::text[], scopes),
    secret_hash = coalesce(%(secret_hash)s, secret_hash)
where id = %(id)s returning *

-- name: end_grants
-- Everything that a client was given ends.
update sessions s set revoked_at = now() from oauth_grants g
where g.client_id = %(id)s and s.id = g.session_id and s.revoked_at is null

-- name: disable_service
-- What it made stays, so its account does; but nobody is let in by it any more.
update users u set status = 'disabled' from oauth_clients c where c.id = %(id)s and u.id = c.service_user

-- name: hold_client
-- The client, which nobody removes meanwhile.
select id from oauth_clients where id = %(client_id)s for share

-- name: hold_owner
-- The account that a code is of, as it is from now on: the same order as whoever ends its codes and sessions.
select id from users
where id = (select user_id from oauth_codes where code_hash = %(code_hash)s and client_id = %(client_id)s) for update

-- name: lock_client
-- Whoever redeems something of a client that goes waits, and finds it gone.
select id from oauth_clients where id = %(id)s for update

-- name: remove_client
-- Removes a client with its codes.
delete from oauth_clients where id = %(id)s

-- name: tidy_codes
-- Codes that have expired long ago tell nothing any more; for a day a second use is still noticed.
delete from oauth_codes where expires_at < now() - interval '1 day'

-- name: add_code
-- A code that can be redeemed once.
insert into oauth_codes (code_hash, client_id, user_id, redirect_uri, scopes, challenge, expires_at)
values (%(code_hash)s, %(client_id)s, %(user_id)s, %(redirect_uri)s, %(scopes)s, %(challenge)s, %(expires_at)s)

-- name: lock_code
-- The code that is shown, held until it is decided: of twenty at once one is first.
select *, expires_at > now() as in_time from oauth_codes where code_hash = %(code_hash)s and client_id = %(client_id)s
for update

-- name: spend_code
-- It is used up, whatever comes of it.
update oauth_codes set spent_at = now(), session_id = %(session_id)s where code_hash = %(code_hash)s

-- name: end_session
-- What a code gave ends when the code comes back; no row where it had ended already.
update sessions set revoked_at = now() where id = %(id)s and revoked_at is null returning user_id

-- name: active_account
-- An account that may still be let in.
select * from accounts where id = %(id)s and status = 'active'

-- name: add_session
-- What a client was given, as a session.
insert into sessions (id, user_id, refresh_hash, expires_at, user_agent, address, idle_lifetime, how)
values (%(id)s, %(user_id)s, %(refresh_hash)s, %(expires_at)s, %(user_agent)s, %(address)s, %(idle_lifetime)s, 'oauth')

-- name: add_grant
-- Whose it is, so that removing the client ends it.
insert into oauth_grants (session_id, client_id) values (%(session_id)s, %(client_id)s)

-- name: lock_service
-- The service account of a client, if it is active; one request at a time opens its session.
select u.id from oauth_clients c join users u on u.id = c.service_user
where c.id = %(client_id)s and u.status = 'active' for update of c, u

-- name: prolong_service
-- The open session of a service account lasts as long as the token that is made now.
update sessions set expires_at = greatest(expires_at, %(expires_at)s), last_seen = now()
where id = (
    select s.id from oauth_grants g join live_sessions s on s.id = g.session_id
    where g.client_id = %(client_id)s and s.user_id = %(user_id)s limit 1
)
returning id
