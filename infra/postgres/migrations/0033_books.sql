-- Jobs that the product has ready: which job of an owner is the one, so that starting it again finds it.
create table ready_made (
    name   text not null,
    owner  text not null,
    job_id uuid not null,
    primary key (name, owner)
);
create index ready_made_jobs on ready_made (job_id);

-- Models that gave predictions, trained here or outside, with what they scored; never changed.
create table models (
    name    text not null,
    version text not null,
    target  text not null,
    origin  text not null check (origin in ('trained', 'outside')),
    owner   text not null,
    run_id  uuid not null,
    scores  jsonb not null,
    books   integer not null,
    at      timestamptz not null default now(),
    primary key (name, version, target, owner)
);

-- What an outside model said of each book, for whoever wants to score it anew.
create table predictions (
    name    text not null,
    version text not null,
    target  text not null,
    owner   text not null,
    book_id integer not null,
    value   double precision not null,
    primary key (name, version, target, owner, book_id),
    foreign key (name, version, target, owner) references models on delete cascade
);

grant select, insert, update, delete on ready_made to trawl_app;
grant select, insert on models, predictions to trawl_app;
