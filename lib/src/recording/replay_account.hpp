#ifndef SCTRACE_SRC_RECORDING_REPLAY_ACCOUNT_HPP
#define SCTRACE_SRC_RECORDING_REPLAY_ACCOUNT_HPP

#include "log/copy_window.hpp"
#include "log/log_parser.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/replay_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/syscall_key.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sctrace::detail {

/// What the parts of saved logs say, added up in the order of the parts: copies, losses, times.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class replay_account {
public:
    /// @p options must outlive the object.
    explicit replay_account(const replay_options& options) noexcept
        : options_(options)
    {
    }

    /// The parts that follow are those of another log.
    void begin_log() noexcept { last_sequence_.reset(); }

    /// Takes over a part; @p calls become those of it that count, and its events those of these calls.
    void take(const record_batch& batch, parsed_part& part, std::vector<syscall_key>& calls);

    /// What was read does not show everything.
    void cannot_prove(const std::string& why) { ledger_.cannot_prove(why); }

    /// Records that hold names instead of numbers; empty if there were none.
    std::optional<failure> untranslated() const;
    /// Records that may or may not be of the wanted time, in words; empty if there were none.
    std::string left_out_for_time() const;

    /// @p otherwise stands for the times of a log without any.
    report make_report(const trace& counts, std::chrono::system_clock::time_point otherwise);

private:
    void account_for(const record_batch& batch);
    void account_for(const parsed_part& part);
    void keep_what_counts(parsed_part& part, std::vector<syscall_key>& calls);

    const replay_options& options_;
    loss_ledger ledger_;
    copy_window copies_;
    std::optional<std::uint64_t> last_sequence_;
    std::uint64_t cut_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t interpreted_ = 0;
    std::uint64_t without_time_ = 0;
    std::optional<log_time> first_;
    std::optional<log_time> last_;
};

} // namespace sctrace::detail

#endif
