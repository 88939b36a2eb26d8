-- A session of a site is worth its password for as long as it lasts: the values of cookies are sealed like stored
-- credentials. `id` tells run and site now, too, so that it alone is the key. Cookies are a run's comfort: those that
-- are there are forgotten this once.
delete from run_cookies;
alter table run_cookies drop column value, add column sealed bytea not null, add column key_id text not null,
    drop constraint run_cookies_pkey, add primary key (id);
create index run_cookies_site on run_cookies (run_id, site);
