-- The buckets that limit how often somebody may ask.

-- name: take
-- A token of each bucket, or why not, in the order of the asking.
select remaining, burst_remaining, reset, refused, retry
from take_tokens(%(owners)s::text[], %(categories)s::text[], %(limits)s::int[], %(bursts)s::int[], %(blocks)s::int[],
                 %(moment)s::timestamptz)
order by place

-- name: sweep
-- Forgets full buckets, a portion of them: whoever comes back gets one that is just as full.
with full_ones as (
    select owner, category from rate_buckets
    where second < extract(epoch from now()) - 60 and coalesce(blocked_until, '-infinity') < now()
    limit %(portion)s for update skip locked),
forgotten as (
    delete from rate_buckets b using full_ones f where (b.owner, b.category) = (f.owner, f.category) returning 1)
select count(*) as forgotten from forgotten
