#!/usr/bin/env bash
# wait-for.sh FILE COMMAND...: waits until another container has written FILE, at most LAB_WAIT_SECONDS, then runs COMMAND.
set -euo pipefail

file=$1
shift
for ((n = 0; n < 5 * ${LAB_WAIT_SECONDS:-120}; n++)); do
  [ ! -e "$file" ] || exec "$@"
  sleep 0.2
done
echo "wait-for: $file did not appear within ${LAB_WAIT_SECONDS:-120} s" >&2
exit 1
