#!/usr/bin/env bash
# man_page.sh PAGE TOOL: the page formats without a warning and has every command and option of the help texts.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
page=$1 tool=$2

plain=$(sed -E 's/\\f[BIR]//g; s/\\-/-/g; s/\\(\([a-z]{2}|e|&)/ /g' "$page")

# lines_of_section NAME
lines_of_section() {
    awk -v name="$1" '/^\.SH / { inside = substr($0, 5) == name } inside' <<<"$plain"
}

for section in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES "SEE ALSO"; do
    [ "$(lines_of_section "$section" | wc -l)" -gt 1 ] || fail "section $section is missing or empty"
done

words_of() {
    grep -oE '[A-Za-z0-9]+' | tr '[:upper:]' '[:lower:]' | sort -u
}

commands=$("$tool" --help | awk '/^Commands:/ { inside = 1; next } /^$/ { inside = 0 } inside { print $1 }')
expect "order of the commands" \
    "$(awk '/^\.SH / { print tolower($2) }' <<<"$plain" | grep -xF "$commands" | xargs)" "$(xargs <<<"$commands")"

for command in $commands; do
    section=$(lines_of_section "${command^^}")
    help=$("$tool" "$command" --help)
    options=$(awk '/^Options:/ { inside = 1; next } /^$/ { inside = 0 } inside' <<<"$help" |
        sed -nE 's/^  (-. \[ |-., )?(--[a-z-]+).*/\2/p')
    expect "options of $command" "$(grep -oE '^(-., )?--[a-z-]+' <<<"$section" | grep -oE -- '--.*')" "$options"

    # Each word of the help, whatever the line it stands on.
    lost=$(comm -23 <(words_of <<<"$help") <(words_of <<<"$plain"))
    expect "words of the help of $command that the page lacks" "$lost" ""
done

needs groff
expect "groff's warnings" "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" ""
if command -v man >/dev/null; then
    expect "man's warnings" "$(LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 >/dev/null)" ""
fi
