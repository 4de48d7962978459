#include "common/paths.hpp"
#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

/// A file that cannot be read wholly is told, and the records of the readable one beside it still count.
void require_failed_file(const std::string& path, const std::string& why, const invocation& base = {})
{
    const temporary_folder folder;
    write_file(folder.file("good"), log_of({audit_line({.serial = 1})}));
    for (const words& files : {words{path, folder.file("good")}, words{folder.file("good"), path}}) {
        invocation i = replay(joined({"-o", folder.file("trace"), "--report", folder.file("report")}, files));
        i.prepare = base.prepare;
        const outcome o = run(i);
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.says("asio-sctrace: "), o);
        BOOST_TEST(o.says(path), o);
        BOOST_TEST(o.says(why), o);
        BOOST_TEST(counts_in(read_file(folder.file("trace"))).at("getppid") == 1U);
        const auto report = boost::json::parse(read_file(folder.file("report")));
        BOOST_TEST(boost::json::serialize(report.at("why")).find(path) != std::string::npos, report);
    }
}

std::string random_bytes(std::size_t size)
{
    std::mt19937 source(20261124);
    std::string bytes(size, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(source()); });
    return bytes;
}

std::string as_utf16(std::string_view text, bool big_endian)
{
    std::string wide = big_endian ? "\xfe\xff" : "\xff\xfe";
    for (const char c : text) {
        if (big_endian) {
            wide += '\0';
        }
        wide += c;
        if (!big_endian) {
            wide += '\0';
        }
    }
    return wide;
}

char state_of(pid_t pid)
{
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto end_of_name = status.rfind(')');
    return end_of_name == std::string::npos ? 'Z' : status.at(end_of_name + 2);
}

/// How many bytes a process has read so far.
std::uint64_t bytes_read_by(pid_t pid)
{
    constexpr std::string_view name = "rchar: ";
    const std::string counters = read_file("/proc/" + std::to_string(pid) + "/io");
    return counters.starts_with(name) ? std::stoull(counters.substr(name.size())) : 0;
}

/// More than a program reads before its main().
constexpr std::uint64_t beginning_of_log = 2'000'000;

/// Stops the tool in the middle of a file of this size; false when it was too fast.
bool stop_while_reading(process& tool, std::uint64_t size)
{
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (bytes_read_by(tool.pid()) < beginning_of_log && state_of(tool.pid()) != 'Z' &&
           std::chrono::steady_clock::now() < give_up) {
    }
    tool.signal(SIGSTOP);
    eventually([&] { return state_of(tool.pid()) == 'T' || state_of(tool.pid()) == 'Z'; });
    return state_of(tool.pid()) == 'T' && bytes_read_by(tool.pid()) < size / 2;
}

constexpr std::uint64_t records_of_large_log = 200'000;

/// Runs the tool on a large file, to which something is done while it is read.
template <class Change>
outcome replay_while(const temporary_folder& folder, Change change)
{
    const std::string path = folder.file("log");
    for (int attempt = 0; attempt != 20; ++attempt) {
        const std::string log = kmsg_log(1, records_of_large_log);
        write_file(path, log);
        process tool(replay({"-o", folder.file("trace"), path}));
        const bool stopped = stop_while_reading(tool, log.size());
        if (stopped) {
            change(path);
        }
        tool.signal(SIGCONT);
        const outcome o = tool.wait();
        if (stopped) {
            return o;
        }
    }
    BOOST_FAIL("the tool was never caught reading");
    return {};
}

/// How many bytes wait in a pipe.
int unread_in(int pipe)
{
    int unread = -1;
    return ::ioctl(pipe, FIONREAD, &unread) == 0 ? unread : -1;
}

/// The tool gets a signal when it has taken a log of so many records from a pipe that stays open.
void require_interrupted_pipe(int signal, const std::string& log, std::uint64_t records)
{
    const temporary_folder folder;
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const descriptor read_end(ends[0]);
    const descriptor write_end(ends[1]);
    invocation i = replay({"-o", folder.file("trace"), "--report", folder.file("report"), "-"});
    i.prepare = [end = read_end.get()] { ::dup2(end, STDIN_FILENO); };
    process tool(i);
    BOOST_REQUIRE(::write(write_end.get(), log.data(), log.size()) == static_cast<ssize_t>(log.size()));
    BOOST_REQUIRE(eventually([&] { return unread_in(read_end.get()) == 0; }));
    tool.signal(signal);
    const outcome o = tool.wait();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("unproven: "), o);
    BOOST_TEST(total(counts_in(read_file(folder.file("trace")))) == records, "signal " << signal);
    BOOST_TEST(std::filesystem::exists(folder.file("report")));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_bad_input)

