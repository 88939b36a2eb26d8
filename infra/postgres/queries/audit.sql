-- The audit log: adding to it, sealing it, holding it against its seals, reading it.

-- name: record
-- One line of the audit log.
insert into audit (actor, action, object, request_id, address, details)
values (%(actor)s, %(action)s, %(object)s, %(request_id)s, %(address)s, %(details)s)

-- name: waiting
-- Whether any line waits for its seal: asked twice a second, of a table that is nearly always empty.
select exists (select from audit_unsealed) as waiting

-- name: head
-- The newest seal.
select position, audit_id, sealed_at, hash from audit_seals order by position desc limit 1

-- name: take
-- The lines that wait, oldest first, and the moment of this transaction, as they are sealed. What was removed before it
-- was sealed stays where it waits: the verifier tells of it.
with due as (
    select u.id from audit_unsealed u where exists (select from audit a where a.id = u.id) order by u.id limit %(most)s
), gone as (
    delete from audit_unsealed u using due where u.id = due.id returning u.id
)
select a.id, (extract(epoch from a.at) * 1000000)::bigint as at_us, a.actor, a.action, a.object, a.request_id,
    a.address, a.details::text as details, (extract(epoch from now()) * 1000000)::bigint as now_us
from audit a join gone on gone.id = a.id order by a.id

-- name: seal
-- Their seals. Of two sealers that chose the same positions one is refused, and takes back what it took.
insert into audit_seals (position, audit_id, sealed_at, hash)
select position, audit_id, now(), hash
from unnest(%(positions)s::bigint[], %(ids)s::bigint[], %(hashes)s::bytea[]) as sealed (position, audit_id, hash)

-- name: status
-- The newest seal and what waits; ages in seconds.
select h.position, h.audit_id, h.sealed_at, h.hash, w.waiting, w.oldest_s
from (
    select count(*) as waiting, coalesce(extract(epoch from now() - min(a.at)), 0)::float8 as oldest_s
    from audit_unsealed u left join audit a on a.id = u.id
) w left join (select * from audit_seals order by position desc limit 1) h on true

-- name: sealed
-- A piece of the chain with its lines, as they are now.
select s.position, s.audit_id, (extract(epoch from s.sealed_at) * 1000000)::bigint as sealed_us, s.hash,
    a.id is not null as present, (extract(epoch from a.at) * 1000000)::bigint as at_us,
    a.actor, a.action, a.object, a.request_id, a.address, a.details::text as details
from audit_seals s left join audit a on a.id = s.audit_id
where s.position > %(after)s and s.position <= %(upto)s order by s.position limit %(most)s

-- name: loose
-- Of a piece of the log the lines that neither are sealed nor wait for it, and the last line of the piece.
with piece as (
    select id from audit where id > %(after)s order by id limit %(most)s
)
select (select max(id) from piece) as last, array(
    select p.id from piece p
    where not exists (select from audit_seals s where s.audit_id = p.id)
        and not exists (select from audit_unsealed u where u.id = p.id)
    order by p.id limit 100) as loose

-- name: lost
-- Lines that were removed while they waited for their seal.
select u.id from audit_unsealed u where not exists (select from audit a where a.id = u.id) order by u.id limit 100

-- name: hashes
-- The hashes at some positions.
select position, hash from audit_seals where position = any(%(positions)s)

-- name: search
-- Lines as people see them, newest first, those before one; with the actor's name where the actor is an account.
select a.id, a.at, a.actor, u.username, a.action, a.object, a.request_id, a.address, a.details, s.position
from audit a
left join users u on u.id = case when a.actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.actor::uuid end
left join audit_seals s on s.audit_id = a.id
where (%(before)s::bigint is null or a.id < %(before)s)
    and (%(actor)s::text is null or a.actor in (
        %(actor)s, (select id::text from users where username = %(actor)s)))
    and (%(action)s::text is null or a.action = %(action)s)
    and (%(object)s::text is null or a.object = %(object)s)
    and (%(address)s::text is null or a.address = %(address)s)
    and (%(request_id)s::text is null or a.request_id = %(request_id)s)
    and (%(since)s::timestamptz is null or a.at >= %(since)s)
    and (%(until)s::timestamptz is null or a.at < %(until)s)
order by a.id desc limit %(limit)s

-- name: newest
-- The number of the newest line that can be seen.
select coalesce(max(id), 0) as id from audit

-- name: export
-- The same lines, oldest first: those behind one, up to another one.
select a.id, a.at, a.actor, u.username, a.action, a.object, a.request_id, a.address, a.details, s.position
from audit a
left join users u on u.id = case when a.actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.actor::uuid end
left join audit_seals s on s.audit_id = a.id
where a.id > %(after)s and a.id <= %(upto)s
    and (%(actor)s::text is null or a.actor in (
        %(actor)s, (select id::text from users where username = %(actor)s)))
    and (%(action)s::text is null or a.action = %(action)s)
    and (%(object)s::text is null or a.object = %(object)s)
    and (%(address)s::text is null or a.address = %(address)s)
    and (%(request_id)s::text is null or a.request_id = %(request_id)s)
    and (%(since)s::timestamptz is null or a.at >= %(since)s)
    and (%(until)s::timestamptz is null or a.at < %(until)s)
order by a.id limit %(limit)s
