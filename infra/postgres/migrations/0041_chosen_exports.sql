-- Files of chosen records, packed and locked. What is chosen is part of what makes two asked files the same one; a file
-- with a password is nobody else's. The password is there, sealed, only while its file is not made.
alter table exports
    add column conditions text[] not null default '{}',
    add column since timestamptz,
    add column until timestamptz,
    add column selection text not null default '',
    add column compressed boolean not null default false,
    add column encrypted boolean not null default false,
    add column key_id text,
    add column sealed bytea,
    add column mail_to text[] not null default '{}',
    add constraint locked_while_waiting check (
        (sealed is null) = (key_id is null) and (sealed is null or encrypted)
        and (sealed is not null) = (encrypted and state in ('queued', 'running')));

drop index exports_once;
create unique index exports_once on exports (run_id, format, variant, compressed, selection)
    where state <> 'failed' and not encrypted;
