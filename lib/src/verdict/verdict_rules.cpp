#include "verdict/verdict_rules.hpp"

#include "os/process.hpp"

#include <span>
#include <utility>

namespace sctrace::detail {

namespace {

using reasons = std::vector<std::string>;

// Each rule is named by what must hold, and tells why it does not.

void source_was_readable(const evidence& e, reasons& why)
{
    if (!e.source_error.empty()) {
        why.push_back("reading the source failed: " + e.source_error);
    }
}

void records_are_the_kernels(const evidence& e, reasons& why)
{
    if (!e.from_kernel) {
        why.emplace_back("the source is not the kernel's own device");
    }
}

/// The kernel looks at the exclude list before a record takes a serial, so that what a rule drops leaves no
/// gap (kernel/audit.c, audit_log_start(); kernel/auditfilter.c, audit_filter()).
void no_exclude_rule_can_match(const logging_settings& settings, reasons& why)
{
    if (!settings.exclude_rules) {
        why.emplace_back("the audit exclude rules can't be read (CAP_AUDIT_CONTROL)");
    } else if (*settings.exclude_rules != 0) {
        why.push_back(std::to_string(*settings.exclude_rules) +
                      " audit exclude rule(s) can drop records before anyone sees them (auditctl -l)");
    }
}

/// Only then is there a record for SECCOMP_RET_LOG (kernel/seccomp.c, seccomp_log()).
void log_is_in_actions_logged(const logging_settings& settings, reasons& why)
{
    if (!settings.actions_logged) {
        why.emplace_back("/proc/sys/kernel/seccomp/actions_logged can't be read");
    } else if (!has_word(*settings.actions_logged, "log")) {
        why.emplace_back("kernel.seccomp.actions_logged does not hold `log`: filters log no calls");
    }
}

void settings_let_records_through(const logging_settings& settings, reasons& why)
{
    no_exclude_rule_can_match(settings, why);
    log_is_in_actions_logged(settings, why);
}

/// It may be changed and changed back before anybody looks again.
void actions_logged_was_not_written(const evidence& e, reasons& why)
{
    const auto& writes = e.actions_logged_writes;
    if (!e.from_kernel || !writes) {
        return;
    }
    if (!writes->before || !writes->after) {
        why.emplace_back("writes to kernel.seccomp.actions_logged cannot be watched for (inotify)");
    } else if (*writes->before != *writes->after) {
        why.emplace_back("kernel.seccomp.actions_logged was written while recording: for a moment it may "
                         "not have held `log`");
    }
}

// Of all filters of a process the strictest decides (kernel/seccomp.c, seccomp_run_filters()): one that
// refuses a call, or lets the process end, hides it from the one that logs.

void nobody_called_seccomp(const end_evidence& end, reasons& why)
{
    if (end.own_filters.seccomp != 0) {
        why.emplace_back("the target called seccomp(2): a filter of its own may hide calls from the log");
    }
}

void command_ended_under_our_filter_only(const end_evidence& end, reasons& why)
{
    if (!end.command) {
        return;
    }
    const auto filters = end.command->filters_at_end;
    if (!filters) {
        why.emplace_back("the command's filters could not be counted when it ended");
    } else if (*filters != 1) {
        why.push_back("the command ended under " + std::to_string(*filters) +
                      " seccomp filters, one of them ours: another one may hide calls from the log");
    }
}

std::string doubt_about(const process_filters& process)
{
    constexpr std::uint32_t filter_mode = 2;
    const std::string name = "process " + std::to_string(process.pid);
    if (!process.mode || !process.count) {
        return "the filters of " + name + " could not be looked at";
    }
    if (*process.mode != filter_mode) {
        return name + " had no seccomp filter";
    }
    return *process.count == 1 ? std::string()
                               : name + " had " + std::to_string(*process.count) +
                                     " seccomp filters: a stricter one may hide calls from the log";
}

/// One example is enough where there are many.
void each_is_under_one_filter(std::span<const process_filters> processes, reasons& why)
{
    reasons found;
    for (const process_filters& each : processes) {
        if (std::string doubt = doubt_about(each); !doubt.empty()) {
            found.push_back(std::move(doubt));
        }
    }
    if (!found.empty()) {
        const std::string others =
            found.size() > 1 ? ", and " + std::to_string(found.size() - 1) + " others" : std::string();
        why.push_back(found.front() + others);
    }
}

/// Of processes that have ended meanwhile the calls that install filters were seen.
void processes_are_under_one_filter(const evidence& e, reasons& why)
{
    if (!e.at_end->command && e.from_kernel) {
        each_is_under_one_filter(e.at_end->processes, why);
    }
}

void no_entrant_was_silent(const end_evidence& end, reasons& why)
{
    if (!end.silent_entrants.empty()) {
        why.push_back(
            std::to_string(end.silent_entrants.size()) +
            " process(es) entered the container and made no call that was logged, such as process " +
            std::to_string(end.silent_entrants.front()) + ": they may be under no filter");
    }
}

/// Whether the target may have made processes or threads; a missing record may have been the call that did.
bool may_have_made_tasks(const end_evidence& end)
{
    return end.loss.serial_gaps != 0 || end.loss.truncated_records != 0 || end.loss.malformed_records != 0 ||
           end.descendants.makes_tasks;
}

bool is_command_alone(const end_evidence& end)
{
    return end.command && !may_have_made_tasks(end);
}

/// What prctl(2) is called for is not in the record. The command's leader was looked at when it had ended;
/// others that called it could not be.
void nobody_installed_a_filter_by_prctl(const end_evidence& end, reasons& why)
{
    const filter_calls& own = end.own_filters;
    const bool only_leader = is_command_alone(end) && end.command->filters_at_end == 1U &&
                             own.prctl_pid == end.command->pid && !own.prctl_by_several;
    if (own.prctl != 0 && !only_leader) {
        why.emplace_back(
            "the target called prctl(2), which can install a filter that hides calls from the log");
    }
}

void descendants_were_followed(const end_evidence& end, reasons& why)
{
    if (end.descendants.how == following::impossible && !is_command_alone(end)) {
        why.push_back("descendants are not recorded: " + end.descendants.why_no_events);
    }
}

std::string why_births_are_unknown(const descendant_evidence& descendants)
{
    switch (descendants.events) {
    case fork_events::unavailable:
        return descendants.why_no_events;
    case fork_events::lost:
        return "fork events were lost";
    case fork_events::all:
        break;
    }
    return "one was made with CLONE_PARENT";
}

/// A descendant may have changed its session; whether it did is known as long as each birth is.
void nobody_left_the_session_unnoticed(const end_evidence& end, reasons& why)
{
    const descendant_evidence& seen = end.descendants;
    if (seen.how != following::by_session || is_command_alone(end)) {
        return;
    }
    const bool knows_all = seen.events == fork_events::all;
    const bool by_chance = !knows_all && seen.selected_by_tree != 0;
    const bool overlooked = seen.outside_session && (!knows_all || seen.latecomers != 0);
    if (by_chance || overlooked) {
        why.push_back("records of other audit sessions may be those of descendants that changed theirs: " +
                      why_births_are_unknown(seen));
    }
}

/// With CLONE_PARENT a process makes a child of its own parent (kernel/fork.c, copy_process()).
void each_record_has_an_owner(const end_evidence& end, reasons& why)
{
    if (end.descendants.how != following::unwanted && end.descendants.unclear != 0) {
        why.push_back(std::to_string(end.descendants.unclear) +
                      " records are of processes that may be descendants (CLONE_PARENT) or may not");
    }
}

void each_call_was_counted(const end_evidence& end, reasons& why)
{
    if (!end.left_out.empty()) {
        why.push_back(end.left_out);
    }
}

void add_doubts_at_end(const evidence& e, reasons& why)
{
    const end_evidence& end = *e.at_end;
    settings_let_records_through(end.settings_before, why);
    settings_let_records_through(end.settings_after, why);
    records_are_the_kernels(e, why);

    nobody_called_seccomp(end, why);
    command_ended_under_our_filter_only(end, why);
    processes_are_under_one_filter(e, why);
    no_entrant_was_silent(end, why);
    nobody_installed_a_filter_by_prctl(end, why);

    descendants_were_followed(end, why);
    nobody_left_the_session_unnoticed(end, why);
    each_record_has_an_owner(end, why);

    each_call_was_counted(end, why);
}

} // namespace

std::vector<std::string> doubts(const evidence& e)
{
    reasons why;
    source_was_readable(e, why);
    each_is_under_one_filter(e.processes_at_start, why);
    if (e.settings_meanwhile) {
        settings_let_records_through(*e.settings_meanwhile, why);
    }
    actions_logged_was_not_written(e, why);
    if (e.at_end) {
        add_doubts_at_end(e, why);
    }
    return why;
}

std::vector<std::string> doubts_about(const logging_settings& settings)
{
    reasons why;
    settings_let_records_through(settings, why);
    return why;
}

} // namespace sctrace::detail
