#!/usr/bin/env bash
# What the second run costs: a command under `record --known`, whose calls are all known, against the same command
# alone. Each round runs both, and the command takes its own time, so that what the recorder does before and after
# it does not count; the whole time is shown beside it.
#
#     test/bench/known.sh ASIO_SCTRACE [ROUNDS]        as root
set -euo pipefail

tool=$1
rounds=${2:-9}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# name: what bash runs; it must make enough calls for a second or so.
workloads=(
    "2 million small reads: dd if=/dev/zero of=/dev/null bs=1 count=2000000 2>/dev/null"
    "find in /usr, three times: for i in 1 2 3; do find /usr -xdev -size +1000000k; done"
    "sha256sum of 600 MB: head -c 600000000 /dev/zero | sha256sum >/dev/null"
)

# The seconds that CMD takes go to $work/seconds.
timed() {
    printf 'start=$EPOCHREALTIME; %s; end=$EPOCHREALTIME; echo $((${end/./} - ${start/./})) >%q\n' "$1" "$work/microseconds"
}

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

for workload in "${workloads[@]}"; do
    script=$(timed "${workload#*: }")
    for _ in 1 2 3; do
        "$tool" record --quiet -o "$work/one.ndjson" -- bash -c "$script"
        if [ -e "$work/known.ndjson" ]; then
            "$tool" merge --quiet -o "$work/known.ndjson" "$work/known.ndjson" "$work/one.ndjson"
        else
            mv "$work/one.ndjson" "$work/known.ndjson"
        fi
    done
    : >"$work/ratios" && : >"$work/whole" && : >"$work/records"
    for ((round = 0; round < rounds; ++round)); do
        began=$EPOCHREALTIME
        bash -c "$script"
        alone=$(cat "$work/microseconds")
        whole_alone=$((${EPOCHREALTIME/./} - ${began/./}))
        began=$EPOCHREALTIME
        "$tool" record --quiet --known "$work/known.ndjson" --report "$work/report.json" -- bash -c "$script"
        known=$(cat "$work/microseconds")
        whole_known=$((${EPOCHREALTIME/./} - ${began/./}))
        awk -v k="$known" -v a="$alone" 'BEGIN { printf "%.3f\n", k / a }' >>"$work/ratios"
        awk -v k="$whole_known" -v a="$whole_alone" 'BEGIN { printf "%.3f\n", k / a }' >>"$work/whole"
        sed -E 's/.*"records":([0-9]+).*/\1/' "$work/report.json" >>"$work/records"
    done
    printf '%-60s %s times the time alone (median of %d rounds; %s to %s), with the recorder itself %s times; %s records\n' \
        "${workload%%: *}" "$(median <"$work/ratios")" "$rounds" "$(sort -n "$work/ratios" | head -1)" \
        "$(sort -n "$work/ratios" | tail -1)" "$(median <"$work/whole")" "$(sort -n "$work/records" | tail -1)"
    rm -f "$work/known.ndjson"
done
