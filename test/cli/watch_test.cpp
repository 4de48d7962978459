#include "common/paths.hpp"
#include "kernel/generator_process.hpp"
#include "replay.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

/// What it says when it begins.
constexpr const char* started = "asio-sctrace: watching\n";
constexpr const char* dropped = "asio-sctrace: standard output was not read: lines were dropped\n";

invocation watch(const words& options)
{
    return tool(joined({"watch"}, options));
}

/// A stand-in for the kernel's log, which does not end by itself.
class log_fifo {
public:
    log_fifo()
        : path_(folder_.file("kmsg"))
    {
        BOOST_REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
        end_ = descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        BOOST_REQUIRE(bool(end_));
    }

    const std::string& path() const noexcept { return path_; }

    void write(const logged_record& record)
    {
        const std::string line = kmsg_line(record, sequence_++) + '\n';
        BOOST_REQUIRE(::write(end_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    }

    void write_calls(std::uint64_t count)
    {
        for (std::uint64_t i = 0; i != count; ++i) {
            write({.serial = sequence_});
        }
    }

    void skip_entries(std::uint64_t count) { sequence_ += count; }

    void close() noexcept { end_.close(); }

    invocation watch(const words& options = {}) const { return ::watch(joined({"--kmsg", path_}, options)); }

private:
    temporary_folder folder_;
    std::string path_;
    descriptor end_;
    std::uint64_t sequence_ = 1;
};

/// A watcher of the kernel that has begun.
class kernel_watch {
public:
    explicit kernel_watch(const words& options)
        : process_(::watch(joined({"--lift-ratelimit"}, options)))
    {
        BOOST_REQUIRE(process_.wait_for_errors("source: "));
    }

    process& watcher() noexcept { return process_; }

    outcome stop()
    {
        process_.signal(SIGINT);
        return process_.wait();
    }

private:
    process process_;
};

/// A child whose getppid(2) is refused and logged; it makes one for each word of its parent.
class refused_child {
public:
    refused_child()
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        pid_ = ::fork();
        BOOST_REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::close(ends[1]);
            make_calls(ends[0]);
        }
        ::close(ends[0]);
        orders_ = descriptor(ends[1]);
    }
    refused_child(const refused_child&) = delete;
    refused_child& operator=(const refused_child&) = delete;
    ~refused_child()
    {
        orders_.close();
        ::waitpid(pid_, nullptr, 0);
    }

    std::string pid() const { return std::to_string(pid_); }
    bool runs() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

    void call(std::size_t times)
    {
        const std::string orders(times, 'x');
        BOOST_REQUIRE(::write(orders_.get(), orders.data(), orders.size()) == static_cast<ssize_t>(times));
    }

private:
    [[noreturn]] static void make_calls(int orders)
    {
        std::array<sock_filter, 4> program{{
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
        }};
        const sock_fprog filter{program.size(), program.data()};
        ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &filter) != 0) {
            ::_exit(1);
        }
        char order = 0;
        while (::read(orders, &order, 1) == 1) {
            ::syscall(SYS_getppid);
        }
        ::_exit(0);
    }

    pid_t pid_ = -1;
    descriptor orders_;
};

