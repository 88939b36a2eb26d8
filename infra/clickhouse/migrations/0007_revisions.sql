-- By which revision of a dataset's rules a record was read: a crawl writes the first, each replay the next.

alter table records add column if not exists revision UInt32 default 1;
