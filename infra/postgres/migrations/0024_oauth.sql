-- Clients that act for people or for themselves (OAuth2), scoped API keys, and people known to an outside provider.

-- A service account is an account without a password, which belongs to a client.
alter table users add column kind text not null default 'person' check (kind in ('person', 'service'));

create table oauth_clients (
    id              uuid primary key,
    name            text not null unique check (length(name) between 1 and 100),
    redirect_uris   text[] not null,
    scopes          text[] not null,
    secret_hash     bytea,
    resource_server boolean not null default false,
    service_user    uuid references users on delete set null,
    created_by      text not null,
    created_at      timestamptz not null default now()
);

-- What a person let a client do: only the hash of the code is kept. `session_id` is what it was exchanged for.
create table oauth_codes (
    code_hash    bytea primary key,
    client_id    uuid not null references oauth_clients on delete cascade,
    user_id      uuid not null references users on delete cascade,
    redirect_uri text not null,
    scopes       text[] not null,
    challenge    text not null,
    expires_at   timestamptz not null,
    spent_at     timestamptz,
    session_id   uuid references sessions on delete set null
);
create index oauth_codes_by_end on oauth_codes (expires_at);

create table oauth_grants (
    session_id uuid primary key references sessions on delete cascade,
    client_id  uuid not null references oauth_clients on delete cascade
);
create index oauth_grants_by_client on oauth_grants (client_id);

-- Null: everything that the owner may do.
alter table api_keys add column scopes text[], add column last_address text not null default '';

-- Who somebody is to an outside provider: by its issuer and subject, which never change, not by a mail address.
create table identities (
    issuer     text not null,
    subject    text not null,
    user_id    uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    primary key (issuer, subject)
);
create index identities_by_user on identities (user_id);

grant select, insert, update, delete on oauth_clients, oauth_codes, oauth_grants, identities to trawl_app;
