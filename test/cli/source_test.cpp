#include "common/paths.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

outcome record_from(const std::string& source, const words& options, const words& command)
{
    return run(tool(joined(joined({"record", "--kmsg", source}, options), joined({"--"}, command))));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_source)

BOOST_AUTO_TEST_CASE(what_is_neither_a_device_nor_a_fifo_is_refused_before_the_command_runs)
{
    const temporary_folder folder;
    write_file(folder.file("regular"), "5,1,1,-;x\n");
    std::filesystem::create_symlink("/dev/null", folder.file("link"));
    const std::vector<std::pair<std::string, std::string>> sources{
        {folder.file("absent"), "No such file or directory"},
        {folder.file("link"), "symbolic link"},
        {folder.path(), "neither a character device nor a FIFO"},
        {folder.file("regular"), "neither a character device nor a FIFO"},
    };
    for (const auto& [path, why] : sources) {
        const outcome o = record_from(path, {}, shell("echo > " + folder.file("ran")));
        BOOST_TEST(o.status == 125, o);
        BOOST_TEST(o.says(path), o);
        BOOST_TEST(o.says(why), o);
        BOOST_TEST(!std::filesystem::exists(folder.file("ran")));
    }
}

BOOST_AUTO_TEST_CASE(without_a_source_an_old_trace_stays_and_a_missing_one_is_created_empty)
{
    const temporary_folder folder;
    const std::string old = "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n";
    write_file(folder.file("old"), old);
    const outcome kept = record_from(folder.file("absent"), {"-o", folder.file("old")}, {"/bin/true"});
    BOOST_TEST(kept.status == 125, kept);
    BOOST_TEST(read_file(folder.file("old")) == old);
    const outcome created = record_from(folder.file("absent"), {"-o", folder.file("new")}, {"/bin/true"});
    BOOST_TEST(created.status == 125, created);
    BOOST_REQUIRE(std::filesystem::exists(folder.file("new")));
    BOOST_TEST(std::filesystem::file_size(folder.file("new")) == 0U);
}

BOOST_AUTO_TEST_CASE(a_source_that_saw_nothing_writes_an_empty_trace_and_succeeds)
{
    const temporary_folder folder;
    const silent_source source;
    write_file(folder.file("trace"), "old\n");
    const outcome o = run(source.record({"-o", folder.file("trace")}, {"/bin/true"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_REQUIRE(std::filesystem::exists(folder.file("trace")));
    BOOST_TEST(read_file(folder.file("trace")).empty());
}

BOOST_AUTO_TEST_CASE(auto_says_which_source_it_took_and_kmsg_needs_no_word)
{
    if (!can_record()) {
        return;
    }
    const auto messages = [](const words& options) {
        const outcome o = run(tool(joined(joined({"record"}, options), {"--", "/bin/true"})));
        BOOST_TEST(o.status == 0, o);
        return o.err;
    };
    BOOST_TEST(messages({}).find("asio-sctrace: source: ") != std::string::npos);
    BOOST_TEST(messages({"--source", "kmsg", "--lift-ratelimit"}).find("source: ") == std::string::npos);
    BOOST_TEST(messages({"--quiet"}).empty());
}

BOOST_AUTO_TEST_CASE(the_entries_of_a_fifo_are_counted_and_nothing_is_claimed)
{
    const temporary_folder folder;
    const std::string fifo = folder.file("kmsg");
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    process recorder(tool({"record", "--kmsg", fifo, "--pid", "4270", "-o", folder.file("trace")}));
    // Opens when the recorder has opened its end, and its end of file ends the recording.
    process writer({shell("exec cat " + data_file("demo.kmsg") + " > " + fifo)});
    const outcome o = recorder.wait();
    BOOST_TEST(writer.wait().status == 0);
    BOOST_TEST(o.status == 0, o);
    const auto counts = counts_in(read_file(folder.file("trace")));
    BOOST_TEST(total(counts) == 72U);
    BOOST_TEST(counts.at("mmap") == 17U);
    // A line of a user, which the file holds too, would make it two.
    BOOST_TEST(counts.at("execve") == 1U);
    BOOST_TEST(o.says("\nunproven: "), o);
    BOOST_TEST(o.says("not the kernel's own device"), o);
}

BOOST_AUTO_TEST_CASE(a_fifo_may_be_written_in_pieces)
{
    const temporary_folder folder;
    const std::string fifo = folder.file("kmsg");
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    process recorder(tool({"record", "--kmsg", fifo, "--pid", "4270", "-o", folder.file("trace")}));
    process writer({shell("exec dd bs=7 status=none if=" + data_file("demo.kmsg") + " of=" + fifo)});
    const outcome o = recorder.wait();
    BOOST_TEST(writer.wait().status == 0);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(total(counts_in(read_file(folder.file("trace")))) == 72U);
}

BOOST_AUTO_TEST_SUITE_END()
