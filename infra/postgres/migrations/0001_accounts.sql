-- Who may do what, and what they did.

create table users (
    id            uuid primary key,
    username      text not null unique check (length(username) between 1 and 200),
    email         text unique,
    password_hash text not null,
    role          text not null default 'viewer',
    status        text not null default 'active' check (status in ('active', 'disabled', 'locked')),
    created_at    timestamptz not null default now(),
    last_login    timestamptz
);

-- One row a signed-in device; an access token names its session, so that signing out ends it at once.
create table sessions (
    id           uuid primary key,
    user_id      uuid not null references users on delete cascade,
    refresh_hash bytea not null unique,
    created_at   timestamptz not null default now(),
    last_seen    timestamptz not null default now(),
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    user_agent   text not null default '',
    address      text not null default ''
);
create index sessions_by_user on sessions (user_id) where revoked_at is null;

create table api_keys (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    name       text not null,
    prefix     text not null,
    key_hash   bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used  timestamptz,
    revoked_at timestamptz
);

-- One-time links (sign in once, within a short time): only the hash is kept.
create table sign_in_links (
    link_hash  bytea primary key,
    user_id    uuid not null references users on delete cascade,
    expires_at timestamptz not null,
    used_at    timestamptz
);

-- What was done, in the transaction that did it. The application's role may insert and read, never change.
create table audit (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    actor      text not null,
    action     text not null,
    object     text not null default '',
    request_id text not null default '',
    address    text not null default '',
    details    jsonb not null default '{}'
);
create index audit_by_time on audit (at);
