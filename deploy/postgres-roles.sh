#!/bin/bash
# The role of the processes: it may sign in and nothing else; the migrations grant it what it needs.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set=password="$POSTGRES_APP_PASSWORD" <<'SQL'
create role trawl_app login password :'password';
revoke all on schema public from public;
SQL
