#include "common/paths.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace sctrace::test;

namespace {

using call_counts = std::map<std::string, std::uint64_t>;

/// `% time  seconds  usecs/call  calls  [errors]  syscall`, between two rules of dashes.
call_counts counts_of_strace(const std::string& table)
{
    call_counts counts;
    std::istringstream lines(table);
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("------")) {
            inside = !inside;
        } else if (inside) {
            std::istringstream columns(line);
            std::vector<std::string> column;
            for (std::string c; columns >> c;) {
                column.push_back(c);
            }
            BOOST_REQUIRE(column.size() >= 5);
            counts[column.back()] = std::stoull(column[3]);
        }
    }
    return counts;
}

std::string describe_difference(const call_counts& ours, const call_counts& theirs)
{
    std::ostringstream text;
    call_counts all = ours;
    all.insert(theirs.begin(), theirs.end());
    for (const auto& [name, ignored] : all) {
        const auto a = ours.find(name);
        const auto b = theirs.find(name);
        const auto in_ours = a == ours.end() ? 0 : a->second;
        const auto in_theirs = b == theirs.end() ? 0 : b->second;
        if (in_ours != in_theirs) {
            text << name << ": " << in_ours << ", strace: " << in_theirs << "; ";
        }
    }
    return text.str();
}

/// How a recording of the command differs from what strace counts; empty: not at all.
std::string difference_to_strace(const words& command)
{
    const temporary_folder folder;
    const outcome ours = run(record({"-o", folder.file("trace")}, command));
    BOOST_TEST(ours.status == 0, ours);
    const outcome theirs = run({joined({"strace", "-f", "-c", "-o", folder.file("strace"), "--"}, command)});
    BOOST_TEST(theirs.status == 0, theirs);
    BOOST_TEST(ours.out == theirs.out);
    call_counts counts = counts_in(read_file(folder.file("trace")));
    call_counts expected = counts_of_strace(read_file(folder.file("strace")));
    // Calls that never return are not in strace's summary.
    counts.erase("exit_group");
    counts.erase("exit");
    // Children that end together send the shell one SIGCHLD or several, and each ends with this call.
    counts.erase("rt_sigreturn");
    expected.erase("rt_sigreturn");
    return describe_difference(counts, expected);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_record)

BOOST_AUTO_TEST_CASE(a_command_with_known_counts_is_exact_and_complete)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const outcome o =
        run(record({"-o", folder.file("trace")}, generator({getppid_calls(250), "-1:2", "123456:4"})));
    BOOST_TEST(o.status == 0, o);
    const auto counts = counts_in(read_file(folder.file("trace")));
    BOOST_TEST(counts.at("getppid") == 250U);
    BOOST_TEST(counts.at("-1") == 2U);
    BOOST_TEST(counts.at("123456") == 4U);
    BOOST_TEST(counts.at("execve") == 1U);
    BOOST_TEST(counts.at("exit_group") == 1U);
    BOOST_TEST(o.says("\ncomplete: " + std::to_string(total(counts)) + " calls of " +
                      std::to_string(counts.size()) + " syscalls, nothing lost (serials "),
               o);
}

BOOST_AUTO_TEST_CASE(the_table_shows_the_most_frequent_calls_first)
{
    if (!can_record()) {
        return;
    }
    const outcome o = run(record({}, generator({getppid_calls(250)})));
    std::istringstream lines(o.err);
    std::string line;
    while (std::getline(lines, line) && !line.starts_with("------")) {
    }
    std::vector<std::uint64_t> calls;
    while (std::getline(lines, line) && !line.starts_with("------")) {
        calls.push_back(std::stoull(line));
        BOOST_TEST((calls.size() != 1 || line.ends_with(" getppid")), line);
    }
    BOOST_REQUIRE(!calls.empty());
    BOOST_TEST(calls.front() == 250U);
    BOOST_TEST(std::is_sorted(calls.rbegin(), calls.rend()), o);
}

BOOST_AUTO_TEST_CASE(a_pipeline_of_a_shell_equals_what_strace_counts)
{
    if (!can_record()) {
        return;
    }
    if (run({words{"sh", "-c", "command -v strace"}}).status != 0) {
        skip("strace is not installed");
        return;
    }
    // Where signals and reads of a pipe meet, two runs of one command need not be alike.
    constexpr int attempts = 5;
    std::string difference;
    for (int i = 0; i != attempts; ++i) {
        difference =
            difference_to_strace(shell("cat /etc/passwd | sort | wc -l; (ls /etc; ls /) | tail -n 1"));
        if (difference.empty()) {
            break;
        }
    }
    BOOST_TEST(difference == "");
}

