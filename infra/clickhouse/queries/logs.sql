-- name: requests
-- Requests that the gateways answered, newest first, before a position; what is not asked for is empty or 0.
select id, at, method, path, route, status, elapsed_ms, user, request_id, address, user_agent
from request_logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    and ({until_ms:Int64} = 0 or at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC'))
    and ({user:String} = '' or user = {user:String}) and ({method:String} = '' or method = {method:String})
    and ({path:String} = '' or startsWith(path, {path:String}))
    and ({status:UInt16} = 0 or status = {status:UInt16} or intDiv(status, 100) = {status:UInt16})
    and ({request_id:String} = '' or request_id = {request_id:String})
    and ({address:String} = '' or address = {address:String})
    and ({before_id:String} = '' or (at, id) < (fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC'),
        toUUIDOrZero({before_id:String})))
order by at desc, id desc limit {limit:UInt32}

-- name: lines
-- Lines of the processes' logs, newest first, before a position.
select id, at, level, process, instance, event, run_id, fields
from logs final
where at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
    and ({until_ms:Int64} = 0 or at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC'))
    and level in {levels:Array(String)}
    and ({process:String} = '' or process = {process:String}) and ({event:String} = '' or event = {event:String})
    and ({run_id:String} = '' or run_id = {run_id:String})
    and ({before_id:String} = '' or (at, id) < (fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC'),
        toUUIDOrZero({before_id:String})))
order by at desc, id desc limit {limit:UInt32}
