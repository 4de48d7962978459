#ifndef SCTRACE_DETAIL_SERIAL_NUMBERS_HPP
#define SCTRACE_DETAIL_SERIAL_NUMBERS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The audit serials seen between two known ones.
/**
 * Serials may be seen before the window is opened: one that is newer than the first may have overtaken it.
 * Several windows may share one history, into which somebody else enters the serials.
 */
class serial_window {
public:
    static constexpr std::size_t max_gaps = serial_history::max_gaps;

    /// From now on @p all knows what was seen, and see() is not to be called; until keep().
    void share(const serial_history& all) noexcept { shared_ = &all; }

    /// Stops sharing: what @p all knows now is what this window knows for good.
    void keep();

    void open(std::uint32_t first);
    void close(std::uint32_t last);
    void see(std::uint32_t serial) { own_.see(serial); }

    bool is_open() const noexcept { return first_.has_value(); }
    bool is_closed() const noexcept { return last_.has_value(); }
    std::optional<std::uint32_t> first() const noexcept;
    std::optional<std::uint32_t> last() const noexcept;
    /// The first serial as a number of the history; zero before open().
    std::uint64_t begin() const noexcept { return first_.value_or(0); }
    bool contains(std::uint32_t serial) const noexcept;
    /// How many serials between the first and the last one (or the newest seen) never arrived.
    std::uint64_t missing() const noexcept;

private:
    const serial_history& history() const noexcept { return shared_ ? *shared_ : own_; }

    std::uint64_t enter(std::uint32_t serial);

    // As numbers of the history.
    std::optional<std::uint64_t> first_;
    std::optional<std::uint64_t> last_;
    serial_history own_;
    const serial_history* shared_ = nullptr;
};

} // namespace sctrace::detail

#endif
