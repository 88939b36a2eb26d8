-- What a field of a record must be: parts of conditions, put together by `choosing.py`. `<=>` stands for the comparison
-- that is asked for. Numbers travel as their bits: as decimals they might come back as their neighbours.

-- name: number
-- Its number.
(mapContains(numbers, {field:String}) and numbers[{field:String}] <=> reinterpretAsFloat64({number:UInt64}))

-- name: moment
-- Its moment.
(mapContains(moments, {field:String}) and toUnixTimestamp64Milli(moments[{field:String}]) <=> {moment:Int64})

-- name: flag
-- Its boolean.
(mapContains(flags, {field:String}) and flags[{field:String}] <=> {flag:UInt8})

-- name: text
-- Its short text, or an entry of its list.
(strings[{field:String}] = {text:String} or has(lists[{field:String}], {text:String}))

-- name: known
-- That it has one which can be compared.
(mapContains(numbers, {field:String}) or mapContains(moments, {field:String}) or mapContains(flags, {field:String})
    or mapContains(strings, {field:String}) or mapContains(lists, {field:String}))
