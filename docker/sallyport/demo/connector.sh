#!/bin/bash
# Registers the connector with the gateway's token, once, and runs it.
set -euo pipefail

if [ ! -e /var/lib/sallyport/state/registered ]; then
  sallyport connector register --state /var/lib/sallyport/state --token-file /token/registration
  touch /var/lib/sallyport/state/registered
fi
exec sallyport connector run --config /etc/sallyport/connector.yaml
