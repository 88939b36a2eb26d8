-- name: trends
-- The newest trends of all series.
select * from trends order by at desc, id limit {limit:UInt32};

-- name: series_trends
-- The newest trends of one series.
select * from trends
where dataset = {dataset:String} and record_key = {key:String} and field = {field:String}
order by at desc, id limit {limit:UInt32};

-- name: series
-- The last values of one series, newest first.
select toUnixTimestamp64Milli(fetched_at) as at_ms, numbers[{field:String}] as value
from records
where dataset = {dataset:String} and key = {key:String} and mapContains(numbers, {field:String})
order by fetched_at desc, id limit {limit:UInt32};

-- name: tallies
-- How a run's visits ended. A page that was never visited is counted by when it was told.
select klass, outcome, final, count() as pages
from page_outcomes
where run_id = {run:UUID}
    and toUnixTimestamp64Milli(if(toYear(fetched_at) > 1970, fetched_at, ingested_at)) < {before_ms:Int64}
group by klass, outcome, final;

-- name: hosts
-- The hosts of a run that answered slowest on average.
select host, count() as visits, sum(elapsed_ms) as total_ms, max(elapsed_ms) as worst_ms
from page_outcomes
where run_id = {run:UUID} and elapsed_ms > 0 and toUnixTimestamp64Milli(fetched_at) < {before_ms:Int64}
group by host order by total_ms / visits desc limit {limit:UInt32};

-- name: pages
-- The last outcomes of a run, newest first.
select id, run_id, job_id, dataset, url, url_fp, host, outcome, klass, final, status, depth, attempt, records, links,
    new_links, body_size, elapsed_ms, reason, toUnixTimestamp64Milli(fetched_at) as fetched_at_ms
from page_outcomes
where run_id = {run:UUID} and toUnixTimestamp64Milli(fetched_at) < {before_ms:Int64}
order by fetched_at desc, id limit {limit:UInt32};

-- name: records
-- The last records of a run, newest first.
select toUnixTimestamp64Milli(fetched_at) as fetched_at_ms, url, key, data
from records
where run_id = {run:UUID} and toUnixTimestamp64Milli(fetched_at) < {before_ms:Int64}
order by fetched_at desc, id limit {limit:UInt32};

-- name: pace
-- Pages and records of a run by stretches of time, whose width is a power of two of seconds, 600 at most.
with (
    select toUInt32(exp2(floor(log2(greatest(1, dateDiff('second', min(fetched_at), max(fetched_at)) / 300)))))
    from page_outcomes where run_id = {run:UUID} and toYear(fetched_at) > 1970
) as width
select second, sum(pages) as pages, sum(records) as records
from (
    select intDiv(toUnixTimestamp64Milli(fetched_at), 1000 * width) * width as second, count() as pages, 0 as records
    from page_outcomes
    where run_id = {run:UUID} and final and toYear(fetched_at) > 1970
        and toUnixTimestamp64Milli(fetched_at) < {before_ms:Int64}
    group by second
    union all
    select intDiv(toUnixTimestamp64Milli(fetched_at), 1000 * width) * width as second, 0 as pages, count() as records
    from records
    where run_id = {run:UUID} and toUnixTimestamp64Milli(fetched_at) < {before_ms:Int64}
    group by second
)
group by second order by second;

-- name: request_pace
-- What the gateways answered in each stretch of `width` seconds. 101 is a socket: how long it stood open is no time of
-- an answer.
select intDiv(toUnixTimestamp64Milli(at), 1000 * {width:UInt32}) * {width:UInt32} as second, count() as requests,
    countIf(status = 429) as refused, countIf(status >= 500) as failed,
    quantile(0.5)(elapsed_ms) as p50_ms, quantile(0.95)(elapsed_ms) as p95_ms
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') and status <> 101
group by second order by second;

-- name: request_routes
-- The operations that were asked for most.
select method, route, count() as requests, countIf(status >= 500) as failed,
    quantile(0.5)(elapsed_ms) as p50_ms, quantile(0.95)(elapsed_ms) as p95_ms
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') and status <> 101
group by method, route order by requests desc, method, route limit {limit:UInt32};

-- name: request_statuses
-- How many answers each status was.
select status, count() as requests
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
group by status order by status;

-- name: request_slowest
-- The requests that took longest.
select id, at, method, path, route, status, elapsed_ms, user, request_id, address, user_agent
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') and status <> 101
order by elapsed_ms desc, id limit {limit:UInt32};

-- name: request_refused
-- Who was turned away by a limit most often, and where.
select route, user, address, count() as requests, max(at) as last
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') and status = 429
group by route, user, address order by requests desc, last desc, address limit {limit:UInt32};
