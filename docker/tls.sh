#!/usr/bin/env bash
# tls.sh DIRECTORY NAME=SAN[,SAN...]...: a certificate authority and server certificates for the lab, P-256.
#
#   tls.sh .lab/tls dc=DNS:dc1.corp.example,IP:127.88.1.1 oidc=IP:127.88.1.20
#
# Writes ca.pem and <name>.pem, <name>.key. The authority's key is thrown away when the script ends.
set -euo pipefail

[ $# -ge 2 ] || { echo 'usage: tls.sh DIRECTORY NAME=SAN[,SAN...]...' >&2; exit 2; }
DIRECTORY=$1
shift
CA_KEY=$(mktemp)
trap 'rm -f "$CA_KEY"' EXIT
umask 077
mkdir -p "$DIRECTORY"
DAYS=1000

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null ||
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2> /dev/null; }

new_key "$CA_KEY"
openssl req -x509 -new -key "$CA_KEY" -subj '/CN=Sallyport lab authority' -days "$DAYS" -sha256 \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$DIRECTORY/ca.pem"
for wanted in "$@"; do
  name=${wanted%%=*}
  new_key "$DIRECTORY/$name.key"
  openssl req -new -x509 -key "$DIRECTORY/$name.key" -CA "$DIRECTORY/ca.pem" -CAkey "$CA_KEY" -subj "/CN=$name" \
    -days "$DAYS" -sha256 -addext "subjectAltName=${wanted#*=}" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth -out "$DIRECTORY/$name.pem"
done
chmod 755 "$DIRECTORY"
chmod 644 "$DIRECTORY"/*.pem
