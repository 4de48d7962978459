#ifndef SCTRACE_SRC_VERDICT_RULES_HPP
#define SCTRACE_SRC_VERDICT_RULES_HPP

#include <sctrace/loss_ledger.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// The settings of the host that keep records from being made; one that can't be read is empty.
struct logging_settings {
    /// How many rules on the audit exclude list a SECCOMP record could match.
    std::optional<std::uint32_t> exclude_rules;
    /// The words of kernel.seccomp.actions_logged.
    std::optional<std::string> actions_logged;
};

/// What /proc/PID/status says of the filters of a process; a field that can't be read is empty.
struct process_filters {
    pid_t pid = 0;
    /// `Seccomp`: 2 is a process that is under filters.
    std::optional<std::uint32_t> mode;
    /// `Seccomp_filters`.
    std::optional<std::uint32_t> count;
};

/// Calls of the target that can install a filter of its own, which would hide other calls from the log.
struct filter_calls {
    std::uint64_t seccomp = 0;
    std::uint64_t prctl = 0;
    /// The process that called prctl(2), while it is only one.
    std::optional<std::int32_t> prctl_pid;
    bool prctl_by_several = false;
};

/// How often kernel.seccomp.actions_logged was written before and after; empty where that can't be watched.
struct setting_writes {
    std::optional<std::uint64_t> before;
    std::optional<std::uint64_t> after;
};

/// A command that was recorded.
struct command_evidence {
    pid_t pid = 0;
    /// The filters that it was under when it ended, one of them ours; empty if they could not be counted.
    std::optional<std::uint32_t> filters_at_end;
};

/// How the descendants of the target were found.
enum class following {
    /// Nobody asked for them.
    unwanted,
    /// They were wanted, and there was no way to find them.
    impossible,
    /// By the audit session of their own.
    by_session,
    /// By fork events, which are all there is to tell them from others.
    by_tree,
};

/// The process events of the time of the recording.
enum class fork_events { unavailable, lost, all };

/// What is known of the descendants of the target.
struct descendant_evidence {
    following how = following::impossible;
    fork_events events = fork_events::unavailable;
    /// Why there were no fork events.
    std::string why_no_events;
    /// Whether the trace, or what was known before, holds a call that makes processes or threads.
    bool makes_tasks = true;
    /// Records that fork events selected and the session did not.
    std::uint64_t selected_by_tree = 0;
    /// Whether there were records outside of the session that may be those of descendants who left it.
    bool outside_session = true;
    /// Processes of the session of whose birth no fork event told.
    std::uint64_t latecomers = 0;
    /// Records of which fork events could not tell whose they are.
    std::uint64_t unclear = 0;
};

/// What is known when a recording has ended. As long as nothing is entered, nothing is proved.
struct end_evidence {
    logging_settings settings_before;
    logging_settings settings_after;
    std::optional<command_evidence> command;
    /// Processes that were recorded by their id, and their descendants, as far as they still run.
    std::vector<process_filters> processes;
    filter_calls own_filters;
    /// Who entered the container from outside and made no call that was logged.
    std::vector<pid_t> silent_entrants;
    descendant_evidence descendants;
    loss_counts loss;
    /// That the trace had no room for more different calls, in words; empty otherwise.
    std::string left_out;
};

/// Everything that a recording's verdict rests on, but for the serials and losses that its ledger counts.
/**
 * It grows with the recording: what is empty has not been looked at yet.
 */
struct evidence {
    /// Whether the records come from the kernel, and not from somebody who writes what they like.
    bool from_kernel = false;
    /// Why reading the source failed; empty if it did not.
    std::string source_error;
    /// Processes that are recorded by their id, and their descendants, when the recording began.
    std::vector<process_filters> processes_at_start;
    std::optional<logging_settings> settings_meanwhile;
    std::optional<setting_writes> actions_logged_writes;
    std::optional<end_evidence> at_end;
};

/// In words, everything that keeps a recording from being `complete`, or `incomplete` by a known number.
/**
 * The same words may come twice; the ledger keeps them once.
 *
 * What else `complete` takes is known elsewhere, and enters the ledger there: both brackets, each serial
 * between them and the kernel's counter of lost records (loss_ledger), settings whose change an audit record
 * shows (record_listener), and fork events that were lost where descendants are told by nothing else
 * (process_follower).
 */
std::vector<std::string> doubts(const evidence& e);

/// The same for the settings alone, as they are at any time of a recording.
std::vector<std::string> doubts_about(const logging_settings& settings);

} // namespace sctrace::detail

#endif
