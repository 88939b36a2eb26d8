-- Clusters that were made before: for how long an insert that is sent again is known. One node keeps no time for that.

alter table records modify setting replicated_deduplication_window_seconds = 31536000;

alter table batches modify setting replicated_deduplication_window_seconds = 31536000;

alter table record_marks modify setting replicated_deduplication_window_seconds = 31536000;

alter table page_outcomes modify setting replicated_deduplication_window_seconds = 31536000;

alter table trends modify setting replicated_deduplication_window_seconds = 31536000;

alter table run_events modify setting replicated_deduplication_window_seconds = 31536000;

alter table metrics modify setting replicated_deduplication_window_seconds = 31536000;

alter table request_logs modify setting replicated_deduplication_window_seconds = 31536000;

alter table logs modify setting replicated_deduplication_window_seconds = 31536000;

alter table dead_letters modify setting replicated_deduplication_window_seconds = 31536000;

alter table records_by_minute modify setting replicated_deduplication_window_seconds = 31536000;

alter table pages_by_minute modify setting replicated_deduplication_window_seconds = 31536000;
