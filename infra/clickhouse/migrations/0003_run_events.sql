-- Whether a run stood still when it told how it goes.

alter table run_events add column if not exists paused Bool default false;
