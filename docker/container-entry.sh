#!/usr/bin/env bash
# container-entry.sh FILE COMMAND...: tells the domain controller this container's address where LAB_ANNOUNCE names it,
# waits until another container has written FILE, at most LAB_WAIT_SECONDS, then runs COMMAND.
set -euo pipefail

file=$1
shift
own=$(hostname -i | awk '{ print $1 }')
: "${LAB_BACKEND_ADDRESS:=$own}" "${LAB_EPA_ADDRESS:=$own}"
export LAB_BACKEND_ADDRESS LAB_EPA_ADDRESS
if [ -n "${LAB_ANNOUNCE:-}" ]; then
  mkdir -p /lab/addresses
  echo "$own" > "/lab/addresses/$LAB_ANNOUNCE.new"
  mv "/lab/addresses/$LAB_ANNOUNCE.new" "/lab/addresses/$LAB_ANNOUNCE"
fi
for ((n = 0; n < 5 * ${LAB_WAIT_SECONDS:-120}; n++)); do
  [ ! -e "$file" ] || exec "$@"
  sleep 0.2
done
echo "container-entry: $file did not appear within ${LAB_WAIT_SECONDS:-120} s" >&2
exit 1
