#ifndef SCTRACE_SRC_LOG_MARKS_HPP
#define SCTRACE_SRC_LOG_MARKS_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace sctrace::detail {

/// How many line ends were passed that no space follows: so many kmsg entries ended there.
/** Counted in the bytes of a block, so that passing one costs a single subtraction. */
struct entry_counter {
    static constexpr std::size_t largest_block = 32;
    /// How many blocks fit into the sums.
    static constexpr std::size_t most_blocks = 255;

    alignas(largest_block) std::array<unsigned char, largest_block> sums{};
    std::size_t blocks_left = most_blocks;
    std::uint64_t settled = 0;

    void settle() noexcept
    {
        settled = total();
        sums.fill(0);
        blocks_left = most_blocks;
    }

    std::uint64_t total() const noexcept
    {
        std::uint64_t all = settled;
        for (const unsigned char sum : sums) {
            all += sum;
        }
        return all;
    }
};

/// Finds the first mark in [from, end) of a text, or the end.
/**
 * A mark is a place whose line may say something: a `y`, `u` or `m` (or `q` or `}`, which come for free)
 * three bytes before a '=', which every audit record has in `type=` or `auid=` and some notices of loss in
 * `limit=`; or the end of a line whose last byte is that of the other notices (`d` of `suppressed`, `w` of
 * `overflow`, `t` of `audit_log_start`) or a carriage return. Reads one byte in front of the text and 64
 * behind it.
 */
using find_mark = std::size_t (*)(const char* text, std::size_t from, std::size_t end,
                                  entry_counter& entries) noexcept;

/// The fastest way for this processor; with @p nul_separated a NUL byte ends a line as well.
find_mark best_find_mark(bool nul_separated) noexcept;

} // namespace sctrace::detail

#endif
