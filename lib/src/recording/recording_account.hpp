#ifndef SCTRACE_SRC_RECORDING_RECORDING_ACCOUNT_HPP
#define SCTRACE_SRC_RECORDING_RECORDING_ACCOUNT_HPP

#include "host/host_state.hpp"
#include "recording/call_collector.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/loss_ledger.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sys/types.h>

namespace sctrace::detail {

/// What the verdict of one recording rests on, and the report that is made of it.
/**
 * Doubts enter the ledger as soon as something is known, so that they are in the order in which they were
 * noticed.
 */
class recording_account {
public:
    /// All must outlive the object; @p before is the host's state when begin() is called.
    recording_account(const recorder_options& options, const host_state& before, const target& whose,
                      const call_collector& calls, loss_ledger& ledger) noexcept;

    /// The recording begins; @p actions_writes is how often kernel.seccomp.actions_logged was written so far.
    void begin(std::optional<std::uint64_t> actions_writes);
    void source_opened(std::string_view name, bool from_kernel);
    void source_ended(boost::system::error_code why);
    /// These are recorded by their ids from the start.
    void began_with(std::span<const pid_t> pids);
    /// Looks at the settings once, so that a short recording has had a look at them, too.
    void look_at_settings();
    void end(std::optional<std::uint64_t> actions_writes);

    bool is_from_kernel() const noexcept { return seen_.from_kernel; }

    /// @p found is what is known of the command, of processes and of descendants.
    report make_report(const trace& counts, end_evidence found);

private:
    end_evidence evidence_at_end(const trace& counts, end_evidence found, const host_state& after) const;
    void enter_doubts();

    const recorder_options& options_;
    const host_state& before_;
    const target& target_;
    const call_collector& calls_;
    loss_ledger& ledger_;
    evidence seen_;
    std::string_view source_ = "kmsg";
    std::optional<std::uint64_t> actions_writes_before_;
    std::chrono::system_clock::time_point started_{};
};

/// The filters of each of the processes.
std::vector<process_filters> filters_of(std::span<const pid_t> pids);

} // namespace sctrace::detail

#endif
