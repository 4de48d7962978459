#!/usr/bin/env bash
# zsh_completion.sh DOCUMENTS_DIR: what an interactive zsh offers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks.sh"
needs zsh
documents_dir=$(realpath "$1")
export documents_dir
zsh -n "$documents_dir/_asio-sctrace"

make_work_folder
cd "$work"
touch trace.ndjson

# offers LINE WORD…
offers() {
    local line=$1 offered
    shift
    offered=$(timeout 60 zsh -f "$here/zsh_candidates.zsh" "$here/zsh_setup.zsh" "$line") || fail "$line: no answer"
    expect "'$line'" "$(xargs <<<"$offered")" "$*"
}

offers "asio-sctrace " diff doctor enforce merge profile record replay watch
offers "asio-sctrace --quiet re" record replay
offers "asio-sctrace doctor --" --help --json --quiet --version
offers "asio-sctrace record --source=a" audit auto
offers "asio-sctrace profile --format oci --base " @crun @runc trace.ndjson
offers "asio-sctrace merge tr" trace.ndjson
offers "asio-sctrace record -q -- asio-sctrace rep" replay
