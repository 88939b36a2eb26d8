#!/usr/bin/env bash
# Asks for records over REST, waits until the run is over, and prints the first of them.
#
#   eval "$(trawl env)"; examples/rest.sh URL
#
# TRAWL_URL and TRAWL_API_KEY must be set.
set -euo pipefail

url=${1:?give the address of a page}
api=$TRAWL_URL/api/v1

ask() { curl --silent --show-error --fail-with-body --header "X-API-Key: $TRAWL_API_KEY" "$@"; }
of() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

job=$(ask "$api/scrape" --header 'Content-Type: application/json' --data @- <<JSON | of job_id
{
  "url": "$url",
  "name": "rest-example",
  "options": {"delay": 0.5},
  "extract": {
    "items": "[data-sku]",
    "key": "sku",
    "fields": {"sku": "::attr(data-sku)", "price": {"css": ".price::text", "type": "price"}}
  }
}
JSON
)
echo "job $job"

for _ in $(seq 240); do
  status=$(ask "$api/jobs/$job" | of status)
  case $status in
    completed) break ;;
    failed | cancelled) echo "The run $status." >&2; exit 1 ;;
  esac
  sleep 0.5
done
[ "$status" = completed ] || { echo "The run is still $status after two minutes." >&2; exit 1; }

ask "$api/jobs/$job/records?format=jsonl&limit=5"
