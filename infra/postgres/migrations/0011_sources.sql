-- Sitemaps and feeds are rows of the frontier like pages, and a job remembers the pages that its runs have seen.

-- What a row is to its run. Sources are settled with the budget when they are inserted (`counted`): they cost none.
alter table frontier add column kind text not null default 'page' check (kind in ('page', 'sitemap', 'feed'));

-- What a job knows of a page, for jobs that ask for freshness: what a conditional request says, where the page leads
-- (a page that has not changed is not read again, but the crawl goes on from it), and how often it changes.
create table job_pages (
    job_id        uuid not null,
    url_fp        uuid not null,
    etag          text not null default '',
    last_modified text not null default '',
    content_hash  text not null default '',
    -- the canonical URLs that it links to, one a line, in zstd
    links         bytea not null default '',
    visited_at    timestamptz not null,
    -- visits after the first, how many of them found a change, and the seconds that they cover; old ones fade
    visits        real not null default 0,
    changes       real not null default 0,
    watched_s     double precision not null default 0,
    due_at        timestamptz not null,
    primary key (job_id, url_fp)
) partition by hash (job_id);

do $$
begin
    for part in 0..15 loop
        execute format('create table job_pages_%s partition of job_pages for values with (modulus 16, remainder %s)
                        with (fillfactor = 80)', part, part);
    end loop;
end $$;

grant select, insert, update, delete on job_pages to trawl_app;
