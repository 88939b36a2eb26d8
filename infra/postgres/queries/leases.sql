-- Host leases: the right to visit a host, and how politely.

-- name: acquire
-- Takes hosts that are free, lapsed, or ours already. Whoever acquires has nothing of the host in hand: a fetcher that
-- gave its lease up by its own clock has dropped its tasks, although PostgreSQL never saw the lease lapse. So
-- `acquired_at` is new each time, and dispatch issues again what is older. (An infinite moment is not subtracted:
-- PostgreSQL before 17 cannot.)
insert into hosts as h (host, owner, acquired_at, lease_until)
select w.host, %(owner)s, now(), now() + make_interval(secs => %(seconds)s)
from unnest(%(hosts)s::text[]) as w(host) order by w.host
on conflict (host) do update
set acquired_at = now(), owner = excluded.owner, lease_until = excluded.lease_until
where h.owner = excluded.owner or h.lease_until < now()
returning h.host,
    extract(epoch from greatest(h.next_visit, now() - interval '1 year') - now())::float8 as wait_s,
    h.delay::float8 as delay, h.backoff::float8 as backoff, h.latency::float8 as latency, h.failures,
    coalesce(extract(epoch from now() - h.failing_since), 0)::float8 as failing_s, h.failure

-- name: renew
-- Prolongs what is still ours and writes down what is to be remembered; what is missing in the answer is lost.
with held as (
    select h.host from hosts h where h.host = any(%(hosts)s) and h.owner = %(owner)s and h.lease_until >= now()
    order by h.host for update
)
update hosts h
set lease_until = now() + make_interval(secs => %(seconds)s), next_visit = now() + make_interval(secs => s.wait_s),
    delay = s.delay, backoff = s.backoff, latency = s.latency, failures = s.failures,
    failing_since = now() - make_interval(secs => s.failing_s), failure = s.failure
from held join unnest(%(hosts)s::text[], %(waits)s::float8[], %(delays)s::float8[], %(backoffs)s::float8[],
                      %(latencies)s::float8[], %(failures)s::int[], %(failing)s::float8[], %(kinds)s::text[])
    as s(host, wait_s, delay, backoff, latency, failures, failing_s, failure) on s.host = held.host
where h.host = held.host
returning h.host

-- name: release
-- Gives hosts back; the next visit stays as late as it was.
update hosts set lease_until = '-infinity', owner = '', next_visit = now() + make_interval(secs => s.wait_s),
    delay = s.delay, backoff = s.backoff, latency = s.latency, failures = s.failures,
    failing_since = now() - make_interval(secs => s.failing_s), failure = s.failure
from unnest(%(hosts)s::text[], %(waits)s::float8[], %(delays)s::float8[], %(backoffs)s::float8[],
            %(latencies)s::float8[], %(failures)s::int[], %(failing)s::float8[], %(kinds)s::text[])
    as s(host, wait_s, delay, backoff, latency, failures, failing_s, failure)
where hosts.host = s.host and hosts.owner = %(owner)s

-- name: run_states
-- Of these runs, those whose pages are still wanted; a run that was stopped still wants what is under way.
select id::text, paused_at is not null as paused, delay::float8 as delay
from runs where id = any(%(runs)s::uuid[]) and state = 'running' and cancelled_at is null
