-- Jobs, runs, and the frontier: the one place that knows the fate of every URL.

create table jobs (
    id          uuid primary key,
    owner       text not null,
    name        text not null,
    dataset     text not null,
    description jsonb not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    deleted_at  timestamptz
);
create index jobs_by_owner on jobs (owner, created_at desc) where deleted_at is null;

create table runs (
    id           uuid primary key,
    job_id       uuid not null references jobs,
    owner        text not null,
    dataset      text not null,
    description  jsonb not null,
    state        text not null default 'queued'
        check (state in ('queued', 'running', 'finishing', 'completed', 'failed', 'cancelled')),
    reason       text not null default '',
    priority     smallint not null default 0,
    max_pages    integer not null default 1000,
    created_at   timestamptz not null default now(),
    started_at   timestamptz,
    finished_at  timestamptz,
    cancelled_at timestamptz,
    seeded       boolean not null default false,
    event_seq    integer not null default 0,
    told_at      timestamptz,
    requested    integer not null default 0,
    queued       integer not null default 0,
    issued       integer not null default 0,
    fetched      integer not null default 0,
    failed       integer not null default 0,
    filtered     integer not null default 0,
    visited      integer not null default 0,
    extracted    bigint  not null default 0,
    stored       bigint  not null default 0,
    rejected     bigint  not null default 0,
    dropped      bigint  not null default 0,
    -- The promise of the accounts, held by the database itself at every commit.
    constraint accounts_add_up check (requested = queued + issued + fetched + failed + filtered),
    constraint never_negative check (least(queued, issued, fetched, failed, filtered, visited) >= 0),
    constraint within_budget check (visited <= max_pages)
);
create index runs_by_job on runs (job_id, created_at desc);
create index runs_open on runs (state, created_at) where state in ('queued', 'running', 'finishing');

-- Hash-partitioned by run from the first day: a run's rows stay together and can be moved to another machine.
create table frontier (
    run_id     uuid not null,
    url_fp     uuid not null,
    host       text not null,
    url        text not null,
    depth      integer not null,
    hops       smallint not null default 0,
    priority   smallint not null default 0,
    state      text not null check (state in ('queued', 'issued', 'done')),
    attempt    integer not null default 0,
    tries      integer not null default 0,
    not_before timestamptz,
    issued_at  timestamptz,
    published  boolean not null default false,
    counted    boolean not null default false,
    fetch_id   uuid,
    outcome    text,
    klass      text,
    status     smallint,
    records    integer not null default 0,
    found_on   text not null default '',
    found_at   timestamptz not null default now(),
    closed_at  timestamptz,
    reason     text not null default '',
    primary key (run_id, url_fp)
) partition by hash (run_id);

do $$
begin
    for part in 0..15 loop
        execute format('create table frontier_%s partition of frontier for values with (modulus 16, remainder %s)
                        with (fillfactor = 70)', part, part);
    end loop;
end $$;

create index frontier_queued on frontier (run_id, host, priority desc, depth, found_at) where state = 'queued';
create index frontier_issued on frontier (host, issued_at) where state = 'issued';

-- How many rows of a run wait or are under way at a host: choosing reads this, never the whole frontier.
create table run_hosts (
    run_id   uuid not null,
    host     text not null,
    queued   integer not null default 0 check (queued >= 0),
    issued   integer not null default 0 check (issued >= 0),
    ready_at timestamptz not null default now(),
    primary key (run_id, host)
) with (fillfactor = 60);
create index run_hosts_waiting on run_hosts (run_id) where queued > 0;
create index run_hosts_busy on run_hosts (host) where issued > 0;

-- The right to visit a host. `acquired_at` changes with the owner, `next_visit` survives it.
create table hosts (
    host        text primary key,
    owner       text not null default '',
    acquired_at timestamptz not null default now(),
    lease_until timestamptz not null default '-infinity',
    next_visit  timestamptz not null default '-infinity',
    -- seconds between two visits at the moment: what the jobs, robots.txt and the host's own answers come to
    delay       real not null default 0
) with (fillfactor = 60);

-- The batches that extraction promised, and whether ClickHouse holds them: a run is over when none is open.
create table run_batches (
    run_id    uuid not null,
    batch_id  uuid not null,
    url_fp    uuid not null,
    records   integer not null,
    confirmed boolean not null default false,
    primary key (run_id, batch_id)
);
create index run_batches_open on run_batches (run_id) where not confirmed;

-- Events that a transaction decided on; dispatch publishes them in order and deletes them.
create table outbox (
    id    bigint generated always as identity primary key,
    topic text not null,
    key   text not null,
    value bytea not null,
    at    timestamptz not null default now()
);
