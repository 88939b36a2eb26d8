-- Records from outside: a run for each upload, whose parts are messages. A part that was taken is never taken again.
-- place: topic, partition, offset and time of the message that it came by, so that a repeat of it is told from a copy.
create table upload_parts (
    run_id   uuid not null references runs on delete cascade,
    part     integer not null,
    place    text not null,
    records  integer not null,
    taken_at timestamptz not null default now(),
    primary key (run_id, part)
);
grant select, insert, update, delete on upload_parts to trawl_app;

-- Dead letters that somebody asked to be sent again: each once. `done_at` is null where the sending did not come to its end.
create table replayed_letters (
    id       uuid primary key,
    asked_at timestamptz not null default now(),
    done_at  timestamptz
);
grant select, insert, update on replayed_letters to trawl_app;
