# shellcheck shell=bash
# Functions that cmake/quickstart.sh and .ci/run share; sourced by bash.
# A failure within $(…) is one of the whole command.
shopt -s inherit_errexit

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The processors there are, but no more compilers than memory allows: a unit that includes Asio takes about 1 GiB.
parallel_jobs() {
    local processors memory_gib
    processors=$(nproc)
    memory_gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
    say $((memory_gib < 1 ? 1 : memory_gib < processors ? memory_gib : processors))
}

use_ccache() {
    if command -v ccache >/dev/null; then
        export CMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
}

# count_tests JUNIT_FILE: the reasons of skipped tests, then `N passed, N failed, N skipped`. A test that did not
# run for any other reason (its program or its fixture is missing) has failed.
count_tests() {
    awk '
        /^\t<testcase / {
            passed_here = / status="run"/
            skipped_here = 0
            reason = "no reason given"
        }
        /^\t\t<skipped message="SKIP_/ { skipped_here = 1 }
        match($0, /\[skipped\] /) { reason = substr($0, RSTART + RLENGTH) }
        /^\t<\/testcase>/ {
            if (passed_here) ++passed
            else if (skipped_here) { ++skipped; ++reasons[reason] }
            else ++failed
        }
        END {
            if (skipped) print "Skipped tests, by reason:"
            for (reason in reasons) {
                count = reasons[reason]
                gsub(/&lt;/, "<", reason); gsub(/&gt;/, ">", reason)
                gsub(/&quot;/, "\"", reason); gsub(/&apos;/, "\047", reason); gsub(/&amp;/, "\\&", reason)
                printf "%6d  %s\n", count, reason
            }
            printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        }' "$1"
}

# run_tests BUILD_DIR [ctest option…]: fails when a test failed or none ran. The counts stay in BUILD_DIR/test_counts.
# SCTRACE_TEST_LAUNCHER is a command that runs them, if that is set.
run_tests() {
    local build status=0 summary
    build=$(realpath "$1")
    shift
    rm -f "$build/tests.xml" "$build/test_counts"
    # shellcheck disable=SC2086 # A command of several words.
    ${SCTRACE_TEST_LAUNCHER:-} ctest --test-dir "$build" --output-on-failure --no-tests=error -j "$(parallel_jobs)" \
        --output-junit "$build/tests.xml" "$@" || status=$?
    [ -f "$build/tests.xml" ] || die "no test ran in $build"

    summary=$(count_tests "$build/tests.xml")
    printf '\n%s\n' "$summary"
    tail -n 1 <<<"$summary" >"$build/test_counts"
    if grep -q '^0 passed, 0 failed' "$build/test_counts"; then
        die "no test ran in $build: all were skipped"
    fi
    return "$status"
}
