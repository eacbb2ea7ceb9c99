#!/usr/bin/env bash
# Runs the controller in the foreground, in a mount namespace with a /run/samba of its own. It ends on SIGTERM.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
with_private_run "$0" "$@"
[ -e "$SAM" ] || die "no domain in $LAB_STATE; run provision.sh or restore.sh first"
# private/ldap_priv/ldapi and private/msg.sock/<pid> are unix sockets: 107 octets at most.
[ ${#LAB_STATE} -le 75 ] || die "the path $LAB_STATE is too long for Samba's sockets (75 octets); use a shorter one"
[ -r "$LAB_TLS/dc.key" ] || die "no $LAB_TLS/dc.key; run docker/tls.sh first"

exec samba -i -s "$SMB_CONF" --no-process-group
