#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "kernel/audit_control.hpp"
#include "kernel/audit_listener.hpp"
#include "kernel/concurrent_child.hpp"
#include "kernel/exact_recording.hpp"
#include "kernel/generator_process.hpp"

#include <sctrace/audit_status.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/report.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sctrace::verdict;
using sctrace::test::audit_daemon;
using sctrace::test::audit_enabled;
using sctrace::test::audit_listener;
using sctrace::test::can_record;
using sctrace::test::concurrent_child;
using sctrace::test::exact_recording;
using sctrace::test::excluded_program;
using sctrace::test::generator_path;
using sctrace::test::generator_process;
using sctrace::test::getppid_call;
using sctrace::test::kernel_recording;
using sctrace::test::temporary_folder;
using sctrace::test::write_file;

constexpr std::int64_t getuid_call = 102;

/// A generator that makes children: `--spawn KIND:COUNT` with three calls in each process.
void record_spawning(exact_recording& r, const std::string& kind, std::uint64_t children)
{
    r.run({generator_path(), "--spawn", kind + ':' + std::to_string(children), "110:3"});
    r.check_complete();
    BOOST_TEST(r.report.child->code == 0);
    BOOST_TEST(r.processes_made() == children);
    BOOST_TEST(r.count(getppid_call) == 3 * (children + 1));
    BOOST_TEST(r.count_of("wait4") == children);
    BOOST_TEST(r.count_of("exit_group") == children + 1);
    BOOST_TEST(r.count_of("execve") == 1U);
}

/// How often a listener heard a process make a call; empty when the listener itself lost something.
std::optional<std::uint64_t> calls_heard(audit_listener& listener, pid_t pid, std::int64_t number)
{
    const auto mark = sctrace::emit_bracket();
    BOOST_REQUIRE(mark.has_value());
    bool found = false;
    const auto records = listener.records_until(*mark, found);
    if (!found) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::count_if(
        records.begin(), records.end(), [&](const auto& r) { return r.pid == pid && r.syscall == number; }));
}

std::string small_project(const temporary_folder& folder)
{
    write_file(folder.file("main.c"), "int one(void);\nint main(void) { return one() - 1; }\n");
    write_file(folder.file("one.c"), "int one(void) { return 1; }\n");
    write_file(folder.file("Makefile"), "demo: main.o one.o\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -c -o $@ $<\n");
    return folder.path();
}

std::string counts_of(const kernel_recording& r)
{
    return sctrace::to_ndjson(r.report.counts, sctrace::architecture::native());
}

} // namespace

BOOST_AUTO_TEST_SUITE(bad_days)

BOOST_AUTO_TEST_CASE(hundreds_of_short_lived_processes)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.run({"/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done"});
    r.check_complete();
    BOOST_TEST(r.count_of("execve") == 301U);
    BOOST_TEST(r.processes_made() == 300U);
    BOOST_TEST(r.count_of("exit_group") == 301U);
}

BOOST_AUTO_TEST_CASE(a_fork_bomb)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    record_spawning(r, "clone", 1000);
    BOOST_TEST(r.count_of("clone") == 1000U);
}

BOOST_AUTO_TEST_CASE(children_of_children)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    record_spawning(r, "chain", 100);
    BOOST_TEST(r.count_of("clone") == 100U);
}

BOOST_AUTO_TEST_CASE(children_by_vfork)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    record_spawning(r, "vfork", 100);
    BOOST_TEST(r.count_of("vfork") == 100U);
}

BOOST_AUTO_TEST_CASE(children_by_clone3)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    record_spawning(r, "clone3", 100);
    BOOST_TEST(r.count_of("clone3") == 100U);
}

BOOST_AUTO_TEST_CASE(threads)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.run({generator_path(), "--threads", "8", "110:1000", "102:10"});
    r.check_complete();
    BOOST_TEST(r.count(getppid_call) == 8U * 1000U);
    BOOST_TEST(r.count(getuid_call) == 8U * 10U);
    BOOST_TEST(r.count_of("exit_group") == 1U);
}

BOOST_AUTO_TEST_CASE(a_flood_of_others_changes_no_count)
{
    if (!can_record()) {
        return;
    }
    const std::vector<std::string> command{generator_path(), "--processes", "3", "110:500", "39:7"};
    exact_recording alone;
    alone.run(command);
    alone.check_complete();

    generator_process flood({"--threads", "2", "110:40000", "102:40000"});
    exact_recording beside;
    flood.release();
    beside.run(command);
    beside.check_complete();
    BOOST_TEST(counts_of(beside) == counts_of(alone));
    const std::uint32_t records = *beside.report.last_serial - *beside.report.first_serial;
    BOOST_TEST(records > 2 * beside.report.counts.total(), "the flood was over too soon");
    BOOST_TEST(flood.wait() == 0);
}

