#!/usr/bin/env bash
# restore.sh FILE: unpacks a snapshot into LAB_STATE and gives it this machine's addresses.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
with_private_run "$0" "$@"
[ $# = 1 ] || die 'usage: restore.sh FILE'
[ ! -e "$SAM" ] || die "$SAM exists already; a snapshot is restored into an empty directory"

mkdir -p "$LAB_STATE"
tar -C "$LAB_STATE" --xattrs --xattrs-include='*' -xzf "$1"
write_smb_conf
write_krb5_conf
"$HERE/dns-records.sh"
