-- name: figures
-- What runs' visits came to.
select run_id, count() as visits, avg(elapsed_ms) as mean_ms, countIf(outcome = 'not_modified') as unchanged,
    sum(wire_size > 0 ? wire_size : body_size) as bytes, countIf(not final) as retried
from page_outcomes final
where run_id in {runs:Array(UUID)}
group by run_id

-- name: turns
-- Changes of a run's state, in order, after a position.
select id, at, state, reason, paused, counts
from run_events final
where run_id = {run_id:UUID} and kind = 'state'
    and (at, toString(id)) > (fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_id:String})
order by at, toString(id) limit {limit:UInt32}

-- name: visits
-- Visits of a run, in order, after a position; with `trouble` only those that failed or are tried again.
select id, fetched_at as at, url, outcome, klass, final, status, records, reason
from page_outcomes final
where run_id = {run_id:UUID} and ({trouble:Bool} = false or not final or klass = 'failed')
    and (fetched_at, toString(id))
        > (fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC'), {after_id:String})
order by fetched_at, toString(id) limit {limit:UInt32}

-- name: remove_records
-- Removes the records of a run.
delete from records where dataset = {dataset:String} and run_id = {run_id:UUID}

-- name: remove_marks
-- Removes what was marked of them.
delete from record_marks where dataset = {dataset:String} and run_id = {run_id:UUID}

-- name: samples
-- How far a run had come at the last moments that were told, the newest first.
select at, counts['requested'] - counts['filtered'] as known, counts['fetched'] + counts['failed'] as done
from run_events final
where run_id = {run_id:UUID} order by at desc, done desc limit {limit:UInt32}