BOOST_AUTO_TEST_CASE(a_directory_and_a_missing_file_are_named_and_the_others_read)
{
    const temporary_folder folder;
    require_failed_file(folder.path(), "directory");
    require_failed_file(folder.file("missing"), "No such file or directory");
    require_failed_file(folder.file("missing/log"), "No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_file_that_may_not_be_read_is_named_and_the_others_read)
{
    const temporary_folder folder;
    write_file(folder.file("secret"), log_of({audit_line({.serial = 9})}));
    std::filesystem::permissions(folder.file("secret"), std::filesystem::perms::none);
    invocation without_override;
    without_override.prepare = [] {
        ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0L, 0L, 0L);
        ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0L, 0L, 0L);
    };
    require_failed_file(folder.file("secret"), "Permission denied", without_override);
}

BOOST_AUTO_TEST_CASE(a_file_that_fails_while_it_is_read_is_named_and_the_others_read)
{
    require_failed_file("/proc/self/mem", "error");
}

BOOST_AUTO_TEST_CASE(a_standard_input_that_is_a_directory_is_a_failure)
{
    invocation i = replay({"-"});
    i.prepare = [] { ::dup2(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), STDIN_FILENO); };
    const outcome o = run(i);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("directory"), o);
}

BOOST_AUTO_TEST_CASE(when_no_file_opens_an_old_trace_stays_and_a_missing_one_is_created_empty)
{
    const temporary_folder folder;
    const std::string old = "{\"syscall\":0,\"name\":\"read\",\"count\":42}\n";
    write_file(folder.file("old"), old);
    const outcome kept = run(replay({"-o", folder.file("old"), folder.file("a"), folder.file("b")}));
    BOOST_TEST(kept.status == 1, kept);
    BOOST_TEST(kept.says(folder.file("a")), kept);
    BOOST_TEST(kept.says(folder.file("b")), kept);
    BOOST_TEST(read_file(folder.file("old")) == old);
    const outcome kept_events = run(replay({"--events", "-o", folder.file("old"), folder.file("a")}));
    BOOST_TEST(kept_events.status == 1, kept_events);
    BOOST_TEST(read_file(folder.file("old")) == old);
    const outcome created = run(replay({"-o", folder.file("new"), folder.file("a")}));
    BOOST_TEST(created.status == 1, created);
    BOOST_TEST(std::filesystem::exists(folder.file("new")));
    BOOST_TEST(read_file(folder.file("new")).empty());
}

BOOST_AUTO_TEST_CASE(a_failed_read_among_events_leaves_the_other_events)
{
    const temporary_folder folder;
    write_file(folder.file("one"), log_of({audit_line({.serial = 1})}));
    write_file(folder.file("two"), log_of({audit_line({.serial = 2})}));
    const outcome o = run(replay({"--events", folder.file("one"), folder.path(), folder.file("two")}));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(serials_in(o.out) == (serials{1, 2}));
}

BOOST_AUTO_TEST_CASE(binary_files_hold_no_records)
{
    const temporary_folder folder;
    write_file(folder.file("random"), random_bytes(1 << 20));
    for (const std::string& path :
         {folder.file("random"), std::string("/bin/sh"), std::string("/dev/null")}) {
        const outcome o = run(replay({"--events", path}));
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.out.empty(), path);
        BOOST_TEST(o.says("unproven: "), o);
    }
}

BOOST_AUTO_TEST_CASE(records_among_random_bytes_count)
{
    const std::string bytes = random_bytes(1 << 20);
    const std::string log = bytes + '\n' + audit_line({.serial = 7}) + '\n' + bytes;
    BOOST_TEST(serials_of(log) == serials{7});
}

BOOST_AUTO_TEST_CASE(utf_16_is_told_from_a_log_without_records)
{
    const temporary_folder folder;
    for (const bool big_endian : {false, true}) {
        write_file(folder.file("wide"), as_utf16(log_of({audit_line({.serial = 1})}), big_endian));
        require_failed_file(folder.file("wide"), "iconv");
    }
}

