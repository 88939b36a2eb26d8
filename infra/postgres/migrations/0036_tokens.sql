-- Buckets whose tokens come back one by one. Before, all of a minute's came back at once, a minute after the first was
-- taken: whoever waited for that edge had twice the minute's in a few seconds.

drop function take_tokens(text[], text[], integer[], integer[], integer[], timestamptz);
drop table rate_buckets;

-- One bucket for each owner (`u:<account>`, `a:<address>`) and category. `seconds` are the tokens taken in each of the
-- last 60 seconds, `tenths` in each of the last ten tenths of a second, both as rings: a moment's place is its number
-- since the epoch modulo their length. `second` and `tenth` are the newest moments in them. UNLOGGED as before.
create unlogged table rate_buckets (
    owner         text collate "C" not null,
    category      text collate "C" not null,
    second        bigint not null default 0,
    seconds       integer[] not null default array_fill(0, array[60]),
    taken         integer not null default 0,
    tenth         bigint not null default 0,
    tenths        integer[] not null default array_fill(0, array[10]),
    taken_at_once integer not null default 0,
    blocked_until timestamptz,
    primary key (owner, category)
) with (fillfactor = 50);
alter table rate_buckets alter column seconds set storage plain, alter column tenths set storage plain;
grant select, insert, update, delete on rate_buckets to trawl_app;

-- A bucket as it is `at` a moment: what has come back is no longer taken. A clock that went back changes nothing.
create function rate_bucket_at(inout bucket rate_buckets, at timestamptz) language plpgsql immutable as $$
declare
    newest_second bigint := greatest(floor(extract(epoch from at)), bucket.second);
    newest_tenth  bigint := greatest(floor(extract(epoch from at) * 10), bucket.tenth);
    slot          integer;
begin
    for back in 0 .. least(newest_second - bucket.second, 60)::integer - 1 loop
        slot := (newest_second - back) % 60 + 1;
        bucket.taken := bucket.taken - bucket.seconds[slot];
        bucket.seconds[slot] := 0;
    end loop;
    for back in 0 .. least(newest_tenth - bucket.tenth, 10)::integer - 1 loop
        slot := (newest_tenth - back) % 10 + 1;
        bucket.taken_at_once := bucket.taken_at_once - bucket.tenths[slot];
        bucket.tenths[slot] := 0;
    end loop;
    bucket.second := newest_second;
    bucket.tenth := newest_tenth;
    if bucket.blocked_until <= at then
        bucket.blocked_until := null;
    end if;
end
$$;

-- The moment (epoch seconds) of the oldest (1) or the newest (-1) token that has not come back; null where all have.
create function rate_bucket_moment(ring integer[], newest bigint, direction integer) returns bigint
language sql immutable as $$
    select case when direction > 0 then min(newest - back) else max(newest - back) end
    from generate_series(0, cardinality(ring) - 1) as back
    where ring[(newest - back) % cardinality(ring) + 1] > 0
$$;

-- Takes a token of each bucket that is asked for, in the order of the asking; exact whoever else asks, for a bucket's
-- row is locked meanwhile. A token comes back a minute after it was taken, and a second after it for the burst. Only
-- asking for more than the minute has blocks. Buckets are locked in one order, so that two callers never wait for each
-- other. `moment` is for tests; else it is this server's clock, the only one that all gateways share.
create function take_tokens(
    owners text[], categories text[], limits integer[], bursts integer[], blocks integer[], moment timestamptz
) returns table (place bigint, remaining integer, burst_remaining integer, reset float8, refused text, retry float8)
language plpgsql as $$
declare
    ask    record;
    bucket rate_buckets;
    at     timestamptz;
    slot   integer;
begin
    for ask in
        select a.*, lead(a.owner) over asked is distinct from a.owner
            or lead(a.category) over asked is distinct from a.category as last
        from unnest(owners, categories, limits, bursts, blocks) with ordinality
            as a(owner, category, most, burst, block, place)
        window asked as (order by a.owner collate "C", a.category collate "C", a.place)
        order by a.owner collate "C", a.category collate "C", a.place
    loop
        if bucket.owner is distinct from ask.owner or bucket.category is distinct from ask.category then
            insert into rate_buckets as b (owner, category) values (ask.owner, ask.category) on conflict do nothing;
            select b.* into strict bucket from rate_buckets b
            where b.owner = ask.owner and b.category = ask.category for update;
            at := coalesce(moment, clock_timestamp());
            bucket := rate_bucket_at(bucket, at);
        end if;
        place := ask.place;
        refused := '';
        retry := 0;
        if bucket.blocked_until is not null or bucket.taken >= ask.most then
            reset := 60 + rate_bucket_moment(bucket.seconds, bucket.second, 1);
            if bucket.blocked_until is null and ask.block > 0 then
                bucket.blocked_until := greatest(to_timestamp(reset), at + make_interval(secs => ask.block));
            end if;
            refused := 'minute';
            reset := coalesce(extract(epoch from bucket.blocked_until), reset);
            retry := reset - extract(epoch from at);
        else
            if bucket.taken_at_once >= ask.burst then
                refused := 'burst';
                retry := (10 + rate_bucket_moment(bucket.tenths, bucket.tenth, 1)) / 10.0 - extract(epoch from at);
            else
                slot := bucket.second % 60 + 1;
                bucket.seconds[slot] := bucket.seconds[slot] + 1;
                bucket.taken := bucket.taken + 1;
                slot := bucket.tenth % 10 + 1;
                bucket.tenths[slot] := bucket.tenths[slot] + 1;
                bucket.taken_at_once := bucket.taken_at_once + 1;
            end if;
            reset := 60 + rate_bucket_moment(bucket.seconds, bucket.second, -1);
        end if;
        if ask.last then
            update rate_buckets b
            set second = bucket.second, seconds = bucket.seconds, taken = bucket.taken, tenth = bucket.tenth,
                tenths = bucket.tenths, taken_at_once = bucket.taken_at_once, blocked_until = bucket.blocked_until
            where b.owner = ask.owner and b.category = ask.category;
        end if;
        remaining := case when refused = 'minute' then 0 else ask.most - bucket.taken end;
        burst_remaining := case when refused = '' then least(ask.burst - bucket.taken_at_once, remaining) else 0 end;
        return next;
    end loop;
end
$$;
revoke execute on function rate_bucket_at(rate_buckets, timestamptz) from public;
revoke execute on function rate_bucket_moment(integer[], bigint, integer) from public;
revoke execute on function take_tokens(text[], text[], integer[], integer[], integer[], timestamptz) from public;
grant execute on function rate_bucket_at(rate_buckets, timestamptz) to trawl_app;
grant execute on function rate_bucket_moment(integer[], bigint, integer) to trawl_app;
grant execute on function take_tokens(text[], text[], integer[], integer[], integer[], timestamptz) to trawl_app;
