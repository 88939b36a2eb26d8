-- What the gateway remembers of refresh tokens, and the order in which an administrator sees everyone's jobs.

-- The token before the current one: shown again at once it is a lost race, shown later it was stolen.
alter table sessions add column previous_hash bytea;
alter table sessions add column rotated_at timestamptz;

create index jobs_by_time on jobs (created_at desc, id desc) where deleted_at is null;