BOOST_AUTO_TEST_CASE(descendants_are_followed_unless_told_otherwise)
{
    if (!can_record()) {
        return;
    }
    const words command = generator({"--processes", "3", getppid_calls(40)});
    const outcome session = run(record({"-q", "-o", "-"}, command));
    const outcome none = run(record({"-q", "-o", "-", "--follow", "none"}, command));
    // The generator's own line comes first.
    const auto trace_of = [](const outcome& o) { return o.out.substr(o.out.find('\n') + 1); };
    BOOST_TEST(counts_in(trace_of(session)).at("getppid") == 120U);
    BOOST_TEST(counts_in(trace_of(none)).at("getppid") == 40U);
}

BOOST_AUTO_TEST_CASE(a_tree_is_followed_without_a_session)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const outcome o = run(record({"-q", "-o", "-", "--follow", "tree", "--report", folder.file("r.json")},
                                 generator({"--processes", "3", getppid_calls(40)})));
    BOOST_TEST(counts_in(o.out.substr(o.out.find('\n') + 1)).at("getppid") == 120U);
    BOOST_TEST(boost::json::parse(read_file(folder.file("r.json"))).at("session").is_null(), o);
}

BOOST_AUTO_TEST_CASE(a_descendant_in_the_background_is_told_of_or_waited_for)
{
    if (!can_record()) {
        return;
    }
    const words command = shell("(sleep 0.5; exec " + generator_path() + " " +
                                std::to_string(SYS_sched_yield) + ":50) >/dev/null 2>&1 & exit 3");
    const outcome left = run(record({"-o", "-"}, command));
    BOOST_TEST(left.status == 3, left);
    BOOST_TEST(left.says("run on"), left);
    BOOST_TEST(!counts_in(left.out).contains("sched_yield"), left);
    const outcome waited = run(record({"-o", "-", "--wait-descendants"}, command));
    BOOST_TEST(waited.status == 3, waited);
    BOOST_TEST(!waited.says("run on"), waited);
    BOOST_TEST(counts_in(waited.out).at("sched_yield") == 50U, waited);
}

BOOST_AUTO_TEST_CASE(who_waits_for_descendants_can_be_stopped)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    for (const int signal : {SIGINT, SIGTERM}) {
        const std::string sign = folder.file("sign" + std::to_string(signal));
        // Until the command has ended, which the recorder needs a moment to notice, signals are its.
        process p(record(
            {"-o", "-", "--wait-descendants"},
            shell("(until grep -q ') Z ' /proc/$$/stat; do sleep 0.05; done; sleep 0.3; echo > " + sign +
                  "; while [ -e " + folder.path() + " ]; do sleep 0.05; done) >/dev/null 2>&1 & true")));
        BOOST_TEST(eventually([&] { return std::filesystem::exists(sign); }));
        p.signal(signal);
        const outcome o = p.wait();
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.says("run on"), o);
    }
}

BOOST_AUTO_TEST_CASE(two_recorders_at_the_same_time_are_both_exact)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    // Each waits for the other's command; the shell itself never yields the processor.
    const auto start = [&](const std::string& own, const std::string& other, int count) {
        return record({"-o", folder.file(own + ".trace")},
                      shell("echo > " + folder.file(own) + "; while [ ! -e " + folder.file(other) +
                            " ]; do sleep 0.05; done; exec " + generator_path() + " " +
                            std::to_string(SYS_sched_yield) + ":" + std::to_string(count)));
    };
    process a(start("a", "b", 60));
    process b(start("b", "a", 70));
    for (process* each : {&a, &b}) {
        const outcome o = each->wait();
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(!o.says("\nincomplete: "), o);
    }
    BOOST_TEST(counts_in(read_file(folder.file("a.trace")))["sched_yield"] == 60U);
    BOOST_TEST(counts_in(read_file(folder.file("b.trace")))["sched_yield"] == 70U);
}

