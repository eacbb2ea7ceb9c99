# Settings of the lab's domain controller, read by every script here. Each has a default; the environment wins.
# shellcheck shell=bash

: "${LAB_STATE:=/var/lib/sallyport-lab}"      # everything the controller keeps is under here
: "${LAB_REALM:=CORP.EXAMPLE}"
: "${LAB_WORKGROUP:=CORP}"
: "${LAB_DC:=dc1}"
: "${LAB_ADDRESS:=127.88.0.1}"                # the controller's own address; it listens on no other
: "${LAB_PEOPLE:=populate.sh}"                # which script fills a new domain
: "${LAB_BACKEND_ADDRESS:=127.88.0.10}"       # where the names in LAB_SITES are: Apache
: "${LAB_SITES:=iwa bound other rbcd plain}"
: "${LAB_EPA_ADDRESS=127.88.0.11}"            # epa, the backend that insists on channel bindings; empty where there is none
: "${LAB_ADMIN_PASSWORD:=Lab-administrator-1}"
: "${LAB_TLS:=$LAB_STATE/tls}"                # ca.pem, dc.pem, dc.key (docker/tls.sh makes them)
: "${LAB_KEYTABS:=$LAB_STATE/keytabs}"
: "${LAB_UPN_SUFFIX:=contoso.test}"           # a second suffix, beside the domain's own
: "${LAB_GROUPS_OF_HEIDI:=600}"
: "${LAB_GROUPS_OF_IVAN:=1200}"               # heidi's among them
: "${LAB_DNS_FORWARDER:=}"                    # who is asked for names outside the domain; nobody is by default
: "${LAB_NAME_SERVER:=}"                      # whom the controller itself asks for names; by default, whom its machine asks

DNS_DOMAIN=${LAB_REALM,,}
BASE_DN=DC=${DNS_DOMAIN//./,DC=}
SAM=$LAB_STATE/private/sam.ldb
SMB_CONF=$LAB_STATE/smb.conf

say() { printf 'samba-ad: %s\n' "$*"; }

die() {
  printf 'samba-ad: %s\n' "$*" >&2
  exit 1
}

# The winbindd socket's path is compiled in and locks must not be shared: a script that calls this goes on in a mount
# namespace with a /run/samba of its own, and with a resolv.conf of its own where LAB_NAME_SERVER is set. A container has
# both anyway and may not make namespaces: LAB_PRIVATE_RUN=no.
with_private_run() {
  [ "${LAB_PRIVATE_RUN:-yes}" = yes ] || { mkdir -p /run/samba/winbindd && return; }
  export LAB_NAME_SERVER
  LAB_PRIVATE_RUN=no exec unshare -m --propagation private bash -c '
    mkdir -p /run/samba && mount -t tmpfs -o mode=755 lab /run/samba || exit
    if [ -n "$LAB_NAME_SERVER" ]; then
      echo "nameserver $LAB_NAME_SERVER" > /run/samba/resolv.conf &&
      mount --bind /run/samba/resolv.conf /etc/resolv.conf || exit
    fi
    exec "$@"' lab "$@"
}

# Group managed service accounts want Samba 4.20 and a domain of functional level 2016.
has_gmsa() { printf "%s\n" "Version 4.20" "$(samba --version)" | sort -CV; }

# "<name> <address>" of every A record of the zone, the controller's own included.
dns_hosts() {
  local name
  for name in @ "$LAB_DC" DomainDnsZones ForestDnsZones; do printf "%s\n" "$name $LAB_ADDRESS"; done
  [ -z "$LAB_EPA_ADDRESS" ] || printf "%s\n" "epa $LAB_EPA_ADDRESS"
  for name in $LAB_SITES; do printf '%s\n' "$name $LAB_BACKEND_ADDRESS"; done
}

# Loopback addresses must be given with /8: with a bare address Samba finds "no network interfaces".
interface() {
  case $LAB_ADDRESS in
    127.*) printf '%s/8' "$LAB_ADDRESS" ;;
    *) printf '%s' "$LAB_ADDRESS" ;;
  esac
}

# Sockets and locks live in /run/samba and vanish with it. user.NTACL: the security.* attributes need more than a container's rights.
write_smb_conf() {
  cat > "$SMB_CONF" << CONF
[global]
  realm = $LAB_REALM
  workgroup = $LAB_WORKGROUP
  netbios name = ${LAB_DC^^}
  server role = active directory domain controller
  server services = rpc, ldap, cldap, kdc, drepl, kcc, dns, s3fs, winbindd
  interfaces = $(interface)
  bind interfaces only = yes
  private dir = $LAB_STATE/private
  state directory = $LAB_STATE/state
  cache directory = $LAB_STATE/cache
  binddns dir = $LAB_STATE/bind-dns
  lock directory = /run/samba
  pid directory = /run/samba
  ncalrpc dir = /run/samba/ncalrpc
  log file = $LAB_STATE/log.samba
  max log size = 0
  load printers = no
  disable spoolss = yes
  idmap_ldb:use rfc2307 = yes
  vfs objects = dfs_samba4 acl_xattr
  acl_xattr:security_acl_name = user.NTACL
  prefork children = 2
  tls enabled = yes
  tls keyfile = $LAB_TLS/dc.key
  tls certfile = $LAB_TLS/dc.pem
  tls cafile = $LAB_TLS/ca.pem
${LAB_DNS_FORWARDER:+  dns forwarder = $LAB_DNS_FORWARDER}
$(has_gmsa && printf '  ad dc functional level = 2016')

[sysvol]
  path = $LAB_STATE/state/sysvol
  read only = no

[netlogon]
  path = $LAB_STATE/state/sysvol/$DNS_DOMAIN/scripts
  read only = no
CONF
}

# For MIT tools. Without forwardable tickets every constrained delegation is refused with BADOPTION.
write_krb5_conf() {
  cat > "$LAB_STATE/krb5.conf" << CONF
[libdefaults]
  default_realm = $LAB_REALM
  forwardable = true
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 0

[realms]
  $LAB_REALM = {
    kdc = $LAB_ADDRESS
    kpasswd_server = $LAB_ADDRESS:464
  }

[domain_realm]
  .$DNS_DOMAIN = $LAB_REALM
  $DNS_DOMAIN = $LAB_REALM
CONF
}

# ldbadd, ldbmodify or ldbsearch on the directory's own file, as the system; -s would mean the search's scope there.
ldb() {
  local tool=$1
  shift
  SMB_CONF_PATH=$SMB_CONF "ldb$tool" -H "$SAM" "$@"
}
