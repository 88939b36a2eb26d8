-- How often somebody asks, and how much somebody may have.

-- One bucket for each owner (`u:<account>`, `a:<address>`) and category. UNLOGGED: it is written with every request and
-- need not reach a disk. It outlives restarts of the gateway and clean ones of the database; a database that crashed
-- begins with full buckets.
create unlogged table rate_buckets (
    owner         text collate "C" not null,
    category      text collate "C" not null,
    minute_ends   timestamptz not null,
    taken         integer not null default 0,
    second_ends   timestamptz not null,
    taken_at_once integer not null default 0,
    blocked_until timestamptz,
    primary key (owner, category)
) with (fillfactor = 50);
grant select, insert, update, delete on rate_buckets to trawl_app;

-- Takes a token of each bucket that is asked for, in the order of the asking; exact whoever else asks, for a bucket's
-- row is locked meanwhile. A bucket is filled anew a minute (a second) after its first token was taken. Only asking for
-- more than the minute has blocks. Buckets are locked in one order, so that two callers never wait for each other.
-- `moment` is for tests; else it is this server's clock, the only one that all gateways share.
create function take_tokens(
    owners text[], categories text[], limits integer[], bursts integer[], blocks integer[], moment timestamptz
) returns table (place bigint, remaining integer, burst_remaining integer, reset float8, refused text, retry float8)
language plpgsql as $$
declare
    ask    record;
    bucket rate_buckets;
    at     timestamptz;
begin
    for ask in
        select a.* from unnest(owners, categories, limits, bursts, blocks) with ordinality
            as a(owner, category, most, burst, block, place)
        order by a.owner collate "C", a.category collate "C", a.place
    loop
        place := ask.place;
        refused := '';
        retry := 0;
        insert into rate_buckets as b (owner, category, minute_ends, second_ends)
        values (ask.owner, ask.category, '-infinity', '-infinity') on conflict do nothing;
        select b.* into strict bucket from rate_buckets b
        where b.owner = ask.owner and b.category = ask.category for update;
        at := coalesce(moment, clock_timestamp());
        if bucket.blocked_until <= at then
            bucket.blocked_until := null;
            bucket.minute_ends := at;
        end if;
        if bucket.minute_ends <= at then
            bucket.minute_ends := at + interval '60 s';
            bucket.taken := 0;
        end if;
        if bucket.second_ends <= at then
            bucket.second_ends := at + interval '1 s';
            bucket.taken_at_once := 0;
        end if;
        if bucket.blocked_until is not null or bucket.taken >= ask.most then
            bucket.blocked_until := coalesce(
                bucket.blocked_until, greatest(bucket.minute_ends, at + make_interval(secs => ask.block)));
            refused := 'minute';
            retry := extract(epoch from bucket.blocked_until - at);
        elsif bucket.taken_at_once >= ask.burst then
            refused := 'burst';
            retry := extract(epoch from bucket.second_ends - at);
        else
            bucket.taken := bucket.taken + 1;
            bucket.taken_at_once := bucket.taken_at_once + 1;
        end if;
        update rate_buckets b
        set minute_ends = bucket.minute_ends, taken = bucket.taken, second_ends = bucket.second_ends,
            taken_at_once = bucket.taken_at_once, blocked_until = bucket.blocked_until
        where b.owner = ask.owner and b.category = ask.category;
        remaining := case when refused = 'minute' then 0 else ask.most - bucket.taken end;
        burst_remaining := case when refused = '' then least(ask.burst - bucket.taken_at_once, remaining) else 0 end;
        reset := extract(epoch from coalesce(bucket.blocked_until, bucket.minute_ends));
        return next;
    end loop;
end
$$;
revoke execute on function take_tokens(text[], text[], integer[], integer[], integer[], timestamptz) from public;
grant execute on function take_tokens(text[], text[], integer[], integer[], integer[], timestamptz) to trawl_app;

-- What accounts may have instead of what the settings say. null: what the settings say; -1: no limit.
create table quotas (
    user_id        uuid primary key references users on delete cascade,
    running_jobs   integer check (running_jobs >= -1),
    pages_a_day    bigint check (pages_a_day >= -1),
    stored_records bigint check (stored_records >= -1),
    changed_at     timestamptz not null default now()
);
grant select, insert, update, delete on quotas to trawl_app;

-- Pages that all runs of an account have visited in a day (UTC).
create table owner_days (
    owner text not null,
    day   date not null,
    pages bigint not null default 0,
    primary key (owner, day)
) with (fillfactor = 50);
grant select, insert, update, delete on owner_days to trawl_app;

create index runs_open_of_owner on runs (owner) where state in ('queued', 'running', 'finishing');
create index runs_of_owner on runs (owner);
create index users_as_owner on users ((id::text));