BOOST_AUTO_TEST_CASE(recorders_at_once_are_each_exact)
{
    if (!can_record()) {
        return;
    }
    concurrent_child other_process([] {
        exact_recording r;
        r.run({generator_path(), "--processes", "2", "110:7000"});
        return std::to_string(r.count(getppid_call)) + ' ' + sctrace::verdict_line(r.report);
    });
    exact_recording first;
    exact_recording second;
    first.options.command.emplace().command = {generator_path(), "--processes", "2", "110:5000"};
    second.options.command.emplace().command = {generator_path(), "--processes", "2", "110:6000"};
    first.start();
    second.start();
    first.finish();
    second.finish();
    first.check_complete();
    second.check_complete();
    BOOST_TEST(first.count(getppid_call) == 2U * 5000U);
    BOOST_TEST(second.count(getppid_call) == 2U * 6000U);
    const std::string said = other_process.result();
    BOOST_TEST(said.starts_with("14000 complete: "), said);
}

BOOST_AUTO_TEST_CASE(a_small_project_is_made_and_complete_with_its_serials)
{
    if (!can_record()) {
        return;
    }
    if (!std::filesystem::exists("/usr/bin/make") || !std::filesystem::exists("/usr/bin/gcc")) {
        sctrace::test::skip("make or gcc is not installed");
        return;
    }
    const temporary_folder folder;
    exact_recording r;
    r.options.output = folder.file("trace.ndjson");
    r.run({"make", "-s", "-j2", "-C", small_project(folder)});
    r.check_complete();
    BOOST_TEST(r.report.child->code == 0);
    BOOST_TEST(r.count_of("exit_group") == 1U + r.processes_made());
    BOOST_TEST(sctrace::test::read_file(r.options.output) == counts_of(r));

    const auto json = boost::json::parse(sctrace::to_json(r.report));
    BOOST_TEST(json.at("verdict").as_string() == "complete");
    BOOST_TEST(json.at("why").as_array().empty());
    const auto first = json.at("first_serial").as_int64();
    const auto last = json.at("last_serial").as_int64();
    BOOST_TEST(last - first > json.at("records").as_int64());
    BOOST_TEST(sctrace::verdict_line(r.report).ends_with("nothing lost (serials " + std::to_string(first) +
                                                         "–" + std::to_string(last) + ")"));
}

BOOST_AUTO_TEST_CASE(a_rule_that_excludes_the_program_is_unproven)
{
    if (!can_record()) {
        return;
    }
    const auto rules_before = sctrace::read_exclude_rules();
    const temporary_folder folder;
    const std::string program = folder.file("generator");
    std::filesystem::copy_file(generator_path(), program);
    exact_recording r;
    {
        const excluded_program rule(program);
        if (!rules_before || !rule.added()) {
            sctrace::test::skip("audit rules can't be added here");
            return;
        }
        r.run({program, "110:145"});
    }
    BOOST_TEST(r.count(getppid_call) == 0U);
    // The command's execve(2) is that of another program still.
    BOOST_TEST(r.count_of("execve") == 1U);
    BOOST_TEST(r.report.counts.total() == 1U);
    // A record that a rule drops takes no serial.
    BOOST_TEST(r.report.loss.serial_gaps == 0U);
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("exclude rule"), r.why());
    BOOST_TEST(sctrace::read_exclude_rules().value().matching == rules_before->matching);
}

BOOST_AUTO_TEST_CASE(a_filter_of_the_target_that_hides_calls_is_unproven)
{
    if (!can_record()) {
        return;
    }
    exact_recording r;
    r.run({generator_path(), "--errno-filter", "102", "102:500", "110:20"});
    BOOST_TEST(r.count(getuid_call) == 0U);
    BOOST_TEST(r.count(getppid_call) == 20U);
    BOOST_TEST(r.report.loss.serial_gaps == 0U);
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("filter of its own"), r.why());
    BOOST_TEST(r.why_mentions("2 seccomp filters"), r.why());
}

BOOST_AUTO_TEST_CASE(an_overrun_of_a_small_buffer_is_bounded_by_what_an_unhurried_reader_heard)
{
    if (!can_record()) {
        return;
    }
    audit_listener unhurried;
    generator_process flood({"110:4000"});
    exact_recording r;
    r.options.receive_buffer = 64 * 1024;
    r.options.pids = {flood.pid()};
    r.start();
    // The recorder does not get to read while the flood goes on.
    flood.release();
    const pid_t pid = flood.pid();
    BOOST_TEST(flood.wait() == 0);
    r.stop();
    const auto heard = calls_heard(unhurried, pid, getppid_call);
    BOOST_REQUIRE(heard.has_value());
    BOOST_TEST(*heard == 4000U);
    const std::uint64_t lost = *heard - r.count(getppid_call);
    BOOST_TEST(lost > 0U);
    BOOST_TEST(r.report.loss.netlink_overruns > 0U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= lost);
    BOOST_TEST(sctrace::verdict_line(r.report).starts_with(
        "incomplete: at most " + std::to_string(*r.report.judged.missing_at_most) + " records missing"));
}