std::uint64_t lines_in(const std::string& text)
{
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// A pipe as standard output that nobody reads.
class stuck_output {
public:
    stuck_output()
        : path_(folder_.file("stuck"))
    {
        BOOST_REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
        reader_ = descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
        const int size = 4096;
        BOOST_REQUIRE(::fcntl(reader_.get(), F_SETPIPE_SZ, size) >= size);
    }

    invocation of(invocation what) const
    {
        what.output_file = path_;
        return what;
    }

    bool is_full() const
    {
        pollfd space{reader_.get(), POLLOUT, 0};
        return ::poll(&space, 1, 0) == 0;
    }

private:
    temporary_folder folder_;
    std::string path_;
    descriptor reader_;
};

/// How many records the events of this call stand for.
std::uint64_t count_of(const std::string& name, const std::string& output)
{
    std::uint64_t sum = 0;
    for (const auto& event : events_in(output)) {
        if (event.at("name") == boost::json::value(name)) {
            const auto* const count = event.if_contains("count");
            sum += count != nullptr ? count->to_number<std::uint64_t>() : 1;
        }
    }
    return sum;
}

/// Says why and returns false where the calls of the records are of a foreign architecture.
bool is_x86_64()
{
    const bool is = run({.words = {"uname", "-m"}}).out == "x86_64\n";
    if (!is) {
        skip("needs x86_64");
    }
    return is;
}

/// Says why and returns false where there can be no other network namespace.
bool has_network_namespaces()
{
    const bool has = run({words{"unshare", "--net", "/bin/true"}}).status == 0;
    if (!has) {
        skip("no network namespace can be had");
    }
    return has;
}

/// Makes the time of the text form the same on each machine.
invocation in_utc(invocation what)
{
    what.environment.emplace_back("TZ=UTC");
    return what;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_watch_kernel)

BOOST_AUTO_TEST_CASE(every_call_of_a_process_is_printed_once)
{
    if (!can_record()) {
        return;
    }
    generator_process target({getppid_calls(45)});
    generator_process other({getppid_calls(70)});
    const std::string pid = std::to_string(target.pid());
    kernel_watch watching({"--pid", pid});
    for (generator_process* g : {&other, &target}) {
        g->release();
        BOOST_TEST(g->wait() == 0);
    }
    const outcome o = watching.stop();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(!o.says("missing"), o);
    for (const auto& event : events_in(o.out)) {
        BOOST_TEST(boost::json::serialize(event.at("pid")) == pid);
        BOOST_TEST(event.at("action") == "log");
    }
    BOOST_TEST(count_of("getppid", o.out) == 45U);
    BOOST_TEST(count_of("exit_group", o.out) == 1U);
}

BOOST_AUTO_TEST_CASE(only_the_records_of_a_session_are_printed)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    kernel_watch all({});
    const outcome recorded = run(record({"--report", folder.file("report")}, generator({getppid_calls(20)})));
    BOOST_REQUIRE_MESSAGE(recorded.status == 0, recorded);
    const auto session =
        boost::json::serialize(boost::json::parse(read_file(folder.file("report"))).at("session"));
    if (session == "null") {
        skip("no audit session can be had");
        return;
    }
    std::uint64_t calls = 0;
    const outcome o = all.stop();
    for (const auto& event : events_in(o.out)) {
        calls += boost::json::serialize(event.at("ses")) == session && event.at("name") == "getppid" ? 1 : 0;
    }
    BOOST_TEST(calls == 20U, o);

    kernel_watch none({"--session", session});
    BOOST_TEST(run(record({}, generator({getppid_calls(5)}))).status == 0);
    BOOST_TEST(none.stop().out.empty());
}

BOOST_AUTO_TEST_CASE(refused_calls_are_printed_alone_and_at_once)
{
    if (!can_record()) {
        return;
    }
    refused_child refused;
    generator_process logged({getppid_calls(30)});
    kernel_watch watching({"--denied", "--pid", refused.pid(), "--pid", std::to_string(logged.pid())});
    logged.release();
    BOOST_TEST(logged.wait() == 0);
    refused.call(1);
    BOOST_TEST(watching.watcher().wait_for_output("\n"));
    BOOST_TEST(refused.runs());
    refused.call(6);
    const outcome o = watching.stop();
    BOOST_TEST(o.status == 0, o);
    const auto events = events_in(o.out);
    BOOST_TEST(events.size() == 7U, o);
    for (const auto& event : events) {
        BOOST_TEST(boost::json::serialize(event.at("pid")) == refused.pid());
        BOOST_TEST(event.at("name") == "getppid");
        BOOST_TEST(event.at("action") == "errno");
        // The kernel logs no more of it than the action.
        BOOST_TEST(event.at("code") == "0x50000");
    }
}

BOOST_AUTO_TEST_CASE(folded_lines_have_exact_sums)
{
    if (!can_record()) {
        return;
    }
    generator_process target({getppid_calls(5000), std::to_string(SYS_getuid) + ":3000"});
    kernel_watch watching({"--unique", "--pid", std::to_string(target.pid())});
    target.release();
    BOOST_TEST(target.wait() == 0);
    const outcome o = watching.stop();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(!o.says("missing"), o);
    BOOST_TEST(count_of("getppid", o.out) == 5000U);
    BOOST_TEST(count_of("getuid", o.out) == 3000U);
    BOOST_TEST(lines_in(o.out) < 100U);
}

