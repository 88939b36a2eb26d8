-- What the stages must remember so that nothing is lost and nothing counts twice.

-- name: take_epoch
-- Ownership of a partition's side effects: the number rises with every owner.
insert into epochs as e (stage, topic, partition, epoch) values (%(stage)s, %(topic)s, %(partition)s, 1)
on conflict (stage, topic, partition) do update set epoch = e.epoch + 1
returning epoch

-- name: check_epoch
-- Whether a writer is still the newest owner; shared, so that a new owner waits for the write at hand.
select epoch from epochs where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s for share

-- name: newest_intent
-- The last insert that was decided on, and whether ClickHouse has answered it.
select topic, partition, first_offset, last_offset, skipped, cluster_id, confirmed_at is not null as confirmed,
       to_char(ingested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ingested_at
from intents where topic = %(topic)s and partition = %(partition)s order by last_offset desc limit 1

-- name: moments
-- When the last inserts of a partition were made.
select to_char(ingested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ingested_at
from intents where topic = %(topic)s and partition = %(partition)s order by last_offset desc limit 10

-- name: begin_intent
-- Written down before the rows are sent.
insert into intents (cluster_id, topic, partition, first_offset, last_offset, skipped, ingested_at, epoch)
values (%(cluster)s, %(topic)s, %(partition)s, %(first)s, %(last)s, %(skipped)s, %(ingested_at)s, %(epoch)s)

-- name: confirm_intent
-- ClickHouse has answered.
update intents set confirmed_at = now()
where topic = %(topic)s and partition = %(partition)s and first_offset = %(first)s and confirmed_at is null
returning first_offset

-- name: forget_intents
-- Only the newest ones of a partition are ever asked for.
delete from intents where topic = %(topic)s and partition = %(partition)s and last_offset < %(first)s - 100000
    and confirmed_at is not null

-- name: confirm_batches
-- The batches that ClickHouse now holds, and what they add to their runs' accounts. What no run promised adds nothing,
-- and what was confirmed before (it came again under a later offset) adds nothing again.
with told as (
    select * from unnest(%(entry)s::int[], %(run)s::uuid[], %(batch)s::uuid[], %(stored)s::bigint[],
                         %(rejected)s::bigint[], %(dropped)s::bigint[])
        as t(entry, run_id, batch_id, stored, rejected, dropped)
), confirmed as (
    update run_batches b set confirmed = true from told t
    where b.run_id = t.run_id and b.batch_id = t.batch_id and not b.confirmed
    returning t.entry, t.run_id, t.stored, t.rejected, t.dropped
)
update runs r
set stored = r.stored + c.stored, rejected = r.rejected + c.rejected, dropped = r.dropped + c.dropped
from (select run_id, sum(stored)::bigint as stored, sum(rejected)::bigint as rejected, sum(dropped)::bigint as dropped
      from (select distinct * from confirmed) once group by run_id) c
where r.id = c.run_id

-- name: read_snapshot
-- A stage's memory of one partition: as of the newest `next_offset` of its blocks, since each write has one at least.
select block, state, next_offset from snapshots
where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s order by block

-- name: write_snapshot
-- Changed blocks of a memory.
insert into snapshots as s (stage, topic, partition, block, epoch, next_offset, state)
select %(stage)s, %(topic)s, %(partition)s, b.block, %(epoch)s, %(next_offset)s, b.state
from unnest(%(blocks)s::int[], %(states)s::bytea[]) as b(block, state)
on conflict (stage, topic, partition, block) do update
set epoch = excluded.epoch, next_offset = excluded.next_offset, state = excluded.state, at = now()

-- name: begin_try
-- A worker's mark on a partition, or one more try of a message that may end its worker: those before it have passed.
with passed as (
    delete from suspects where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s
        and kind = 'alone' and %(kind)s = 'alone' and message_offset < %(offset)s
)
insert into suspects as s (stage, topic, partition, message_offset, kind, tries)
values (%(stage)s, %(topic)s, %(partition)s, %(offset)s, %(kind)s, 1)
on conflict (stage, topic, partition, message_offset, kind) do update set tries = s.tries + 1, at = now()
returning tries

-- name: pass_tries
-- They were tried alone and did no harm.
delete from suspects where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s and kind = 'alone'
    and message_offset <= %(offset)s

-- name: clear_tries
-- They ended well.
delete from suspects where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s
