#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

const std::string log_text = kmsg_log(1, 5);
const std::string trace_text = "{\"syscall\":110,\"name\":\"getppid\",\"count\":5}\n";

/// Such a log, and that native architecture, so that the trace is the same on each machine.
invocation replay_to(const std::string& output, const words& more = {})
{
    return replay(joined({"--native", "x86_64", "-o", output}, joined(more, {"-"})), log_text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_output)

BOOST_AUTO_TEST_CASE(a_trace_goes_to_a_file_whole_and_alone)
{
    const temporary_folder folder;
    write_file(folder.file("trace"), "old\n");
    const outcome o = run(replay_to(folder.file("trace")));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(read_file(folder.file("trace")) == trace_text);
    const std::filesystem::directory_iterator files(folder.path());
    BOOST_TEST(std::distance(begin(files), end(files)) == 1);
}

BOOST_AUTO_TEST_CASE(a_trace_goes_to_standard_output_by_each_of_its_names)
{
    for (const std::string path : {"-", "/dev/stdout", "/dev/fd/1"}) {
        const outcome o = run(replay_to(path));
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.out == trace_text, path);
    }
}

BOOST_AUTO_TEST_CASE(a_trace_goes_to_a_descriptor_and_to_a_fifo)
{
    const temporary_folder folder;
    invocation with_file = replay_to("/dev/fd/7");
    with_file.prepare = [path = folder.file("trace")] {
        ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), 7);
    };
    const outcome o = run(with_file);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(read_file(folder.file("trace")) == trace_text);
    const std::string fifo = folder.file("fifo");
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const descriptor reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    BOOST_REQUIRE(reader.get() >= 0);
    const outcome to_fifo = run(replay_to(fifo));
    BOOST_TEST(to_fifo.status == 0, to_fifo);
    std::string text(2 * trace_text.size(), '\0');
    const ssize_t size = ::read(reader.get(), text.data(), text.size());
    BOOST_REQUIRE(size >= 0);
    BOOST_TEST(text.substr(0, static_cast<std::size_t>(size)) == trace_text);
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_named_and_left_alone)
{
    const temporary_folder folder;
    write_file(folder.file("target"), "old\n");
    std::filesystem::create_symlink(folder.file("target"), folder.file("link"));
    const std::vector<std::pair<std::string, std::string>> outputs{
        {folder.file("missing/trace"), "folder"},
        {folder.file("link"), "symbolic link"},
        {folder.path(), "directory"},
        {folder.file("target") + "/trace", "cannot write"},
        {"/dev/fd/987", "descriptor"},
        {"/dev/full", "No space left"},
    };
    for (const std::string option : {"--output", "--report"}) {
        for (const auto& [path, why] : outputs) {
            const outcome o = run(replay({option, path, "-"}, log_text));
            BOOST_TEST(o.status == 1, option << o);
            BOOST_TEST(o.says(path), o);
            BOOST_TEST(o.says(why), o);
        }
    }
    const outcome events = run(replay({"--events", "-o", folder.file("link"), "-"}, log_text));
    BOOST_TEST(events.status == 1, events);
    BOOST_TEST(read_file(folder.file("target")) == "old\n");
}

BOOST_AUTO_TEST_CASE(a_reader_of_the_output_that_has_gone_is_a_failure_and_no_death)
{
    process tool(replay({"-o", "-", "-"}, kmsg_log(1, 100'000)));
    tool.close_output();
    const outcome o = tool.wait();
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("Broken pipe"), o);
}

BOOST_AUTO_TEST_CASE(a_reader_of_events_that_has_seen_enough_hears_no_more)
{
    process tool(replay({"--events", "-"}, kmsg_log(1, 100'000)));
    tool.close_output();
    const outcome o = tool.wait();
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err.empty(), o);
}

BOOST_AUTO_TEST_CASE(a_failed_write_of_events_leaves_the_old_ones)
{
    const temporary_folder folder;
    write_file(folder.file("old"), "old\n");
    invocation i = replay({"--events", "-o", folder.file("old"), "-"}, kmsg_log(1, 10'000));
    i.prepare = [] {
        const rlimit small{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &small);
        ::signal(SIGXFSZ, SIG_IGN);
    };
    const outcome o = run(i);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says(folder.file("old")), o);
    BOOST_TEST(read_file(folder.file("old")) == "old\n");
    const std::filesystem::directory_iterator entries(folder.path());
    BOOST_TEST(std::distance(begin(entries), end(entries)) == 1);
}

BOOST_AUTO_TEST_CASE(a_reader_of_the_messages_that_has_gone_costs_no_trace)
{
    const temporary_folder folder;
    process tool(replay_to(folder.file("trace"), {"--report", folder.file("report")}));
    tool.close_errors();
    BOOST_TEST(tool.wait().status == 0);
    BOOST_TEST(read_file(folder.file("trace")) == trace_text);
    BOOST_TEST(!read_file(folder.file("report")).empty());
}

BOOST_AUTO_TEST_CASE(a_new_trace_has_the_mode_that_the_umask_leaves)
{
    for (const auto& [mask, mode] :
         std::vector<std::pair<mode_t, mode_t>>{{0, 0644}, {022, 0644}, {077, 0600}}) {
        const temporary_folder folder;
        invocation i = replay_to(folder.file("trace"));
        i.prepare = [mask = mask] { ::umask(mask); };
        BOOST_TEST(run(i).status == 0);
        struct stat status = {};
        BOOST_REQUIRE(::stat(folder.file("trace").c_str(), &status) == 0);
        BOOST_TEST((status.st_mode & 07777) == mode);
    }
}

BOOST_AUTO_TEST_CASE(relative_files_are_relative_to_the_caller_s_folder)
{
    const temporary_folder folder;
    write_file(folder.file("log"), log_text);
    invocation i = replay({"--native", "x86_64", "-o", "trace", "log"});
    i.folder = folder.path();
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(read_file(folder.file("trace")) == trace_text);
}

BOOST_AUTO_TEST_CASE(a_file_whose_name_looks_like_an_option_follows_two_dashes)
{
    const temporary_folder folder;
    write_file(folder.file("--pid"), log_text);
    invocation i = replay({"--native", "x86_64", "-o", "-", "--", "--pid"});
    i.folder = folder.path();
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == trace_text);
}

BOOST_AUTO_TEST_CASE(a_log_is_neither_read_twice_nor_written_over)
{
    const temporary_folder folder;
    write_file(folder.file("log"), log_text);
    std::filesystem::create_hard_link(folder.file("log"), folder.file("other"));
    for (const words& same : {words{folder.file("log"), folder.file("other")},
                              words{"-o", folder.file("other"), folder.file("log")},
                              words{"--report", folder.file("log"), folder.file("other")}}) {
        const outcome o = run(replay(same));
        BOOST_TEST(o.status == 2, o);
        BOOST_TEST(o.says("are the same file"), o);
    }
    BOOST_TEST(read_file(folder.file("log")) == log_text);
}

BOOST_AUTO_TEST_SUITE_END()
