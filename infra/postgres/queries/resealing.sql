-- Sealing anew what was sealed with an older key. The words in braces are the table and its columns, by infra/postgres/resealing.py.

-- name: stale
-- A piece of what is sealed with another key than the current one, behind an id.
select {id}::text as row_id, {sealed} as row_sealed, {key_id} as row_key_id, {context} from {table}
where {key_id} <> %(current)s and {sealed} is not null and {id} > %(after)s order by {id} limit %(most)s

-- name: reseal
-- The same secret under the current key; nothing where somebody has changed the row meanwhile.
update {table} set {sealed} = %(fresh)s, {key_id} = %(current)s
where {id} = %(id)s and {key_id} = %(was)s and {sealed} = %(sealed)s

-- name: in_use
-- How many rows are sealed with each key.
select {key_id} as key_id, count(*)::int as count from {table} where {sealed} is not null group by 1
