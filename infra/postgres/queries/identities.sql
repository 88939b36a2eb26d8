-- People of an outside OpenID Connect provider.

-- name: find
-- The account of somebody there.
select a.* from identities i join accounts a on a.id = i.user_id where i.issuer = %(issuer)s and i.subject = %(subject)s

-- name: link
-- From now on they are this account's; no row when they are another's.
insert into identities (issuer, subject, user_id) values (%(issuer)s, %(subject)s, %(user_id)s)
on conflict (issuer, subject) do update set user_id = excluded.user_id where identities.user_id = excluded.user_id
returning user_id

-- name: add_user
-- A person without a password of ours; no row when the name or the address is taken.
insert into users (id, username, email, password_hash, role)
values (%(id)s, %(username)s, %(email)s, '', %(role)s) on conflict do nothing returning id
