#!/bin/bash
# Runs the gateway and leaves a registration token for the connector in the volume they share.
set -euo pipefail

sallyport gateway run --config /etc/sallyport/gateway.yaml &
gateway=$!
trap 'kill -TERM "$gateway" 2> /dev/null' TERM INT
umask 077
for ((n = 0; n < 60; n++)); do
  if sallyport tokens create --config /etc/sallyport/gateway.yaml > /var/lib/sallyport/token/registration.new 2> /dev/null; then
    mv /var/lib/sallyport/token/registration.new /var/lib/sallyport/token/registration
    break
  fi
  kill -0 "$gateway" 2> /dev/null || break
  sleep 1
done
# The first wait is broken off by the signal that the trap passes on; the second one sees the gateway end.
wait "$gateway" || wait "$gateway"
