#!/usr/bin/env bash
# boost_packages.sh CMAKE_DIR: which packages quickstart.sh takes from distributions with different versions of Boost.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
needs dpkg
cmake_dir=$1
make_work_folder
mkdir "$work/bin"

# An apt-cache and a dpkg-query that know the lines of two files: `PACKAGE VERSION`.
cat >"$work/bin/apt-cache" <<'END'
#!/usr/bin/env bash
case $1 in
pkgnames) cut -d ' ' -f 1 "$work/offered" | grep "^$2" ;;
policy)
    for package in "${@:2}"; do
        if grep -q "^$package " "$work/offered"; then
            printf '%s:\n  Installed: (none)\n  Candidate: %s\n  Version table:\n' $(grep "^$package " "$work/offered")
        fi
    done
    ;;
esac
END
cat >"$work/bin/dpkg-query" <<'END'
#!/usr/bin/env bash
format=$3
status=0
for pattern in "${@:4}"; do
    found=1
    while read -r package version; do
        if [[ $package == $pattern ]]; then
            line=${format//'${db:Status-Status}'/installed}
            line=${line//'${Package}'/$package}
            printf "${line//'${Version}'/$version}"
            found=0
        fi
    done <"$work/installed"
    # As dpkg-query(1) ends where it knows no such package.
    ((status |= found)) || true
done
exit "$status"
END
chmod +x "$work/bin"/*
export work PATH=$work/bin:$PATH

# family NAME_VERSION VERSION: the lines of a Boost's packages.
family() {
    local part
    for part in "" -json -program-options -test; do
        echo "libboost$part$1-dev $2"
    done
}

# in_quickstart COMMAND…: what a function of the script says
in_quickstart() {
    (
        set -euo pipefail
        . "$cmake_dir/helpers.sh"
        . "$cmake_dir/packages.sh"
        "$@"
    ) 2>&1 | xargs
}

expect_boost() {
    local what=$1 expected=$2
    expect "$what" "$(in_quickstart boost_packages "" -json -program-options -test)" "$expected"
}

names() {
    family "$1" 1 | cut -d ' ' -f 1 | xargs
}

: >"$work/installed"
{ family "" 1.74.0.3 && family 1.74 1.74.0-21 && family 1.81 1.81.0-5+deb12u1; } >"$work/offered"
expect_boost "on Debian 12" "$(names 1.81)"

{ family "" 1.83.0.2+b2 && family 1.83 1.83.0-4.2 && family 1.88 1.88.0-1; } >"$work/offered"
expect_boost "on Debian 13" "$(names "")"
SCTRACE_BOOST=1.88 expect_boost "on Debian 13, with 1.88 chosen" "$(names 1.88)"
SCTRACE_BOOST=1.81 expect_boost "a Boost that is not there" "boost_packages.sh: SCTRACE_BOOST is 1.81, and apt has no such \
Boost, or not all of it, or it is older than 1.81. It has: libboost-dev (1.83.0.2+b2), libboost1.88-dev (1.88.0-1), \
libboost1.83-dev (1.83.0-4.2)"

family 1.88 1.88.0-1 >"$work/installed"
expect_boost "where a newer one is installed" "$(names 1.88)"
grep -v -e -test "$work/installed" >"$work/part" && mv "$work/part" "$work/installed"
expect_boost "where a part of a newer one is installed" "$(names 1.88)"
SCTRACE_BOOST=1.83 expect_boost "where another is installed than chosen" "$(names 1.83)"

family 1.74 1.74.0-21 >"$work/installed"
expect_boost "where one is installed that is too old" "$(names "")"

: >"$work/installed"
{ family "" 1.83.0.1ubuntu2 && family 1.83 1.83.0-2.1ubuntu3.1; } >"$work/offered"
expect_boost "on Ubuntu 24.04" "$(names "")"
{ family "" 1.83.0.1ubuntu2 | grep -v -e -json && family 1.83 1.83.0-2.1ubuntu3.1; } >"$work/offered"
expect_boost "where the default Boost lacks a part" "$(names 1.83)"
{ family "" 1.74.0.3 && family 1.9 1.9.0-1 && family 1.84 1.84.0-1 && family 1.100 1.100.0-1; } >"$work/offered"
expect_boost "the newest of several" "$(names 1.100)"

{ family "" 1.74.0.3 && family 1.74 1.74.0-14; } >"$work/offered"
expect_boost "where all are too old" "boost_packages.sh: this needs Boost 1.81 or newer, and apt does not have it. \
It has: libboost-dev (1.74.0.3), libboost1.74-dev (1.74.0-14)"
: >"$work/offered"
expect_boost "where there is none" "boost_packages.sh: this needs Boost 1.81 or newer, and apt does not have it. It has: none"

printf 'strace 6.1\nzsh 5.9\n' >"$work/offered"
echo "git 2.39" >"$work/installed"
expect "packages of which one is missing and one not offered" "$(in_quickstart offered git strace zsh)" "strace zsh"
expect "a package that is not offered" "$(in_quickstart offered git strace chromium)" \
    "strace apt does not have chromium here: tests that need them are skipped."
expect "packages that are installed" "$(in_quickstart offered git)" ""
