-- Host leases: the right to visit a host, and how politely.

-- name: acquire
-- Takes hosts that are free, lapsed, or ours already. Whoever acquires has nothing of the host in hand: a fetcher that
-- gave its lease up by its own clock has dropped its tasks, although PostgreSQL never saw the lease lapse. So
-- `acquired_at` is new each time, and dispatch issues again what is older.
insert into hosts as h (host, owner, acquired_at, lease_until)
select w.host, %(owner)s, now(), now() + make_interval(secs => %(seconds)s)
from unnest(%(hosts)s::text[]) as w(host) order by w.host
on conflict (host) do update
set acquired_at = now(), owner = excluded.owner, lease_until = excluded.lease_until
where h.owner = excluded.owner or h.lease_until < now()
returning h.host, greatest(extract(epoch from h.next_visit - now()), 0)::float8 as wait_s, h.delay::float8 as delay

-- name: renew
-- Prolongs what is still ours and writes down when each host may be visited next; what is missing in the answer is lost.
with held as (
    select h.host from hosts h where h.host = any(%(hosts)s) and h.owner = %(owner)s and h.lease_until >= now()
    order by h.host for update
)
update hosts h
set lease_until = now() + make_interval(secs => %(seconds)s),
    next_visit = now() + make_interval(secs => s.wait_s), delay = s.delay
from held join unnest(%(hosts)s::text[], %(waits)s::float8[], %(delays)s::float8[]) as s(host, wait_s, delay)
    on s.host = held.host
where h.host = held.host
returning h.host

-- name: release
-- Gives hosts back; the next visit stays as late as it was.
update hosts set lease_until = '-infinity', owner = '',
    next_visit = now() + make_interval(secs => s.wait_s), delay = s.delay
from unnest(%(hosts)s::text[], %(waits)s::float8[], %(delays)s::float8[]) as s(host, wait_s, delay)
where hosts.host = s.host and hosts.owner = %(owner)s

-- name: live_runs
-- Of these runs, those whose pages are still wanted.
select id::text from runs where id = any(%(runs)s::uuid[]) and state = 'running' and cancelled_at is null
