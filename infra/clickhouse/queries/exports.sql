-- name: pieces
-- Records of a run after a position, in the order of their key, as many as have so many bytes; one at least. Only what
-- `where` (see choosing.sql) is true of, scraped from `since` on and before `until`.
select id, key, url, data, fetched_at from (
    select id, key, url, data, fetched_at,
        sum(length(data)) over (order by key, id rows between unbounded preceding and current row) as so_far
    from (
        select id, key, url, data, fetched_at from records
        where dataset = {dataset:String} and run_id = {run_id:UUID} and key >= {after_key:String}
            and ({after_id:String} = '' or (key, id) > ({after_key:String}, toUUIDOrZero({after_id:String})))
            and toUnixTimestamp64Milli(fetched_at) >= {since:Int64} and toUnixTimestamp64Milli(fetched_at) < {until:Int64}
            and {where}
        order by key, id limit {limit:UInt32}
    )
) where so_far <= {bytes:UInt64} or so_far = length(data)
order by key, id

-- name: entries
-- What a table of contents says of them, in the same order.
select id, key, url, substringUTF8(multiIf(
    JSONExtractString(data, 'title') != '', JSONExtractString(data, 'title'),
    JSONExtractString(data, 'name') != '', JSONExtractString(data, 'name'),
    JSONExtractString(data, 'headline')), 1, 300) as title
from records
where dataset = {dataset:String} and run_id = {run_id:UUID} and key >= {after_key:String}
    and ({after_id:String} = '' or (key, id) > ({after_key:String}, toUUIDOrZero({after_id:String})))
    and toUnixTimestamp64Milli(fetched_at) >= {since:Int64} and toUnixTimestamp64Milli(fetched_at) < {until:Int64}
    and {where}
order by key, id limit {limit:UInt32}

-- name: fields
-- The names of all their fields, those of the most records first.
select arrayJoin(JSONExtractKeys(data)) as name, count() as records
from records where dataset = {dataset:String} and run_id = {run_id:UUID}
    and toUnixTimestamp64Milli(fetched_at) >= {since:Int64} and toUnixTimestamp64Milli(fetched_at) < {until:Int64}
    and {where}
group by name order by records desc, name limit {limit:UInt32}

-- name: stored
-- What the warehouse holds: rows and bytes of a table, from its parts.
select table, sum(rows) as rows, sum(bytes_on_disk) as bytes
from system.parts where active and database = currentDatabase() group by table order by table