BOOST_AUTO_TEST_CASE(compressed_logs_are_read_from_files_and_pipes)
{
    const temporary_folder folder;
    const std::string log = kmsg_log(1, 20000);
    write_file(folder.file("log.gz"), gzipped(log));
    // rotated without the usual name
    write_file(folder.file("log.1"), gzipped(log));
    for (const std::string name : {"log.gz", "log.1"}) {
        BOOST_TEST(total(counts_in(run(replay({"-o", "-", folder.file(name)})).out)) == 20000U);
    }
    const outcome piped =
        run({.words = shell("cat " + folder.file("log.gz") + " | " + tool_path() + " replay -o - -")});
    BOOST_TEST(piped.status == 0, piped);
    BOOST_TEST(total(counts_in(piped.out)) == 20000U);
}

BOOST_AUTO_TEST_CASE(a_compressed_log_of_two_members_is_read_to_its_end)
{
    BOOST_TEST(serials_of(gzipped(kmsg_log(1, 2)) + gzipped(kmsg_log(3, 1))) == (serials{1, 2, 3}));
    // A line may begin in one member and end in the next.
    const std::string log = kmsg_log(1, 2);
    BOOST_TEST(serials_of(gzipped(log.substr(0, 300)) + gzipped(log.substr(300))) == (serials{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_cut_or_broken_compressed_log_is_told_and_what_was_there_counts)
{
    const temporary_folder folder;
    const std::string whole = gzipped(kmsg_log(1, 50000));
    std::string broken = whole;
    broken[broken.size() / 2] = static_cast<char>(~broken[broken.size() / 2]);
    const std::vector<std::pair<std::string, std::string>> logs{
        {"cut", whole.substr(0, whole.size() / 2)},
        {"without-checksum", whole.substr(0, whole.size() - 8)},
        {"broken", broken},
    };
    for (const auto& [name, log] : logs) {
        write_file(folder.file(name), log);
        const outcome o = run(replay({"-o", folder.file("trace"), folder.file(name)}));
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.says(folder.file(name)), o);
        BOOST_TEST(total(counts_in(read_file(folder.file("trace")))) > 10000U, name);
    }
}

BOOST_AUTO_TEST_CASE(a_pipe_and_a_fifo_are_read_to_their_end)
{
    const temporary_folder folder;
    const std::string log = kmsg_log(1, 3000);
    write_file(folder.file("log"), log);
    const outcome piped =
        run({.words = shell("cat " + folder.file("log") + " | " + tool_path() + " replay -o - -")});
    BOOST_TEST(piped.status == 0, piped);
    BOOST_TEST(total(counts_in(piped.out)) == 3000U);
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    process writer({.words = shell("cat " + folder.file("log") + " > " + folder.file("fifo"))});
    const outcome fifo = run(replay({"-o", "-", folder.file("fifo")}));
    BOOST_TEST(fifo.status == 0, fifo);
    BOOST_TEST(fifo.out == piped.out);
}

BOOST_AUTO_TEST_CASE(a_fifo_whose_writer_dies_gives_what_it_had_written)
{
    const temporary_folder folder;
    const std::string log = kmsg_log(1, 3);
    write_file(folder.file("log"), log.substr(0, log.size() - 60));
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    process writer({.words = shell("exec > " + folder.file("fifo") + "; cat " + folder.file("log") +
                                   "; echo written >&2; exec sleep 100")});
    process tool(replay({"--events", "--report", folder.file("report"), folder.file("fifo")}));
    BOOST_REQUIRE(writer.wait_for_errors("written"));
    writer.signal_group(SIGKILL);
    const outcome o = tool.wait();
    BOOST_TEST(o.status == 0, o);
    const serials found = serials_in(o.out);
    BOOST_TEST((found == serials{1, 2} || found == serials{1, 2, 3}), o);
}

BOOST_AUTO_TEST_CASE(a_signal_while_a_pipe_is_read_writes_everything_that_was_seen)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        require_interrupted_pipe(signal, kmsg_log(1, 40), 40);
    }
}

BOOST_AUTO_TEST_CASE(a_signal_after_the_first_line_of_a_pipe_writes_that_line)
{
    require_interrupted_pipe(SIGINT, kmsg_log(1, 1), 1);
    require_interrupted_pipe(SIGINT, "type=1326 audit(1.000:1): pid=1 syscall=110\n", 1);
}

