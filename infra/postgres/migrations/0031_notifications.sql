-- Who is told of what happens, and what became of telling them.

create table webhooks (
    id              uuid primary key,
    owner           text not null,
    name            text not null,
    url             text not null,
    host            text not null,
    events          text[] not null,
    all_jobs        boolean not null default true,
    kinds           text[] not null default '{}',
    min_confidence  float8 not null default 0,
    -- The secret that signs, and for a while the one before it.
    key_id          text not null,
    sealed          bytea not null,
    previous_key_id text,
    previous_sealed bytea,
    previous_until  timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    failing_since   timestamptz,
    disabled_at     timestamptz,
    disabled_why    text not null default ''
);
create index webhooks_by_owner on webhooks (owner, created_at);

-- One row an event and a target: its key is what makes a delivery one, however often its event comes.
-- pending → delivered, failed or dropped (webhooks); mailed, or held → summed (mails).
create table deliveries (
    id          uuid primary key,
    event_id    text not null,
    target      text not null,
    event       text not null,
    job_id      uuid,
    webhook_id  uuid references webhooks on delete cascade,
    host        text not null default '',
    body        text not null,
    state       text not null
        check (state in ('pending', 'delivered', 'failed', 'dropped', 'mailed', 'held', 'summed')),
    tries       integer not null default 0,
    next_try    timestamptz not null default now(),
    attempts    jsonb not null default '[]',
    created_at  timestamptz not null default now(),
    finished_at timestamptz,
    unique (event_id, target)
);
create index deliveries_due on deliveries (next_try) where state = 'pending';
create index deliveries_by_webhook on deliveries (webhook_id, created_at desc, id desc);
create index deliveries_held on deliveries (created_at) where state = 'held';
create index deliveries_mailed on deliveries (job_id, target, created_at) where state = 'mailed';
create index deliveries_old on deliveries (created_at);

grant select, insert, update, delete on webhooks, deliveries to trawl_app;
