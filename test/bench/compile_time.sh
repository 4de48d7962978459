#!/usr/bin/env bash
# compile_time.sh [ROUNDS]: what compiling the first program of lib/README.md costs, against a program that uses Asio without
# the library: user time and peak memory of the compiler, the median of ROUNDS (5) runs of each in turn.
# CXX and CXXFLAGS choose the compiler and its options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-5}
read -ra compiler <<<"${CXX:-g++}"
read -ra flags <<<"${CXXFLAGS:--O2}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -x /usr/bin/time ] || {
    echo "compile_time.sh: /usr/bin/time is missing: apt-get install time" >&2
    exit 1
}

write_bare_program() {
    cat >"$work/bare.cpp" <<'CPP'
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <iostream>

int main()
{
    boost::asio::io_context context;
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    boost::asio::steady_timer timer(context, std::chrono::seconds(1));

    timer.async_wait([&](boost::system::error_code ec) {
        std::cout << (ec ? ec.message() : "the time is over") << '\n';
        signals.cancel();
    });
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) {
            timer.cancel();
        }
    });
    context.run();
}
CPP
}

# Appends the user time in seconds and the peak memory in KiB to $work/NAME.
compile() {
    /usr/bin/time --quiet -f '%U %M' -a -o "$work/$1" \
        "${compiler[@]}" -std=c++20 "${flags[@]}" -I lib/include -c "$2" -o "$work/$1.o"
}

median() {
    awk -v column="$2" '{ print $column }' "$work/$1" | sort -n | awk '
        { values[NR] = $1 }
        END { print NR % 2 ? values[(NR + 1) / 2] : (values[NR / 2] + values[NR / 2 + 1]) / 2 }'
}

report() {
    local name
    for name in readme bare; do
        printf '%-8s %6.2f s %6.0f MB\n' "$name" "$(median "$name" 1)" \
            "$(median "$name" 2 | awk '{ print $1 * 1024 / 1000000 }')"
    done
    awk -v t1="$(median readme 1)" -v t0="$(median bare 1)" -v m1="$(median readme 2)" -v m0="$(median bare 2)" \
        'BEGIN { printf "ratio    %6.2f   %6.2f     (aim: at most 1.5)\n", t1 / t0, m1 / m0 }'
}

awk -v folder="$work" -f cmake/extract_readme.awk lib/README.md >/dev/null
write_bare_program
for ((round = 0; round < rounds; ++round)); do
    compile readme "$work/1/main.cpp"
    compile bare "$work/bare.cpp"
done
report
