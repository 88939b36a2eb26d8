-- A site may name sitemaps in sitemaps without end, and they cost no budget: a run counts those it has let in.

alter table runs add column sources integer not null default 0 check (sources >= 0);

-- The sources of a run that wait: they are dropped once no page may be visited any more, and there are few.
create index frontier_sources on frontier (run_id) where state = 'queued' and kind <> 'page';
