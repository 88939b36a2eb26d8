-- Roles as rows, what single users may do besides, and what a gateway must remember to let people in safely.

create table roles (
    name        text primary key,
    rank        smallint not null unique,
    permissions text[] not null
);
insert into roles (name, rank, permissions) values
    ('viewer', 1, '{read_data}'),
    ('analyst', 2, '{read_data,create_reports,manage_jobs}'),
    ('senior_analyst', 3, '{read_data,create_reports,manage_jobs,export_data}'),
    ('operator', 4, '{read_data,create_reports,manage_jobs,export_data,system_monitoring}'),
    ('admin', 5, '{read_data,create_reports,manage_jobs,export_data,system_monitoring,user_management,admin}');
-- Only the owner of the tables changes what a role may do: whoever takes the application over must not.
grant select on roles to trawl_app;

alter table users
    add foreign key (role) references roles,
    add column first_name text not null default '',
    add column last_name text not null default '',
    add column password_changed timestamptz not null default now(),
    -- A password that somebody else has chosen ends by itself.
    add column password_expires timestamptz;
-- Admin and admin are not two people.
create unique index users_by_name on users (lower(username));
create index users_by_time on users (created_at, id);

create table grants (
    user_id    uuid not null references users on delete cascade,
    permission text not null,
    granted_by text not null,
    granted_at timestamptz not null default now(),
    primary key (user_id, permission)
);
grant select, insert, update, delete on grants to trawl_app;

-- `idle_lifetime` in seconds: a session that nobody uses for so long is over before its time.
alter table sessions
    add column idle_lifetime integer not null default 43200,
    add column how text not null default 'password';
create view live_sessions as
    select id, user_id, created_at, last_seen, expires_at, user_agent, address, how from sessions
    where revoked_at is null and expires_at > now() and last_seen > now() - make_interval(secs => idle_lifetime);
grant select on live_sessions to trawl_app;

-- From where an account has been let in: by it a new device is noticed, and a known one is not locked out by others.
create table devices (
    user_id    uuid not null references users on delete cascade,
    mark       bytea not null,
    network    text not null,
    first_seen timestamptz not null default now(),
    last_seen  timestamptz not null default now(),
    primary key (user_id, mark)
);
grant select, insert, update, delete on devices to trawl_app;

-- One-time links lead to a sign-in or to a new password; one is never good for the other.
alter table sign_in_links add column purpose text not null default 'sign_in';
create index sign_in_links_by_user on sign_in_links (user_id);

-- Failed tries by account, device and address: all gateways count here, and a restart forgets nothing.
create table attempts (
    subject       text primary key,
    failures      integer not null default 0,
    last_at       timestamptz not null default now(),
    blocked_until timestamptz
);
create index attempts_by_time on attempts (last_at);
grant select, insert, update, delete on attempts to trawl_app;

create index if not exists audit_by_actor on audit (actor, action);
