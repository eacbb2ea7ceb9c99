#!/usr/bin/env bash
# A further domain controller of the lab's domain, in LAB_STATE, beside the first one at LAB_FIRST_ADDRESS.
#
#   joined.sh join DC|RODC       joins it; the first controller must run. About 6 s
#   joined.sh settle             writes smb.conf and krb5.conf for its present address
#   joined.sh start              runs it in the foreground; it ends on SIGTERM
#   joined.sh tool ARGUMENT...   runs samba-tool as if on its machine
#
# It does not replicate by itself, so that a test decides what it knows. It finds the first controller by that one's DNS,
# which needs an /etc/resolv.conf of its own: without mount namespaces there is no further controller.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
: "${LAB_FIRST_ADDRESS:?address of the first controller}"

LAB_NAME_SERVER=$LAB_FIRST_ADDRESS
with_private_run "$0" "$@"
export KRB5_CONFIG=$LAB_STATE/krb5.conf

settle() {
  mkdir -p "$LAB_STATE/cache"
  write_smb_conf
  sed -i 's/^  server services = .*/  server services = rpc, ldap, cldap, kdc, winbindd/' "$SMB_CONF"
  write_krb5_conf
}

join_domain() {
  mkdir -p "$LAB_STATE"
  LAB_ADDRESS=$LAB_FIRST_ADDRESS write_krb5_conf
  local log=$LAB_STATE/join.log level=()
  if has_gmsa; then level=('--option=ad dc functional level=2016'); fi
  samba-tool domain join "$DNS_DOMAIN" "$1" -U"Administrator%$LAB_ADMIN_PASSWORD" --server="dc1.$DNS_DOMAIN" \
    --realm="$LAB_REALM" --targetdir="$LAB_STATE" --dns-backend=SAMBA_INTERNAL -s /dev/null \
    --option="netbios name=${LAB_DC^^}" --option="interfaces=$(interface)" --option='bind interfaces only=yes' \
    ${level[@]+"${level[@]}"} --option='vfs objects=dfs_samba4 acl_xattr' --option='acl_xattr:security_acl_name=user.NTACL' \
    > "$log" 2>&1 || { tail -n 20 "$log" >&2; die "$LAB_DC could not join; the last lines are above"; }
  rm -rf "$LAB_STATE"/{etc,msg.sock,msg.lock,names.tdb,gencache.tdb,cache}
  settle
}

case ${1:-} in
  join) join_domain "$2" ;;
  settle) settle ;;
  start) exec samba -i -s "$SMB_CONF" --no-process-group ;;
  tool) exec samba-tool "${@:2}" -s "$SMB_CONF" ;;
  *) die 'usage: joined.sh join DC|RODC, settle, start, or tool ARGUMENT...' ;;
esac
