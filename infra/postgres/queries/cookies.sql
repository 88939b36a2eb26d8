-- Cookies of runs.

-- name: load
-- A site's cookies in a run, as far as they have not expired.
select id, name, sealed, key_id, domain, path, host_only, secure, http_only,
    extract(epoch from created_at)::float8 as created, extract(epoch from expires_at)::float8 as expires
from run_cookies where run_id = %(run)s and site = %(site)s and (expires_at is null or expires_at > now())

-- name: save
-- Writes many; each at most once. In the order of the key, so that two fetchers never wait for each
-- other in a circle.
insert into run_cookies as c (run_id, site, id, name, sealed, key_id, domain, path, host_only, secure, http_only,
    created_at, expires_at)
select w.run_id, w.site, w.id, w.name, w.sealed, w.key_id, w.domain, w.path, w.host_only, w.secure, w.http_only,
    to_timestamp(w.created), to_timestamp(w.expires)
from unnest(%(run)s::uuid[], %(site)s::text[], %(id)s::uuid[], %(name)s::text[], %(sealed)s::bytea[],
    %(key_id)s::text[], %(domain)s::text[], %(path)s::text[], %(host_only)s::boolean[], %(secure)s::boolean[],
    %(http_only)s::boolean[], %(created)s::float8[], %(expires)s::float8[])
    as w(run_id, site, id, name, sealed, key_id, domain, path, host_only, secure, http_only, created, expires)
order by w.id
on conflict (id) do update
set sealed = excluded.sealed, key_id = excluded.key_id, secure = excluded.secure, http_only = excluded.http_only,
    expires_at = excluded.expires_at

-- name: sweep
-- Forgets the cookies of runs that have been over for an hour or are not there, and those that expired an hour ago.
delete from run_cookies c
where c.expires_at < now() - interval '1 hour'
    or not exists (select from runs r where r.id = c.run_id
        and (r.finished_at is null or r.finished_at > now() - interval '1 hour'))
