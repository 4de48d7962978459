#!/usr/bin/env bash
# quickstart_package.sh ROOT VERSION: `quickstart.sh package` makes the package and says where it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks.sh"
needs dpkg-deb dpkg-shlibdeps gzip file
root=$1 version=$2

said=$("$root/cmake/quickstart.sh" package) || fail "exit status $?"
package=$(sed -n 's/^The package: //p' <<<"$said")
[ -n "$package" ] || fail "does not say where the package is: $said"
grep -qxF "To install it, as root: apt-get install $package" <<<"$said" || fail "does not say how to install it: $said"
"$here/debian_package.sh" "$version" "$package"
