-- Replays: a run of its own that reads stored pages again by other rules, into a new revision of the dataset.

alter table runs drop constraint runs_kind_check;
alter table runs add constraint runs_kind_check check (kind in ('crawl', 'estimate', 'replay'));

-- Which revision of its dataset a run's records are: crawls write the first, each replay the next one.
alter table runs add column revision integer not null default 1 check (revision >= 1);
create index runs_by_revision on runs (dataset, revision) where revision > 1;

-- What a replay reads. Its pages are rows of the frontier, `queued` at no host, so that nobody visits them.
-- sources: the runs whose pages they are. planned_to: the fingerprint up to which the sources' rows were looked at.
-- reads_to: where raw-pages ended at the start. published, closing: partition → offset up to which the pages' records are
-- in Kafka, and up to which rows may have been closed; a reader that takes over begins at the first and reads to the
-- second at least.
create table replays (
    run_id     uuid primary key references runs on delete cascade,
    sources    uuid[] not null,
    since      timestamptz,
    until      timestamptz,
    pattern    text not null default '',
    planned_to uuid,
    reads_to   jsonb,
    published  jsonb,
    closing    jsonb,
    done       boolean not null default false
);
create index replays_open on replays (run_id) where not done;

grant select, insert, update, delete on replays to trawl_app;
