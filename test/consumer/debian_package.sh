#!/usr/bin/env bash
# debian_package.sh VERSION PACKAGE: looks at what is in the package and runs the tool in it.
# debian_package.sh VERSION CPACK BUILD_DIR: makes the package first.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
needs dpkg-deb dpkg-shlibdeps gzip
version=$1
make_work_folder

make_package() {
    local cpack=$1 build=$2
    "$cpack" -G DEB --config "$build/CPackConfig.cmake" -B "$work/made" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
    package=$work/made/$file_name
}

architecture=$(dpkg --print-architecture)
file_name=asio-sctrace_$version-1_$architecture.deb
package=$2
[ $# -eq 2 ] || make_package "$2" "$3"
expect "file name" "$(basename "$package")" "$file_name"
[ -f "$package" ] || fail "$package was not made"

field() {
    dpkg-deb --field "$package" "$1"
}

expect "name" "$(field Package)" asio-sctrace
expect "version" "$(field Version)" "$version-1"
expect "architecture" "$(field Architecture)" "$architecture"
expect "section and priority" "$(field Section) $(field Priority)" "utils optional"
expect "maintainer" "$(field Maintainer)" "sctrace maintainers <sctrace@example.org>"
expect "first line of the description" "$(field Description | head -n 1)" "record which system calls processes make"
for library in libc6 libseccomp2 zlib1g; do
    [[ ", $(field Depends)" == *", $library"* ]] || fail "no dependency on $library: $(field Depends)"
done
[[ "$(field Depends)" != *libsctrace* ]] || fail "depends on a package that nobody makes: $(field Depends)"

dpkg-deb -x "$package" "$work/root"
expect "files" "$(files_in "$work/root")" "\
usr/bin/asio-sctrace
usr/share/bash-completion/completions/asio-sctrace
usr/share/doc/asio-sctrace/changelog.Debian.gz
usr/share/doc/asio-sctrace/copyright
usr/share/man/man1/asio-sctrace.1.gz
usr/share/zsh/vendor-completions/_asio-sctrace"
expect "owners and modes" "$(dpkg-deb -c "$package" | awk '{ print $1, $2 }' | LC_ALL=C sort -u)" "\
-rw-r--r-- root/root
-rwxr-xr-x root/root
drwxr-xr-x root/root"

dpkg-deb -e "$package" "$work/control"
(cd "$work/root" && md5sum --quiet -c "$work/control/md5sums")
expect "files with a checksum" "$(wc -l <"$work/control/md5sums")" 6

expect "the tool's version" "$("$work/root/usr/bin/asio-sctrace" --version)" "asio-sctrace $version"
manual=$(zcat "$work/root/usr/share/man/man1/asio-sctrace.1.gz")
[[ $manual == *".SH EXIT STATUS"* ]] || fail "the manual page is damaged"
changelog=$(zcat "$work/root/usr/share/doc/asio-sctrace/changelog.Debian.gz")
[[ $changelog == "asio-sctrace ($version-1) unstable; urgency=medium"* ]] || fail "the changelog is damaged"
