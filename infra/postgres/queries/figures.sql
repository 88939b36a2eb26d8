-- Figures of the whole system, or of what is one owner's. A null owner is everyone.

-- name: jobs
-- Jobs by the state of the run that stands for them.
select coalesce(newest.state, 'created') as state, count(*) as jobs
from jobs j left join lateral (
    select state from runs r where r.job_id = j.id and r.kind <> 'estimate' order by r.created_at desc limit 1
) newest on true
where j.deleted_at is null and j.archived_at is null and (%(owner)s::text is null or j.owner = %(owner)s)
    and not exists (select from runs e where e.job_id = j.id and e.kind = 'estimate')
group by 1 order by 1

-- name: runs
-- Sums over runs.
select count(*) as runs, coalesce(sum(r.requested), 0)::bigint as pages_requested,
    coalesce(sum(r.fetched), 0)::bigint as pages_fetched, coalesce(sum(r.failed), 0)::bigint as pages_failed,
    coalesce(sum(r.filtered), 0)::bigint as pages_filtered, coalesce(sum(r.extracted), 0)::bigint as records_extracted,
    coalesce(sum(r.stored), 0)::bigint as records_stored, coalesce(sum(r.rejected), 0)::bigint as records_rejected
from runs r
where r.kind <> 'estimate'
    and (%(owner)s::text is null or r.job_id in (select id from jobs where owner = %(owner)s))
