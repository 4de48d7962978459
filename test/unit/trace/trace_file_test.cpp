#include "common/temporary_folder.hpp"

#include <sctrace/trace_file.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using sctrace::trace_file;
using durability = trace_file::durability;

std::string contents_of(const std::string& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t files_in(const std::string& folder)
{
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

struct in_folder {
    sctrace::test::temporary_folder folder;
    std::string path = folder.path() + "/trace.ndjson";
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(trace_files, in_folder)

BOOST_AUTO_TEST_CASE(preparing_changes_nothing)
{
    BOOST_TEST(trace_file::prepare(path).has_value());
    BOOST_TEST(files_in(folder.path()) == 0U);
}

BOOST_AUTO_TEST_CASE(each_write_replaces_the_whole)
{
    const auto file = trace_file::prepare(path);
    BOOST_REQUIRE(file.has_value());
    BOOST_TEST(file->write("a longer text\n", durability::interim).has_value());
    BOOST_TEST(contents_of(path) == "a longer text\n");
    BOOST_TEST(file->write("short\n", durability::final).has_value());
    BOOST_TEST(contents_of(path) == "short\n");
    BOOST_TEST(files_in(folder.path()) == 1U);
}

BOOST_AUTO_TEST_CASE(the_mode_is_0644_less_the_umask)
{
    const mode_t old = ::umask(027);
    const auto file = trace_file::prepare(path);
    BOOST_TEST(file->write("x", durability::interim).has_value());
    ::umask(old);
    struct stat status = {};
    BOOST_TEST(::stat(path.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777U) == 0640U);
}

BOOST_AUTO_TEST_CASE(a_name_as_long_as_names_can_be_works)
{
    const std::string longest = folder.path() + '/' + std::string(255, 'n');
    const auto file = trace_file::prepare(longest);
    BOOST_REQUIRE(file.has_value());
    BOOST_TEST(file->write("x", durability::final).has_value());
    BOOST_TEST(contents_of(longest) == "x");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_too_long_is_told_at_once)
{
    const auto file = trace_file::prepare(folder.path() + '/' + std::string(300, 'n'));
    BOOST_REQUIRE(file.has_error());
    BOOST_TEST(file.error().code.value() == ENAMETOOLONG);
}

BOOST_AUTO_TEST_CASE(what_others_left_in_the_folder_stays)
{
    sctrace::test::write_file(folder.file(".sctrace-1"), "another's\n");
    const auto file = trace_file::prepare(path);
    BOOST_TEST(file->write("x", durability::final).has_value());
    BOOST_TEST(contents_of(folder.file(".sctrace-1")) == "another's\n");
    BOOST_TEST(files_in(folder.path()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_reader_never_sees_a_part)
{
    const auto file = trace_file::prepare(path);
    const std::string a(100000, 'a');
    const std::string b(50000, 'b');
    BOOST_TEST(file->write(a, durability::interim).has_value());
    std::thread writer([&] {
        for (int i = 0; i < 200; ++i) {
            static_cast<void>(file->write(i % 2 == 0 ? b : a, durability::interim));
        }
    });
    std::size_t torn = 0;
    for (int i = 0; i < 500; ++i) {
        const std::string seen = contents_of(path);
        torn += seen != a && seen != b ? 1 : 0;
    }
    writer.join();
    BOOST_TEST(torn == 0U);
}

BOOST_AUTO_TEST_CASE(symbolic_links_and_directories_are_refused)
{
    fs::create_symlink(folder.path() + "/elsewhere", path);
    const auto link = trace_file::prepare(path);
    BOOST_REQUIRE(link.has_error());
    BOOST_TEST((link.error().code == sctrace::error::output_is_symlink));
    BOOST_TEST(link.error().message.find(path) != std::string::npos);

    const auto directory = trace_file::prepare(folder.path());
    BOOST_REQUIRE(directory.has_error());
    BOOST_TEST((directory.error().code == sctrace::error::output_is_directory));
}

BOOST_AUTO_TEST_CASE(a_missing_folder_is_named_with_advice)
{
    const auto file = trace_file::prepare(folder.path() + "/no/such/trace");
    BOOST_REQUIRE(file.has_error());
    BOOST_TEST(file.error().code.value() == ENOENT);
    BOOST_TEST(file.error().message.find("/no/such/trace") != std::string::npos);
    BOOST_TEST(file.error().message.find("create its folder") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_old_contents)
{
    const auto file = trace_file::prepare(path);
    BOOST_TEST(file->write("old\n", durability::final).has_value());
    // A file size limit stands for a full disk: the write stops in the middle.
    rlimit before = {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const auto written = file->write(std::string(10000, 'x'), durability::interim);
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, old_handler);
    BOOST_REQUIRE(written.has_error());
    BOOST_TEST(written.error().code.value() == EFBIG);
    BOOST_TEST(contents_of(path) == "old\n");
    BOOST_TEST(files_in(folder.path()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_target_that_became_a_directory_fails_and_leaves_no_temporary_file)
{
    const auto file = trace_file::prepare(path);
    fs::create_directory(path);
    BOOST_TEST(file->write("x", durability::interim).has_error());
    BOOST_TEST(files_in(folder.path()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_device_is_written_once_at_the_end)
{
    const auto full = trace_file::prepare("/dev/full");
    BOOST_REQUIRE(full.has_value());
    BOOST_TEST(full->write("x", durability::interim).has_value());
    const auto last = full->write("x", durability::final);
    BOOST_REQUIRE(last.has_error());
    BOOST_TEST(last.error().code.value() == ENOSPC);
}

BOOST_AUTO_TEST_CASE(a_fifo_gets_the_last_contents)
{
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto file = trace_file::prepare(path);
    BOOST_REQUIRE(file.has_value());

    const auto unread = file->write("x", durability::final);
    BOOST_REQUIRE(unread.has_error());
    BOOST_TEST(unread.error().message.find("nobody reads") != std::string::npos);

    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    BOOST_TEST(file->write("interim", durability::interim).has_value());
    BOOST_TEST(file->write("final", durability::final).has_value());
    char buffer[32] = {};
    BOOST_TEST(::read(reader, buffer, sizeof buffer) == 5);
    BOOST_TEST(std::string(buffer) == "final");
    ::close(reader);
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_written_itself)
{
    int ends[2] = {};
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const auto file = trace_file::prepare("/dev/fd/" + std::to_string(ends[1]));
    BOOST_REQUIRE(file.has_value());
    BOOST_TEST(file->write("interim", durability::interim).has_value());
    BOOST_TEST(file->write("final", durability::final).has_value());
    char buffer[32] = {};
    BOOST_TEST(::read(ends[0], buffer, sizeof buffer) == 5);
    BOOST_TEST(std::string(buffer) == "final");
    ::close(ends[0]);
    ::close(ends[1]);
    BOOST_TEST(trace_file::prepare("/dev/fd/999").has_error());
    const int read_only = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    BOOST_TEST(trace_file::prepare("/dev/fd/" + std::to_string(read_only)).has_error());
    ::close(read_only);
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_created_only_where_there_is_none)
{
    const auto file = trace_file::prepare(path);
    BOOST_TEST(file->create_if_absent().has_value());
    BOOST_TEST(fs::exists(path));
    BOOST_TEST(file->write("kept", durability::final).has_value());
    BOOST_TEST(file->create_if_absent().has_value());
    BOOST_TEST(contents_of(path) == "kept");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(trace_file_writers, in_folder)

BOOST_AUTO_TEST_CASE(pieces_become_the_contents_when_they_are_committed)
{
    sctrace::test::write_file(path, "old\n");
    const auto file = trace_file::prepare(path);
    for (const auto how : {durability::interim, durability::final}) {
        auto writer = file->begin();
        BOOST_REQUIRE(writer.has_value());
        std::string expected;
        for (int i = 0; i < 1000; ++i) {
            const std::string piece = std::to_string(i) + '\n';
            BOOST_REQUIRE(writer->append(piece).has_value());
            expected += piece;
        }
        BOOST_TEST(writer->append("").has_value());
        BOOST_TEST(contents_of(path) != expected);
        BOOST_TEST(writer->commit(how).has_value());
        BOOST_TEST(contents_of(path) == expected);
        BOOST_TEST(files_in(folder.path()) == 1U);
        sctrace::test::write_file(path, "old\n");
    }
}

BOOST_AUTO_TEST_CASE(a_commit_without_a_piece_makes_the_file_empty)
{
    sctrace::test::write_file(path, "old\n");
    auto writer = trace_file::prepare(path)->begin();
    BOOST_TEST(writer->commit(durability::final).has_value());
    BOOST_TEST(fs::file_size(path) == 0U);
}

BOOST_AUTO_TEST_CASE(without_a_commit_nothing_has_happened)
{
    const auto file = trace_file::prepare(path);
    {
        auto writer = file->begin();
        BOOST_TEST(writer->append("new\n").has_value());
        BOOST_TEST(files_in(folder.path()) == 1U);
        BOOST_TEST(!fs::exists(path));
    }
    BOOST_TEST(files_in(folder.path()) == 0U);
    sctrace::test::write_file(path, "old\n");
    {
        auto writer = file->begin();
        BOOST_TEST(writer->append("new\n").has_value());
        auto moved = std::move(*writer);
        BOOST_TEST(moved.append("more\n").has_value());
    }
    BOOST_TEST(contents_of(path) == "old\n");
    BOOST_TEST(files_in(folder.path()) == 1U);
}

BOOST_AUTO_TEST_CASE(assigning_over_a_writer_gives_its_pieces_up)
{
    const auto file = trace_file::prepare(path);
    auto first = file->begin();
    auto second = file->begin();
    BOOST_TEST(first->append("first").has_value());
    BOOST_TEST(second->append("second").has_value());
    BOOST_TEST(files_in(folder.path()) == 2U);
    *first = std::move(*second);
    BOOST_TEST(files_in(folder.path()) == 1U);
    BOOST_TEST(first->commit(durability::final).has_value());
    BOOST_TEST(contents_of(path) == "second");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_gone_is_told_at_the_begin)
{
    fs::create_directory(folder.file("inner"));
    const std::string inside = folder.file("inner/trace");
    const auto file = trace_file::prepare(inside);
    fs::remove(folder.file("inner"));
    const auto writer = file->begin();
    BOOST_REQUIRE(writer.has_error());
    BOOST_TEST(writer.error().code.value() == ENOENT);
    BOOST_TEST(writer.error().message.find(inside) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_target_that_became_a_directory_is_told_by_the_commit)
{
    const auto file = trace_file::prepare(path);
    {
        auto writer = file->begin();
        fs::create_directory(path);
        BOOST_TEST(writer->append("x").has_value());
        const auto committed = writer->commit(durability::final);
        BOOST_REQUIRE(committed.has_error());
        BOOST_TEST(committed.error().message.find(path) != std::string::npos);
    }
    BOOST_TEST(files_in(folder.path()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_full_device_is_told_by_the_piece)
{
    auto writer = trace_file::prepare("/dev/full")->begin();
    BOOST_REQUIRE(writer.has_value());
    const auto added = writer->append("x");
    BOOST_REQUIRE(added.has_error());
    BOOST_TEST(added.error().code.value() == ENOSPC);
    BOOST_TEST(added.error().message.starts_with("cannot write /dev/full: "));
}

BOOST_AUTO_TEST_CASE(pieces_go_to_a_fifo_at_once)
{
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto file = trace_file::prepare(path);
    const auto unread = file->begin();
    BOOST_REQUIRE(unread.has_error());
    BOOST_TEST(unread.error().code.value() == ENXIO);
    BOOST_TEST(unread.error().message.find("nobody reads") != std::string::npos);

    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto writer = file->begin();
    BOOST_REQUIRE(writer.has_value());
    for (const std::string piece : {"one", "two"}) {
        BOOST_TEST(writer->append(piece).has_value());
        char buffer[32] = {};
        BOOST_TEST(::read(reader, buffer, sizeof buffer) == 3);
        BOOST_TEST(std::string(buffer) == piece);
    }
    BOOST_TEST(writer->commit(durability::final).has_value());
    BOOST_TEST(fs::is_fifo(path));
    ::close(reader);
    const auto old_handler = ::signal(SIGPIPE, SIG_IGN);
    const auto broken = writer->append("three");
    ::signal(SIGPIPE, old_handler);
    BOOST_REQUIRE(broken.has_error());
    BOOST_TEST(broken.error().code.value() == EPIPE);
}

BOOST_AUTO_TEST_CASE(a_piece_waits_for_a_slow_reader)
{
    BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ::fcntl(reader, F_SETFL, 0);
    const std::string piece(300'000, 'x');
    std::string seen;
    {
        auto writer = trace_file::prepare(path)->begin();
        BOOST_REQUIRE(writer.has_value());
        std::thread slow([&] {
            char buffer[4096];
            while (seen.size() < piece.size()) {
                const ssize_t n = ::read(reader, buffer, sizeof buffer);
                if (n <= 0) {
                    break;
                }
                seen.append(buffer, static_cast<std::size_t>(n));
            }
        });
        const auto added = writer->append(piece);
        slow.join();
        BOOST_TEST(added.has_value());
    }
    BOOST_TEST((seen == piece));
    ::close(reader);
}

BOOST_AUTO_TEST_CASE(pieces_go_to_a_descriptor_at_once_and_it_stays_open)
{
    int ends[2] = {};
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    {
        auto writer = trace_file::prepare("/dev/fd/" + std::to_string(ends[1]))->begin();
        BOOST_REQUIRE(writer.has_value());
        BOOST_TEST(writer->append("one").has_value());
        BOOST_TEST(writer->commit(durability::interim).has_value());
    }
    BOOST_TEST(::write(ends[1], "two", 3) == 3);
    char buffer[32] = {};
    BOOST_TEST(::read(ends[0], buffer, sizeof buffer) == 6);
    BOOST_TEST(std::string(buffer) == "onetwo");
    ::close(ends[0]);
    ::close(ends[1]);
}

BOOST_AUTO_TEST_SUITE_END()
