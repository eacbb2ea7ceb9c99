#!/usr/bin/env bash
# Runs the lab's Apache in the foreground. It ends on SIGTERM. Settings come from the environment.
set -euo pipefail

: "${LAB_APACHE:=/var/lib/sallyport-lab/apache}" # logs, pid, the large file
: "${LAB_KEYTABS:=/var/lib/sallyport-lab/keytabs}"
: "${LAB_TLS:=/var/lib/sallyport-lab/tls}"       # backend.pem, backend.key
: "${LAB_BACKEND_ADDRESS:=127.88.0.10}"
: "${LAB_DNS_DOMAIN:=corp.example}"
: "${KRB5_CONFIG:=/var/lib/sallyport-lab/krb5.conf}"
: "${LAB_LARGE_MEBIOCTETS:=32}"
HERE=$(dirname "$(readlink -f "$0")")
LAB_SITE=$HERE/site
export LAB_APACHE LAB_KEYTABS LAB_TLS LAB_BACKEND_ADDRESS LAB_DNS_DOMAIN LAB_SITE KRB5_CONFIG

# The workers are www-data and may not be able to walk to where this repository is (a home directory of 0700): in a
# mount namespace of our own, everything is shown under /mnt. A container does without.
if [ "${LAB_PRIVATE_RUN:-yes}" = yes ]; then
  LAB_PRIVATE_RUN=no exec unshare -m --propagation private bash -c '
    set -e
    mkdir -p "$LAB_APACHE"
    mount -t tmpfs -o mode=755 lab /mnt
    mkdir /mnt/apache /mnt/keytabs /mnt/tls /mnt/backend
    mount --bind "$LAB_APACHE" /mnt/apache
    mount --bind "$LAB_KEYTABS" /mnt/keytabs
    mount --bind "$LAB_TLS" /mnt/tls
    mount --bind "$2" /mnt/backend
    cp "$KRB5_CONFIG" /mnt/krb5.conf
    export LAB_APACHE=/mnt/apache LAB_KEYTABS=/mnt/keytabs LAB_TLS=/mnt/tls KRB5_CONFIG=/mnt/krb5.conf
    exec /mnt/backend/start.sh' start "$0" "$HERE"
fi

mkdir -p "$LAB_APACHE"
chmod 755 "$LAB_APACHE"
chgrp www-data "$LAB_KEYTABS"/svc-*.keytab
[ -e "$LAB_APACHE/large" ] || head -c "${LAB_LARGE_MEBIOCTETS}M" /dev/zero | tr '\0' 'x' > "$LAB_APACHE/large"

# The acceptor's replay cache stays on, but in our own directory and not in /var/tmp.
install -d -o www-data -g www-data -m 700 "$LAB_APACHE/replay"
export KRB5RCACHENAME=file2:$LAB_APACHE/replay/cache
exec apache2 -f "$HERE/apache.conf" -DFOREGROUND
