-- Questions about many records at once, put together by `analysing.py`. What people wrote is a value, never a part of a
-- statement. `final`: a record that was stored twice, in two parts that are not merged yet, counts once. All are bounded,
-- and raise beyond: a half answer would look like a whole one.

-- name: bounds
-- What one question may take.
settings max_execution_time = 8, timeout_overflow_mode = 'throw', max_rows_to_read = 100000000,
    read_overflow_mode = 'throw', max_memory_usage = 1000000000, max_rows_to_group_by = 1000000,
    group_by_overflow_mode = 'throw', max_threads = 2, do_not_merge_across_partitions_select_final = 0

-- name: scope
-- The records that are meant. `{clock}` is one of two columns.
dataset = {dataset:String} and ({every:UInt8} = 1 or run_id in {runs:Array(UUID)})
    and ({job_id:String} = '' or job_id = toUUIDOrZero({job_id:String}))
    and ({run_id:String} = '' or run_id = toUUIDOrZero({run_id:String}))
    and ({revision:UInt32} = 0 or revision = {revision:UInt32})
    and toUnixTimestamp64Milli({clock}) >= {since:Int64} and toUnixTimestamp64Milli({clock}) < {until:Int64}
    and {where}

-- name: fields
-- The dataset's fields of each type. `strings` has dates, numbers and booleans too, as they were written: a text is what
-- nothing else is. Only names are wanted, and about how frequent they are: therefore not `final`.
select type, name, toUInt64(sum(records)) as records from (
    select 'number' as type, arrayJoin(mapKeys(numbers)) as name, count() as records
    from records where {scope} group by name
    union all select 'flag', arrayJoin(mapKeys(flags)) as name, count() from records where {scope} group by name
    union all select 'moment', arrayJoin(mapKeys(moments)) as name, count()
    from records where {scope} group by name
    union all select 'list', arrayJoin(mapKeys(lists)) as name, count() from records where {scope} group by name
    union all select 'text', arrayJoin(arrayFilter(one -> not (mapContains(moments, one) or mapContains(numbers, one) or mapContains(flags, one)
        or mapContains(lists, one)), mapKeys(strings))) as name,
        count() from records where {scope} group by name
) group by type, name order by records desc, name limit 1000

-- name: records
-- How many there are.
select count() as records from records final where {scope}

-- name: number
-- A field's number, null for none.
if(mapContains(numbers, {field:String}), numbers[{field:String}], null)

-- name: flag
-- A field's boolean.
if(mapContains(flags, {field:String}), flags[{field:String}], null)

-- name: moment
-- A field's moment, in milliseconds.
if(mapContains(moments, {field:String}), toUnixTimestamp64Milli(moments[{field:String}]), null)

-- name: text
-- A field's short text.
if(mapContains(strings, {field:String}) and not (mapContains(moments, {field:String}) or mapContains(numbers, {field:String}) or mapContains(flags, {field:String})
        or mapContains(lists, {field:String})), strings[{field:String}], null)

-- name: list
-- Each entry of a field's list for itself; null for none.
arrayJoin(if(empty(lists[{field:String}]), [null], cast(lists[{field:String}], 'Array(Nullable(String))')))

-- name: whole_list
-- A field's list in one piece, as JSON.
if(empty(lists[{field:String}]), null, toJSONString(lists[{field:String}]))

-- name: mixed
-- A field that is of several types, as text.
multiIf(mapContains(numbers, {field:String}), toString(numbers[{field:String}]),
    mapContains(flags, {field:String}), if(flags[{field:String}], 'true', 'false'),
    notEmpty(lists[{field:String}]), toJSONString(lists[{field:String}]),
    mapContains(strings, {field:String}), strings[{field:String}],
    mapContains(moments, {field:String}), toString(moments[{field:String}]), null)

-- name: grouped
-- Records in groups, and how many groups there are.
select *, count() over () as total from (select {columns} from records final where {scope} {group_by})
order by {order} limit {limit:UInt32}

-- name: added_up
-- The same from the sums by the minute of storing.
select *, count() over () as total from (select {columns} from records_by_minute
    where dataset = {dataset:String} and toUnixTimestamp(at) * 1000 >= {since:Int64}
        and toUnixTimestamp(at) * 1000 < {until:Int64} {group_by})
order by {order} limit {limit:UInt32}

-- name: summaries
-- Numbers of several fields in one look.
select name, count() as values, avg(value) as mean, stddevSampStable(value) as deviation, min(value) as low,
    quantilesExactInclusive(0.05, 0.25, 0.5, 0.75, 0.95)(value) as quantiles, max(value) as high
from (select numbers from records final where {scope})
array join mapKeys(numbers) as name, mapValues(numbers) as value
where has({fields:Array(String)}, name)
group by name

-- name: shapes
-- A second look, around what the first one told; numbers travel as their bits.
select name, avg(pow(z, 3)) as skewness, avg(pow(z, 4)) as kurtosis, countIf(value < fence or value > other) as outliers,
    sumMap([least(last, toUInt16(greatest(0, floor((value / 2 - low / 2) / (width / 2)))))], [toUInt64(1)]) as filled
from (
    select name, value, indexOf({fields:Array(String)}, name) as place,
        reinterpretAsFloat64({means:Array(UInt64)}[place]) as mean,
        reinterpretAsFloat64({deviations:Array(UInt64)}[place]) as deviation,
        reinterpretAsFloat64({lows:Array(UInt64)}[place]) as low,
        reinterpretAsFloat64({widths:Array(UInt64)}[place]) as width,
        reinterpretAsFloat64({fences:Array(UInt64)}[place]) as fence,
        reinterpretAsFloat64({others:Array(UInt64)}[place]) as other,
        toUInt16({buckets:Array(UInt16)}[place] - 1) as last,
        if(deviation > 0, (value - mean) / deviation, 0) as z
    from (select numbers from records final where {scope})
    array join mapKeys(numbers) as name, mapValues(numbers) as value
    where has({fields:Array(String)}, name)
)
group by name

-- name: flags
-- Booleans of several fields.
select name, count() as records, countIf(value) as yes
from (select flags from records final where {scope})
array join mapKeys(flags) as name, mapValues(flags) as value
where has({fields:Array(String)}, name)
group by name

-- name: words
-- Short texts of several fields, the most frequent first.
select name, value, times, sum(times) over (partition by name) as records, count() over (partition by name) as different
from (
    select name, value, count() as times
    from (select strings, numbers, flags, moments, lists from records final where {scope})
    array join mapKeys(strings) as name, mapValues(strings) as value
    where has({fields:Array(String)}, name) and not (mapContains(moments, name) or mapContains(numbers, name) or mapContains(flags, name)
        or mapContains(lists, name))
    group by name, value
)
order by name, times desc, value limit {top:UInt16} by name

-- name: many_words
-- The same where there are too many different ones: how many, by estimate.
select name, count() as records, uniqCombined64(value) as different
from (select strings, numbers, flags, moments, lists from records final where {scope})
array join mapKeys(strings) as name, mapValues(strings) as value
where has({fields:Array(String)}, name) and not (mapContains(moments, name) or mapContains(numbers, name) or mapContains(flags, name)
        or mapContains(lists, name))
group by name

-- name: sample
-- Fields side by side, of records drawn by their ids.
select groupArray(numbers_told) as told from (
    select arrayMap(one -> if(mapContains(numbers, one), numbers[one], nan), {fields:Array(String)}) as numbers_told
    from records final where {scope} order by cityHash64(id), id limit {limit:UInt32}
)
