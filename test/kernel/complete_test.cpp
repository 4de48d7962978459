// What `complete` takes, a row for each thing: all of it holds and nothing is in doubt, or one thing does not
// and is named. Not in the table because they need more than the generator: processes that enter a container
// without a filter, and a descendant that changes its session unnoticed (following_test.cpp). What no machine
// can be made to do on demand has its rows in test/unit/verdict.

#include "common/row_cases.hpp"
#include "kernel/occasion.hpp"

#include <sctrace/report.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <linux/audit.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using sctrace::follow_kind;
using sctrace::source_kind;
using sctrace::verdict;
using sctrace::test::audit_control;
using sctrace::test::audit_daemon;
using sctrace::test::cannot_arrange;
using sctrace::test::excluded_program;
using sctrace::test::excluded_type;
using sctrace::test::kept_setting;
using sctrace::test::occasion;
using sctrace::test::require;

// ---- what is the matter

const std::string actions_logged = "/proc/sys/kernel/seccomp/actions_logged";
const std::string all_but_log = "kill_process kill_thread trap errno user_notif trace";
const std::string printk_ratelimit = "/proc/sys/kernel/printk_ratelimit";
// A rule for it could match, and drops no record of anybody's.
const std::string no_program = "/dev/null";

void nothing(occasion&) {}

void by_kmsg(occasion& o)
{
    o.options().source = source_kind::kmsg;
}

struct no_hold {};

void unread(occasion& o)
{
    o.record_process_unread([] { return no_hold{}; });
}

/// The kernel makes at most so many audit records a second while it lives, and counts the others as lost.
class audit_rate_limit {
public:
    explicit audit_rate_limit(std::uint32_t records)
    {
        const ::audit_status before = audit_control().status();
        if (before.failure == AUDIT_FAIL_PANIC) {
            throw cannot_arrange("a lost record makes this kernel panic");
        }
        old_ = before.rate_limit;
        if (!set(records)) {
            throw cannot_arrange("audit settings can't be changed here");
        }
    }
    audit_rate_limit(const audit_rate_limit&) = delete;
    audit_rate_limit& operator=(const audit_rate_limit&) = delete;
    ~audit_rate_limit() { set(old_); }

private:
    static bool set(std::uint32_t records)
    {
        ::audit_status wanted{};
        wanted.mask = AUDIT_STATUS_RATE_LIMIT;
        wanted.rate_limit = records;
        return audit_control().set(wanted);
    }

    std::uint32_t old_ = 0;
};

void lose_records(occasion& o)
{
    o.record_process_unread([] { return audit_rate_limit(1); });
}

/// Nobody can set the counter to anything but 0, and that shows only if it was something else.
void reset_lost_counter(occasion& o)
{
    const std::uint32_t before = audit_control().status().lost;
    if (before == 0) {
        throw cannot_arrange("no audit record has been lost since boot");
    }
    o.at_start([before] {
        ::audit_status wanted{};
        wanted.mask = AUDIT_STATUS_LOST;
        // The kernel's answer is the old value.
        audit_control().set(wanted);
        if (audit_control().status().lost >= before) {
            throw cannot_arrange("the counter of lost audit records can't be reset here");
        }
    });
}

/// There is as little room for process events as the kernel grants, and many come before any is read.
void overrun_fork_events(occasion& o)
{
    by_kmsg(o);
    o.options().follow = follow_kind::tree;
    o.throughout<kept_setting>("/proc/sys/net/core/rmem_max", "4608");
    sctrace::test::drop_capability(CAP_NET_ADMIN);
    o.at_start([] {
        for (int i = 0; i < 200; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                ::_exit(0);
            }
            ::waitpid(child, nullptr, 0);
        }
    });
}

void leave_network_namespace()
{
    if (::unshare(CLONE_NEWNET) != 0) {
        throw cannot_arrange("no network namespaces");
    }
}

/// The files of processes that may not be traced are out of sight.
void hide_processes()
{
    sctrace::test::keep_mounts_private();
    require(::mount("proc", "/proc", "proc", 0, "hidepid=2,gid=65534") == 0, "mount proc");
    sctrace::test::drop_capability(CAP_SYS_PTRACE);
}

