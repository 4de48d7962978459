// What `complete` takes, line by line: evidence of a recording of which all of it holds gives no doubt, and
// each change gives the one that it should. test/kernel/complete_test.cpp has the same with the real kernel.

#include "common/row_cases.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/loss_ledger.hpp>
#include <sctrace/loss_notice.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using sctrace::loss_ledger;
using sctrace::loss_notice;
using sctrace::verdict;
using sctrace::detail::command_evidence;
using sctrace::detail::doubts;
using sctrace::detail::doubts_about;
using sctrace::detail::end_evidence;
using sctrace::detail::evidence;
using sctrace::detail::following;
using sctrace::detail::fork_events;
using sctrace::detail::logging_settings;
using sctrace::detail::process_filters;
using sctrace::detail::setting_writes;

const logging_settings good_settings{0U, "kill_process errno log"};
const logging_settings no_settings{};
constexpr pid_t command_pid = 42;

evidence fine_beginning()
{
    evidence e;
    e.from_kernel = true;
    e.settings_meanwhile = good_settings;
    e.actions_logged_writes = setting_writes{3U, 3U};
    end_evidence& end = e.at_end.emplace();
    end.settings_before = good_settings;
    end.settings_after = good_settings;
    end.descendants.events = fork_events::all;
    end.descendants.outside_session = false;
    return e;
}

/// A command that made processes, followed by the session of its own.
evidence fine_command()
{
    evidence e = fine_beginning();
    e.at_end->command = command_evidence{command_pid, 1U};
    e.at_end->descendants.how = following::by_session;
    return e;
}

/// Two processes and their descendants; one of them has ended meanwhile.
evidence fine_processes()
{
    evidence e = fine_beginning();
    e.processes_at_start = {{7, 2U, 1U}, {8, 2U, 1U}};
    e.at_end->processes = {{8, 2U, 1U}};
    e.at_end->descendants.how = following::by_tree;
    return e;
}

/// A command of which it is known that it made no process and no thread.
evidence lone_command()
{
    evidence e = fine_command();
    e.at_end->descendants.makes_tasks = false;
    return e;
}

/// Of every serial between two brackets.
loss_ledger fine_ledger()
{
    loss_ledger ledger;
    ledger.open_window(100);
    ledger.saw_serial(101);
    ledger.close_window(102);
    ledger.audit_lost(5, 5);
    return ledger;
}

// ---- evidence: what is changed, and the one doubt that it makes, if any

struct evidence_row {
    const char* name;
    evidence (*fine)();
    void (*change)(evidence&);
    std::string doubt;
};

const std::string lies = "the source is not the kernel's own device";
const std::string excluded = "2 audit exclude rule(s) can drop records before anyone sees them (auditctl -l)";
const std::string excluded_unreadable = "the audit exclude rules can't be read (CAP_AUDIT_CONTROL)";
const std::string log_off = "kernel.seccomp.actions_logged does not hold `log`: filters log no calls";
const std::string log_unreadable = "/proc/sys/kernel/seccomp/actions_logged can't be read";
const std::string log_unwatched = "writes to kernel.seccomp.actions_logged cannot be watched for (inotify)";
const std::string called_seccomp =
    "the target called seccomp(2): a filter of its own may hide calls from the log";
const std::string called_prctl =
    "the target called prctl(2), which can install a filter that hides calls from the log";
const std::string not_followed = "descendants are not recorded: no connector";
const std::string other_sessions =
    "records of other audit sessions may be those of descendants that changed theirs: ";
const std::string nothing;

void do_nothing(evidence&) {}

/// Only the command's leader called prctl(2).
void leader_called_prctl(evidence& e)
{
    e.at_end->own_filters.prctl = 2;
    e.at_end->own_filters.prctl_pid = command_pid;
}

void without_fork_events(evidence& e)
{
    e.at_end->descendants.events = fork_events::unavailable;
    e.at_end->descendants.why_no_events = "no connector";
}

void without_descendants(evidence& e)
{
    without_fork_events(e);
    e.at_end->descendants.how = following::impossible;
}

