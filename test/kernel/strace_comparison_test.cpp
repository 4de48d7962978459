// Recordings of real programs against `strace -f -c` of the same ones, call by call.
//
// strace counts a call when it returns. exit_group and exit never do, so that it has none of them: that is
// the only difference there may be. They are compared with the processes that were made instead.
//
// strace also adds calls to some programs. A traced process wakes up from a SIGCHLD that it ignores, which
// alone it would not notice (kernel/signal.c, sig_ignored()), and makes the call that it waited in again:
// `xargs -P2`, which reads from one child while another one ends, makes more reads under strace. No such
// program is among these.
//
// What a program does by itself is not the same each time, whoever looks on:
//     * dash handles SIGCHLD: of two children that end at the same moment it may hear once (rt_sigreturn, and
//       wait4, pselect6 and the like that a signal interrupts or not);
//     * the C library draws the name of a temporary file again when the random number was too large for an
//       even spread (getrandom), one time in 22;
//     * the reader of a pipe gets what is there by then (read, poll);
//     * make -j2 asks for limits and opens another standard input for a child that starts while one still
//       runs (dup2, prlimit64).
// So each program is run under both, again and again, until one recording has exactly the counts of one of
// strace's tables, all of them at once. A call that the recorder always missed, or counted twice, would never
// be equal; one that it missed now and then is what each single recording has to prove was not the case.

#include "common/temporary_folder.hpp"
#include "kernel/exact_recording.hpp"
#include "kernel/strace_summary.hpp"
#include "kernel/workplace.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sctrace::test::call_counts;
using sctrace::test::can_record;
using sctrace::test::exact_recording;
using sctrace::test::fixed_addresses;
using sctrace::test::has_programs;
using sctrace::test::strace_summary;
using sctrace::test::temporary_folder;
using sctrace::test::workplace;

/// A shell script, and the programs that it needs, separated by spaces.
struct program {
    std::string_view needs;
    std::string_view script;
};

constexpr program find_program{"find cat", "find src -type f -exec cat {} ';'"};

std::string quiet(std::string_view script)
{
    return "exec </dev/null >/dev/null 2>&1; " + std::string(script);
}

bool can_strace(const workplace& place)
{
    if (!strace_summary({"true"}, place.table())) {
        sctrace::test::skip("strace is not installed, or may not trace");
        return false;
    }
    return true;
}

call_counts counts_by_name(const sctrace::trace& counts)
{
    call_counts named;
    for (const auto& line : counts.sorted(sctrace::architecture::native())) {
        const auto name = sctrace::syscall_name(line.call.arch, line.call.number);
        named[name.value_or(std::to_string(line.call.number))] += line.count;
    }
    return named;
}

call_counts without_ends(call_counts counts)
{
    counts.erase("exit");
    counts.erase("exit_group");
    return counts;
}

call_counts record(const workplace& place, std::string_view script)
{
    place.make_anew();
    exact_recording r;
    r.run(place.command(quiet(script)));
    r.check_complete();
    BOOST_TEST(r.report.child->code == 0);
    // Every process ends once.
    BOOST_TEST(r.sum_of({"exit", "exit_group"}) == 1U + r.processes_made());
    return without_ends(counts_by_name(r.report.counts));
}

call_counts trace_with_strace(const workplace& place, std::string_view script)
{
    place.make_anew();
    const auto counts = strace_summary(place.command(quiet(script)), place.table());
    BOOST_REQUIRE(counts.has_value());
    BOOST_TEST(!counts->contains("exit_group"));
    return *counts;
}

std::string difference(const call_counts& strace, const call_counts& ours)
{
    std::set<std::string> names;
    for (const auto* counts : {&strace, &ours}) {
        for (const auto& each : *counts) {
            names.insert(each.first);
        }
    }
    const auto count = [](const call_counts& counts, const std::string& name) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
    };
    std::string text;
    for (const auto& name : names) {
        if (count(strace, name) != count(ours, name)) {
            text += name + ": strace " + std::to_string(count(strace, name)) + ", ours " +
                    std::to_string(count(ours, name)) + "; ";
        }
    }
    return text;
}

/// All that was counted so far.
struct tables {
    std::vector<call_counts> strace;
    std::vector<call_counts> ours;

    bool have_one_in_common() const
    {
        return std::find_first_of(strace.begin(), strace.end(), ours.begin(), ours.end()) != strace.end();
    }
};

void compare(const program& what)
{
    constexpr int enough = 20;
    const workplace place;
    if (!can_record() || !can_strace(place) || !has_programs(what.needs)) {
        return;
    }
    const fixed_addresses fixed;
    tables seen;
    for (int run = 0; run < enough && !seen.have_one_in_common(); ++run) {
        seen.strace.push_back(trace_with_strace(place, what.script));
        seen.ours.push_back(record(place, what.script));
    }
    BOOST_TEST(seen.strace.front().size() > 10U);
    BOOST_TEST(seen.have_one_in_common(), difference(seen.strace.back(), seen.ours.back()));
    BOOST_TEST_MESSAGE("equal after " << seen.ours.size() << " run(s)");
}

} // namespace

BOOST_AUTO_TEST_SUITE(strace_comparison)

BOOST_AUTO_TEST_CASE(shell_pipeline)
{
    compare({"ls sort wc", "ls / | sort | wc -l"});
}

BOOST_AUTO_TEST_CASE(gcc_compiles_and_links)
{
    compare({"gcc", "gcc -o demo main.c && ./demo"});
}

BOOST_AUTO_TEST_CASE(git)
{
    compare({"git", "git init -q repo && cd repo && echo text >file && touch -d @1700000000 file && "
                    "git add file && git commit -q -m first && git log --oneline"});
}

BOOST_AUTO_TEST_CASE(python_starts_a_subprocess)
{
    compare({"python3", "python3 -I -S -c 'import subprocess; "
                        "print(subprocess.run([\"ls\", \"/\"], capture_output=True).returncode)'"});
}

BOOST_AUTO_TEST_CASE(tar_into_gzip)
{
    compare({"tar gzip", "tar c src | gzip >src.tgz"});
}

BOOST_AUTO_TEST_CASE(find_exec)
{
    compare(find_program);
}

BOOST_AUTO_TEST_CASE(make_j2)
{
    compare({"make gcc", "make -s -j2"});
}

BOOST_AUTO_TEST_CASE(perl_forks_and_waits)
{
    compare({"perl", "perl -e 'for (1 .. 3) { my $p = fork; exec \"true\" if !$p; waitpid $p, 0 }'"});
}

BOOST_AUTO_TEST_CASE(xargs_runs_one_after_another)
{
    compare({"ls xargs", "ls src | xargs -n1 echo"});
}

BOOST_AUTO_TEST_CASE(shell_loop)
{
    compare({"true", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done"});
}

BOOST_AUTO_TEST_CASE(three_runs_of_a_deterministic_program_give_the_same_file)
{
    if (!can_record() || !has_programs(find_program.needs)) {
        return;
    }
    const fixed_addresses fixed;
    const workplace place;
    const temporary_folder results;
    std::set<std::string> files;
    for (int run = 0; run < 3; ++run) {
        place.make_anew();
        exact_recording r;
        r.options.output = results.file("trace.ndjson");
        r.run(place.command(quiet(find_program.script)));
        r.check_complete();
        files.insert(sctrace::test::read_file(r.options.output));
    }
    BOOST_TEST(files.size() == 1U);
    BOOST_TEST(files.begin()->find("\"name\":\"execve\",\"count\":6") != std::string::npos, *files.begin());
}

BOOST_AUTO_TEST_SUITE_END()
