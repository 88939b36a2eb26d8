-- Jobs with versions: the job's row is the newest one, this table has those before it, which never change.

alter table jobs
    add column version      integer not null default 1 check (version >= 1),
    add column versioned_at timestamptz not null default now(),
    add column versioned_by text not null default '',
    add column archived_at  timestamptz;
update jobs set versioned_at = created_at;

create table job_versions (
    job_id       uuid not null references jobs on delete cascade,
    version      integer not null,
    name         text not null,
    dataset      text not null,
    description  jsonb not null,
    versioned_at timestamptz not null,
    versioned_by text not null,
    primary key (job_id, version)
);
grant select, insert on job_versions to trawl_app;

-- Of which version of its job a run is (null: of one from before versions were kept), who has taken note of its end,
-- and whether its records were removed: asked for, and done.
alter table runs
    add column job_version     integer,
    add column acknowledged_at timestamptz,
    add column acknowledged_by text not null default '',
    add column cleanup_at      timestamptz,
    add column cleaned_at      timestamptz;

-- A job's newest run stands for it; a job that has never run has none.
create view jobs_now as
select j.id as job_id, j.owner as job_owner, j.name, j.dataset as job_dataset, j.description,
    j.created_at as job_created_at, j.updated_at, j.version, j.versioned_at, j.versioned_by, j.archived_at,
    coalesce(j.description ->> 'type', '') as type, coalesce(j.description ->> 'enabled', 'true') = 'true' as enabled,
    coalesce(r.state, 'created') as now,
    r.id, r.owner, r.dataset, r.state, r.reason, r.max_pages, r.created_at, r.started_at, r.finished_at,
    r.cancelled_at, r.paused_at, r.stopped_at, r.priority, r.delay, r.kind, r.revision, r.job_version,
    r.acknowledged_at, r.cleanup_at, r.cleaned_at, r.requested, r.queued, r.issued, r.fetched, r.failed, r.filtered,
    r.extracted, r.stored, r.rejected, r.dropped
from jobs j left join lateral (
    select * from runs where job_id = j.id order by created_at desc, id desc limit 1) r on true
where j.deleted_at is null;
grant select on jobs_now to trawl_app;

create index audit_by_object on audit (object, at) where object <> '';
