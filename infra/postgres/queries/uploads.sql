-- Records from outside: their runs, and which of their parts were taken.

-- name: begin
-- A run whose parts are on their way: each counts as one page that was issued.
update runs set seeded = true, requested = requested + %(parts)s, issued = issued + %(parts)s
where id = %(run)s::uuid and not seeded
returning id

-- name: run
-- The run that a part names.
select job_id::text, dataset, owner from runs where id = %(run)s::uuid

-- name: lock
-- The run of a part, held while the part is counted.
select job_id::text, dataset from runs where id = %(run)s::uuid for update

-- name: take
-- The message that a part came by: this one, or the one that was first.
insert into upload_parts as p (run_id, part, place, records)
values (%(run)s::uuid, %(part)s, %(place)s, %(records)s)
on conflict (run_id, part) do update set run_id = p.run_id
returning place, xmax = 0 as new
