-- Second factors: the secret is sealed under the account's id, a backup code is only kept as a slow salted hash.

create table factors (
    user_id    uuid primary key references users on delete cascade,
    key_id     text not null,
    sealed     bytea not null,
    salt       bytea not null,
    enabled_at timestamptz,
    -- The last 30-second step whose code was spent (RFC 6238, 5.2): none is accepted twice.
    last_step  bigint not null default 0,
    created_at timestamptz not null default now()
);
create table backup_codes (
    user_id   uuid not null references factors on delete cascade,
    code_hash bytea not null,
    used_at   timestamptz,
    primary key (user_id, code_hash)
);
grant select, insert, update, delete on factors, backup_codes to trawl_app;

-- An account with what it may do: its role's permissions and those it was granted besides.
create view accounts as
    select u.id, u.username, u.email, u.first_name, u.last_name, u.role, u.status, u.created_at, u.last_login,
        u.password_hash, u.password_expires,
        array(select unnest(r.permissions) union select g.permission from grants g where g.user_id = u.id)
            as permissions,
        array(select g.permission from grants g where g.user_id = u.id order by 1) as granted,
        exists (select from factors f where f.user_id = u.id and f.enabled_at is not null) as mfa_enabled
    from users u join roles r on r.name = u.role;
grant select on accounts to trawl_app;
