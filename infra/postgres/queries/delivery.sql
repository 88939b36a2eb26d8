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
-- The batches that ClickHouse now holds; those that were confirmed before are not counted again.
update run_batches set confirmed = true
where run_id = %(run)s::uuid and batch_id = any(%(batches)s::uuid[]) and not confirmed

-- name: confirm_sums
-- What the warehouse adds to a run's accounts.
update runs set stored = stored + %(stored)s, rejected = rejected + %(rejected)s, dropped = dropped + %(dropped)s
where id = %(run)s::uuid

-- name: read_snapshot
-- A stage's memory of one partition.
select block, state, next_offset from snapshots
where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s order by block

-- name: write_snapshot
-- Changed blocks of a memory.
insert into snapshots as s (stage, topic, partition, block, epoch, next_offset, state)
select %(stage)s, %(topic)s, %(partition)s, b.block, %(epoch)s, %(next_offset)s, b.state
from unnest(%(blocks)s::int[], %(states)s::bytea[]) as b(block, state)
on conflict (stage, topic, partition, block) do update
set epoch = excluded.epoch, next_offset = excluded.next_offset, state = excluded.state, at = now()

-- name: move_snapshot
-- Every block of a memory is as of the same offset.
update snapshots set next_offset = %(next_offset)s
where stage = %(stage)s and topic = %(topic)s and partition = %(partition)s and next_offset <> %(next_offset)s

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
