-- Keys that tokens are signed with.

-- name: all
-- Every key, whoever sealed it.
select kid, state, since, key_id, sealed from signing_keys order by created_at, kid

-- name: lock
-- Beginning and rotating happen one after the other.
select pg_advisory_xact_lock(7241023)

-- name: put
-- A key in a state; one that was there is sealed anew.
insert into signing_keys (kid, state, key_id, sealed) values (%(kid)s, %(state)s, %(key_id)s, %(sealed)s)
on conflict (kid) do update set state = excluded.state, since = now(), key_id = excluded.key_id,
    sealed = excluded.sealed

-- name: retire_all
-- Keys that nobody can open sign nothing any more.
update signing_keys set state = 'retired', since = now() where state <> 'retired'

-- name: retire
-- The current key signs no more; no row when it is not the current one any more.
update signing_keys set state = 'retired', since = now() where kid = %(kid)s and state = 'current' returning kid

-- name: promote
-- The next key signs from now on.
update signing_keys set state = 'current', since = now() where state = 'next' returning kid

-- name: forget
-- Retired keys whose last signature has expired.
delete from signing_keys where state = 'retired' and since < %(before)s
