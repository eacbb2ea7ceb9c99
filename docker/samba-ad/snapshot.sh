#!/usr/bin/env bash
# snapshot.sh FILE: packs a stopped controller's directory. The address is not in it (see restore.sh), nor TLS keys.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/settings.sh"
[ $# = 1 ] || die 'usage: snapshot.sh FILE'

PART=$1.part.$$
trap 'rm -f "$PART"' EXIT
tar -C "$LAB_STATE" --xattrs --xattrs-include='*' --exclude=./tls --exclude=./smb.conf --exclude=./krb5.conf \
  --exclude='./log.*' -cf - . | gzip -1 > "$PART"
mv "$PART" "$1"
