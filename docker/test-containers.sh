#!/usr/bin/env bash
# Builds every image, starts docker/compose.yaml, signs alice in through it, and takes it all down again.
#
# With a Docker engine it uses that. Without one, and as root, it uses podman in namespaces of its own: the network, the
# rules and the ports vanish with them, and the base images are made from this machine's own apt and npm. All of its
# storage is temporary, unless SALLYPORT_CONTAINERS_DIR names a directory that keeps the base images from run to run.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

say() { printf 'containers: %s\n' "$*"; }

# in_browser ARGUMENT...: curl that keeps cookies and knows the demo's names.
in_browser() {
  curl --silent --show-error --noproxy '*' --max-time 20 --cacert "$WORK/ca.pem" --cookie-jar "$WORK/cookies" \
    --cookie "$WORK/cookies" --header 'Accept: text/html' --resolve "*:8443:$GATEWAY" --resolve "*:9443:$OIDC" --location "$@"
}

# Signs in by the form, as a person would, and prints what the backend says.
sign_in() {
  local app=$1 user=$2 page
  rm -f "$WORK/cookies"
  page=$(in_browser --output /dev/null --write-out '%{url_effective}' "https://$app.localhost:8443/whoami")
  in_browser --data-urlencode "login=$user" --data-urlencode "password=Lab-$user-1" "$page"
}

wait_for_sign_in() {
  local n
  for ((n = 0; n < 60; n++)); do
    [[ $(sign_in intranet alice 2> /dev/null) == *'"user":"alice@CORP.EXAMPLE"'* ]] && return 0
    sleep 1
  done
  say "alice does not reach the intranet; what it says: $(sign_in intranet alice 2>&1 | head -c 600)"
  return 1
}

wait_for_ca() {
  local n
  for ((n = 0; n < 60; n++)); do
    in_container dc cat /lab/tls/ca.pem > "$WORK/ca.pem" 2> /dev/null && return 0
    sleep 1
  done
  say 'the domain controller made no certificates'
  return 1
}

# Called where "set -e" is off, as run_demo wants its status: every step says || return.
check() {
  local answer
  GATEWAY=$(in_container gateway hostname -i | tr -d ' \r\n')
  OIDC=$(in_container login.localhost hostname -i | tr -d ' \r\n')
  [ -n "$GATEWAY" ] && [ -n "$OIDC" ] || return 1
  wait_for_ca || return 1
  wait_for_sign_in || return 1
  say 'alice signed in; Apache in the container sees alice@CORP.EXAMPLE'
  answer=$(sign_in epa alice)
  [[ $answer == *'"user": "alice@CORP.EXAMPLE"'* ]] || { say "epa says: $answer"; return 1; }
  say 'the backend that demands a channel binding sees alice@CORP.EXAMPLE too'
  answer=$(in_browser https://plain.localhost:8443/1k | wc -c)
  [ "$answer" = 1024 ] || { say "plain gave $answer octets, not 1024"; return 1; }
  say 'passthrough works'
}

# run_demo: up, check, down; logs when the check fails.
run_demo() {
  local status=0
  compose up -d > "$WORK/up.log" 2>&1 || { tail -n 30 "$WORK/up.log"; return 1; }
  check || status=$?
  [ "$status" = 0 ] || compose logs --tail 40 2>&1 | tail -n 150 || true
  compose down --volumes > /dev/null 2>&1 || say 'compose down was not clean'
  return "$status"
}

with_docker() {
  compose() { docker compose -f docker/compose.yaml "$@"; }
  in_container() { compose exec -T "$@"; }
  say 'building with docker'
  compose build
  run_demo
}

if [ "${1:-}" = inside ]; then
  # shellcheck source=podman-namespace.sh
  source docker/podman-namespace.sh
  exit
fi
WORK=${SALLYPORT_CONTAINERS_DIR:-$(mktemp -d)}
trap '[ -n "${SALLYPORT_CONTAINERS_DIR:-}" ] || rm -rf "$WORK"' EXIT
if docker info > /dev/null 2>&1 && docker compose version > /dev/null 2>&1; then
  with_docker
elif [ "$(id -u)" = 0 ]; then
  bash docker/packages.sh containers
  say 'no Docker engine here: using podman in namespaces of its own'
  # The process namespace too: whatever ends this script ends all that it started.
  WORK=$WORK unshare -m --propagation private --pid --fork --kill-child --mount-proc bash "$0" inside &
  wait $!
else
  say 'needs a Docker engine, or root for podman' >&2
  exit 3
fi
say 'all well'
