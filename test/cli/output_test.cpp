#include "common/paths.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

mode_t mode_of(const std::string& path)
{
    struct stat status = {};
    BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

/// The command says a word and the trace comes behind it.
void require_trace_behind(const std::string& text, const std::string& word)
{
    BOOST_REQUIRE(text.starts_with(word));
    const auto counts = counts_in(text.substr(word.size()));
    BOOST_TEST(counts.count("write") == 1U, text);
    BOOST_TEST(counts.count("execve") == 1U, text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_output)

BOOST_AUTO_TEST_CASE(a_trace_on_standard_output_comes_after_the_command_s_own)
{
    if (!can_record()) {
        return;
    }
    for (const std::string path : {"-", "/dev/stdout", "/dev/fd/1"}) {
        const outcome o = run(record({"-o", path}, {"/bin/echo", "hello"}));
        BOOST_TEST(o.status == 0, o);
        require_trace_behind(o.out, "hello\n");
    }
}

BOOST_AUTO_TEST_CASE(a_trace_on_a_descriptor_is_appended_where_the_descriptor_stands)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    invocation with_file = record({"-o", "/dev/fd/7"}, shell("/bin/echo hello >&7"));
    with_file.prepare = [path = folder.file("trace")] {
        ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), 7);
    };
    const outcome o = run(with_file);
    BOOST_TEST(o.status == 0, o);
    require_trace_behind(read_file(folder.file("trace")), "hello\n");
}

BOOST_AUTO_TEST_CASE(a_standard_output_that_is_a_file_is_not_replaced)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    invocation to_file = record({"-o", "-"}, {"/bin/echo", "hello"});
    to_file.output_file = folder.file("output");
    const outcome o = run(to_file);
    BOOST_TEST(o.status == 0, o);
    require_trace_behind(read_file(folder.file("output")), "hello\n");
}

