#!/usr/bin/env bash
# check_paths.sh: whatever the documents name exists: files and folders of the repository, source files that are named
# without their folder, the targets of links, with the heading after #, and the names of the glossary's "in the code".
# CHANGELOG.md is exempt: it tells of the past.
# shellcheck disable=SC2016 # Backquotes are Markdown's.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

complain() {
    printf '%s: %s\n' "$1" "$2" >&2
    failed=1
}

documents() {
    find README.md lib apps test -name '*.md' | LC_ALL=C sort
}

# Words that begin with a folder of the top level, up to the first character that no path has: lib/src/<area> is lib/src/.
paths_in() {
    grep -oE '(^|[^A-Za-z0-9_./<-])(lib|apps|test|cmake|\.ci)/[A-Za-z0-9_./-]*' "$1" |
        sed -E 's/^[^a-z.]//; s/[.]+$//' | LC_ALL=C sort -u
}

# Names of source files in code spans, without a folder.
file_names_in() {
    grep -oE '`[a-z_0-9]+\.(cpp|hpp|sh|awk|cmake|list)`' "$1" | tr -d '`' | LC_ALL=C sort -u
}

# Targets of Markdown's links; what is inside of a code span is none.
links_in() {
    sed -E 's/`[^`]*`//g' "$1" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//' | LC_ALL=C sort -u
}

# The anchors of a document's headings, as GitHub makes them.
anchors_of() {
    grep -E '^#+ ' "$1" | sed -E 's/^#+ //' | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9_ -]//g; s/ /-/g'
}

# What a term is called in the code, where that is another word: (in the code: `name`).
code_names_in() {
    grep -oE '\(in the code: `[a-z_]+`\)' "$1" | grep -oE '[a-z_]+`\)$' | tr -d '`)' | LC_ALL=C sort -u
}

check_link() {
    local document=$1 link=$2 file anchor=""
    [[ $link != *://* ]] || return 0
    file=${link%%#*}
    [[ $link != *#* ]] || anchor=${link#*#}
    if [ -z "$file" ]; then
        file=$document
    else
        file=$(dirname "$document")/$file
    fi
    if [ ! -e "$file" ]; then
        complain "$document" "the link $link leads nowhere"
    elif [ -n "$anchor" ] && ! anchors_of "$file" | grep -qxF -- "$anchor"; then
        complain "$document" "the link $link names no heading of $file"
    fi
}

sources=$(find lib apps test cmake -type f -printf '%f\n' | LC_ALL=C sort -u)
count=0
while IFS= read -r document; do
    while IFS= read -r path; do
        [ -e "$path" ] || complain "$document" "there is no $path"
        count=$((count + 1))
    done < <(paths_in "$document" || true)
    while IFS= read -r name; do
        grep -qxF "$name" <<<"$sources" || complain "$document" "no file is called $name"
        count=$((count + 1))
    done < <(file_names_in "$document" || true)
    while IFS= read -r name; do
        grep -rqw --include='*.hpp' --include='*.cpp' -e "$name" lib apps ||
            complain "$document" "nothing is called $name in the code any more"
        count=$((count + 1))
    done < <(code_names_in "$document" || true)
    while IFS= read -r link; do
        check_link "$document" "$link"
        count=$((count + 1))
    done < <(links_in "$document" || true)
done < <(documents)
[ "$count" -ne 0 ] || complain check_paths.sh "found no path in any document"
exit "$failed"