void record_fifo(occasion& o)
{
    const std::string path = o.folder().file("fifo");
    require(::mkfifo(path.c_str(), 0600) == 0, "mkfifo");
    o.options().source = source_kind::kmsg;
    o.options().kmsg = path;
    o.options().lift_ratelimit = false;
}

/// A process without a filter.
class idle_process {
public:
    idle_process()
        : pid_(::fork())
    {
        if (pid_ == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    idle_process(const idle_process&) = delete;
    idle_process& operator=(const idle_process&) = delete;
    ~idle_process()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_;
};

// ---- the words for it

const std::string no_start = "the recording is not bracketed: no record of our own came back at its start";
const std::string no_end = "the recording is not bracketed: no record of our own came back at its end";
const std::string never_seen = " never seen";
const std::string lost = "the kernel lost ";
const std::string lost_unreadable =
    "the kernel's counter of lost audit records can't be read (CAP_AUDIT_CONTROL)";
const std::string lost_reset = "the kernel's counter of lost audit records was reset while recording";
const std::string excluded = " audit exclude rule(s) can drop records before anyone sees them (auditctl -l)";
const std::string excluded_unreadable = "the audit exclude rules can't be read (CAP_AUDIT_CONTROL)";
const std::string log_off = "kernel.seccomp.actions_logged does not hold `log`: filters log no calls";
const std::string log_written = "kernel.seccomp.actions_logged was written while recording: for a moment";
const std::string log_unreadable = "/proc/sys/kernel/seccomp/actions_logged can't be read";
const std::string log_unwatched = "writes to kernel.seccomp.actions_logged cannot be watched for (inotify)";
const std::string called_seccomp = "the target called seccomp(2): a filter of its own may hide calls";
const std::string called_prctl = "the target called prctl(2), which can install a filter";
const std::string two_filters = "the command ended under 2 seccomp filters, one of them ours";

// ---- the table

struct row {
    const char* name;
    void (*arrange)(occasion&);
    /// The generator's arguments; it is the command unless `arrange` has it recorded by its id.
    std::vector<std::string> generator;
    verdict expected;
    /// A part of each reason, in their order.
    std::vector<std::string> why;
};

const std::vector<row>& table()
{
    static const std::vector<row> rows{
        // Everything that it takes.
        {"all_of_it_for_a_command", nothing, {"110:20"}, verdict::complete, {}},
        {"all_of_it_from_kmsg", by_kmsg, {"110:20"}, verdict::complete, {}},
        {"all_of_it_for_descendants", nothing, {"--processes", "3", "110:20"}, verdict::complete, {}},
        {"all_of_it_for_a_tree",
         [](occasion& o) { o.options().follow = follow_kind::tree; },
         {"--spawn", "clone:3", "110:20"},
         verdict::complete,
         {}},
        {"all_of_it_for_a_process",
         [](occasion& o) { o.record_process(); },
         {"110:20"},
         verdict::complete,
         {}},

        // Both brackets.
        {"no_opening_bracket",
         [](occasion& o) {
             by_kmsg(o);
             o.throughout<audit_daemon>();
         },
         {"110:20"},
         verdict::unproven,
         {no_start}},
        {"no_closing_bracket",
         [](occasion& o) {
             by_kmsg(o);
             o.once_started<audit_daemon>();
         },
         {"110:20"},
         verdict::unproven,
         {no_end}},

        // Every serial between them, and every record that could be read.
        {"records_that_printk_dropped",
         [](occasion& o) {
             by_kmsg(o);
             o.options().lift_ratelimit = false;
             // Each record of our own may be dropped as well, until a new second begins.
             o.options().bracket_timeout = std::chrono::seconds(10);
             o.throughout<kept_setting>(printk_ratelimit, "1");
         },
         {"110:100"},
         verdict::incomplete,
         {never_seen, "printk's rate limit suppressed "}},
        {"records_that_the_ring_buffer_overwrote",
         [](occasion& o) {
             by_kmsg(o);
             unread(o);
         },
         {"110:20000"},
         verdict::incomplete,
         {never_seen, "the ring buffer overwrote "}},
        {"records_that_the_sockets_buffer_had_no_room_for",
         [](occasion& o) {
             o.options().receive_buffer = 4096;
             unread(o);
         },
         {"110:3000"},
         verdict::incomplete,
         {never_seen, "the audit socket's buffer overran "}},
        {"records_that_the_kernel_cut",
         [](occasion& o) {
             by_kmsg(o);
             o.program = sctrace::test::generator_with_long_path(o.folder());
         },
         {"110:5"},
         verdict::incomplete,
         {" cut by the kernel before the system call's number"}},

        // The kernel's lost counter the same before and after.
        {"records_that_the_kernel_lost", lose_records, {"110:200"}, verdict::incomplete, {never_seen, lost}},
        {"a_lost_counter_that_was_reset",
         reset_lost_counter,
         {"110:20"},
         verdict::unproven,
         {lost_reset, lost_unreadable}},
        {"a_lost_counter_and_exclude_rules_that_cannot_be_read",
         [](occasion&) { sctrace::test::drop_capability(CAP_AUDIT_CONTROL); },
         {"110:20"},
         verdict::unproven,
         {excluded_unreadable, lost_unreadable}},

        // No exclude rule that can match, before, meanwhile and after.
        {"an_exclude_rule",
         [](occasion& o) { o.throughout<excluded_program>(no_program); },
         {"110:20"},
         verdict::unproven,
         {excluded}},
        {"an_exclude_rule_that_goes",
         [](occasion& o) { o.until_started<excluded_program>(no_program); },
         {"110:20"},
         verdict::unproven,
         {excluded}},
        {"an_exclude_rule_that_comes_and_goes",
         [](occasion& o) { o.meanwhile<excluded_program>(no_program); },
         {"110:20"},
         verdict::unproven,
         {excluded}},
        {"an_exclude_rule_that_comes",
         [](occasion& o) { o.once_stopped<excluded_program>(no_program); },
         {"110:20"},
         verdict::unproven,
         {excluded}},
        {"an_exclude_rule_that_cannot_match",
         [](occasion& o) { o.throughout<excluded_type>(AUDIT_CWD); },
         {"110:20"},
         verdict::complete,
         {}},

        // actions_logged with `log` and the same before, meanwhile and after.
        {"no_log_in_actions_logged",
         [](occasion& o) { o.throughout<kept_setting>(actions_logged, all_but_log); },
         {"110:20"},
         verdict::unproven,
         {log_off, no_start}},
        {"log_that_comes",
         [](occasion& o) { o.until_started<kept_setting>(actions_logged, all_but_log); },
         {"110:20"},
         verdict::unproven,
         {log_written, log_off, no_start}},
        {"log_that_goes_and_comes",
         [](occasion& o) {
             o.record_process_unread([] { return kept_setting(actions_logged, all_but_log); });
         },
         {"110:20"},
         verdict::unproven,
         {log_written}},
        {"log_that_goes",
         [](occasion& o) { o.once_stopped<kept_setting>(actions_logged, all_but_log); },
         {"110:20"},
         verdict::unproven,
         {log_off}},
        {"actions_logged_that_cannot_be_read",
         [](occasion&) { sctrace::test::hide_folder("/proc/sys/kernel/seccomp"); },
         {"110:20"},
         verdict::unproven,
         {log_unreadable, log_unwatched}},
        {"actions_logged_that_cannot_be_watched",
         [](occasion& o) {
             o.record_process();
             sctrace::test::fail_call(SYS_inotify_init1, EMFILE);
         },
         {"110:20"},
         verdict::unproven,
         {log_unwatched}},

        // Fork events without overrun where the tree is followed.
        {"fork_events_that_were_lost",
         overrun_fork_events,
         {"110:20"},
         verdict::unproven,
         {"fork events were lost: descendants may have been overlooked"}},
        {"no_fork_events_where_there_are_descendants",
         [](occasion& o) {
             by_kmsg(o);
             o.options().follow = follow_kind::tree;
             leave_network_namespace();
         },
         {"--processes", "2", "110:20"},
         verdict::unproven,
         {"descendants are not recorded: cannot receive process events: "}},
        {"no_fork_events_where_there_are_no_descendants",
         [](occasion& o) {
             by_kmsg(o);
             o.options().follow = follow_kind::tree;
             leave_network_namespace();
         },
         {"110:20"},
         verdict::complete,
         {}},
        {"no_fork_events_for_a_process",
         [](occasion& o) {
             by_kmsg(o);
             o.options().follow = follow_kind::tree;
             o.record_process();
             leave_network_namespace();
         },
         {"110:20"},
         verdict::unproven,
         {"descendants are not recorded: cannot receive process events: "}},

        // No filter of the target's own.
        {"a_call_of_seccomp", nothing, {"317:1", "110:20"}, verdict::unproven, {called_seccomp}},
        {"a_filter_by_seccomp",
         nothing,
         {"--filter", "110:20"},
         verdict::unproven,
         {called_seccomp, two_filters, called_prctl}},
        {"a_filter_by_prctl",
         nothing,
         {"--prctl-filter", "110:20"},
         verdict::unproven,
         {two_filters, called_prctl}},
        {"a_call_of_prctl_by_the_only_process_which_has_our_filter_only",
         nothing,
         {"157:1", "110:20"},
         verdict::complete,
         {}},
        {"a_call_of_prctl_where_there_are_threads",
         nothing,
         {"--threads", "2", "157:1", "110:20"},
         verdict::unproven,
         {called_prctl}},
        {"a_filter_that_the_command_inherits",
         [](occasion&) { sctrace::test::fail_call(SYS_getgroups, EPERM, 12345); },
         {"110:20"},
         verdict::unproven,
         {two_filters}},
        {"filters_of_the_command_that_cannot_be_counted",
         [](occasion&) { hide_processes(); },
         {"110:20"},
         verdict::unproven,
         {"the command's filters could not be counted when it ended"}},
        {"a_process_without_a_filter",
         [](occasion& o) {
             const auto process = std::make_shared<idle_process>();
             o.options().pids = {process->pid()};
             o.options().duration = std::chrono::milliseconds(100);
             o.at_stop([process] {});
         },
         {},
         verdict::unproven,
         {" had no seccomp filter"}},
        {"a_process_with_another_filter",
         [](occasion& o) { o.record_process(); },
         {"--errno-filter", "102", "110:20"},
         verdict::unproven,
         {" had 2 seccomp filters: a stricter one may hide calls from the log"}},
        {"a_process_that_cannot_be_looked_at",
         [](occasion& o) {
             o.options().pids = {2147483646};
             o.options().duration = std::chrono::milliseconds(100);
         },
         {},
         verdict::unproven,
         {"the filters of process 2147483646 could not be looked at"}},

        // The kernel's own records.
        {"another_source_than_the_kernel",
         record_fifo,
         {"110:20"},
         verdict::unproven,
         {"the source is not the kernel's own device", no_start}},
    };
    return rows;
}

constexpr std::string_view skipped = "skipped: ";

std::string record(const row& r)
{
    return sctrace::test::in_child([&r] {
        try {
            occasion o(r.generator);
            r.arrange(o);
            return o.run();
        } catch (const cannot_arrange& e) {
            return std::string(skipped) + e.what();
        }
    });
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

void check(const row& r)
{
    if (!sctrace::test::can_record()) {
        return;
    }
    const std::string told = record(r);
    if (told.starts_with(skipped)) {
        return sctrace::test::skip(std::string_view(told).substr(skipped.size()));
    }
    const auto lines = lines_of(told);
    BOOST_TEST_CONTEXT(told)
    {
        BOOST_REQUIRE(lines.size() == 1 + r.why.size());
        BOOST_TEST(lines.front() == to_string(r.expected));
        for (std::size_t i = 0; i < r.why.size(); ++i) {
            BOOST_TEST((lines[i + 1].find(r.why[i]) != std::string::npos), r.why[i]);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(what_complete_takes)

namespace {

const sctrace::test::row_cases cases(table(), check);

} // namespace

BOOST_AUTO_TEST_SUITE_END()