BOOST_AUTO_TEST_CASE(a_small_buffer_that_is_read_at_once_never_says_too_much)
{
    if (!can_record()) {
        return;
    }
    constexpr std::uint64_t calls = 2 * 2 * 4000;
    for (const std::size_t buffer : {4U * 1024U, 64U * 1024U, 256U * 1024U}) {
        exact_recording r;
        r.options.receive_buffer = buffer;
        r.run({generator_path(), "--threads", "2", "--processes", "2", "110:4000"});
        const std::uint64_t lost = calls - r.count(getppid_call);
        BOOST_TEST_CONTEXT("buffer " << buffer << ", lost " << lost << ": " << verdict_line(r.report))
        {
            BOOST_TEST(r.count(getppid_call) <= calls);
            BOOST_TEST((r.report.judged.what != verdict::complete || lost == 0));
            BOOST_TEST((r.report.judged.what != verdict::complete || r.report.loss.netlink_overruns == 0));
            BOOST_TEST((r.report.judged.what != verdict::incomplete ||
                        r.report.judged.missing_at_most.value() >= lost));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_daemon_that_comes_and_goes_takes_nothing_from_the_audit_source)
{
    if (!can_record()) {
        return;
    }
    generator_process first({"110:300"});
    generator_process second({"110:400"});
    generator_process third({"110:500"});
    exact_recording r;
    r.options.pids = {first.pid(), second.pid(), third.pid()};
    r.start();
    first.release();
    BOOST_TEST(first.wait() == 0);
    {
        const audit_daemon daemon;
        if (!daemon.registered()) {
            sctrace::test::skip("this process may not become the audit daemon");
            return r.stop();
        }
        second.release();
        BOOST_TEST(second.wait() == 0);
    }
    third.release();
    BOOST_TEST(third.wait() == 0);
    r.finish();
    r.check_complete();
    BOOST_TEST(r.count(getppid_call) == 300U + 400U + 500U);
    BOOST_TEST(r.count_of("exit_group") == 3U);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_comes_and_goes_leaves_a_hole_in_kmsg)
{
    if (!can_record()) {
        return;
    }
    generator_process first({"110:30"});
    generator_process second({"110:40"});
    generator_process third({"110:50"});
    kernel_recording r;
    r.options.pids = {first.pid(), second.pid(), third.pid()};
    r.start();
    first.release();
    BOOST_TEST(first.wait() == 0);
    {
        const audit_daemon daemon;
        if (!daemon.registered()) {
            sctrace::test::skip("this process may not become the audit daemon");
            return r.stop();
        }
        second.release();
        BOOST_TEST(second.wait() == 0);
    }
    third.release();
    BOOST_TEST(third.wait() == 0);
    r.finish();
    BOOST_TEST(r.count(getppid_call) == 30U + 50U);
    BOOST_TEST((r.report.judged.what == verdict::incomplete), r.why());
    BOOST_TEST(r.report.judged.missing_at_most.value() >= 40U);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_comes_and_stays_silences_kmsg)
{
    if (!can_record()) {
        return;
    }
    generator_process target({"110:40"});
    kernel_recording r;
    r.options.bracket_timeout = std::chrono::milliseconds(300);
    r.options.pids = {target.pid()};
    r.start();
    const audit_daemon daemon;
    if (!daemon.registered()) {
        sctrace::test::skip("this process may not become the audit daemon");
        return r.stop();
    }
    target.release();
    BOOST_TEST(target.wait() == 0);
    r.finish();
    BOOST_TEST(r.count(getppid_call) == 0U);
    BOOST_TEST((r.report.judged.what == verdict::unproven), r.why());
    BOOST_TEST(r.why_mentions("not bracketed"), r.why());
}

BOOST_AUTO_TEST_CASE(audit_that_is_enabled_and_disabled_changes_no_count)
{
    if (!can_record()) {
        return;
    }
    const auto before = sctrace::read_audit_status();
    if (!before) {
        sctrace::test::skip("the state of audit can't be read here");
        return;
    }
    audit_enabled setting(before->enabled);
    generator_process enabled({"110:600"});
    generator_process disabled({"110:700"});
    exact_recording r;
    r.options.pids = {enabled.pid(), disabled.pid()};
    r.start();
    if (!setting.set(true)) {
        sctrace::test::skip("the state of audit is locked");
        return r.stop();
    }
    enabled.release();
    BOOST_TEST(enabled.wait() == 0);
    BOOST_TEST(setting.set(false));
    disabled.release();
    BOOST_TEST(disabled.wait() == 0);
    r.finish();
    r.check_complete();
    BOOST_TEST(r.count(getppid_call) == 600U + 700U);
}

BOOST_AUTO_TEST_SUITE_END()
