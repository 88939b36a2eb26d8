-- Exports: a run's records as one file. A row is asked for, held by one exporter under a lease, and shows its file only
-- when that is whole.
create table exports (
    id          uuid primary key,
    job_id      uuid not null references jobs,
    run_id      uuid not null references runs,
    owner       text not null,
    dataset     text not null,
    name        text not null,
    format      text not null,
    variant     text not null default '',
    filename    text not null,
    state       text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed')),
    asked_by    text not null default '',
    asked_at    timestamptz not null default now(),
    attempt     integer not null default 0,
    lease_until timestamptz,
    started_at  timestamptz,
    finished_at timestamptz,
    expires_at  timestamptz,
    records     bigint not null default 0,
    bytes       bigint not null default 0,
    sha256      text not null default '',
    blob        text not null default '',
    why         text not null default '',
    downloads   bigint not null default 0,
    constraint whole_or_nothing check (state <> 'completed' or (blob <> '' and sha256 <> '' and expires_at is not null))
);
create unique index exports_once on exports (run_id, format, variant) where state <> 'failed';
create unique index exports_named on exports (job_id, filename) where state <> 'failed';
create index exports_by_job on exports (job_id, asked_at desc, id);
create index exports_by_owner on exports (owner);
create index exports_waiting on exports (asked_at) where state in ('queued', 'running');
create index exports_ending on exports (expires_at) where expires_at is not null;

-- Files that no row shows any more; an exporter removes them.
create table dropped_exports (
    blob text primary key,
    at   timestamptz not null default now()
);

-- Whether what the run's description asks for was asked of the exporters: once, whatever becomes of it.
alter table runs add column exports_planned boolean not null default false;
update runs set exports_planned = true where state = 'completed';
create index runs_to_export on runs (finished_at) where state = 'completed' and not exports_planned
    and jsonb_typeof(description -> 'export_formats') = 'array' and description -> 'export_formats' <> '[]'::jsonb;

grant select, insert, update, delete on exports, dropped_exports to trawl_app;
