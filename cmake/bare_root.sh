#!/usr/bin/env bash
# bare_root.sh SUITE BUILD COMMAND…: makes a bare root of Debian (bookworm, trixie), runs the command in it, in this
# clone, and removes the root. The clone has the same path there, and BUILD, a folder of the clone, is its `build`.
# Takes root, and mmdebstrap. The kernel, /dev, /proc and /sys are this machine's, and so is what ccache keeps.
set -euo pipefail
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=cmake/helpers.sh
. "$clone/cmake/helpers.sh"

[ $# -ge 3 ] || die "usage: bare_root.sh SUITE BUILD COMMAND…"
suite=$1
build=$clone/$2
shift 2

mirror() {
    local found
    found=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian$') || true
    say "${found:-http://deb.debian.org/debian}"
}

make_root() {
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,ccache "$suite" "$root" "$(mirror)"
    # How this machine reaches the mirror is no part of the suite.
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/99acquire"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
}

# Not chroot(2), in which no user namespace can be made. The mounts go with the namespace, whatever ends the command.
enter_root() {
    local cache=${CCACHE_DIR:-${HOME:-/root}/.cache/ccache}
    mkdir -p "$build" "$cache" "$root$clone" "$root$cache" "$root/old"
    # shellcheck disable=SC2016 # The inner shell expands these.
    unshare --mount --propagation private bash -euc '
        root=$1 clone=$2 build=$3 cache=$4
        shift 4
        mount --bind "$root" "$root"
        for shared in /dev /proc /sys "$cache"; do
            mount --rbind "$shared" "$root$shared"
        done
        mount -t tmpfs tmpfs "$root/run"
        mount -t tmpfs tmpfs "$root/tmp"
        mount --bind "$clone" "$root$clone"
        mkdir -p "$root$clone/build"
        mount --bind "$build" "$root$clone/build"
        cd "$root"
        pivot_root . old
        cd "$clone"
        umount --lazy /old
        exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            CCACHE_DIR="$cache" CCACHE_BASEDIR="$clone" CCACHE_NOHASHDIR=1 "$@"
        ' bash "$root" "$clone" "$build" "$cache" "$@"
}

[ "$EUID" -eq 0 ] || die "making a root of Debian takes root"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: apt-get install mmdebstrap"
root=$(mktemp -d /var/tmp/sctrace-root.XXXXXX)
# The tests enter it as other users, too.
chmod 755 "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
make_root
enter_root "$@"
