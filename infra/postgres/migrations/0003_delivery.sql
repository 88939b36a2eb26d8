-- What the stages must remember so that nothing is lost and nothing counts twice.

-- The owner of a partition's side effects: a higher epoch ends the lower one's right to write.
create table epochs (
    stage     text not null,
    topic     text not null,
    partition integer not null,
    epoch     bigint not null,
    primary key (stage, topic, partition)
);

-- What the warehouse is about to insert. The offset range, not ClickHouse, says what has been stored.
create table intents (
    id           bigint generated always as identity,
    cluster_id   text not null,
    topic        text not null,
    partition    integer not null,
    first_offset bigint not null,
    last_offset  bigint not null,
    skipped      text[] not null default '{}',
    ingested_at  timestamptz not null,
    epoch        bigint not null,
    confirmed_at timestamptz,
    primary key (topic, partition, first_offset)
);
create index intents_newest on intents (topic, partition, last_offset desc);

-- What a stage with a memory knows, as of an offset. Large state is kept in blocks, changed ones written anew.
create table snapshots (
    stage       text not null,
    topic       text not null,
    partition   integer not null,
    block       integer not null,
    epoch       bigint not null,
    next_offset bigint not null,
    state       bytea not null,
    at          timestamptz not null default now(),
    primary key (stage, topic, partition, block)
);

-- Messages that were being tried alone when their worker ended.
create table suspects (
    stage     text not null,
    topic     text not null,
    partition integer not null,
    message_offset bigint not null,
    kind      text not null check (kind in ('batch', 'alone')),
    tries     integer not null,
    at        timestamptz not null default now(),
    primary key (stage, topic, partition, message_offset, kind)
);

-- Things a person should know; `closed_at` when they are over.
create table alerts (
    id         bigint generated always as identity primary key,
    subject    text not null,
    kind       text not null,
    message    text not null,
    raised_at  timestamptz not null default now(),
    closed_at  timestamptz
);
create unique index alerts_open on alerts (subject, kind) where closed_at is null;

grant usage on schema public to trawl_app;
grant select, insert, update, delete on all tables in schema public to trawl_app;
revoke update, delete on audit from trawl_app;
grant usage, select on all sequences in schema public to trawl_app;