const std::vector<evidence_row>& evidence_table()
{
    static const std::vector<evidence_row> rows{
        // All of it holds.
        {"a_command", fine_command, do_nothing, nothing},
        {"a_lone_command", lone_command, do_nothing, nothing},
        {"processes", fine_processes, do_nothing, nothing},
        {"processes_that_have_all_ended", fine_processes, [](evidence& e) { e.at_end->processes.clear(); },
         nothing},

        // The kernel's own records.
        {"another_source", fine_command, [](evidence& e) { e.from_kernel = false; }, lies},
        {"another_source_whose_processes_and_settings_say_nothing", fine_processes,
         [](evidence& e) {
             e.from_kernel = false;
             e.processes_at_start.clear();
             e.at_end->processes = {{8, 0U, 0U}};
             e.actions_logged_writes = setting_writes{};
         },
         lies},
        {"a_source_that_failed", fine_command, [](evidence& e) { e.source_error = "Input/output error"; },
         "reading the source failed: Input/output error"},

        // Exclude rules: none that can match, before, meanwhile and after.
        {"an_exclude_rule_before", fine_command,
         [](evidence& e) { e.at_end->settings_before.exclude_rules = 2; }, excluded},
        {"an_exclude_rule_meanwhile", fine_command,
         [](evidence& e) { e.settings_meanwhile->exclude_rules = 2; }, excluded},
        {"an_exclude_rule_after", fine_command,
         [](evidence& e) { e.at_end->settings_after.exclude_rules = 2; }, excluded},
        {"exclude_rules_unreadable_before", fine_command,
         [](evidence& e) { e.at_end->settings_before.exclude_rules.reset(); }, excluded_unreadable},
        {"exclude_rules_unreadable_meanwhile", fine_command,
         [](evidence& e) { e.settings_meanwhile->exclude_rules.reset(); }, excluded_unreadable},
        {"exclude_rules_unreadable_after", fine_command,
         [](evidence& e) { e.at_end->settings_after.exclude_rules.reset(); }, excluded_unreadable},

        // actions_logged with log, before, meanwhile and after, and not written.
        {"no_log_before", fine_command,
         [](evidence& e) { e.at_end->settings_before.actions_logged = "errno trap"; }, log_off},
        {"no_log_meanwhile", fine_command, [](evidence& e) { e.settings_meanwhile->actions_logged = ""; },
         log_off},
        {"no_log_after", fine_command,
         [](evidence& e) { e.at_end->settings_after.actions_logged = "errno logs"; }, log_off},
        {"actions_logged_unreadable_before", fine_command,
         [](evidence& e) { e.at_end->settings_before.actions_logged.reset(); }, log_unreadable},
        {"actions_logged_unreadable_meanwhile", fine_command,
         [](evidence& e) { e.settings_meanwhile->actions_logged.reset(); }, log_unreadable},
        {"actions_logged_unreadable_after", fine_command,
         [](evidence& e) { e.at_end->settings_after.actions_logged.reset(); }, log_unreadable},
        {"actions_logged_written", fine_command, [](evidence& e) { e.actions_logged_writes->after = 4; },
         "kernel.seccomp.actions_logged was written while recording: for a moment it may not have held "
         "`log`"},
        {"actions_logged_unwatched_before", fine_command,
         [](evidence& e) { e.actions_logged_writes->before.reset(); }, log_unwatched},
        {"actions_logged_unwatched_after", fine_command,
         [](evidence& e) { e.actions_logged_writes->after.reset(); }, log_unwatched},
        {"actions_logged_unwatched", fine_command,
         [](evidence& e) { e.actions_logged_writes = setting_writes{}; }, log_unwatched},

        // No filter of the target's own: its calls.
        {"a_call_of_seccomp", fine_command, [](evidence& e) { e.at_end->own_filters.seccomp = 1; },
         called_seccomp},
        {"a_call_of_seccomp_by_a_process", fine_processes,
         [](evidence& e) { e.at_end->own_filters.seccomp = 1; }, called_seccomp},
        {"a_call_of_prctl_by_a_process", fine_processes,
         [](evidence& e) {
             e.at_end->own_filters.prctl = 1;
             e.at_end->own_filters.prctl_pid = 8;
             e.at_end->descendants.makes_tasks = false;
         },
         called_prctl},
        {"calls_of_prctl_by_the_only_process_of_a_command", lone_command, leader_called_prctl, nothing},
        {"a_call_of_prctl_where_tasks_were_made", fine_command, leader_called_prctl, called_prctl},
        {"a_call_of_prctl_where_a_serial_is_missing", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->loss.serial_gaps = 1;
         },
         called_prctl},
        {"a_call_of_prctl_where_a_record_was_cut", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->loss.truncated_records = 1;
         },
         called_prctl},
        {"a_call_of_prctl_where_a_record_could_not_be_read", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->loss.malformed_records = 1;
         },
         called_prctl},
        {"a_call_of_prctl_by_another_process_than_the_leader", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->own_filters.prctl_pid = 43;
         },
         called_prctl},
        {"a_call_of_prctl_by_nobody_knows_whom", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->own_filters.prctl_pid.reset();
         },
         called_prctl},
        {"calls_of_prctl_by_several", lone_command,
         [](evidence& e) {
             leader_called_prctl(e);
             e.at_end->own_filters.prctl_by_several = true;
         },
         called_prctl},

        // No filter of the target's own: /proc/PID/status.
        {"a_command_under_two_filters", fine_command,
         [](evidence& e) { e.at_end->command->filters_at_end = 2; },
         "the command ended under 2 seccomp filters, one of them ours: another one may hide calls from the "
         "log"},
        {"a_command_whose_filters_could_not_be_counted", fine_command,
         [](evidence& e) { e.at_end->command->filters_at_end.reset(); },
         "the command's filters could not be counted when it ended"},
        {"a_process_without_a_filter_at_the_start", fine_processes,
         [](evidence& e) {
             e.processes_at_start[1] = {8, 0U, 0U};
         },
         "process 8 had no seccomp filter"},
        {"a_process_without_a_filter_at_the_end", fine_processes,
         [](evidence& e) {
             e.at_end->processes[0] = {8, 0U, 0U};
         },
         "process 8 had no seccomp filter"},
        {"a_process_in_strict_mode", fine_processes,
         [](evidence& e) {
             e.processes_at_start[0] = {7, 1U, 0U};
         },
         "process 7 had no seccomp filter"},
        {"a_process_under_three_filters", fine_processes,
         [](evidence& e) { e.at_end->processes[0].count = 3; },
         "process 8 had 3 seccomp filters: a stricter one may hide calls from the log"},
        {"a_process_that_could_not_be_looked_at", fine_processes,
         [](evidence& e) { e.processes_at_start[0].mode.reset(); },
         "the filters of process 7 could not be looked at"},
        {"a_process_whose_filters_could_not_be_counted", fine_processes,
         [](evidence& e) { e.processes_at_start[0].count.reset(); },
         "the filters of process 7 could not be looked at"},
        {"one_example_of_several_processes", fine_processes,
         [](evidence& e) {
             e.processes_at_start = {{6, 2U, 1U}, {7, 0U, 0U}, {8, 2U, 2U}, {9, {}, {}}};
         },
         "process 7 had no seccomp filter, and 2 others"},
        {"entrants_of_a_container_without_a_record", fine_processes,
         [](evidence& e) {
             e.at_end->silent_entrants = {31, 30};
         },
         "2 process(es) entered the container and made no call that was logged, such as process 31: they may "
         "be under no filter"},

        // Descendants.
        {"a_command_whose_descendants_cannot_be_followed", fine_command, without_descendants, not_followed},
        {"processes_whose_descendants_cannot_be_followed", fine_processes, without_descendants, not_followed},
        {"a_lone_command_without_fork_events", lone_command, without_descendants, nothing},
        {"a_command_that_was_wanted_alone", fine_command,
         [](evidence& e) {
             without_fork_events(e);
             e.at_end->descendants.how = following::unwanted;
             e.at_end->descendants.outside_session = true;
             e.at_end->descendants.unclear = 1;
         },
         nothing},
        {"records_outside_of_the_session_where_each_birth_is_known", fine_command,
         [](evidence& e) { e.at_end->descendants.outside_session = true; }, nothing},
        {"records_outside_of_the_session_and_no_fork_events", fine_command,
         [](evidence& e) {
             without_fork_events(e);
             e.at_end->descendants.outside_session = true;
         },
         other_sessions + "no connector"},
        {"records_outside_of_the_session_and_lost_fork_events", fine_command,
         [](evidence& e) {
             e.at_end->descendants.events = fork_events::lost;
             e.at_end->descendants.outside_session = true;
         },
         other_sessions + "fork events were lost"},
        {"records_outside_of_the_session_and_a_birth_that_was_overlooked", fine_command,
         [](evidence& e) {
             e.at_end->descendants.latecomers = 1;
             e.at_end->descendants.outside_session = true;
         },
         other_sessions + "one was made with CLONE_PARENT"},
        {"records_that_the_tree_found_although_fork_events_were_lost", fine_command,
         [](evidence& e) {
             e.at_end->descendants.events = fork_events::lost;
             e.at_end->descendants.selected_by_tree = 1;
         },
         other_sessions + "fork events were lost"},
        {"records_that_the_tree_found", fine_command,
         [](evidence& e) { e.at_end->descendants.selected_by_tree = 1; }, nothing},
        {"lost_fork_events_where_the_session_tells_all", fine_command,
         [](evidence& e) { e.at_end->descendants.events = fork_events::lost; }, nothing},
        {"a_birth_that_was_overlooked_where_the_session_tells_all", fine_command,
         [](evidence& e) { e.at_end->descendants.latecomers = 1; }, nothing},
        {"records_outside_of_the_session_of_a_lone_command", lone_command,
         [](evidence& e) {
             without_fork_events(e);
             e.at_end->descendants.outside_session = true;
         },
         nothing},
        {"records_of_which_nobody_knows_whose_they_are", fine_processes,
         [](evidence& e) { e.at_end->descendants.unclear = 12; },
         "12 records are of processes that may be descendants (CLONE_PARENT) or may not"},

        // Every call has room in the trace.
        {"too_many_different_calls", fine_command,
         [](evidence& e) { e.at_end->left_out = "3 calls were left out"; }, "3 calls were left out"},
    };
    return rows;
}

