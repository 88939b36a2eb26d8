-- What live listeners missed and Kafka no longer keeps, in the order of its offsets. An empty run or dataset is any.

-- name: records_held
-- How many records of a piece each partition has; `firsts` and `ends` are offsets by partition.
select partition, count() as rows from records
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and offset >= arrayElement({firsts:Array(Int64)}, partition + 1)
    and offset < arrayElement({ends:Array(Int64)}, partition + 1)
group by partition order by partition

-- name: trends_held
-- The same of trends.
select partition, count() as rows from trends final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and offset >= arrayElement({firsts:Array(Int64)}, partition + 1)
    and offset < arrayElement({ends:Array(Int64)}, partition + 1)
group by partition order by partition

-- name: page_outcomes_held
-- The same of outcomes.
select partition, count() as rows from page_outcomes final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and offset >= arrayElement({firsts:Array(Int64)}, partition + 1)
    and offset < arrayElement({ends:Array(Int64)}, partition + 1)
group by partition order by partition

-- name: run_events_held
-- The same of run events.
select partition, count() as rows from run_events final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and offset >= arrayElement({firsts:Array(Int64)}, partition + 1)
    and offset < arrayElement({ends:Array(Int64)}, partition + 1)
group by partition order by partition

-- name: records
-- The records of a piece of one partition, as they stood in their messages.
select offset, id, key, data, batch_id, dataset, run_id, job_id, url, fetched_at
from records
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and partition = {partition:UInt16} and offset >= {first:Int64} and offset < {end:Int64}
order by offset, position, id limit {limit:UInt32} offset {skip:UInt32}

-- name: trends
-- The trends of a piece of one partition.
select offset, id, dataset, run_id, record_key, field, series, kind, direction, score,
    confidence, before, after, change, at, record_id, url, values, sentence, detector, phase, closes, rule
from trends final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and partition = {partition:UInt16} and offset >= {first:Int64} and offset < {end:Int64}
order by offset, at, id limit {limit:UInt32} offset {skip:UInt32}

-- name: page_outcomes
-- The outcomes of a piece of one partition.
select offset, id, run_id, job_id, dataset, url, url_fp, host, outcome, klass, final, status, records, fetched_at, reason
from page_outcomes final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and partition = {partition:UInt16} and offset >= {first:Int64} and offset < {end:Int64}
order by offset, fetched_at, id limit {limit:UInt32} offset {skip:UInt32}

-- name: run_events
-- The run events of a piece of one partition.
select offset, id, run_id, job_id, dataset, kind, state, at, counts, reason, paused
from run_events final
where ({dataset:String} = '' or dataset = {dataset:String})
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and partition = {partition:UInt16} and offset >= {first:Int64} and offset < {end:Int64}
order by offset, at, id limit {limit:UInt32} offset {skip:UInt32}
