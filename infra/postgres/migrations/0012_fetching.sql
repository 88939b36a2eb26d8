-- What a fetcher keeps for others of its kind: cookies of a run, and the sealed credentials of sites.

-- `id` is made of name, domain, path and host_only: what a later cookie replaces. Written in bulk each second; rows of
-- runs that are over are swept.
create table run_cookies (
    run_id     uuid not null,
    site       text not null,
    id         uuid not null,
    name       text not null,
    value      text not null,
    domain     text not null,
    path       text not null,
    host_only  boolean not null,
    secure     boolean not null,
    http_only  boolean not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    primary key (run_id, site, id)
) with (fillfactor = 80);

-- `sealed` is AES-GCM over the secret with the row's id and owner as associated data, under the key that `key_id` names.
create table credentials (
    id         uuid primary key,
    owner      text not null,
    name       text not null check (length(name) between 1 and 100),
    kind       text not null check (kind in ('basic', 'bearer', 'header', 'cookie')),
    host       text not null,
    scheme     text not null check (scheme in ('http', 'https')),
    sealed     bytea not null,
    key_id     text not null,
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    unique (owner, name)
);

grant select, insert, update, delete on run_cookies, credentials to trawl_app;
