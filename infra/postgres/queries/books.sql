-- name: ready_made
-- An owner's job of a ready-made kind, if it is still there.
select m.job_id from ready_made m join jobs j on j.id = m.job_id and j.deleted_at is null
where m.name = %(name)s and m.owner = %(owner)s;

-- name: remember
-- From now on this job is the owner's one.
insert into ready_made (name, owner, job_id) values (%(name)s, %(owner)s, %(job_id)s)
on conflict (name, owner) do update set job_id = excluded.job_id;

-- name: edition
-- The newest run that read everything there was, as the product describes it, else the one that has most so far. One that
-- was stopped, or came to its limit of pages, has read a part, whatever its state.
select r.id, coalesce(r.finished_at, r.created_at) as at, w.whole
from runs r join jobs j on j.id = r.job_id and j.deleted_at is null
cross join lateral (
    select r.state = 'completed' and r.stopped_at is null and r.visited < r.max_pages as whole) w
where r.ready_made = %(name)s and r.kind = 'crawl' and r.stored > 0 and r.cleanup_at is null
order by w.whole desc, case when w.whole then r.created_at end desc, r.stored desc, r.created_at desc, r.id desc
limit 1;

-- name: add_model
-- A version of a model; no row where it is known already.
insert into models (name, version, target, origin, owner, run_id, scores, books)
values (%(name)s, %(version)s, %(target)s, %(origin)s, %(owner)s, %(run_id)s, %(scores)s, %(books)s)
on conflict do nothing returning at;

-- name: forget_models
-- The oldest versions of an owner beyond so many, with what they said.
delete from models where (name, version, target, owner) in (
    select name, version, target, owner from models where owner = %(owner)s order by at desc offset %(keep)s);

-- name: add_predictions
-- What a model said, a row for each book.
insert into predictions (name, version, target, owner, book_id, value)
select %(name)s, %(version)s, %(target)s, %(owner)s, book_id, value
from unnest(%(books)s::int[], %(values)s::float8[]) as said (book_id, value);

-- name: models
-- Versions of these owners (null: everyone's), the newest first, with how many predictions of each are kept.
select name, version, target, origin, owner, run_id::text, scores, books, at,
    (select count(*)::int from predictions p
     where (p.name, p.version, p.target, p.owner) = (m.name, m.version, m.target, m.owner)) as predictions
from models m where %(owners)s::text[] is null or owner = any(%(owners)s)
order by at desc, name, version, target, owner limit %(limit)s offset %(offset)s;

-- name: count_models
-- How many there are.
select count(*)::int as models from models where %(owners)s::text[] is null or owner = any(%(owners)s);
