#ifndef SCTRACE_DETAIL_SERIAL_HISTORY_HPP
#define SCTRACE_DETAIL_SERIAL_HISTORY_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sctrace::detail {

/// Which audit serials have been seen, whatever their order of arrival.
/**
 * Serials may arrive swapped (two CPUs) or much later (records of an audited system call keep the serial of
 * its start) and wrap at 2^32; here they are 64-bit numbers, so that wrapping around needs no special case.
 * Memory is bounded: beyond `max_gaps` separate gaps the oldest half is settled as one stretch, of which only
 * the number of missing serials is known; beyond `max_settled` stretches the two oldest become one.
 */
class serial_history {
public:
    static constexpr std::size_t max_gaps = 4096;
    static constexpr std::size_t max_settled = 256;

    void see(std::uint32_t serial);

    /// The number that @p serial stands for: the one nearest to the newest that was seen.
    std::uint64_t extend(std::uint32_t serial) const noexcept;

    /// One more than the newest one seen; zero before the first.
    std::uint64_t next() const noexcept { return next_; }

    /// How many serials from @p begin to @p end, which is not one of them, never arrived.
    /** Of a settled stretch that lies in there in part all missing ones count. */
    std::uint64_t missing_between(std::uint64_t begin, std::uint64_t end) const noexcept;

    /// Nobody is going to ask about serials before @p serial any more.
    void forget_before(std::uint64_t serial);

private:
    struct gap {
        std::uint64_t begin;
        std::uint64_t end;
        /// Fewer than all of them in a settled stretch.
        std::uint64_t missing;
    };

    void fill(std::uint64_t serial);
    void settle_oldest();

    std::uint64_t next_ = 0;
    std::vector<gap> gaps_;
    std::vector<gap> settled_;
};

} // namespace sctrace::detail

#endif
