-- What became of a run's URLs, as the gateway tells it.

-- name: host_wait
-- What a run's URLs at a host wait for.
select h.host, h.queued, h.issued, h.ready_at, l.next_visit, coalesce(l.delay, 0)::float8 as delay,
    coalesce(d.visits, 0) as visits_today
from run_hosts h join runs r on r.id = h.run_id
left join hosts l on l.host = h.host and l.next_visit > '-infinity'
left join host_days d on d.job_id = r.job_id and d.host = h.host and d.day = (now() at time zone 'utc')::date
where h.run_id = %(run_id)s and h.host = %(host)s;

-- name: spent_hosts
-- At how many hosts a run waits for tomorrow, because all runs of its job have had their visits for today.
select count(*)::int as hosts
from run_hosts h join runs r on r.id = h.run_id
join host_days d on d.job_id = r.job_id and d.host = h.host and d.day = (now() at time zone 'utc')::date
where h.run_id = %(run_id)s and h.queued > 0 and d.visits >= %(daily)s;

-- name: redirects
-- Where a URL of a run redirects to.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier where run_id = %(run_id)s and found_on = %(url)s and hops > 0 limit 1;

-- name: tried
-- What a short run has visited, and what it began with.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier where run_id = %(run_id)s and (attempt > 0 or found_on = '') order by depth, found_at limit %(limit)s;

-- name: host_samples
-- What a short run has seen of each host: pages that belong, visits, seconds of a visit from its issue to its end.
select f.host, count(*) filter (where f.klass is distinct from 'filtered' or f.outcome in ('budget', 'cancelled'))::int
        as known,
    count(*) filter (where f.attempt > 0 and f.state = 'done')::int as visited,
    avg(extract(epoch from f.closed_at - f.issued_at)) filter (where f.attempt > 0 and f.klass = 'fetched')::float8
        as seconds,
    coalesce(max(l.delay), 0)::float8 as delay
from frontier f left join hosts l on l.host = f.host
where f.run_id = %(run_id)s and f.kind = 'page' group by f.host limit 1000;

-- name: urls
-- URLs of a run with their fate, in the order of their fingerprint, after a position.
select url_fp, url, host, depth, state, attempt, outcome, klass, status, records, found_on, found_at, closed_at, reason,
    hops, not_before, kind
from frontier
where run_id = %(run_id)s
    and (%(after)s::uuid is null or url_fp > %(after)s)
    and (%(url_fp)s::uuid is null or url_fp = %(url_fp)s)
    and (%(outcome)s::text is null or outcome = %(outcome)s or klass = %(outcome)s
        or (state <> 'done' and state = %(outcome)s))
order by url_fp limit %(limit)s;
