-- name: set_up
-- A factor that is not enabled yet takes the place of one that never was; no row where one is enabled.
insert into factors (user_id, key_id, sealed, salt) values (%(user_id)s, %(key_id)s, %(sealed)s, %(salt)s)
on conflict (user_id) do update set key_id = excluded.key_id, sealed = excluded.sealed, salt = excluded.salt,
    last_step = 0, created_at = now()
where factors.enabled_at is null
returning user_id;

-- name: drop_codes
-- The codes of a setup that another one replaces.
delete from backup_codes where user_id = %(user_id)s;

-- name: add_codes
-- Backup codes, of which only slow hashes are kept.
insert into backup_codes (user_id, code_hash) select %(user_id)s, unnest(%(hashes)s::bytea[]);

-- name: factor
-- An account's factor, enabled or not.
select key_id, sealed, salt, enabled_at is not null as enabled, last_step from factors where user_id = %(user_id)s;

-- name: enable
-- Whoever updates the row has enabled it; a sign-in that was under way without it is none any more.
with enabled as (
    update factors set enabled_at = now(), last_step = %(step)s
    where user_id = %(user_id)s and enabled_at is null returning user_id
)
update users set credential_version = credential_version + 1 from enabled where id = enabled.user_id returning id;

-- name: spend_step
-- Whoever updates the row has spent the step, and every one before it.
update factors set last_step = %(step)s
where user_id = %(user_id)s and enabled_at is not null and last_step < %(step)s returning user_id;

-- name: spend_code
-- Whoever updates the row has spent the code.
update backup_codes set used_at = now()
where user_id = %(user_id)s and code_hash = %(code_hash)s and used_at is null returning user_id;

-- name: remove
-- The factor with its codes.
with removed as (delete from factors where user_id = %(user_id)s returning user_id)
update users set credential_version = credential_version + 1 from removed where id = removed.user_id returning id;
