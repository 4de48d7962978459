#ifndef SCTRACE_SRC_LOG_SCANNER_HPP
#define SCTRACE_SRC_LOG_SCANNER_HPP

#include <sctrace/log_format.hpp>
#include <sctrace/record_batch.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sctrace::detail {

/// Finds the lines of a saved log that hold an audit record or a notice of loss.
/**
 * Looks at all bytes of many lines at once, sixteen at a time, for what every such line contains; only where
 * that is found is the line cut out and parsed. Most lines of a log are never cut out.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe, it has no state that changes.
 */
class log_scanner {
public:
    /// How many bytes in front of the lines and behind them it reads, and overwrites.
    static constexpr std::size_t margin = 64;

    explicit log_scanner(log_format wanted = log_format::automatic, bool nul_separated = false) noexcept
        : wanted_(wanted)
        , nul_separated_(nul_separated)
    {
    }

    /// Appends a message to @p batch for each line of @p lines that says something.
    /**
     * Gaps in the sequence numbers of kmsg entries are added to the batch's losses; those of its first and
     * last entry are noted in its part.
     *
     * @param lines Whole lines, in the batch's own memory with `margin` bytes on either side. The bytes of a
     *     line that holds escapes are overwritten.
     */
    void scan(record_batch& batch, std::span<char> lines) const;

private:
    log_format wanted_;
    bool nul_separated_;
};

} // namespace sctrace::detail

#endif
