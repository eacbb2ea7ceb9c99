# The part of test-containers.sh that runs in a mount namespace of its own, with podman. Sourced; WORK is set.
# shellcheck shell=bash

REGISTRY=docker.io/library

# Two small files make podman leave this machine's storage and control groups alone.
configure_podman() {
  mkdir -p "$WORK/storage" "$WORK/run"
  cat > "$WORK/storage.conf" << CONF
[storage]
driver = "vfs"
graphroot = "$WORK/storage"
runroot = "$WORK/run"
CONF
  cat > "$WORK/containers.conf" << 'CONF'
[containers]
cgroups = "disabled"
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
CONF
  export CONTAINERS_STORAGE_CONF=$WORK/storage.conf CONTAINERS_CONF=$WORK/containers.conf
}

# The apt source of this machine, for mmdebstrap and for the images; its name is nowhere in the repository.
machine_mirror() {
  apt-cache policy | sed -nE "s#^ *[0-9]+ ([a-z]+://[^ ]+) $1/main .*#\1#p" | head -n 1
}

# What a pull would bring where there is a registry: Debian, and Debian with Node and npm for the build stages. Both get
# this machine's certificates and npm settings, or nothing could be fetched from behind an inspecting proxy.
make_base_images() {
  podman image exists "$REGISTRY/node:24-bookworm-slim" && return 0
  local release root=$WORK/root
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  say "making debian:$release-slim from this machine's apt source"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "$release" "$root" "$(machine_mirror "$release")"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  rm -f "$root/etc/apt/sources.list"
  cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
  tar -C "$root" -cf - . | podman import --quiet - "$REGISTRY/debian:bookworm-slim" > /dev/null
  say "making node:24-bookworm-slim from it, with the pinned Node and this machine's npm"
  install -D node_modules/node/bin/node "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -rL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  mkdir -p "$root/usr/local/etc"
  cat /etc/npmrc "$HOME/.npmrc" 2> /dev/null > "$root/root/.npmrc" || true
  tar -C "$root" -cf - . | podman import --quiet \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$REGISTRY/node:24-bookworm-slim" > /dev/null
  rm -rf "$root"
}

# One layer an image: with the vfs driver every layer is a copy of the whole.
build_image() {
  local name=$1 context=$2 began=$SECONDS
  podman build --layers=false --isolation=chroot --network=host --quiet -t "localhost/$name" -f "$3" "$context" \
    > "$WORK/build.log" 2>&1 || { tail -n 40 "$WORK/build.log"; return 1; }
  say "built $name in $((SECONDS - began)) s"
}

compose() { podman-compose -p sallyport -f docker/compose.yaml "$@"; }

# Not "compose exec": podman-compose mixes its own words into the output.
in_container() {
  local service=$1
  shift
  podman exec "sallyport_${service}_1" "$@"
}

umount -R /sys/fs/cgroup 2> /dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$WORK"
configure_podman
make_base_images
build_image sallyport-lab-dc docker docker/samba-ad/Dockerfile
build_image sallyport-lab-backend docker docker/iwa-backend/Dockerfile
build_image sallyport-lab-oidc . docker/oidc/Dockerfile
build_image sallyport . docker/sallyport/Dockerfile
export WORK
export -f compose in_container run_demo check wait_for_ca sign_in in_browser wait_for_sign_in say
# The bridge and its rules live in a network namespace that ends with this shell.
unshare -n bash -c 'set -euo pipefail; ip link set lo up; run_demo'
