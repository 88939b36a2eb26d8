-- Which of the product's own descriptions a run reads, as the product has it but for pace and limit of pages (null: any
-- other description). Only such a run may become what everybody is shown.
alter table runs add column ready_made text;
update runs r set ready_made = a.details ->> 'ready_made' from audit a
where a.action in ('job_created', 'job_started') and a.details ? 'ready_made'
    and a.object = r.job_id::text and a.details ->> 'run_id' = r.id::text;
create index runs_ready_made on runs (ready_made, created_at desc) where ready_made is not null;

create index models_of_owner on models (owner, at desc);
