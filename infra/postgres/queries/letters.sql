-- Dead letters that are sent again.

-- name: ask
-- Somebody wants it sent: once, whoever asks how often.
insert into replayed_letters as l (id) values (%(id)s::uuid)
on conflict (id) do update set id = l.id
returning done_at, xmax = 0 as new

-- name: done
-- It is in its topic.
update replayed_letters set done_at = coalesce(done_at, now()) where id = %(id)s::uuid
