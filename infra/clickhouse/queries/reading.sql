-- name: records
-- Records of a run in the order of their key, after a position; the primary key leads straight to it.
select id, key, url, data, fetched_at, completeness, quality, language, word_count, category, data_type
from records
where dataset = {dataset:String} and run_id = {run_id:UUID} and key >= {after_key:String}
    and ({after_id:String} = '' or (key, id) > ({after_key:String}, toUUIDOrZero({after_id:String})))
order by key, id limit {limit:UInt32}

-- name: chosen
-- The same, only what `where` (see choosing.sql) is true of.
select id, key, url, data, fetched_at, completeness, quality, language, word_count, category, data_type
from records
where dataset = {dataset:String} and run_id = {run_id:UUID} and key >= {after_key:String}
    and ({after_id:String} = '' or (key, id) > ({after_key:String}, toUUIDOrZero({after_id:String})))
    and {where}
order by key, id limit {limit:UInt32}

-- name: ranked
-- The same in the order of a field. A rank travels as its bits: as a decimal it might come back as its neighbour.
select id, key, url, data, fetched_at, completeness, quality, language, word_count, category, data_type, multiIf(
    mapContains(numbers, {field:String}), {sign:Int8} * numbers[{field:String}],
    mapContains(moments, {field:String}), {sign:Int8} * toFloat64(toUnixTimestamp64Milli(moments[{field:String}])),
    mapContains(flags, {field:String}), {sign:Int8} * toFloat64(flags[{field:String}]),
    inf) as rank
from records
where dataset = {dataset:String} and run_id = {run_id:UUID} and {where}
    and ({after_id:String} = '' or (rank, key, id)
        > (reinterpretAsFloat64({after_rank:UInt64}), {after_key:String}, toUUIDOrZero({after_id:String})))
order by rank, key, id limit {limit:UInt32}

-- name: marks
-- Marks of a run's records in the order of their key, after a position; the primary key leads straight to it.
select record_id, key, state, other, fields, at
from record_marks final
where dataset = {dataset:String} and run_id = {run_id:UUID} and key >= {after_key:String}
    and ({state:String} = '' or state = {state:String})
    and ({after_id:String} = '' or (key, record_id, state)
        > ({after_key:String}, toUUIDOrZero({after_id:String}), {after_state:String}))
order by key, record_id, state limit {limit:UInt32}

-- name: trends
-- Trends, newest first, after a position; of some runs, or of all (an empty list of runs).
select id, dataset, run_id, record_key, field, series, kind, direction, score,
    confidence, before, after, change, at, record_id, url, values, sentence, detector, phase, closes, rule
from trends
where (empty({runs:Array(UUID)}) or run_id in {runs:Array(UUID)})
    and ({dataset:String} = '' or dataset = {dataset:String})
    and ({kind:String} = '' or kind = {kind:String})
    and ({before_id:String} = '' or (at, id) < (fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC'),
        toUUIDOrZero({before_id:String})))
order by at desc, id desc limit {limit:UInt32}

-- name: attempts
-- Visits to one URL of a run, the first one first; the primary key leads straight to them.
select attempt, outcome, status, reason, fetched_at as at, elapsed_ms, final, address
from page_outcomes final
where run_id = {run_id:UUID} and url_fp = {url_fp:UUID}
order by attempt, fetched_at limit {limit:UInt32}

-- name: letters
-- Dead letters without their values, newest first, after a position.
select id, topic, partition, offset, stage, code, reason, run_id, length(d.value) as size, at
from dead_letters as d final
where ({topic:String} = '' or topic = {topic:String}) and ({stage:String} = '' or stage = {stage:String})
    and ({code:String} = '' or code = {code:String}) and ({run_id:String} = '' or run_id = {run_id:String})
    and ({before_id:String} = '' or (at, id) < (fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC'),
        toUUIDOrZero({before_id:String})))
order by at desc, id desc limit {limit:UInt32}

-- name: letter
-- One dead letter, whole.
select id, topic, partition, offset, stage, code, reason, run_id, value, length(value) as size, at
from dead_letters where id = {id:UUID} limit 1

-- name: batch
-- What became of a batch: how many of its records were stored or left out by filters.
select stored + filtered as kept from batches final where run_id = {run_id:UUID} and id = {id:UUID}

-- name: alive
-- Whether it answers.
select 1