BOOST_AUTO_TEST_CASE(the_source_is_told_and_quiet_keeps_it_back)
{
    if (!can_record()) {
        return;
    }
    BOOST_TEST(run(watch({"--duration", "0.1", "--pid", "99999999"})).says("asio-sctrace: source: "));
    const outcome quiet = run(watch({"--duration", "0.1", "--pid", "99999999", "--quiet"}));
    BOOST_TEST(quiet.status == 0, quiet);
    BOOST_TEST(quiet.err.empty(), quiet);
    BOOST_TEST(quiet.out.empty(), quiet);
}

BOOST_AUTO_TEST_CASE(a_process_that_does_not_exist_is_told)
{
    if (!can_record()) {
        return;
    }
    const outcome o = run(watch({"--duration", "0.1", "--pid", "99999999"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("asio-sctrace: process 99999999 does not exist; going on in case it appears\n"), o);
}

BOOST_AUTO_TEST_CASE(a_source_through_which_nothing_comes_is_told_under_quiet_too)
{
    if (!can_record() || !has_network_namespaces()) {
        return;
    }
    invocation i = watch({"--source", "audit", "--duration", "0.1", "--quiet"});
    i.words = joined({"unshare", "--net"}, i.words);
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err ==
                   "asio-sctrace: no record of our own came back through the source: nothing may arrive\n"
                   "asio-sctrace: no record of our own came back at the end: the last records may be "
                   "missing\n",
               o);
}

BOOST_AUTO_TEST_CASE(refused_calls_are_printed_where_the_kernel_logs_no_others)
{
    if (!can_record()) {
        return;
    }
    const std::string setting = "/proc/sys/kernel/seccomp/actions_logged";
    const changed_setting without(setting, "kill_process kill_thread trap errno user_notif trace");
    for (const words& source : {words{"--source", "audit"}, words{"--source", "kmsg", "--lift-ratelimit"}}) {
        refused_child refused;
        process watcher(watch(joined(source, {"--pid", refused.pid()})));
        BOOST_REQUIRE(watcher.wait_for_errors(started));
        refused.call(5);
        BOOST_TEST(watcher.wait_for_output("\n"));
        watcher.signal(SIGINT);
        const outcome o = watcher.wait();
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(count_of("getppid", o.out) == 5U, o);
        BOOST_TEST(
            o.says("asio-sctrace: calls that filters let through and log are not logged, refused ones "
                   "are: `log` is missing in kernel.seccomp.actions_logged; put it back with: sysctl "),
            o);
        BOOST_TEST(!o.says("no record of our own"), o);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_watch)

BOOST_AUTO_TEST_CASE(the_lines_are_the_events_of_replay)
{
    log_fifo log;
    process watcher(log.watch());
    const logged_record odd{.serial = 2, .comm = "6DC3FF0A", .arch = "40000003", .syscall = "20"};
    log.write_calls(1);
    log.write(odd);
    BOOST_REQUIRE(watcher.wait_for_output("\"serial\":2,"));
    log.close();
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err == started, o);
    const std::string saved = kmsg_line({.serial = 1}, 1) + '\n' + kmsg_line(odd, 2) + '\n';
    BOOST_TEST(o.out == run(replay({"--events", "-"}, saved)).out);
}

BOOST_AUTO_TEST_CASE(lines_for_people_are_aligned_and_harmless)
{
    if (!is_x86_64()) {
        return;
    }
    log_fifo log;
    process watcher(in_utc(log.watch({"--format", "text"})));
    log.write({.serial = 1});
    log.write({.serial = 2, .pid = "7", .comm = R"("a")", .arch = "40000003", .syscall = "20"});
    log.write({.serial = 3, .comm = "1B5B324A07C29B", .syscall = "100000", .code = "0x50001"});
    log.write({.serial = 4, .time = "1795497600", .comm = "(null)", .syscall = "-1", .code = "0x12345678"});
    BOOST_REQUIRE(watcher.wait_for_output("0x12340000\n"));
    watcher.signal(SIGTERM);
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == "05:19:16.007    2752 nginx           getppid                  log\n"
                        "05:19:16.007       7 a               getpid (i386)            log\n"
                        "05:19:16.007    2752 \\x1b[2J\\x07\\xc2\\x9b syscall 100000           errno\n"
                        "05:20:00.000    2752 (null)          syscall -1               0x12340000\n");
}

