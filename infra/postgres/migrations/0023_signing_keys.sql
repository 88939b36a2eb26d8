-- The keys that tokens are signed with. `sealed` is the private key under the installation's seal, bound to the kid;
-- a row that does not open is not believed, so that writing to this table forges nothing.
create table signing_keys (
    kid        text primary key,
    state      text not null check (state in ('next', 'current', 'retired')),
    since      timestamptz not null default now(),
    created_at timestamptz not null default now(),
    key_id     text not null,
    sealed     bytea not null
);
create unique index signing_keys_one_of_each on signing_keys (state) where state <> 'retired';
grant select, insert, update, delete on signing_keys to trawl_app;
