#!/usr/bin/env bash
# What the domain controller's container does: restores the domain for its own address, makes the lab's certificates,
# hands keytabs and certificates to the others in LAB_SHARED, and runs Samba.
#
# What DNS answers for the backends: LAB_BACKEND_ADDRESS and LAB_EPA_ADDRESS, or what they leave in LAB_SHARED/addresses
# (container-entry.sh). LAB_CERTIFICATES: "name=SAN,SAN name=SAN ..."
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
: "${LAB_SHARED:=/lab}"
: "${LAB_ADDRESS:=$(hostname -i | awk '{ print $1 }')}"
: "${LAB_CERTIFICATES:=backend=DNS:iwa.corp.example,DNS:plain.corp.example epa=DNS:epa.corp.example}"
address_of() {
  local file=$LAB_SHARED/addresses/$1 n
  for ((n = 0; n < 300; n++)); do
    [ ! -e "$file" ] || { cat "$file" && return; }
    sleep 0.2
  done
  echo "samba-ad: no container left its address in $file within 60 s" >&2
  return 1
}

: "${LAB_BACKEND_ADDRESS:=$(address_of backend)}"
: "${LAB_EPA_ADDRESS:=$(address_of epa)}"
# As in a real network: the domain's DNS passes on what it does not know, here to the containers' own resolver.
: "${LAB_DNS_FORWARDER:=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)}"
export LAB_DNS_FORWARDER LAB_BACKEND_ADDRESS LAB_EPA_ADDRESS LAB_ADDRESS LAB_TLS=$LAB_SHARED/tls

if [ ! -e "$LAB_STATE/private/sam.ldb" ]; then
  "$HERE/restore.sh" /opt/lab/domain.tar.gz
fi
rm -f "$LAB_SHARED/ready"
read -r -a certificates <<< "dc=DNS:dc1.corp.example,IP:$LAB_ADDRESS $LAB_CERTIFICATES"
"$HERE/../tls.sh" "$LAB_TLS" "${certificates[@]}"
mkdir -p "$LAB_SHARED/keytabs"
cp "$LAB_STATE"/keytabs/* "$LAB_SHARED/keytabs/"
cp "$LAB_STATE/krb5.conf" "$LAB_SHARED/krb5.conf"
# Other containers read these under other user ids. It is a lab: what a volume holds is for whoever mounts it. Samba
# itself insists on a private key that it alone can read.
chmod 644 "$LAB_SHARED"/keytabs/* "$LAB_SHARED"/tls/*.key
chmod 600 "$LAB_TLS/dc.key"
touch "$LAB_SHARED/ready"
exec "$HERE/start.sh"
