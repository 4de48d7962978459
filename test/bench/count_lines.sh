#!/usr/bin/env bash
# count_lines.sh [REVISION]: how many lines of code lib/ has now, and had at a revision (a21b11f unless another one is
# named). Blank lines, lines of comment only and lines of braces only do not count.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
revision=${1:-a21b11f}

# The lines of code among those of standard input. Literals go first: they may hold what begins a comment.
count_code() {
    awk '
        {
            gsub(/"([^"\\]|\\.)*"/, "\"\"")
            code = ""
            rest = $0
            while (rest != "") {
                if (in_comment) {
                    end = index(rest, "*/")
                    in_comment = end == 0
                    rest = in_comment ? "" : substr(rest, end + 2)
                } else if (match(rest, /\/\/|\/\*/)) {
                    code = code substr(rest, 1, RSTART - 1)
                    in_comment = substr(rest, RSTART, 2) == "/*"
                    rest = in_comment ? substr(rest, RSTART + 2) : ""
                } else {
                    code = code rest
                    rest = ""
                }
            }
            gsub(/[][(){};, \t]/, "", code)
            lines += code != ""
        }
        END { print lines + 0 }'
}

sources_now() {
    find lib/include lib/src \( -name '*.hpp' -o -name '*.cpp' \) -exec cat {} +
}

sources_then() {
    local file
    git ls-tree -r --name-only "$revision" lib/include lib/src | grep -E '\.[ch]pp$' |
        while read -r file; do
            git show "$revision:$file"
        done
}

git rev-parse --quiet --verify "$revision^{commit}" >/dev/null || {
    echo "count_lines.sh: this clone does not have the revision $revision" >&2
    exit 1
}
then=$(sources_then | count_code)
now=$(sources_now | count_code)
printf 'lines of code in lib/ at %s: %d\nlines of code in lib/ now: %d\ndifference: %+d\n' \
    "$revision" "$then" "$now" $((now - then))
