#!/usr/bin/env bash
# Installs the Debian packages that the lab, the native addon, the browser test and the benches need.
#
#   packages.sh [--check] [lab] [samba] [backend] [mit] [far] [native] [browser] [bench] [containers]   (none named: lab)
#
# Says nothing and ends at once when all is there. --check installs nothing and names what is missing.
# Ends with 3 when it would need root, 4 without apt, 5 when apt failed, 6 when --check found gaps.
# No mirror is named here: the backports entry is a copy of the machine's own apt source.
set -euo pipefail

SAMBA=(samba-ad-dc samba-ad-provision winbind krb5-user ldb-tools openssl util-linux procps)
BACKEND=(apache2 libapache2-mod-auth-gssapi python3-gssapi curl)
MIT=(krb5-kdc krb5-admin-server krb5-kdc-ldap slapd ldap-utils faketime)
# KDCs behind an MS-KKDCP proxy, itself behind a forward proxy; how MIT's tools reach one.
FAR=(python3-kdcproxy squid krb5-k5tls)
NATIVE=(libkrb5-dev python3 make g++)
BROWSER=(chromium fonts-liberation)
BENCH=(nginx-light wrk)
CONTAINERS=(podman podman-compose buildah crun netavark aardvark-dns mmdebstrap iptables)
SAMBA_WANTED=2:4.22
EXTRA=/etc/apt/sources.list.d/sallyport-backports
# Slim images leave /usr/share/doc out, which is where Debian keeps the LDAP schema of MIT's KDC.
APT_OPTIONS=(-q -y --no-install-recommends -o DPkg::Lock::Timeout=300
  -o 'Dpkg::Options::=--path-include=/usr/share/doc/krb5-kdc-ldap/*')
export DEBIAN_FRONTEND=noninteractive

say() { printf 'packages: %s\n' "$*"; }
fail() {
  local status=$1
  shift
  printf 'packages: %s\n' "$*" >&2
  exit "$status"
}

packages_of() {
  case $1 in
    lab) echo "${SAMBA[@]}" "${BACKEND[@]}" "${MIT[@]}" "${FAR[@]}" ;;
    samba) echo "${SAMBA[@]}" ;;
    backend) echo "${BACKEND[@]}" ;;
    mit) echo "${MIT[@]}" ;;
    far) echo "${FAR[@]}" ;;
    native) echo "${NATIVE[@]}" ;;
    browser) echo "${BROWSER[@]}" ;;
    bench) echo "${BENCH[@]}" ;;
    containers) echo "${CONTAINERS[@]}" ;;
    *) fail 2 "unknown group '$1'; there are lab (samba, backend, mit and far), native, browser, bench and containers" ;;
  esac
}

missing_of() {
  local package installed
  installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    [[ $installed == *" installed=$package "* ]] || printf '%s ' "$package"
  done
}

# The suite as the machine's own source calls it: bookworm, stable ...
codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"); }

candidate() { apt-cache policy "$@" 2>/dev/null | sed -n 's/^  Candidate: //p' | head -n 1; }

