-- Requests that carry an Idempotency-Key: each is carried out once. `id` hashes user, method, path and key; `deed` names
-- what it makes, so that a second attempt makes the same thing; `attempt` is whoever works on it until `held_until`;
-- `done_by` is the attempt whose transaction did it. The answer is sealed, for it may hold a secret.
create table idempotency_keys (
    id         uuid primary key,
    body_hash  bytea not null,
    deed       uuid not null,
    attempt    uuid not null,
    held_until timestamptz not null,
    done_by    uuid,
    key_id     text,
    answer     bytea,
    created_at timestamptz not null default now()
);
create index idempotency_keys_old on idempotency_keys (created_at);
grant select, insert, update, delete on idempotency_keys to trawl_app;