void check_evidence(const evidence_row& row)
{
    evidence e = row.fine();
    row.change(e);
    const std::vector<std::string> expected(row.doubt.empty() ? 0 : 1, row.doubt);
    BOOST_TEST(doubts(e) == expected, boost::test_tools::per_element());
}

// ---- the ledger: what is changed, and what becomes of a recording of which else all holds

struct ledger_row {
    const char* name;
    loss_ledger (*make)();
    verdict expected;
    std::optional<std::uint64_t> missing_at_most;
    std::vector<std::string> why;
};

template <class Change>
loss_ledger changed(Change change)
{
    loss_ledger ledger = fine_ledger();
    change(ledger);
    return ledger;
}

const std::vector<ledger_row>& ledger_table()
{
    static const std::vector<ledger_row> rows{
        {"each_serial_between_both_brackets", fine_ledger, verdict::complete, 0, {}},
        {"no_opening_bracket",
         [] {
             loss_ledger ledger;
             ledger.audit_lost(5, 5);
             return ledger;
         },
         verdict::unproven,
         {},
         {"the recording is not bracketed: no record of our own came back at its start"}},
        {"no_closing_bracket",
         [] {
             loss_ledger ledger;
             ledger.open_window(100);
             ledger.audit_lost(5, 5);
             return ledger;
         },
         verdict::unproven,
         {},
         {"the recording is not bracketed: no record of our own came back at its end"}},
        {"a_serial_that_was_not_seen",
         [] {
             loss_ledger ledger;
             ledger.open_window(100);
             ledger.close_window(102);
             ledger.audit_lost(5, 5);
             return ledger;
         },
         verdict::incomplete,
         1,
         {"1 audit serial was never seen"}},
        {"records_that_the_kernel_lost",
         [] { return changed([](loss_ledger& l) { l.audit_lost(5, 8); }); },
         verdict::incomplete,
         3,
         {"the kernel lost 3 audit records before they were queued"}},
        {"a_lost_counter_that_was_reset",
         [] {
             loss_ledger ledger;
             ledger.open_window(100);
             ledger.close_window(101);
             ledger.audit_lost(5, 0);
             return ledger;
         },
         verdict::unproven,
         {},
         {"the kernel's counter of lost audit records was reset while recording",
          "the kernel's counter of lost audit records can't be read (CAP_AUDIT_CONTROL)"}},
        {"a_lost_counter_that_cannot_be_read",
         [] {
             loss_ledger ledger;
             ledger.open_window(100);
             ledger.close_window(101);
             return ledger;
         },
         verdict::unproven,
         {},
         {"the kernel's counter of lost audit records can't be read (CAP_AUDIT_CONTROL)"}},
        {"a_lost_counter_that_cannot_be_read_after_it_was",
         [] {
             loss_ledger ledger;
             ledger.open_window(100);
             ledger.close_window(101);
             ledger.saw_notice({loss_notice::kind::audit_lost, 9});
             ledger.audit_lost(5, {});
             return ledger;
         },
         verdict::unproven,
         {},
         {"the kernel said that it lost audit records, and its counter can't be read"}},
        {"a_record_that_was_cut",
         [] { return changed([](loss_ledger& l) { l.truncated_record(); }); },
         verdict::incomplete,
         1,
         {"1 record was cut by the kernel before the system call's number"}},
        {"a_record_that_could_not_be_read",
         [] { return changed([](loss_ledger& l) { l.malformed_record(); }); },
         verdict::incomplete,
         1,
         {"1 record could not be read"}},
    };
    return rows;
}