# Copies the first stanza (deb822) or line (old form) that serves the release itself, with another suite.
copy_source() {
  local release=$1 file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v RS= -v release="$release" '
      $0 ~ ("(^|\n)Suites:[^\n]*[ \t]" release "([ \t\n]|$)") {
        sub(/Suites:[^\n]*/, "Suites: " release "-backports"); gsub(/(^|\n)#[^\n]*/, ""); print; exit
      }' "$file" > "$EXTRA.sources"
    [ -s "$EXTRA.sources" ] && return 0
  done
  rm -f "$EXTRA.sources"
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE "s/^(deb( \[[^]]*\])? [^ ]+) $release (.*)/\1 $release-backports \3/p" | head -n 1 > "$EXTRA.list"
  [ -s "$EXTRA.list" ] || { rm -f "$EXTRA.list"; return 1; }
}

# Prints nothing when the release's own Samba is new enough, or the -t option that makes it so.
samba_target() {
  local release own
  own=$(candidate samba-ad-dc)
  dpkg --compare-versions "${own:-0}" ge "$SAMBA_WANTED" && return 0
  release=$(codename)
  if [ "$(. /etc/os-release && echo "${ID:-}")" = debian ] && [ -n "$release" ]; then
    apt-cache policy | grep -q "n=$release-backports" || add_backports "$release" >&2 || true
    own=$(apt-cache madison samba-ad-dc | awk '{print $3}' | sort -V | tail -n 1)
    if dpkg --compare-versions "${own:-0}" ge "$SAMBA_WANTED"; then
      printf '%s' "$release-backports"
      return 0
    fi
  fi
  say "no Samba of ${SAMBA_WANTED#*:} or later within reach; taking ${own:-none}: its KDC knows no resource-based delegation, so those tests are skipped" >&2
}

add_backports() {
  say "Samba ${SAMBA_WANTED#*:} comes from $1-backports: adding $EXTRA.*, a copy of this machine's own source"
  copy_source "$1" || { say "found no apt source for $1 to copy"; return 1; }
  apt-get -q update > "$LOG" 2>&1 && return 0
  say "apt-get update failed with $1-backports; taking it out again"
  rm -f "$EXTRA.sources" "$EXTRA.list"
  apt-get -q update > "$LOG" 2>&1 || true
  return 1
}

# Invoke-rc.d asks this file whether a package may start its service: none may, the lab starts its own.
forbid_services() {
  [ -e /usr/sbin/policy-rc.d ] && return 0
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  POLICY_IS_OURS=yes
}

clean_up() {
  [ -z "${POLICY_IS_OURS:-}" ] || rm -f /usr/sbin/policy-rc.d
  [ -z "${LOG:-}" ] || rm -f "$LOG"
}

apt_install() {
  local status=0
  apt-get "${APT_OPTIONS[@]}" "$@" > "$LOG" 2>&1 || status=$?
  [ "$status" = 0 ] && return 0
  tail -n 20 "$LOG" >&2
  fail 5 "apt-get install ended with $status; its last lines are above"
}

install_packages() {
  local began=$SECONDS package samba=() others=() target=
  say "installing $*"
  apt-get -q update > "$LOG" 2>&1 || say 'apt-get update was not clean; going on with what is there'
  for package in "$@"; do
    if [[ " ${SAMBA[*]} " == *" $package "* ]]; then samba+=("$package"); else others+=("$package"); fi
  done
  if [ ${#samba[@]} -gt 0 ]; then
    target=$(samba_target)
    apt_install install "${samba[@]}" ${target:+-t "$target"}
  fi
  [ ${#others[@]} -eq 0 ] || apt_install install "${others[@]}"
  say "done in $((SECONDS - began)) s"
}

main() {
  local groups=() check= group wanted missing
  for group in "$@"; do
    if [ "$group" = --check ]; then check=yes; else groups+=("$group"); fi
  done
  [ ${#groups[@]} -gt 0 ] || groups=(lab)
  command -v apt-get > /dev/null && command -v dpkg-query > /dev/null ||
    fail 4 'this machine has no apt; the lab is tried on Debian 12 and 13 (or use the images in docker/)'
  wanted=$(for group in "${groups[@]}"; do packages_of "$group"; done)
  read -r -a wanted <<< "$(tr '\n' ' ' <<< "$wanted")"
  missing=$(missing_of "${wanted[@]}")
  [ -n "$missing" ] || return 0
  [ -z "$check" ] || fail 6 "missing: $missing"
  [ "$(id -u)" = 0 ] || fail 3 "missing: $missing(run 'sudo bash docker/packages.sh ${groups[*]}')"
  exec 9> /run/lock/sallyport-packages.lock
  flock 9
  LOG=$(mktemp)
  trap clean_up EXIT
  forbid_services
  read -r -a missing <<< "$missing"
  install_packages "${missing[@]}"
}

main "$@"
