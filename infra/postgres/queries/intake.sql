-- Intake's side: opening runs, seeding the frontier.

-- name: find_run
-- The run that a request points to, and whether it waits to be opened.
select id::text, job_id::text, state, seeded, description, cancelled_at is not null as cancelled
from runs where id = %(run)s::uuid for update

-- name: open_job
-- An outsider's job; the same message twice is the same job.
insert into jobs (id, owner, name, dataset, description)
values (%(job)s::uuid, %(owner)s, %(name)s, %(dataset)s, %(description)s::jsonb)
on conflict (id) do nothing

-- name: open_run
-- An outsider's run; the same message twice is the same run, and one that was deleted stays dead.
insert into runs (id, job_id, owner, dataset, description, priority, max_pages)
values (%(run)s::uuid, %(job)s::uuid, %(owner)s, %(dataset)s, %(description)s::jsonb, %(priority)s, %(max_pages)s)
on conflict (id) do nothing
returning id

-- name: note
-- Who opened it.
insert into audit (actor, action, object, details) values (%(actor)s, %(action)s, %(object)s, %(details)s::jsonb)

-- name: seeded
-- The frontier holds every seed.
update runs set seeded = true where id = %(run)s::uuid