BOOST_AUTO_TEST_CASE(what_a_record_lacks_is_a_question_mark)
{
    log_fifo log;
    process watcher(in_utc(log.watch({"--format", "text"})));
    const int end = ::open(log.path().c_str(), O_WRONLY | O_CLOEXEC);
    const std::string line = "5,1,1,-;audit: type=1326 audit(1795497556.007:1): auid=0 syscall=-2\n";
    BOOST_REQUIRE(::write(end, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    ::close(end);
    BOOST_TEST(watcher.wait_for_output("\n"));
    watcher.signal(SIGTERM);
    const outcome o = watcher.wait();
    BOOST_TEST(o.out == "05:19:16.007       ? ?               syscall -2               ?\n", o);
}

BOOST_AUTO_TEST_CASE(repeated_lines_are_folded_within_a_second_while_it_goes_on)
{
    if (!is_x86_64()) {
        return;
    }
    log_fifo log;
    process watcher(in_utc(log.watch({"--format", "text", "--unique"})));
    log.write_calls(8);
    const std::string line = "05:19:16.007    2752 nginx           getppid                  log";
    BOOST_TEST(watcher.wait_for_output(line + "\n"));
    BOOST_TEST(watcher.wait_for_output(" x7\n"));
    BOOST_TEST(watcher.out() == line + '\n' + line + " x7\n");
    watcher.signal(SIGTERM);
    BOOST_TEST(watcher.wait().status == 0);
}

BOOST_AUTO_TEST_CASE(an_object_that_stands_for_several_has_a_count)
{
    log_fifo log;
    process watcher(log.watch({"--unique"}));
    log.write_calls(5);
    BOOST_TEST(watcher.wait_for_output("\"serial\":1,"));
    watcher.signal(SIGTERM);
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 0, o);
    const auto events = events_in(o.out);
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST(events[0].if_contains("count") == nullptr);
    BOOST_TEST(events[1].at("serial").to_number<int>() == 5);
    BOOST_TEST(std::prev(events[1].end())->key() == "count");
    BOOST_TEST(count_of("getppid", o.out) == 5U);
}

BOOST_AUTO_TEST_CASE(losses_are_told_while_it_goes_on_and_under_quiet_too)
{
    for (const words& options : {words{}, words{"--quiet"}}) {
        log_fifo log;
        process watcher(log.watch(options));
        log.write_calls(1);
        log.skip_entries(3);
        log.write_calls(1);
        BOOST_TEST(watcher.wait_for_errors("asio-sctrace: records may be missing: "));
        BOOST_TEST(watcher.wait_for_errors("3 audit serials were never seen"));
        BOOST_TEST(watcher.wait_for_errors("3 entries of the ring buffer were overwritten"));
        watcher.signal(SIGTERM);
        BOOST_TEST(watcher.wait().status == 0);
    }
}

BOOST_AUTO_TEST_CASE(each_signal_ends_it_when_what_came_is_written)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        log_fifo log;
        log.write_calls(100);
        process watcher(log.watch());
        BOOST_REQUIRE(watcher.wait_for_output("\"serial\":1,"));
        log.write_calls(20);
        watcher.signal(signal);
        const outcome o = watcher.wait();
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(events_in(o.out).size() == 120U);
        BOOST_TEST(o.err == started, o);
    }
}

BOOST_AUTO_TEST_CASE(an_ignored_sighup_stays_ignored)
{
    log_fifo log;
    invocation i = log.watch();
    i.prepare = [] { ::signal(SIGHUP, SIG_IGN); };
    process watcher(i);
    log.write_calls(1);
    BOOST_REQUIRE(watcher.wait_for_output("\"serial\":1,"));
    watcher.signal(SIGHUP);
    log.write_calls(1);
    BOOST_TEST(watcher.wait_for_output("\"serial\":2,"));
    watcher.signal(SIGTERM);
    BOOST_TEST(watcher.wait().status == 0);
}

BOOST_AUTO_TEST_CASE(it_ends_silently_when_nobody_reads_its_output_even_while_nothing_comes)
{
    log_fifo log;
    process watcher(log.watch());
    log.write_calls(1);
    BOOST_REQUIRE(watcher.wait_for_output("\n"));
    watcher.close_output();
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err == started, o);
}

BOOST_AUTO_TEST_CASE(it_ends_silently_when_its_output_closes_between_lines)
{
    log_fifo log;
    log.write_calls(100);
    const outcome o = run({shell("{ \"" + tool_path() + "\" watch --kmsg " + log.path() +
                                 "; echo status $? >&2; } | head -n 3")});
    BOOST_TEST(lines_in(o.out) == 3U, o);
    BOOST_TEST(o.err == std::string(started) + "status 0\n", o);
}

