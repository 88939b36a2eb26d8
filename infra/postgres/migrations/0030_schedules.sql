-- When jobs run by themselves. A row follows from the `schedule` of its job's description, in the transaction that
-- changes that; firings tell what became of each time.

create table schedules (
    job_id     uuid primary key references jobs on delete cascade,
    kind       text not null check (kind in ('cron', 'interval', 'once')),
    expression text not null,
    zone       text not null,
    anchor     timestamptz not null,
    jitter     float8 not null default 0,
    catch_up   text not null check (catch_up in ('none', 'last', 'all')),
    overlap    text not null check (overlap in ('allow', 'skip', 'queue')),
    -- The next time, and that with its jitter: both null when there is no more.
    due_at     timestamptz,
    next_at    timestamptz,
    paused_at  timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint both_or_none check ((due_at is null) = (next_at is null))
);
create index schedules_due on schedules (next_at) where paused_at is null;

-- One row a time, or for a streak of missed ones (`times` of them until `until`). The key is what makes a firing one.
create table firings (
    job_id     uuid not null references jobs on delete cascade,
    due_at     timestamptz not null,
    until      timestamptz not null,
    times      integer not null default 1,
    outcome    text not null check (outcome in ('started', 'waiting', 'skipped', 'missed', 'failed')),
    why        text not null default '',
    run_id     uuid,
    decided_at timestamptz not null default now(),
    primary key (job_id, due_at)
);
create index firings_waiting on firings (due_at) where outcome = 'waiting';
create index firings_old on firings (decided_at);

grant select, insert, update, delete on schedules, firings to trawl_app;
