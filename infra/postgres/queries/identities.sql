-- People of an outside OpenID Connect provider.

-- name: find
-- The account of somebody there.
select a.* from identities i join accounts a on a.id = i.user_id where i.issuer = %(issuer)s and i.subject = %(subject)s

-- name: link
-- From now on they are this account's; no row when they are another's.
insert into identities (issuer, subject, user_id) values (%(issuer)s, %(subject)s, %(user_id)s)
on conflict (issuer, subject) do update set user_id = excluded.user_id where identities.user_id = excluded.user_id
returning user_id

-- name: all
-- Who an account is elsewhere; `own` is the one that it was made for, in the same transaction.
select i.id, i.issuer, i.subject, i.created_at as linked_at, i.created_at = u.created_at as own
from identities i join users u on u.id = i.user_id where i.user_id = %(user_id)s order by i.created_at, i.id

-- name: unlink
-- No row for one that is not this account's.
with unlinked as (delete from identities where id = %(id)s and user_id = %(user_id)s returning user_id)
update users set credential_version = credential_version + 1 from unlinked where id = unlinked.user_id returning id
