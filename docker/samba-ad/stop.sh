#!/usr/bin/env bash
# stop.sh PID: ends a controller and waits until it has ended, so that its address is free again.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/settings.sh"
[ $# = 1 ] || die 'usage: stop.sh PID'

kill -TERM "$1" 2> /dev/null || exit 0
for ((n = 0; n < 100; n++)); do
  kill -0 "$1" 2> /dev/null || exit 0
  sleep 0.1
done
die "process $1 did not end within 10 s"
