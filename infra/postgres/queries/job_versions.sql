-- Jobs as they are and were described.

-- name: add_version
-- What a job was until now, kept for good.
insert into job_versions (job_id, version, name, dataset, description, versioned_at, versioned_by)
select id, version, name, dataset, description, versioned_at, versioned_by from jobs where id = %(job_id)s;

-- name: change
-- Another description, which is the next version.
update jobs set name = %(name)s, dataset = %(dataset)s, description = %(description)s, version = version + 1,
    versioned_at = now(), versioned_by = %(actor)s, updated_at = now()
where id = %(job_id)s returning version;

-- name: versions
-- A job's versions, the newest first, after one.
with found as (
    select version, name, dataset, description, versioned_at as made_at, versioned_by as made_by
    from jobs where id = %(job_id)s
    union all
    select version, name, dataset, description, versioned_at, versioned_by from job_versions where job_id = %(job_id)s
)
select * from found
where (%(before)s::int is null or version < %(before)s) and (%(version)s::int is null or version = %(version)s)
order by version desc limit %(limit)s;

-- name: archive
-- Out of the lists, or back in.
update jobs set archived_at = case when %(archived)s then now() end, updated_at = now()
where id = %(job_id)s and deleted_at is null and (archived_at is null) = %(archived)s
returning id;
