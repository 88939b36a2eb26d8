-- Dead letters that are sent again.

-- name: asked
-- Whether somebody wanted it sent before, and since when it is.
select done_at from replayed_letters where id = %(id)s::uuid

-- name: ask
-- Somebody wants it sent: once, whoever asks how often.
insert into replayed_letters as l (id) values (%(id)s::uuid)
on conflict (id) do update set id = l.id
returning done_at, xmax = 0 as new

-- name: done
-- It is in its topic.
update replayed_letters set done_at = coalesce(done_at, now()) where id = %(id)s::uuid

-- name: page
-- How the task of a page stands.
select state, outcome from frontier where run_id = %(run)s::uuid and url_fp = %(fp)s::uuid

-- name: part
-- Whether a part of an upload was counted.
select place from upload_parts where run_id = %(run)s::uuid and part = %(part)s

-- name: put_back
-- A part that was counted as failed, by the message of the letter, is on its way again.
with gone as (
    delete from upload_parts p using runs r
    where p.run_id = %(run)s::uuid and p.part = %(part)s and p.records = 0 and starts_with(p.place, %(place)s)
        and r.id = p.run_id and r.failed > 0
    returning p.run_id
)
update runs r set failed = r.failed - 1, issued = r.issued + 1 from gone where r.id = gone.run_id
returning r.id

-- name: promise_anew
-- The records of a batch that was rejected as a whole are promised by another one, and are no rejects any more. What no
-- run promised has no place in the accounts.
with promised as (
    insert into run_batches (run_id, batch_id, url_fp, records)
    select run_id, %(anew)s::uuid, url_fp, records from run_batches
    where run_id = %(run)s::uuid and batch_id = %(batch)s::uuid
    on conflict do nothing
    returning run_id, records
)
update runs r set rejected = r.rejected - p.records from promised p where r.id = p.run_id
