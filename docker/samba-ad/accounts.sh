# What populate*.sh write accounts with, after settings.sh: each function prints LDIF.
# shellcheck shell=bash

: "${LAB_MAIL_DOMAIN:=$DNS_DOMAIN}"
NORMAL=512 DISABLED=2 NEVER_EXPIRES=65536 COMPUTER=4096
NOT_DELEGATED=1048576 TRUSTED_TO_AUTH=16777216
AES_ONLY=24
USERS=CN=Users,$BASE_DN

# A password as unicodePwd wants it: in quotes, UTF-16LE.
secret() { printf '"%s"' "$1" | iconv -t UTF-16LE | base64 -w 0; }

# user NAME UPN FLAGS [more LDIF lines]
user() {
  printf '%s\n' "dn: CN=$1,$USERS" 'objectClass: user' "sAMAccountName: $1" "displayName: ${1^}" \
    "givenName: ${1^}" "mail: $1@$LAB_MAIL_DOMAIN" "userPrincipalName: $2" "userAccountControl: $3" \
    "unicodePwd:: $(secret "Lab-$1-1")" "${@:4}" ''
}

# group NAME MEMBER...
group() {
  printf '%s\n' "dn: CN=$1,$USERS" 'objectClass: group' "sAMAccountName: $1"
  printf "member: CN=%s,$USERS\n" "${@:2}"
  printf '\n'
}

# service NAME SPN: a service account that holds AES keys only.
service() {
  user "$1" "$1@$DNS_DOMAIN" $((NORMAL + NEVER_EXPIRES)) "servicePrincipalName: $2" \
    "msDS-SupportedEncryptionTypes: $AES_ONLY"
}

# connector NAME FLAGS [SPN it may delegate to]...; a connector needs an SPN itself, or S4U2Self is refused.
connector() {
  printf '%s\n' "dn: CN=$1,CN=Computers,$BASE_DN" 'objectClass: computer' "sAMAccountName: $1\$" \
    "userAccountControl: $((COMPUTER + NEVER_EXPIRES + $2))" "dNSHostName: ${1,,}.$DNS_DOMAIN" \
    "servicePrincipalName: HOST/${1,,}.$DNS_DOMAIN" "msDS-SupportedEncryptionTypes: $AES_ONLY" \
    "unicodePwd:: $(secret "Lab-${1,,}-1")"
  [ $# -lt 3 ] || printf 'msDS-AllowedToDelegateTo: %s\n' "${@:3}"
  printf '\n'
}

# So that a snapshot does not age: passwords never expire, and none is locked out by a test.
policy() {
  printf '%s\n' "dn: $BASE_DN" 'changetype: modify' 'replace: maxPwdAge' 'maxPwdAge: -9223372036854775808' - \
    'replace: minPwdAge' 'minPwdAge: 0' - 'replace: pwdHistoryLength' 'pwdHistoryLength: 0' - \
    'replace: pwdProperties' 'pwdProperties: 0' - ''
  printf '%s\n' "dn: CN=Partitions,CN=Configuration,$BASE_DN" 'changetype: modify' 'add: uPNSuffixes' \
    "uPNSuffixes: $LAB_UPN_SUFFIX" - ''
}

dns_nodes() {
  local name address
  while read -r name address; do
    case $name in @ | "$LAB_DC" | *DnsZones) continue ;; esac
    printf '%s\n' "dn: DC=$name,DC=$DNS_DOMAIN,CN=MicrosoftDNS,DC=DomainDnsZones,$BASE_DN" 'objectClass: dnsNode' ''
  done < <(dns_hosts)
}
