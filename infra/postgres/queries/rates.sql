-- The buckets that limit how often somebody may ask.

-- name: take
-- A token of each bucket, or why not, in the order of the asking.
select remaining, burst_remaining, reset, refused, retry
from take_tokens(%(owners)s::text[], %(categories)s::text[], %(limits)s::int[], %(bursts)s::int[], %(blocks)s::int[],
                 %(moment)s::timestamptz)
order by place

-- name: sweep
-- Forgets full buckets: whoever comes back gets one that is just as full.
delete from rate_buckets where (owner, category) in (
    select owner, category from rate_buckets
    where minute_ends < now() - interval '60 s' and coalesce(blocked_until, '-infinity') < now()
    limit 10000 for update skip locked)
