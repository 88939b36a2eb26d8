-- name: books
-- Books of one run, some of them, in an order, with how many there are in all.
with found as (
    select toUInt32OrZero(extract(url, '_([0-9]+)/[^/]*$')) as id, url, data, numbers,
        JSONExtractString(data, 'title') as title, JSONExtractString(data, 'category') as category
    from records
    where dataset = {dataset:String} and run_id = {run_id:UUID} and id > 0
    order by id, records.id limit 1 by id)
select id, url, data, count() over () as total,
    {sign:Int8} * multiIf({by:String} = 'price', numbers['price'], {by:String} = 'rating', numbers['rating'],
        {by:String} = 'title', toFloat64(row_number() over (order by lowerUTF8(title), id)), toFloat64(id))
        as place
from found
where ({id:UInt32} = 0 or id = {id:UInt32})
    and ({title:String} = '' or positionCaseInsensitiveUTF8(title, {title:String}) > 0)
    and ({category:String} = '' or positionCaseInsensitiveUTF8(category, {category:String}) > 0)
    and numbers['price'] >= {least:Float64} and numbers['price'] <= {most:Float64}
    and numbers['rating'] >= {rated:Float64}
order by place, id limit {limit:UInt32} offset {offset:UInt64}

-- name: sample
-- A number of books, another choice for each seed.
with found as (
    select toUInt32OrZero(extract(url, '_([0-9]+)/[^/]*$')) as id, url, data
    from records
    where dataset = {dataset:String} and run_id = {run_id:UUID} and id > 0
    order by id, records.id limit 1 by id)
select id, url, data from found order by sipHash64(id, {seed:UInt64}), id limit {limit:UInt32}

-- name: figures
-- Figures of each category, or of everything (`grouped` 0).
with found as (
    select toUInt32OrZero(extract(url, '_([0-9]+)/[^/]*$')) as id, numbers, strings
    from records
    where dataset = {dataset:String} and run_id = {run_id:UUID} and id > 0
    order by id, records.id limit 1 by id)
select if({grouped:UInt8} = 1, strings['category'], '') as name, count() as books,
    countIf(numbers['stock'] > 0) as in_stock, toUInt64(sum(numbers['stock'])) as stock,
    avg(numbers['price']) as average_price, quantileExactInclusive(0.5)(numbers['price']) as median_price,
    min(numbers['price']) as lowest_price, max(numbers['price']) as highest_price,
    ifNotFinite(avgIf(numbers['rating'], mapContains(numbers, 'rating')), 0) as average_rating,
    sumMapIf(map(toUInt8(numbers['rating']), toUInt64(1)), mapContains(numbers, 'rating')) as ratings
from found group by name order by name
