-- Rules tried on one stored page: the gateway asks here, extraction answers here, and nothing is kept. Unlogged, since
-- nobody waits for an answer that a crash has taken.
create unlogged table previews (
    id          uuid primary key,
    job_id      uuid not null,
    url_fp      uuid not null,
    description jsonb not null,
    asked_at    timestamptz not null default now(),
    taken       boolean not null default false,
    answer      bytea
);
create index previews_waiting on previews (asked_at) where not taken;

grant select, insert, update, delete on previews to trawl_app;