void check_ledger(const ledger_row& row)
{
    loss_ledger ledger = row.make();
    for (const std::string& doubt : doubts(fine_command())) {
        ledger.cannot_prove(doubt);
    }
    const auto judged = ledger.judge();
    BOOST_TEST((judged.what == row.expected));
    BOOST_TEST((judged.missing_at_most == row.missing_at_most));
    BOOST_TEST(judged.why == row.why, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(verdict_rules)

namespace {

const sctrace::test::row_cases evidence_cases(evidence_table(), check_evidence);

} // namespace

BOOST_AUTO_TEST_CASE(what_has_not_been_looked_at_yet_is_no_doubt)
{
    BOOST_TEST(doubts({}).empty());
    evidence e = fine_command();
    e.settings_meanwhile.reset();
    e.actions_logged_writes.reset();
    BOOST_TEST(doubts(e).empty());
}

BOOST_AUTO_TEST_CASE(an_end_of_which_nothing_is_known_proves_nothing)
{
    evidence e;
    e.at_end.emplace();
    const std::vector<std::string> expected{
        // Before and after.
        excluded_unreadable, log_unreadable, excluded_unreadable,
        log_unreadable,      lies,           "descendants are not recorded: ",
    };
    BOOST_TEST(doubts(e) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(doubts_come_in_the_order_in_which_they_are_noticed)
{
    evidence e = fine_command();
    e.source_error = "Input/output error";
    e.processes_at_start = {{7, {}, {}}};
    e.settings_meanwhile->exclude_rules = 1;
    e.actions_logged_writes = setting_writes{};
    e.at_end->settings_before.exclude_rules = 2;
    e.at_end->settings_after = no_settings;
    e.at_end->own_filters = {1, 1, 43, false};
    e.at_end->command->filters_at_end = 2;
    e.at_end->silent_entrants = {9};
    e.at_end->descendants.events = fork_events::lost;
    e.at_end->descendants.selected_by_tree = 1;
    e.at_end->descendants.unclear = 1;
    e.at_end->left_out = "3 calls were left out";
    const std::vector<std::string> expected{
        "reading the source failed: Input/output error",
        "the filters of process 7 could not be looked at",
        "1 audit exclude rule(s) can drop records before anyone sees them (auditctl -l)",
        log_unwatched,
        excluded,
        excluded_unreadable,
        log_unreadable,
        called_seccomp,
        "the command ended under 2 seccomp filters, one of them ours: another one may hide calls from the "
        "log",
        "1 process(es) entered the container and made no call that was logged, such as process 9: they may "
        "be "
        "under no filter",
        called_prctl,
        other_sessions + "fork events were lost",
        "1 records are of processes that may be descendants (CLONE_PARENT) or may not",
        "3 calls were left out",
    };
    BOOST_TEST(doubts(e) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(settings_can_be_judged_alone)
{
    BOOST_TEST(doubts_about(good_settings).empty());
    const std::vector<std::string> both{excluded_unreadable, log_unreadable};
    BOOST_TEST(doubts_about(no_settings) == both, boost::test_tools::per_element());
    const std::vector<std::string> rules{excluded};
    BOOST_TEST(doubts_about({2U, "log"}) == rules, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(verdict_rules_and_the_ledger)

namespace {

const sctrace::test::row_cases ledger_cases(ledger_table(), check_ledger);

} // namespace

BOOST_AUTO_TEST_SUITE_END()
