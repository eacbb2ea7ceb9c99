#!/usr/bin/env bash
# Fills a freshly provisioned directory: users, groups, services, connector accounts, DNS names. Works on the
# directory's file, so the controller need not run. The table of accounts is in docker/README.md.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
source "$HERE/accounts.sh"

people() {
  local plain=$((NORMAL + NEVER_EXPIRES)) n
  user alice "alice@$DNS_DOMAIN" $plain 'department: Sales' 'employeeID: 0042'
  user bob "robert@$LAB_UPN_SUFFIX" $plain 'employeeID: 0043'
  user carol "carol@$DNS_DOMAIN" $((plain + NOT_DELEGATED))
  user dave "dave@$DNS_DOMAIN" $plain
  user erin "erin@$DNS_DOMAIN" $((plain + DISABLED))
  user frank "frank@$DNS_DOMAIN" $plain 'accountExpires: 132223104000000000' # 2020-01-01
  user grace "grace@$DNS_DOMAIN" $NORMAL 'pwdLastSet: 0'
  user heidi "heidi@$DNS_DOMAIN" $plain
  user ivan "ivan@$DNS_DOMAIN" $plain
  for n in 1 2; do user "victor$n" "victor$n@$DNS_DOMAIN" $plain 'employeeID: 0099'; done # one number, two people
  for n in 3 4 5; do user "victor$n" "victor$n@$DNS_DOMAIN" $plain; done
}

services() {
  local name to_some
  for name in iwa bound other rbcd epa; do service "svc-$name" "HTTP/$name.$DNS_DOMAIN"; done
  to_some=("HTTP/iwa.$DNS_DOMAIN" "HTTP/bound.$DNS_DOMAIN" "HTTP/epa.$DNS_DOMAIN")
  user svc-oidc "svc-oidc@$DNS_DOMAIN" $((NORMAL + NEVER_EXPIRES)) # the OpenID provider looks people up as this one
  connector CONN1 $TRUSTED_TO_AUTH "${to_some[@]}"
  connector CONN2 0 "${to_some[@]}"
  connector CONN3 $TRUSTED_TO_AUTH
  connector CONN4 0
}

groups() {
  local n
  group staff alice bob carol dave heidi ivan victor1 victor2 victor3 victor4 victor5
  group sales alice
  group contractors bob frank
  # ivan is in heidi's groups too: making a group takes most of the time.
  for ((n = 1; n <= LAB_GROUPS_OF_HEIDI; n++)); do group "heidi-$n" heidi ivan; done
  for ((; n <= LAB_GROUPS_OF_IVAN; n++)); do group "ivan-$n" ivan; done
  printf '%s\n' "dn: CN=Protected Users,$USERS" 'changetype: modify' 'add: member' "member: CN=dave,$USERS" - ''
}

allow_rbcd() {
  local name
  for name in CONN3 CONN4; do
    samba-tool delegation add-principal svc-rbcd "$name\$" -H "$SAM" -s "$SMB_CONF" > /dev/null 2>&1 && continue
    say "this Samba cannot grant resource-based delegation to $name\$: what needs it is to be skipped"
  done
}

# gmsa1$, whose password the directory makes and CONN1$ may read. It may delegate as CONN1$ may.
managed_account() {
  local options=(-H "$SAM" -s "$SMB_CONF") dn
  samba-tool domain kds root-key create "${options[@]}" > /dev/null
  samba-tool service-account create --name=gmsa1 --dns-host-name="gmsa1.$DNS_DOMAIN" "${options[@]}" > /dev/null
  samba-tool service-account group-msa-membership add --name=gmsa1 --principal='CONN1$' "${options[@]}" > /dev/null
  dn="CN=gmsa1,CN=Managed Service Accounts,$BASE_DN"
  printf '%s\n' "dn: $dn" 'changetype: modify' 'add: servicePrincipalName' "servicePrincipalName: HOST/gmsa1.$DNS_DOMAIN" - \
    'replace: userAccountControl' "userAccountControl: $((COMPUTER + TRUSTED_TO_AUTH))" - \
    'replace: msDS-SupportedEncryptionTypes' "msDS-SupportedEncryptionTypes: $AES_ONLY" - \
    'add: msDS-AllowedToDelegateTo' "msDS-AllowedToDelegateTo: HTTP/iwa.$DNS_DOMAIN" - '' | ldb modify > /dev/null
}

policy | ldb modify > /dev/null
{ people; services; } | ldb add > /dev/null
groups | ldb modify > /dev/null
dns_nodes | ldb add > /dev/null
"$HERE/dns-records.sh"
allow_rbcd
if has_gmsa; then managed_account; else say 'this Samba makes no group managed service accounts'; fi
