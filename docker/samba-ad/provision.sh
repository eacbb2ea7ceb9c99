#!/usr/bin/env bash
# Makes a new domain in LAB_STATE and fills it (LAB_PEOPLE). About 20 s; snapshot.sh keeps the result.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
with_private_run "$0" "$@"

[ ! -e "$SAM" ] || die "$SAM exists already; a domain is provisioned into an empty directory"
mkdir -p "$LAB_STATE" "$LAB_KEYTABS"
chmod 755 "$LAB_STATE"
LOG=$LAB_STATE/provision.log

step() {
  local began=$SECONDS what=$1
  shift
  "$@" > "$LOG" 2>&1 || { tail -n 20 "$LOG" >&2; die "$what failed; its last lines are above"; }
  say "$what: $((SECONDS - began)) s"
}

provision() {
  local level=()
  has_gmsa && level=(--function-level=2016 '--option=ad dc functional level=2016')
  samba-tool domain provision --realm="$LAB_REALM" --domain="$LAB_WORKGROUP" --server-role=dc \
    --dns-backend=SAMBA_INTERNAL --adminpass="$LAB_ADMIN_PASSWORD" --targetdir="$LAB_STATE" --host-name="$LAB_DC" \
    --host-ip="$LAB_ADDRESS" --use-rfc2307 -s /dev/null --option="interfaces=$(interface)" \
    --option='bind interfaces only=yes' --option='vfs objects=dfs_samba4 acl_xattr' \
    --option='acl_xattr:security_acl_name=user.NTACL' "${level[@]}"
}

step 'domain provisioned' provision
# Locks of the provisioning itself; the controller has its own in /run/samba.
rm -rf "$LAB_STATE"/{etc,msg.sock,msg.lock,names.tdb,gencache.tdb,cache,smb.conf}
mkdir "$LAB_STATE/cache"
write_smb_conf
write_krb5_conf
# Without this the controller has no ldap/ SPN, and neither joins nor Kerberos binds work.
step 'service principal names of the controller' samba_spnupdate -s "$SMB_CONF"
step 'accounts, groups and DNS names' "$HERE/$LAB_PEOPLE"
step keytabs /usr/bin/python3 "$HERE/export-keytabs.py" "$SMB_CONF" "$LAB_KEYTABS"
rm -f "$LOG"
