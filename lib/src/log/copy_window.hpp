#ifndef SCTRACE_SRC_COPY_WINDOW_HPP
#define SCTRACE_SRC_COPY_WINDOW_HPP

#include "log/log_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sctrace::detail {

/// A set of numbers that forgets the older ones in good time.
/**
 * Two tables of one size: when the younger is full, it becomes the older and the older is emptied. What was
 * added is remembered for at least `generation` further ones, and for at most twice as many.
 */
class recent_numbers {
public:
    static constexpr std::size_t generation = 4096;

    recent_numbers()
        : young_(slots)
        , old_(slots)
    {
    }

    /// Adds a number other than zero; false if it is remembered.
    bool add(std::uint64_t number);

private:
    static constexpr std::size_t slots = 2 * generation;
    using table = std::vector<std::uint64_t>;

    static std::size_t slot_of(const table& in, std::uint64_t number) noexcept;

    table young_;
    table old_;
    std::size_t added_ = 0;
};

/// Tells the second copy of a record from a record of its own.
/**
 * A log may hold a record twice: journald keeps what the kernel printed and what it read from the audit
 * socket (src/journal/journald-audit.c). Copies have the same time, serial and fields. A copy that has no
 * header belongs to one nearby with the same fields that is not paired yet; which of the two comes first does
 * not matter.
 *
 * Serials repeat after 2^32 records and start anew at each boot, so that only a bounded number of records is
 * remembered: 4096 with a header, and 128 to pair those without, which must be near.
 */
class copy_window {
public:
    /// Whether a record is not a copy of one that came before.
    bool is_new(const record_identity& record);

    /// Whether a record that was cut is not a copy of one that came before, whole or cut as well.
    /** One that comes whole later is counted by taken_back(). */
    bool is_new_cut(std::uint64_t stamp);

    /// How many cut records have come whole after is_new_cut() had called them new.
    std::uint64_t taken_back() const noexcept { return taken_back_; }

private:
    struct neighbour {
        std::uint64_t stamp = 1;
        std::uint64_t body = 0;
        bool paired = true;

        bool has_header() const noexcept { return stamp != 0; }
    };

    static constexpr std::size_t neighbourhood = 128;

    bool pairs(const record_identity& record);
    void remember(const record_identity& record, bool paired);
    void take_back_cut(std::uint64_t stamp);

    recent_numbers recent_;
    std::vector<neighbour> neighbours_ = std::vector<neighbour>(neighbourhood);
    std::size_t next_ = 0;
    std::size_t without_header_ = 0;
    std::vector<std::uint64_t> cut_;
    std::uint64_t taken_back_ = 0;
};

} // namespace sctrace::detail

#endif
