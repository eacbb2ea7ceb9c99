#!/bin/bash
# Registers the connector with the gateway's token, once, and runs it.
set -euo pipefail

state=/var/lib/sallyport/state
if [ ! -e "$state/registered" ]; then
  sallyport connector register --state "$state" --token-file /var/lib/sallyport/token/registration
  touch "$state/registered"
fi
dc=$(getent hosts dc | awk '{ print $1 }')
sed "s/@DC@/$dc/" /etc/sallyport/connector.yaml > /var/lib/sallyport/connector.yaml
install -m 600 /lab/keytabs/conn1.keytab /var/lib/sallyport/conn1.keytab
exec sallyport connector run --config /var/lib/sallyport/connector.yaml
