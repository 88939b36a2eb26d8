-- name: ready_made
-- An owner's job of a ready-made kind, if it is still there.
select m.job_id from ready_made m join jobs j on j.id = m.job_id and j.deleted_at is null
where m.name = %(name)s and m.owner = %(owner)s;

-- name: remember
-- From now on this job is the owner's one.
insert into ready_made (name, owner, job_id) values (%(name)s, %(owner)s, %(job_id)s)
on conflict (name, owner) do update set job_id = excluded.job_id;

-- name: edition
-- The newest complete run of any such job that stored anything, else the newest that has stored something so far.
select r.id, coalesce(r.finished_at, r.created_at) as at
from ready_made m join jobs j on j.id = m.job_id and j.deleted_at is null join runs r on r.job_id = j.id
where m.name = %(name)s and r.kind = 'crawl' and r.stored > 0 and r.cleaned_at is null
order by r.state = 'completed' desc, r.created_at desc, r.id desc limit 1;

-- name: add_model
-- A version of a model; no row where it is known already.
insert into models (name, version, target, origin, owner, run_id, scores, books)
values (%(name)s, %(version)s, %(target)s, %(origin)s, %(owner)s, %(run_id)s, %(scores)s, %(books)s)
on conflict do nothing returning at;

-- name: add_predictions
-- What a model said, a row for each book.
insert into predictions (name, version, target, owner, book_id, value)
select %(name)s, %(version)s, %(target)s, %(owner)s, book_id, value
from unnest(%(books)s::int[], %(values)s::float8[]) as said (book_id, value);
