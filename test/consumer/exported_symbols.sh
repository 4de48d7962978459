#!/usr/bin/env bash
# exported_symbols.sh LIBRARY USER_OBJECT…: the shared library exports functions of sctrace only, none of which takes
# anything of Asio's but an any_io_executor, data of sctrace and of Asio, and all that its users' objects need of it.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
needs nm c++filt
library=$1
shift

exported=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u)
needed=$(nm -u "$@" | awk '$1 == "U" { print $2 }' | grep -E '^_Z(T.|GV)?N[KRO]*7sctrace' | sort -u)

of_sctrace='^_Z(T[ISTV]|T[hv].*_|GV)?N[KRO]*7sctrace'
of_asio='^_Z(T[IS]|GV)?Z?N5boost4asio'
functions=$(nm -D --defined-only "$library" | awk '$2 ~ /[TWti]/ { print $NF }' | sort -u)
foreign=$( { grep -vE "$of_sctrace" <<<"$functions"; grep -vE "$of_sctrace|$of_asio" <<<"$exported"; } | c++filt || true)
expect "exported, but not of sctrace" "$foreign" ""
asio_in_signatures=$(c++filt <<<"$functions" | sed 's/boost::asio::any_io_executor//g' | grep -F 'boost::asio::' || true)
expect "exported functions that take something of Asio's" "$asio_in_signatures" ""

[ "$(wc -l <<<"$needed")" -gt 50 ] || fail "the objects of the users need next to nothing of the library"
defined=$(nm --defined-only "$@" | awk '{ print $NF }' | sort -u)
missing=$(comm -23 <(comm -23 <(echo "$needed") <(echo "$defined")) <(echo "$exported") | c++filt)
expect "used by header templates or by the tool, but not exported" "$missing" ""
