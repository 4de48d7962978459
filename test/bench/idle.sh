#!/usr/bin/env bash
# What a recorder that waits costs: CPU time over some seconds, and anonymous memory.
#
#     test/bench/idle.sh ASIO_SCTRACE [SECONDS]        as root
set -euo pipefail

tool=$1
seconds=${2:-10}
sleep 1000 &
target=$!
"$tool" record --quiet --lift-ratelimit --pid "$target" -o /dev/null --duration $((seconds + 2)) &
recorder=$!
trap 'kill "$target" "$recorder" 2>/dev/null || true' EXIT
sleep 1

ticks() { awk '{print $14 + $15}' "/proc/$recorder/stat"; }
before=$(ticks)
sleep "$seconds"
after=$(ticks)
echo "CPU time while waiting: $(((after - before) * 1000 / $(getconf CLK_TCK))) ms in $seconds s"
grep RssAnon "/proc/$recorder/status"
