#ifndef SCTRACE_SRC_LIVE_QUEUE_HPP
#define SCTRACE_SRC_LIVE_QUEUE_HPP

#include <sctrace/live_records.hpp>
#include <sctrace/seccomp_record.hpp>

#include <cstddef>
#include <cstdint>

namespace sctrace::detail {

/// Records that wait to be received: a bounded number, and how many more there were.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class live_queue {
public:
    /// @p capacity in records; with 0 nothing is queued and nothing is counted.
    explicit live_queue(std::size_t capacity) noexcept
        : capacity_(capacity)
    {
    }

    bool is_wanted() const noexcept { return capacity_ != 0; }
    bool empty() const noexcept { return waiting_.empty(); }

    /// Copies the record to the end of the queue, or counts it if the queue is full.
    void push(const seccomp_record& record);

    /// Hands out all that wait, and takes @p records, which are forgotten, as room for the next ones.
    void take(live_records& records) noexcept;

    /// How many records there was no room for so far.
    std::uint64_t dropped() const noexcept { return dropped_; }

private:
    std::size_t capacity_;
    live_records waiting_;
    std::uint64_t dropped_ = 0;
};

} // namespace sctrace::detail

#endif
