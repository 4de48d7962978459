#!/usr/bin/env bash
# examples.sh NAME FOLDER DATA: the program NAME of apps/examples, which was built in FOLDER, does what it says; DATA is
# the folder of test data. Where records cannot be had, a program that needs them is skipped with the reason that it
# gives.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
name=$1
folder=$(realpath "$2")
data=$(realpath "$3")
# A command that finds the kernel's audit queue full waits for up to a minute (kernel/audit.c, audit_log_start).
deadline=120
make_work_folder
cd "$work"

# run [ARG…]: the example's output goes to the file said, what it writes on stderr to the file complained.
run() {
    local status=0
    timeout "$deadline" "$folder/$name" "$@" >said 2>complained || status=$?
    skip_without_records
    [ "$status" -eq 0 ] || fail "exit status $status of $name $*: $(cat said complained)"
}

skip_without_records() {
    local reason
    reason=$(cat said complained | grep -E -m 1 '^(no records can be had here: )?cannot ' || true)
    [ -z "$reason" ] || skip "$reason"
}

# calls_in TRACE: the sum of its counts
calls_in() {
    grep -oE '"count":[0-9]+' "$1" | awk -F : '{ sum += $2 } END { print sum + 0 }'
}

is_verdict() {
    [[ $1 == complete:\ * || $1 == incomplete:\ * || $1 == unproven:\ * ]]
}

# wait_for TEXT FILE: until the file has the text, or the program that writes it has ended, or the deadline is over
wait_for() {
    local give_up=$((SECONDS + deadline))
    until grep -qF "$1" "$2"; do
        kill -0 "$watching" 2>/dev/null || return 1
        [ "$SECONDS" -lt "$give_up" ] || fail "no $1 within $deadline seconds"
        sleep 0.05
    done
}

check_record() {
    run trace.ndjson ls /
    grep -qx etc said || fail "the command's own output is missing in: $(cat said)"
    is_verdict "$(tail -n 1 said)" || fail "no verdict in: $(cat said)"
    grep -qx '1 execve' said || fail "not one execve in: $(cat said)"
    expect "the sum of what it prints" "$(awk '/^[0-9]+ [a-z0-9_]+$/ { sum += $1 } END { print sum }' said)" \
        "$(calls_in trace.ndjson)"

    local status=0
    timeout "$deadline" "$folder/record" trace.ndjson sh -c 'exit 7' >said 2>&1 || status=$?
    expect "the command's exit status" "$status" 7
}

check_live_feed() {
    run
    expect "how many recorders gave a verdict" "$(grep -cE '^(complete|incomplete|unproven): ' said)" 2
    expect "how many records came live" "$(grep -c '^{"time":.*}$' complained)" "$(calls_in trace.ndjson)"
}

check_thread_pool() {
    local place
    run / /usr "$work"
    for place in / /usr "$work"; do
        is_verdict "$(sed -n "s|^$place: ||p" said)" || fail "no verdict on $place in: $(cat said)"
    done
}

check_watch() {
    "$folder/watch" "$deadline" ls >said 2>complained &
    watching=$!
    wait_for watching complained || skip_without_records
    timeout "$deadline" "$folder/record" trace.ndjson ls / >/dev/null
    wait_for '"name":"exit_group"' said || fail "it ended early: $(cat complained)"
    kill -INT "$watching"
    wait "$watching" || fail "exit status $?: $(cat complained)"
    expect "how many records it says there were" "$(tail -n 1 complained)" "$(grep -c '"comm":"ls"' said) records"
}

check_replay() {
    run "$data/demo.kmsg" ls
    expect "the calls of ls" "$(calls_in said)" 71
    is_verdict "$(tail -n 1 complained)" || fail "no verdict in: $(cat complained)"
}

# More lines at once than a batch holds.
check_own_source() {
    local times=20 i records
    records=$(grep -c '^5,.*type=1326' "$data/demo.kmsg")
    for ((i = 0; i < times; ++i)); do cat "$data/demo.kmsg"; done | run
    expect "its records" "$(grep -c '^{"time":.*}$' said)" $((times * records))
    expect "its calls of ls" "$(grep -c '"comm":"ls"' said)" $((times * 71))
}

"check_$name"
