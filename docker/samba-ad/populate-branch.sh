#!/usr/bin/env bash
# Fills the lab's second domain: people with the names, and the mail addresses, of the first one's. docker/README.md.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
source "$HERE/settings.sh"
source "$HERE/accounts.sh"

people() {
  local plain=$((NORMAL + NEVER_EXPIRES))
  user alice "alice@$DNS_DOMAIN" $plain
  user bob "robert@$LAB_UPN_SUFFIX" $plain
  user carol "carol@$DNS_DOMAIN" $((plain + NOT_DELEGATED))
  user olga "olga@$DNS_DOMAIN" $plain
  user svc-reader "svc-reader@$DNS_DOMAIN" $plain # whose password the connector of the first domain has
}

services() {
  service svc-web "HTTP/web.$DNS_DOMAIN"
  connector CONN5 $TRUSTED_TO_AUTH "HTTP/web.$DNS_DOMAIN"
}

policy | ldb modify > /dev/null
{ people; services; } | ldb add > /dev/null
group staff alice bob carol olga | ldb add > /dev/null
dns_nodes | ldb add > /dev/null
"$HERE/dns-records.sh"
