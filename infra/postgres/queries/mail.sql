-- name: post
-- A mail that waits for its sender.
insert into mails (id, kind, recipient, key_id, sealed)
values (%(id)s, %(kind)s, %(recipient)s, %(key_id)s, %(sealed)s);

-- name: wake
-- Wakes the sender when this transaction is committed.
select pg_notify('mail', '');

-- name: take
-- Mails whose turn it is: held by this sender until the lease is over, whatever becomes of it.
update mails m set tries = m.tries + 1, next_try = now() + make_interval(secs => %(lease)s)
from (
    select id from mails where sent_at is null and given_up is null and next_try <= now()
    order by next_try limit %(most)s for update skip locked
) due
where m.id = due.id
returning m.id::text, m.kind, m.recipient, m.key_id, m.sealed, m.tries,
    extract(epoch from now() - m.created_at)::float8 as age_s;

-- name: sent
-- It is with its server: the text is needed no more.
update mails set sent_at = now(), sealed = null, why = '' where id = %(id)s;

-- name: later
-- Another try, in so many seconds.
update mails set next_try = now() + make_interval(secs => %(wait)s), why = %(why)s
where id = %(id)s and sent_at is null;

-- name: give_up
-- It will not be sent; nobody needs the text any more.
update mails set given_up = now(), sealed = null, why = %(why)s where id = %(id)s and sent_at is null;

-- name: state
-- How many wait, and for how long the oldest has.
select count(*)::int as waiting, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_s
from mails where sent_at is null and given_up is null;

-- name: expire
-- Where nobody can send, what is older than a day is given up all the same: one-time links are of no use by then.
update mails set given_up = now(), sealed = null, why = %(why)s
where sent_at is null and given_up is null and created_at < now() - make_interval(secs => %(older)s) returning id;

-- name: forget
-- What was sent or given up a month ago.
delete from mails where coalesce(sent_at, given_up) < now() - interval '30 days' returning id;
