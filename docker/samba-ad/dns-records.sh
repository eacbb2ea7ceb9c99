#!/usr/bin/env bash
# Writes the zone's A records straight into the directory, so that a snapshot can be started on any address.
#
# An A record as Active Directory stores it (MS-DNSP 2.3.2.2): data length 4, type 1, version 5, rank 240 (zone),
# flags 0, serial 1, all little-endian; time to live 900 big-endian; reserved and time stamp 0; the address.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/settings.sh"

ZONE=CN=MicrosoftDNS,DC=DomainDnsZones,$BASE_DN
# What the first six octets of a stored A record look like in base64: 04 00 01 00 05 f0.
A_RECORD='dnsRecord:: BAABAAXw'

a_record() {
  local a b c d
  IFS=. read -r a b c d <<< "$1"
  # shellcheck disable=SC2059
  printf "$(printf '\\x04\\x00\\x01\\x00\\x05\\xf0\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x03\\x84\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x%02x\\x%02x\\x%02x\\x%02x' \
    "$a" "$b" "$c" "$d")" | base64 -w 0
}

# One LDIF change: the node's old A records out, the new one in; records of other types stay.
change() {
  local dn=$1 address=$2 old
  printf 'dn: %s\nchangetype: modify\n' "$dn"
  old=$(awk -v dn="dn: $dn" -v mark="$A_RECORD" 'tolower($0) == tolower(dn) { here = 1 } /^$/ { here = 0 } here && index($0, mark) == 1' <<< "$STORED")
  [ -z "$old" ] || printf 'delete: dnsRecord\n%s\n-\n' "$old"
  printf 'add: dnsRecord\ndnsRecord:: %s\n-\n\n' "$(a_record "$address")"
}

# LDIF folds long lines.
unfolded() { sed -e ':again' -e 'N;$!b again' -e 's/\n //g'; }

changes() {
  local name address
  while read -r name address; do
    change "DC=$name,DC=$DNS_DOMAIN,$ZONE" "$address"
  done < <(dns_hosts)
  change "DC=gc,DC=_msdcs.$DNS_DOMAIN,CN=MicrosoftDNS,DC=ForestDnsZones,$BASE_DN" "$LAB_ADDRESS"
}

STORED=$(ldb search --cross-ncs -b "$BASE_DN" '(&(objectClass=dnsNode)(dnsRecord=*))' dnsRecord | unfolded)
changes | ldb modify > /dev/null
