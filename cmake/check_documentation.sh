#!/usr/bin/env bash
# check_documentation.sh BUILD_DIR: Doxygen finds nothing to say about the public headers, every public name has its
# docstring with what belongs into it, every header an example, and lib/README.md names every header. The pages are in
# BUILD_DIR/documentation/html.
# Status 77: Doxygen is not installed.
set -euo pipefail
build=$(realpath "${1:?names no build folder}")
cd "$(dirname "$0")/.."
headers=lib/include/sctrace

# Headers whose names have a meaning only with others; an example of these uses them.
without_example=(
    process_event.hpp    # fork_source, process_tree
    recorder_options.hpp # recorder
    replay_options.hpp   # replayer
    source_options.hpp   # recorder, watcher
    watcher_options.hpp  # watcher
    sctrace.hpp          # includes the others
    src.hpp              # a whole program uses it: test/consumer/other_asio
)

failed=0
complain() {
    printf '%s\n' "$*" >&2
    failed=1
}

check_with_doxygen() {
    local said
    said=$(doxygen "$build/documentation/Doxyfile" 2>&1) || true
    [ -z "$said" ] || complain "$said"
    [ -f "$build/documentation/html/index.html" ] || complain "Doxygen made no pages"
}

# Doxygen before 1.9.5 does not look at enumerators.
check_enumerators() {
    local undocumented
    undocumented=$(awk '
        /<compoundname>/ { owner = $0; gsub(/<[^>]*>| /, "", owner) }
        /<memberdef / { public = / prot="public"/ }
        /<enumvalue / { inside = 1; name = "" }
        inside && /<name>/ && name == "" { name = $0; gsub(/<[^>]*>| /, "", name) }
        inside && /<briefdescription>/ && public {
            getline text
            if (text ~ /<\/briefdescription>/) print owner "::" name " is not documented"
        }
        /<\/enumvalue>/ { inside = 0 }' "$build"/documentation/xml/*.xml)
    [ -z "$undocumented" ] || complain "$undocumented"
}

# Each initiating function tells how it completes, is cancelled and fails, each class which threads may use it.
check_sections() {
    local missing
    missing=$(awk '
        function require(what, title) { if (!(title in titles)) print what " does not tell its " title }
        FNR == 1 { is_class = 0 }
        /<compounddef / { is_class = / kind="class"/ && / prot="public"/; split("", class_titles) }
        /<compoundname>/ { owner = $0; gsub(/<[^>]*>| /, "", owner) }
        /<memberdef / { member = 1; name = ""; split("", titles) }
        member && /<name>/ && name == "" { name = $0; gsub(/<[^>]*>| /, "", name) }
        /<title>/ {
            title = $0
            sub(/.*<title>/, "", title)
            sub(/<\/title>.*/, "", title)
            if (member) titles[title]; else class_titles[title]
        }
        /<\/memberdef>/ {
            member = 0
            if (is_class && name ~ /^async_/) {
                require(owner "::" name "()", "Completion Signature")
                require(owner "::" name "()", "Per-Operation Cancellation")
                require(owner "::" name "()", "Errors")
            }
        }
        /<\/compounddef>/ && is_class && owner ~ /^sctrace::[a-z_]+$/ && !("Thread Safety" in class_titles) {
            print owner " does not tell its Thread Safety"
        }' "$build"/documentation/xml/class*.xml)
    [ -z "$missing" ] || complain "$missing"
}

has_example() {
    grep -q '@par Example$' "$headers/$1"
}

check_examples() {
    local header
    for header in "${without_example[@]}"; do
        ! has_example "$header" || complain "$header has an example by now: take it out of this script's list"
    done
    for header in "$headers"/*.hpp; do
        header=$(basename "$header")
        [[ " ${without_example[*]} " == *" $header "* ]] || has_example "$header" || complain "$header has no example"
    done
}

# The table of lib/README.md names each header once, and no other.
check_readme() {
    local difference
    # shellcheck disable=SC2016 # The quoted dollar signs and backquotes are meant as they are.
    difference=$(diff <(find "$headers" -maxdepth 1 -name "*.hpp" ! -name sctrace.hpp -printf "%f\n" | LC_ALL=C sort) \
        <(grep -E '^\| `[a-z_]+\.hpp`' lib/README.md | cut -d '|' -f 2 | grep -oE '[a-z_]+\.hpp' | LC_ALL=C sort)) || true
    [ -z "$difference" ] || complain "headers (<) and lib/README.md's table of them (>) differ:"$'\n'"$difference"
}

command -v doxygen >/dev/null || {
    echo "[skipped] needs doxygen"
    exit 77
}
check_with_doxygen
check_enumerators
check_sections
check_examples
check_readme
exit "$failed"
