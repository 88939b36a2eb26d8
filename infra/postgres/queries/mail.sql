-- name: post
-- A mail that waits for its sender.
insert into mails (id, kind, recipient, key_id, sealed)
values (%(id)s, %(kind)s, %(recipient)s, %(key_id)s, %(sealed)s);

-- name: wake
-- Wakes the sender when this transaction is committed.
select pg_notify('mail', '');
