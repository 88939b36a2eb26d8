-- Sealed credentials of sites.

-- name: add
-- A new one; no row where the owner has one of that name, or enough of them.
insert into credentials (id, owner, name, kind, host, scheme, sealed, key_id)
select %(id)s, %(owner)s, %(name)s, %(kind)s, %(host)s, %(scheme)s, %(sealed)s, %(key_id)s
where (select count(*) from credentials where owner = %(owner)s) < %(room)s
on conflict (owner, name) do nothing
returning id, owner, name, kind, host, scheme, created_at, used_at

-- name: all
-- An owner's, by name, without their secrets.
select id, owner, name, kind, host, scheme, created_at, used_at from credentials where owner = %(owner)s order by name

-- name: known
-- Whether an owner has one of that name.
select exists (select from credentials where owner = %(owner)s and name = %(name)s) as known

-- name: remove
-- Removes one of an owner's.
delete from credentials where id = %(id)s and owner = %(owner)s returning id

-- name: of_run
-- The one that a run's owner means by a name or an id, and notes the use, once a minute at most.
with found as (
    select c.* from credentials c join runs r on r.owner = c.owner
    where r.id = %(run)s and (c.name = %(reference)s or c.id::text = %(reference)s)
    order by c.name = %(reference)s desc limit 1
), used as (
    update credentials c set used_at = now() from found
    where c.id = found.id and (c.used_at is null or c.used_at < now() - interval '1 minute')
)
select id, owner, name, kind, host, scheme, created_at, used_at, sealed, key_id from found
