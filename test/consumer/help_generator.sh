#!/usr/bin/env bash
# help_generator.sh CMAKE GENERATOR TOOL: help texts that are not understood are refused, and the message tells where.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
cmake=$1 generator=$2 tool=$(realpath "$3")
make_work_folder

# A tool that says what the real one says, but for one edit.
cat >"$work/tool" <<'END'
#!/usr/bin/env bash
"$real_tool" "$@" | sed -E "$edit"
exit "${PIPESTATUS[0]}"
END
chmod +x "$work/tool"
export real_tool=$tool edit

generate() {
    "$cmake" -D "tool=$work/tool" -D version=1.2.3 -D "output_dir=$work" -P "$generator" 2>&1
}

# refuses EDIT MESSAGE: line breaks of CMake's do not count.
refuses() {
    local said
    edit=$1
    if said=$(generate); then
        fail "accepted after $edit"
    fi
    [[ $(xargs -0 <<<"$said" | tr -s '\n ' ' ') == *"$2"* ]] || fail "after $edit: expected '$2' in $said"
}

edit=''
generate
for document in asio-sctrace.1 asio-sctrace _asio-sctrace; do
    [ -s "$work/$document" ] || fail "$document was not made"
done

refuses 's/^  --pid PID /\t--pid PID /' "the help of record, line 12: a control character"
refuses 's/^  --report FILE /   --report FILE /' "an option"
refuses 's/^  --report FILE /  --Report FILE /' "expected an option"
refuses 's/^(  --report FILE) /\1/' "does not begin in column"
refuses 's/^  (--report) FILE /  \1 BOOK /' "which values 'record --report BOOK' takes"
refuses 's/^(.*) auto: audit if/\1 self: audit if/; s/=auto/=self/' "the help of record --source does not name auto"
refuses 's/^(  asio-sctrace diff .options.) A B/\1 A C/' "what 'A C' in the usage of diff is"
refuses 's/^Exit status/Status/' "does not tell its exit status"
refuses '/^Common options/d; s/ Common options.*//' "does not name the common options"
refuses 's/^Signals: with/Signals: wïth/' "has no escape"
refuses '1s/^asio-sctrace records/It records/' "does not begin with the tool's name"
refuses '1s/[.]$//' "line 1: expected a sentence"
refuses 's/^TIME is/ TIME is/' "expected two spaces or none at the beginning"
refuses 's/^TIME is/  TIME is/' "an indented line is not expected here"
refuses 's/^Signals: .*/Signals:/' "nothing stands below 'Signals:'"
refuses 's/^  doctor /  gossip /' "failed (2)"
