#include "recording/recording_account.hpp"

#include <sctrace/error.hpp>

#include <utility>
#include <vector>

namespace sctrace::detail {

using clock = std::chrono::system_clock;

recording_account::recording_account(const recorder_options& options, const host_state& before,
                                     const target& whose, const call_collector& calls,
                                     loss_ledger& ledger) noexcept
    : options_(options)
    , before_(before)
    , target_(whose)
    , calls_(calls)
    , ledger_(ledger)
{
}

void recording_account::begin(std::optional<std::uint64_t> actions_writes)
{
    started_ = clock::now();
    actions_writes_before_ = actions_writes;
}

void recording_account::source_opened(std::string_view name, bool from_kernel)
{
    source_ = name;
    seen_.from_kernel = from_kernel;
}

void recording_account::source_ended(boost::system::error_code why)
{
    if (why) {
        seen_.source_error = why.message();
        enter_doubts();
    }
}

void recording_account::began_with(std::span<const pid_t> pids)
{
    seen_.processes_at_start = filters_of(pids);
    enter_doubts();
}

void recording_account::look_at_settings()
{
    if (seen_.from_kernel && !seen_.settings_meanwhile) {
        seen_.settings_meanwhile = read_settings().logging();
        enter_doubts();
    }
}

void recording_account::end(std::optional<std::uint64_t> actions_writes)
{
    seen_.actions_logged_writes = setting_writes{actions_writes_before_, actions_writes};
    enter_doubts();
}

report recording_account::make_report(const trace& counts, end_evidence found)
{
    const host_state after = read_host_state();
    ledger_.audit_lost(before_.lost(), after.lost());
    seen_.at_end = evidence_at_end(counts, std::move(found), after);
    enter_doubts();
    report r;
    r.source = source_;
    r.native = options_.native;
    r.command = options_.command ? options_.command->command : std::vector<std::string>{};
    r.pids = target_.pids();
    r.session = target_.session();
    r.started = started_;
    r.ended = clock::now();
    r.counts = counts;
    r.refused = calls_.refused();
    r.judged = ledger_.judge();
    r.first_serial = ledger_.first_serial();
    r.last_serial = ledger_.last_serial();
    r.loss = ledger_.counts();
    return r;
}

end_evidence recording_account::evidence_at_end(const trace& counts, end_evidence found,
                                                const host_state& after) const
{
    found.settings_before = before_.logging();
    found.settings_after = after.logging();
    found.own_filters = calls_.own_filters();
    found.silent_entrants.assign(calls_.silent_entrants().begin(), calls_.silent_entrants().end());
    // A known call leaves no record.
    found.descendants.makes_tasks = makes_tasks(counts) || makes_tasks(options_.known);
    found.loss = ledger_.counts();
    if (counts.left_out() != 0) {
        found.left_out = too_many_syscalls(counts).message;
    }
    return found;
}

void recording_account::enter_doubts()
{
    for (const std::string& doubt : doubts(seen_)) {
        ledger_.cannot_prove(doubt);
    }
}

std::vector<process_filters> filters_of(std::span<const pid_t> pids)
{
    std::vector<process_filters> filters;
    for (const pid_t pid : pids) {
        filters.push_back(read_filters(pid));
    }
    return filters;
}

} // namespace sctrace::detail
