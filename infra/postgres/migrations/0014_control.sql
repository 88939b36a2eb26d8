-- Control over runs while they go, and what a host may be asked for in a day.

-- paused_at: nothing is visited until it is null again. resumed_at: what was issued before it may have been dropped by
-- its fetcher during the pause. stopped_at: what is under way is still visited, nothing else. delay: seconds between
-- two visits to one host from now on (null: as pinned in the description). kind: an estimate is a short run whose job
-- nobody sees.
alter table runs
    add column paused_at  timestamptz,
    add column resumed_at timestamptz,
    add column stopped_at timestamptz,
    add column delay      double precision check (delay between 0 and 3600),
    add column kind       text not null default 'crawl' check (kind in ('crawl', 'estimate'));

-- Visits to a host in a day (UTC) by all runs of a job, counted where rows are reserved: `daily_pages` is exact.
create table host_days (
    job_id uuid not null,
    host   text not null,
    day    date not null,
    visits integer not null default 0 check (visits >= 0),
    primary key (job_id, host, day)
) with (fillfactor = 60);
create index host_days_old on host_days (day);

-- What may go now is in the order in which it goes; what waits for a moment is in the order of the moments. In one index
-- the rows that wait would be read past for each page that goes.
drop index frontier_queued;
create index frontier_ready on frontier (run_id, host, priority desc, depth, found_at)
    where state = 'queued' and not_before is null;
create index frontier_later on frontier (run_id, host, not_before) where state = 'queued' and not_before is not null;

-- From a redirect to where it leads.
create index frontier_redirects on frontier (run_id, found_on) where hops > 0;

grant select, insert, update, delete on host_days to trawl_app;