BOOST_AUTO_TEST_CASE(the_rate_limit_is_lifted_while_recording_and_back_afterwards)
{
    if (!can_record()) {
        return;
    }
    const std::string before = read_setting(ratelimit_setting);
    const outcome o = run(record({}, {"/bin/cat", ratelimit_setting}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == "0\n");
    BOOST_TEST(eventually([&] { return read_setting(ratelimit_setting) == before; }));
}

BOOST_AUTO_TEST_CASE(the_rate_limit_is_left_alone_without_being_asked)
{
    if (!can_record()) {
        return;
    }
    const silent_source source;
    const std::string before = read_setting(ratelimit_setting);
    const outcome o = run(source.record({}, {"/bin/cat", ratelimit_setting}));
    BOOST_TEST(o.out == before + "\n", o);
}

BOOST_AUTO_TEST_CASE(the_command_has_the_caller_s_input_folder_environment_and_arguments)
{
    const silent_source source;
    const temporary_folder folder;
    invocation i =
        source.record({}, {"/bin/sh", "-c", R"(cat; pwd; echo "$SCTRACE_WORD"; printf '<%s>' "$@")", "sh",
                           "--pid", "", "a b", "--"});
    i.folder = folder.path();
    i.input = "from the caller\n";
    i.environment = {"SCTRACE_WORD=word"};
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == "from the caller\n" + folder.path() + "\nword\n<--pid><><a b><-->", o);
}

BOOST_AUTO_TEST_CASE(the_command_has_the_caller_s_signals_and_no_descriptor_more)
{
    const silent_source source;
    const words command = shell("grep ^Sig[BIC] /proc/self/status; ls /proc/self/fd");
    const auto with_signals = [](invocation i) {
        i.prepare = [] {
            sigset_t blocked;
            ::sigemptyset(&blocked);
            ::sigaddset(&blocked, SIGUSR1);
            ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
            ::signal(SIGUSR2, SIG_IGN);
        };
        return run(std::move(i));
    };
    const outcome direct = with_signals({command});
    const outcome recorded = with_signals(source.record({}, command));
    BOOST_TEST(recorded.status == 0, recorded);
    BOOST_TEST(recorded.out == direct.out);
    BOOST_TEST(direct.out.find("SigIgn") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_command_that_floods_its_output_is_not_held_up)
{
    const silent_source source;
    const outcome o =
        run(source.record({}, shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2")));
    BOOST_TEST(o.status == 0);
    BOOST_TEST(o.out.size() == 1000000U);
    BOOST_TEST(o.err.size() > 1000000U);
}

BOOST_AUTO_TEST_CASE(a_command_runs_as_the_user_that_is_named)
{
    if (::geteuid() != 0) {
        skip("needs root");
        return;
    }
    const silent_source source;
    const temporary_folder folder;
    const outcome o =
        run(source.record({"--user", "nobody", "-o", folder.file("trace")},
                          shell("id -u; id -G; grep -E '^(NoNewPrivs|CapEff)' /proc/self/status")));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == "65534\n65534\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n", o);
    struct stat status = {};
    BOOST_REQUIRE(::stat(folder.file("trace").c_str(), &status) == 0);
    BOOST_TEST(status.st_uid == 0U);
}

BOOST_AUTO_TEST_CASE(a_command_of_another_user_is_counted)
{
    if (!can_record()) {
        return;
    }
    const outcome o = run(record({"--user", "nobody", "--require-complete", "-q", "-o", "-"}, {"/bin/true"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(counts_in(o.out).at("execve") == 1U);
}

BOOST_AUTO_TEST_CASE(a_duration_ends_the_command_with_sigterm)
{
    const silent_source source;
    const auto start = std::chrono::steady_clock::now();
    const outcome o = run(source.record({"--duration", "0.3"}, {"/bin/sleep", "100"}));
    BOOST_TEST(o.status == 143, o);
    BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::seconds(50)));
}

BOOST_AUTO_TEST_CASE(a_command_that_ignores_sigterm_is_killed_two_seconds_later)
{
    const silent_source source;
    const auto start = std::chrono::steady_clock::now();
    const outcome o = run(source.record({"--duration", "0.3"}, shell("trap '' TERM; sleep 100; sleep 100")));
    const auto took = std::chrono::steady_clock::now() - start;
    BOOST_TEST(o.status == 137, o);
    BOOST_TEST((took >= std::chrono::milliseconds(2300)));
    BOOST_TEST((took < std::chrono::seconds(50)));
}

BOOST_AUTO_TEST_CASE(a_command_that_ends_before_the_duration_is_not_waited_for)
{
    const silent_source source;
    const outcome o = run(source.record({"--duration", "1000"}, shell("exit 3")));
    BOOST_TEST(o.status == 3, o);
}

BOOST_AUTO_TEST_SUITE_END()
