#!/usr/bin/env bash
# Fails where a source file is not as `clang-format -i` would leave it.
set -euo pipefail
cd "$(dirname "$0")/.."

# The packaged name of the version that .clang-format is written for comes first; others differ in details.
formatter=$(command -v clang-format-14 || command -v clang-format) || {
    echo "check_format.sh: clang-format is missing: apt-get install clang-format-14" >&2
    exit 1
}
find lib apps test -name '*.cpp' -print0 -o -name '*.hpp' -print0 |
    xargs -0r "$formatter" --dry-run -Werror
