-- How far the warehouse is.

-- name: stored_up_to
-- The offset up to which everything of a partition is in ClickHouse: what an open intent covers may be.
select distinct on (topic, partition) topic, partition,
    case when confirmed_at is null then first_offset else last_offset + 1 end as stored
from intents order by topic, partition, last_offset desc
