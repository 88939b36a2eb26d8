-- What a sign-in under way relies on, outside identities that can be told apart, and two columns that nothing read.

-- Counts up whenever what somebody has shown may not let them in any more: another password, factor, status, address or
-- outside identity. Sessions, passwords and links are made under the row's lock at the number that was looked at.
alter table users add column credential_version bigint not null default 0;

-- By which its owner names it when it is to be unlinked.
alter table identities add column id uuid not null default gen_random_uuid() unique;

alter table grants drop column granted_at;
alter table devices drop column first_seen;

create or replace view accounts as
    select u.id, u.username, u.email, u.first_name, u.last_name, u.role, u.status, u.created_at, u.last_login,
        u.password_hash, u.password_expires,
        array(select unnest(r.permissions) union select g.permission from grants g where g.user_id = u.id)
            as permissions,
        array(select g.permission from grants g where g.user_id = u.id order by 1) as granted,
        exists (select from factors f where f.user_id = u.id and f.enabled_at is not null) as mfa_enabled,
        u.credential_version
    from users u join roles r on r.name = u.role;
