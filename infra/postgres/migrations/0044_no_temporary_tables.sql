-- A temporary table is found before any other: with one named as the queue of lines to be sealed, whoever writes an
-- audit line would have kept it from being sealed, and with a trigger on it would have acted as the owner of all tables.
do $$
begin
    execute format('alter function audit_waits() set search_path = %I, pg_temp', current_schema);
    execute format('revoke temporary on database %I from public, trawl_app', current_database());
end $$;
