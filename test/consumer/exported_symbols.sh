#!/usr/bin/env bash
# exported_symbols.sh LIBRARY USER_OBJECT…: the shared library exports names of sctrace only, and all that the
# objects of its users need of it.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
needs nm c++filt
library=$1
shift

exported=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u)
needed=$(nm -u "$@" | awk '$1 == "U" { print $2 }' | grep -E '^_Z(T.|GV)?N[KRO]*7sctrace' | sort -u)

foreign=$(grep -vE '^_Z(T[ISTV]|T[hv].*_|GV)?N[KRO]*7sctrace' <<<"$exported" | c++filt || true)
expect "exported, but not of sctrace" "$foreign" ""

[ "$(wc -l <<<"$needed")" -gt 50 ] || fail "the objects of the users need next to nothing of the library"
defined=$(nm --defined-only "$@" | awk '{ print $NF }' | sort -u)
missing=$(comm -23 <(comm -23 <(echo "$needed") <(echo "$defined")) <(echo "$exported") | c++filt)
expect "used by header templates or by the tool, but not exported" "$missing" ""
