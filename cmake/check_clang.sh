#!/usr/bin/env bash
# Fails where a current clang warns of the library's sources, of a public header by itself, or of what the tests of the
# Asio contract make of it.
set -euo pipefail
cd "$(dirname "$0")/.."

compiler=${SCTRACE_CLANG:-clang++-22}
command -v "$compiler" >/dev/null || {
    echo "check_clang.sh: $compiler is missing: apt-get install ${compiler/++/}" >&2
    exit 1
}

# Boost.Test's macros use __COUNTER__, which clang 22 takes for an extension.
options=(-std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -Wno-unknown-warning-option -Wno-c2y-extensions
    -Wno-psabi -DBOOST_ASIO_NO_DEPRECATED -I lib/include -I lib/src -I test)

"$compiler" "${options[@]}" -x c++ -include sctrace/sctrace.hpp /dev/null
find lib/src test/async/contract -name '*.cpp' -print0 |
    xargs -0 -n 1 -P "$(nproc)" "$compiler" "${options[@]}"