BOOST_AUTO_TEST_CASE(it_can_be_ended_when_nobody_reads_what_it_writes)
{
    const stuck_output stuck;
    log_fifo log;
    log.write_calls(100);
    process watcher(stuck.of(log.watch()));
    BOOST_REQUIRE(eventually([&] { return stuck.is_full(); }));
    watcher.signal(SIGTERM);
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == std::string(started) + dropped, o);
}

BOOST_AUTO_TEST_CASE(the_duration_is_kept_when_nobody_reads_what_it_writes)
{
    const stuck_output stuck;
    log_fifo log;
    log.write_calls(100);
    const outcome o = run(stuck.of(log.watch({"--duration", "0.3"})));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == std::string(started) + dropped, o);
}

BOOST_AUTO_TEST_CASE(a_hangup_right_behind_another_signal_does_no_harm)
{
    log_fifo log;
    process watcher(log.watch());
    log.write_calls(1);
    BOOST_REQUIRE(watcher.wait_for_output("\n"));
    // Both are pending when it goes on.
    for (const int signal : {SIGSTOP, SIGTERM, SIGHUP, SIGINT, SIGCONT}) {
        watcher.signal(signal);
    }
    const outcome o = watcher.wait();
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err == started, o);
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_told)
{
    log_fifo log;
    log.write_calls(1);
    invocation full = log.watch();
    full.output_file = "/dev/full";
    const outcome o = run(full);
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.err == std::string(started) +
                            "asio-sctrace: cannot write to standard output: No space left on device\n",
               o);

    invocation closed = log.watch();
    closed.prepare = [] { ::close(STDOUT_FILENO); };
    const outcome c = run(closed);
    BOOST_TEST(c.status == 1, c);
    BOOST_TEST(c.err == "asio-sctrace: standard output is closed\n", c);
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_be_opened_is_told)
{
    const temporary_folder folder;
    write_file(folder.file("regular"), "x");
    for (const std::string& path : {folder.file("missing"), folder.file("regular")}) {
        const outcome o = run(watch({"--kmsg", path, "--quiet"}));
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.says(path), o);
        BOOST_TEST(o.out.empty(), o);
    }
}

BOOST_AUTO_TEST_CASE(the_duration_ends_it)
{
    log_fifo log;
    log.write_calls(3);
    const outcome o = run(log.watch({"--duration", "0.3"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(events_in(o.out).size() == 3U);
}

BOOST_AUTO_TEST_CASE(the_help_names_every_option_with_its_default)
{
    const outcome o = run(watch({"--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    for (const std::string_view text :
         {"--denied", "--pid PID", "--session N", "--source SOURCE (=auto)", "--kmsg PATH (=/dev/kmsg)",
          "--format FORMAT (=ndjson)", "--unique", "--receive-buffer BYTES (=64M)", "--lift-ratelimit",
          "--duration SECONDS (=0)", "--quiet", "--help", "--version", "Exit status: 0 success"}) {
        BOOST_TEST(o.out.find(text) != std::string::npos, text);
    }
    BOOST_TEST(run(watch({"--version"})).out == "asio-sctrace " SCTRACE_VERSION "\n");
}

BOOST_AUTO_TEST_CASE(a_command_line_that_cannot_be_understood_names_the_word)
{
    const std::vector<std::pair<words, std::string>> mistakes{
        {{"--bogus"}, "'--bogus'"},
        {{"stray"}, "'stray'"},
        {{"--pid", "0"}, "--pid '0'"},
        {{"--session", "x"}, "--session 'x'"},
        {{"--session", "4294967296"}, "--session '4294967296'"},
        {{"--format", "xml"}, "--format 'xml'"},
        {{"--source", "x"}, "--source 'x'"},
        {{"--source", "audit", "--kmsg", "/dev/kmsg"}, "--kmsg '/dev/kmsg'"},
        {{"--duration", "-1"}, "--duration '-1'"},
        {{"--receive-buffer", "0"}, "--receive-buffer '0'"},
        {{"--denied=1"}, "'--denied'"},
    };
    for (const auto& [arguments, named] : mistakes) {
        const outcome o = run(watch(arguments));
        BOOST_TEST(o.status == 2, o);
        BOOST_TEST(o.out.empty(), o);
        BOOST_TEST(o.says(named), named << '\n' << o);
        BOOST_TEST(o.says("(see asio-sctrace watch --help)"), o);
    }
}

BOOST_AUTO_TEST_SUITE_END()
