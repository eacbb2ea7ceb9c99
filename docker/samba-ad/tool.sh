#!/usr/bin/env bash
# tool.sh ARGUMENT...: samba-tool on this controller's directory, whether it runs or not.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/settings.sh"
with_private_run "$0" "$@"

exec samba-tool "$@" -s "$SMB_CONF"
