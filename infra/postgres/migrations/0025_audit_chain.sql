-- The audit log's chain: one row for each sealed line, whose hash covers the line and the hash before it (docs/audit.md).
-- There is no foreign key on purpose: a seal whose line was removed is what tells of the removal.
create table audit_seals (
    position  bigint primary key check (position > 0),
    audit_id  bigint not null unique,
    sealed_at timestamptz not null,
    hash      bytea not null check (length(hash) = 32)
);

-- Lines that wait for their seal. A row appears here when the line's own transaction commits, in whatever order that is:
-- so the sealer needs no guess about gaps in the ids, and misses nothing that commits late.
create table audit_unsealed (id bigint primary key)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create function audit_waits() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into audit_unsealed (id) values (new.id);
    return null;
end $$;
create trigger audit_waits after insert on audit for each row execute function audit_waits();
insert into audit_unsealed select id from audit;

create index audit_by_request on audit (request_id) where request_id <> '';

-- The application writes a line's words; its number and its time are the database's.
revoke insert on audit from trawl_app;
grant insert (actor, action, object, request_id, address, details) on audit to trawl_app;
grant select, insert on audit_seals to trawl_app;
grant select, delete on audit_unsealed to trawl_app;
