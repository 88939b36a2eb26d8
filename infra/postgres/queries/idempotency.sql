-- Requests that carry an Idempotency-Key.

-- name: claim
-- The key's row, ours to work on where nobody does; a row that is a day old is as good as none.
insert into idempotency_keys as k (id, body_hash, deed, attempt, held_until)
values (%(id)s, %(body_hash)s, %(deed)s, %(attempt)s, now() + %(lease)s * interval '1 second')
on conflict (id) do update set
    body_hash = case when k.created_at < now() - interval '24 hours' then excluded.body_hash else k.body_hash end,
    deed = case when k.created_at < now() - interval '24 hours' then excluded.deed else k.deed end,
    done_by = case when k.created_at < now() - interval '24 hours' then null else k.done_by end,
    answer = case when k.created_at < now() - interval '24 hours' then null else k.answer end,
    created_at = case when k.created_at < now() - interval '24 hours' then now() else k.created_at end,
    attempt = excluded.attempt,
    held_until = excluded.held_until
where k.created_at < now() - interval '24 hours'
    or (k.held_until < now() and k.answer is null and k.body_hash = excluded.body_hash)
returning deed;

-- name: known
-- The key's row as it is.
select body_hash, key_id, answer from idempotency_keys where id = %(id)s;

-- name: renew
-- We still work on it.
update idempotency_keys set held_until = now() + %(lease)s * interval '1 second'
where id = %(id)s and attempt = %(attempt)s and answer is null;

-- name: release
-- We have ended without an answer worth keeping: whoever asks again may try. `undone`: nothing was changed.
update idempotency_keys set held_until = '-infinity',
    -- What another attempt has done before us stays done.
    done_by = case when %(undone)s and done_by = attempt then null else done_by end
where id = %(id)s and attempt = %(attempt)s and answer is null;

-- name: answer
-- What was answered, sealed.
update idempotency_keys set key_id = %(key_id)s, answer = %(answer)s
where id = %(id)s and attempt = %(attempt)s;

-- name: do
-- Within the deed's own transaction: it is this attempt's to do, and no other's any more. No row: it is not.
update idempotency_keys set done_by = %(attempt)s
where id = %(key)s and attempt = %(attempt)s and (done_by is null or done_by = %(attempt)s)
returning id
