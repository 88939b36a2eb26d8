-- Files of runs whose records were removed before their files went with them.
with gone as (
    delete from exports e using runs r where r.id = e.run_id and r.cleanup_at is not null returning e.blob
)
insert into dropped_exports (blob) select blob from gone where blob <> '' on conflict do nothing;

update runs set exports_planned = true where cleanup_at is not null and not exports_planned;