BOOST_AUTO_TEST_CASE(a_file_that_grows_while_it_is_read_is_no_failure)
{
    const temporary_folder folder;
    constexpr std::uint64_t more = 1000;
    const outcome o = replay_while(folder, [](const std::string& path) {
        std::ofstream(path, std::ios::app) << kmsg_log(records_of_large_log + 1, more);
    });
    BOOST_TEST(o.status == 0, o);
    const std::uint64_t counted = total(counts_in(read_file(folder.file("trace"))));
    BOOST_TEST((counted >= records_of_large_log && counted <= records_of_large_log + more), counted);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_truncated_while_it_is_read_was_not_read_wholly)
{
    const temporary_folder folder;
    const outcome o =
        replay_while(folder, [](const std::string& path) { std::filesystem::resize_file(path, 0); });
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says(folder.file("log")), o);
    BOOST_TEST(o.says("unproven: "), o);
    BOOST_TEST(total(counts_in(read_file(folder.file("trace")))) < records_of_large_log);
}

BOOST_AUTO_TEST_CASE(a_closed_standard_input_is_told)
{
    invocation i = replay({"-"});
    i.prepare = [] { ::close(STDIN_FILENO); };
    const outcome o = run(i);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("standard input: Bad file descriptor"), o);
}

BOOST_AUTO_TEST_CASE(the_live_log_is_no_saved_one)
{
    const outcome o = run(replay({"/dev/kmsg"}));
    BOOST_TEST(o.status == 1, o);
    if (::geteuid() == 0) {
        BOOST_TEST(o.says("is the kernel's live log"), o);
        const outcome proc = run(replay({"/proc/kmsg"}));
        BOOST_TEST(proc.status <= 1, proc);
    }
}

BOOST_AUTO_TEST_CASE(indented_lines_behind_another_programs_message_are_its_own)
{
    const std::string forged = "Nov 24 05:40:36 host app[99]: hello\n" + std::string(33, ' ') +
                               "audit: type=1326 audit(1.000:1): pid=1 syscall=1\n";
    const outcome o = run(replay({"--events", "-"}, forged));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
}

BOOST_AUTO_TEST_CASE(a_continuation_line_of_a_capture_is_no_record)
{
    const std::string capture =
        "6,1,1,-;usb 1-1: new device\n KEY=[ 1518.0] audit: type=1326 audit(1.000:1): "
        "syscall=1\n";
    const outcome o = run(replay({"--events", "-"}, capture));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out.empty(), o);
}

BOOST_AUTO_TEST_CASE(a_member_of_a_journal_entry_hides_no_record)
{
    const std::string entry =
        "{\"_CMDLINE\":\"x type=1300 audit(1:1)\",\"_TRANSPORT\":\"audit\",\"_AUDIT_TYPE\":"
        "\"1326\",\"MESSAGE\":\"SECCOMP auid=1 uid=0 gid=0 ses=1 pid=42 comm=\\\"x\\\" "
        "exe=\\\"/x\\\" sig=0 arch=c000003e syscall=110 compat=0 ip=0x1 code=0x7ffc0000\"}\n";
    for (const std::string& header : {std::string(), std::string("-- Logs begin here --\n")}) {
        const outcome o = run(replay({"--quiet", "-o", "-", "-"}, header + entry));
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.out == "{\"syscall\":110,\"name\":\"getppid\",\"count\":1}\n", o);
    }
}

BOOST_AUTO_TEST_CASE(a_stop_names_the_logs_that_were_not_read)
{
    const temporary_folder folder;
    BOOST_REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    write_file(folder.file("log"), log_of({audit_line({.serial = 1})}));
    const descriptor fifo(::open(folder.file("fifo").c_str(), O_RDWR | O_CLOEXEC));
    const std::string line = kmsg_log(1, 1);
    BOOST_REQUIRE(::write(fifo.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    process tool(replay({"-o", folder.file("trace"), folder.file("fifo"), folder.file("log")}));
    BOOST_REQUIRE(eventually([&] { return unread_in(fifo.get()) == 0; }));
    tool.signal(SIGINT);
    const outcome o = tool.wait();
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says(folder.file("log") + " was read"), o);
}

BOOST_AUTO_TEST_SUITE_END()