BOOST_AUTO_TEST_CASE(quiet_prints_nothing_but_the_trace)
{
    if (!can_record()) {
        return;
    }
    const outcome o = run(record({"--quiet", "-o", "-"}, {"/bin/true"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    BOOST_TEST(counts_in(o.out).at("execve") == 1U);
}

BOOST_AUTO_TEST_CASE(quiet_prints_errors)
{
    const silent_source source;
    const outcome o = run(source.record({"--quiet", "-o", "/no/such/folder/trace"}, {"/bin/true"}));
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("/no/such/folder/trace"), o);
}

BOOST_AUTO_TEST_CASE(without_an_output_only_the_table_is_shown)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    invocation i = record({}, {"/bin/true"});
    i.folder = folder.path();
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty());
    BOOST_TEST(o.says("calls"), o);
    BOOST_TEST(o.says(" execve\n"), o);
    BOOST_TEST(o.says(" total\n"), o);
    BOOST_TEST(o.says("\ncomplete: "), o);
    BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(a_trace_may_go_to_a_fifo)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const std::string fifo = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    process reader({words{"/bin/cat", fifo}});
    const outcome o = run(record({"-o", fifo}, {"/bin/true"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(counts_in(reader.wait().out).at("execve") == 1U);
}

BOOST_AUTO_TEST_CASE(a_fifo_that_nobody_reads_is_125_and_not_waited_for)
{
    const silent_source source;
    const temporary_folder folder;
    const std::string fifo = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const outcome o = run(source.record({"-o", fifo}, shell("echo ran; exit 0")));
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.out == "ran\n");
    BOOST_TEST(o.says("nobody reads the FIFO"), o);
}

BOOST_AUTO_TEST_CASE(a_full_device_is_125_after_the_command_ran)
{
    if (!can_record()) {
        return;
    }
    for (const std::string option : {"--output", "--report"}) {
        const temporary_folder folder;
        const outcome o = run(record({option, "/dev/full"}, shell("echo > " + folder.file("ran"))));
        BOOST_TEST(o.status == 125, o);
        BOOST_TEST(o.says("/dev/full"), o);
        BOOST_TEST(o.says("No space left"), o);
        BOOST_TEST(std::filesystem::exists(folder.file("ran")));
    }
}

BOOST_AUTO_TEST_CASE(a_new_trace_has_the_mode_that_the_umask_leaves)
{
    const silent_source source;
    for (const auto& [mask, mode] :
         std::vector<std::pair<mode_t, mode_t>>{{0, 0644}, {022, 0644}, {077, 0600}}) {
        const temporary_folder folder;
        invocation i =
            source.record({"-o", folder.file("trace"), "--report", folder.file("report")}, {"/bin/true"});
        i.prepare = [mask = mask] { ::umask(mask); };
        const outcome o = run(i);
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(mode_of(folder.file("trace")) == mode);
        BOOST_TEST(mode_of(folder.file("report")) == mode);
    }
}

BOOST_AUTO_TEST_CASE(nothing_but_the_trace_is_left_in_its_folder)
{
    const silent_source source;
    const temporary_folder folder;
    const outcome o =
        run(source.record({"--flush-interval", "0.001", "-o", folder.file("trace")}, {"/bin/sleep", "0.1"}));
    BOOST_TEST(o.status == 0, o);
    const std::filesystem::directory_iterator files(folder.path());
    BOOST_TEST(std::distance(begin(files), end(files)) == 1);
}

BOOST_AUTO_TEST_CASE(a_relative_output_is_relative_to_the_caller_s_folder)
{
    const silent_source source;
    const temporary_folder folder;
    invocation i = source.record({"-o", "trace"}, {"/bin/true"});
    i.folder = folder.path();
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(std::filesystem::exists(folder.file("trace")));
}

BOOST_AUTO_TEST_CASE(the_report_has_its_members_in_their_order)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const outcome o = run(record({"--report", folder.file("report"), "-o", folder.file("trace")},
                                 generator({getppid_calls(20)})));
    BOOST_TEST(o.status == 0, o);
    const std::string text = read_file(folder.file("report"));
    BOOST_TEST(text.find('\n') == text.size() - 1);
    const auto value = boost::json::parse(text);
    const auto& report = value.as_object();
    BOOST_TEST(has_exactly(report, {"version", "source", "native", "command", "pids", "session", "started",
                                    "ended", "records", "syscalls", "verdict", "missing_at_most", "why",
                                    "first_serial", "last_serial", "loss"}),
               text);
    BOOST_TEST(
        has_exactly(report.at("loss").as_object(),
                    {"kmsg_overwritten", "printk_suppressed", "serial_gaps", "audit_lost", "netlink_overruns",
                     "fork_event_overruns", "truncated_records", "malformed_records"}),
        text);
    const auto counts = counts_in(read_file(folder.file("trace")));
    BOOST_TEST(report.at("version") == 1);
    BOOST_TEST(report.at("source") == "kmsg");
    BOOST_TEST(report.at("command") == boost::json::array({generator_path(), getppid_calls(20)}));
    BOOST_TEST(report.at("records").to_number<std::uint64_t>() == total(counts));
    BOOST_TEST(report.at("syscalls").to_number<std::uint64_t>() == counts.size());
    BOOST_TEST(report.at("verdict") == "complete", text);
    BOOST_TEST(report.at("missing_at_most") == 0);
    BOOST_TEST(report.at("first_serial").to_number<std::uint64_t>() <
               report.at("last_serial").to_number<std::uint64_t>());
    for (const char* when : {"started", "ended"}) {
        const std::string time(report.at(when).as_string());
        BOOST_TEST((time.size() == 24 && time[10] == 'T' && time.ends_with('Z')), time);
    }
}

BOOST_AUTO_TEST_CASE(a_report_on_standard_output_comes_after_the_command_s_own)
{
    const silent_source source;
    const outcome o = run(source.record({"--report", "-"}, {"/bin/echo", "hello"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_REQUIRE(o.out.starts_with("hello\n"));
    const auto report = boost::json::parse(o.out.substr(6));
    BOOST_TEST(report.at("verdict") == "unproven");
    BOOST_TEST(report.at("missing_at_most").is_null());
    BOOST_TEST(!report.at("why").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_reader_of_the_trace_that_has_gone_is_125_and_no_death)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    process recorder(record({"-o", "-", "--report", folder.file("report")}, {"/bin/true"}));
    recorder.close_output();
    const outcome o = recorder.wait();
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("Broken pipe"), o);
    BOOST_TEST(std::filesystem::exists(folder.file("report")));
}

BOOST_AUTO_TEST_CASE(a_reader_of_the_messages_that_has_gone_costs_neither_trace_nor_report)
{
    if (!can_record()) {
        return;
    }
    // With `auto`, and with the rate limit on, there are messages before the command runs.
    const std::vector<words> sources{{"--source", "kmsg", "--lift-ratelimit"}, {"--source", "auto"}};
    for (const words& source : sources) {
        const temporary_folder folder;
        process recorder(tool(joined(
            joined({"record"}, source),
            joined({"-o", folder.file("trace"), "--report", folder.file("report"), "--"}, shell("exit 6")))));
        recorder.close_errors();
        BOOST_TEST(recorder.wait().status == 6);
        BOOST_TEST(std::filesystem::exists(folder.file("trace")));
        BOOST_TEST(!read_file(folder.file("report")).empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
