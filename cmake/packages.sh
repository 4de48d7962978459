# shellcheck shell=bash disable=SC2034
# Which packages of Debian, Ubuntu and their relatives are needed, and how they are installed; sourced by bash after
# helpers.sh.

least_boost=1.81
build_packages=(g++ cmake ninja-build libseccomp-dev zlib1g-dev)
boost_parts=("" -json -program-options)
boost_test_parts=(-test)
# What makes a .deb: CPack looks at the programs with these.
package_packages=(dpkg-dev file)
# A test that needs one of these is skipped, with the reason, where a distribution does not have it.
test_packages=(
    strace git make perl python3
    runc crun busybox-static python3-jsonschema golang-github-opencontainers-specs-dev
    chromium chromium-driver prometheus doxygen
    pkg-config zsh groff-base man-db dpkg-dev file)

missing_packages() {
    local package
    for package in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            say "$package"
        fi
    done
}

# candidates PACKAGE…: a line `PACKAGE VERSION` for each that is installed or that apt can install.
candidates() {
    local missing
    { dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null || true; } |
        sed -n 's/^installed //p'
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    LC_ALL=C apt-cache policy "${missing[@]}" | awk '
        /^[^ ].*:$/ { package = substr($0, 1, length($0) - 1) }
        /^  Candidate: / && $2 != "(none)" { print package, $2 }'
}

# boost_names VERSION PART…: `boost_names 1.83 -json` is libboost-json1.83-dev, `boost_names "" -json` libboost-json-dev.
boost_names() {
    local version=$1 part
    shift
    for part in "$@"; do
        say "libboost$part$version-dev"
    done
}

# boost_fits VERSION PART…: whether all these parts are to be had, and new enough.
boost_fits() {
    local names version fitting=0
    mapfile -t names < <(boost_names "$@")
    while read -r _ version; do
        if dpkg --compare-versions "$version" ge "$least_boost"; then
            fitting=$((fitting + 1))
        fi
    done < <(candidates "${names[@]}")
    [ "$fitting" -eq "${#names[@]}" ]
}

# The versions that stand in package names, newest first.
named_boosts() {
    sed -nE 's/^libboost([0-9]+\.[0-9]+)-dev$/\1/p' | sort -rV
}

installed_boosts() {
    # It fails where no such package is known.
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost*-dev' 2>/dev/null || true; } |
        sed -n 's/^installed //p' | named_boosts
}

offered_boosts() {
    apt-cache pkgnames libboost | named_boosts
}

# The packages that hold Boost's headers, with the version that apt has of each.
describe_boosts() {
    local version names=(libboost-dev) described
    while read -r version; do
        names+=("$(boost_names "$version" "")")
    done < <(offered_boosts)
    described=$(candidates "${names[@]}" | sed 's/ / (/; s/$/)/' | paste -sd , | sed 's/,/, /g')
    say "${described:-none}"
}

# choose_boost PART…: prints the version for versioned package names, or an empty line for the distribution's default
# Boost. One that is installed comes first: two versions cannot be installed beside each other.
choose_boost() {
    local version
    if [ -n "${SCTRACE_BOOST:-}" ]; then
        boost_fits "$SCTRACE_BOOST" "$@" ||
            die "SCTRACE_BOOST is $SCTRACE_BOOST, and apt has no such Boost, or not all of it, or it is older than $least_boost." \
                "It has: $(describe_boosts)"
        say "$SCTRACE_BOOST"
        return
    fi
    while read -r version; do
        if boost_fits "$version" "$@"; then
            say "$version"
            return
        fi
    done < <(installed_boosts && say "" && offered_boosts)
    die "this needs Boost $least_boost or newer, and apt does not have it. It has: $(describe_boosts)"
}

# Where apt has no lists, as in a fresh container, it knows no package.
need_package_lists() {
    command -v apt-get >/dev/null ||
        die "this installs packages of Debian or Ubuntu, and there is no apt-get here." \
            "Needed: ${build_packages[*]}, Boost $least_boost or newer"
    if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        return
    fi
    [ "$EUID" -eq 0 ] || die "apt has no lists of packages yet. As root, run: apt-get update"
    apt-get update -qq
}

# offered PACKAGE…: prints those that are missing and that apt has, and names on standard error what it does not have.
offered() {
    local missing names lacking
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    names=$(candidates "${missing[@]}" | cut -d ' ' -f 1)
    say "$names"
    lacking=$(printf '%s\n' "${missing[@]}" | { grep -vxF "$names" || true; } | xargs)
    [ -z "$lacking" ] || say "apt does not have $lacking here: tests that need them are skipped." >&2
}

install_missing() {
    local missing install
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0

    install="apt-get install --no-install-recommends ${missing[*]}"
    [ "$EUID" -eq 0 ] || die "missing packages: ${missing[*]}. As root, run: apt-get update && $install"

    say "Installing what is missing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    without_services apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
}

# boost_packages PART…
boost_packages() {
    local version
    version=$(choose_boost "$@")
    boost_names "$version" "$@"
}

# install_build_packages [PACKAGE…]: what the library and the tool take, and more.
install_build_packages() {
    local boost
    need_package_lists
    boost=$(boost_packages "${boost_parts[@]}")
    # shellcheck disable=SC2086 # Each word is a package.
    install_missing "${build_packages[@]}" $boost "$@"
}

install_test_packages() {
    local boost tools
    need_package_lists
    boost=$(boost_packages "${boost_parts[@]}" "${boost_test_parts[@]}")
    tools=$(offered "${test_packages[@]}")
    # shellcheck disable=SC2086 # Each word is a package.
    install_missing "${build_packages[@]}" $boost $tools "$@"
}

# Runs a command that installs packages; their services (prometheus) are not started (invoke-rc.d(8)).
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}
