#include "log/log_marks.hpp"

#include "text/byte_blocks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sctrace::detail {

namespace {

/// What two bits of each byte of a block say: whether it is a mark, and whether it ends a kmsg entry.
template <class Block>
struct block_view {
    Block marks;
    Block entry_ends;
};

/// Looks at the bytes of one block.
/**
 * Everything is inlined, and blocks are handed over by reference, because a function for one kind of
 * processor cannot pass them to one for all kinds.
 */
template <class Block, bool NulSeparated>
class block_reader {
public:
    [[gnu::always_inline]] static block_view<Block> look(const char* at) noexcept
    {
        const Block bytes = load(at);
        const Block separators = separators_of(bytes);
        return {keys(at, bytes) | endings(at, separators),
                separators & ~static_cast<Block>(load(at + 1) == ' ')};
    }

private:
    [[gnu::always_inline]] static Block load(const char* at) noexcept
    {
        Block bytes;
        std::memcpy(&bytes, at, sizeof bytes);
        return bytes;
    }

    [[gnu::always_inline]] static Block separators_of(const Block& bytes) noexcept
    {
        if constexpr (NulSeparated) {
            return static_cast<Block>((bytes == '\n') | (bytes == 0));
        } else {
            return static_cast<Block>(bytes == '\n');
        }
    }

    [[gnu::always_inline]] static Block keys(const char* at, const Block& bytes) noexcept
    {
        // One test for `u` and `y`, which differ in two bits; `q` and `}` pass it too.
        constexpr unsigned char either = 'u' | 'y';
        constexpr unsigned char differing = 'u' ^ 'y';
        return static_cast<Block>((((bytes | differing) == either) | (bytes == 'm')) &
                                  (load(at + key_tail_length) == '='));
    }

    [[gnu::always_inline]] static Block endings(const char* at, const Block& separators) noexcept
    {
        const Block before = load(at - 1);
        // `d` and `t` differ in one bit.
        constexpr unsigned char differing = 'd' ^ 't';
        return separators &
               static_cast<Block>(((before | differing) == 't') | (before == 'w') | (before == '\r'));
    }
};

/// The lowest @p count bits.
constexpr std::uint32_t lowest_bits(std::size_t count) noexcept
{
    return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
}

/// Where a search ends: at the first mark, or at the end of the text, which may lie in the same block.
struct stop {
    std::size_t place;
    std::uint64_t entry_ends;
};

constexpr stop stop_of(std::uint32_t marks, std::uint32_t entry_ends, std::size_t left) noexcept
{
    const std::size_t place = std::min(static_cast<std::size_t>(std::countr_zero(marks)), left);
    return {place, static_cast<std::uint64_t>(std::popcount(entry_ends & lowest_bits(place)))};
}

/// The bits of blocks that every processor has.
struct portable_bits {
    [[gnu::always_inline]] static std::uint32_t of(const block& bytes) noexcept { return bits_of(bytes); }
};

template <class Block, class Bits, bool NulSeparated>
[[gnu::always_inline]] inline std::size_t find_in_blocks(const char* text, std::size_t from, std::size_t end,
                                                         std::uint64_t& entries) noexcept
{
    constexpr std::size_t size = sizeof(Block);
    std::uint64_t passed = 0;
    for (std::size_t at = from; at < end; at += size) {
        const auto seen = block_reader<Block, NulSeparated>::look(text + at);
        const std::uint32_t marks = Bits::of(seen.marks);
        const std::uint32_t entry_ends = Bits::of(seen.entry_ends);
        if (marks != 0 || at + size > end) {
            const stop last = stop_of(marks, entry_ends, end - at);
            entries += passed + last.entry_ends;
            return at + last.place;
        }
        passed += static_cast<std::uint64_t>(std::popcount(entry_ends));
    }
    entries += passed;
    return end;
}

template <bool NulSeparated>
std::size_t find_anywhere(const char* text, std::size_t from, std::size_t end,
                          std::uint64_t& entries) noexcept
{
    return find_in_blocks<block, portable_bits, NulSeparated>(text, from, end, entries);
}

#if defined(__x86_64__)
/// Thirty-two bytes at once.
using wide_block [[gnu::vector_size(32)]] = unsigned char;

struct wide_bits {
    [[gnu::target("avx2")]] static std::uint32_t of(const wide_block& bytes) noexcept
    {
        using signed_block [[gnu::vector_size(32)]] = char;
        // Not std::bit_cast, which is compiled for every processor and cannot return such a block.
        signed_block same;
        std::memcpy(&same, &bytes, sizeof same);
        return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(same));
    }
};

template <bool NulSeparated>
[[gnu::target("avx2,bmi,popcnt")]] std::size_t
find_with_avx2(const char* text, std::size_t from, std::size_t end, std::uint64_t& entries) noexcept
{
    return find_in_blocks<wide_block, wide_bits, NulSeparated>(text, from, end, entries);
}

bool has_avx2() noexcept
{
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
           __builtin_cpu_supports("popcnt") != 0;
}
#endif

} // namespace

find_mark best_find_mark(bool nul_separated) noexcept
{
#if defined(__x86_64__)
    if (has_avx2()) {
        return nul_separated ? find_with_avx2<true> : find_with_avx2<false>;
    }
#endif
    return portable_find_mark(nul_separated);
}

find_mark portable_find_mark(bool nul_separated) noexcept
{
    return nul_separated ? find_anywhere<true> : find_anywhere<false>;
}

} // namespace sctrace::detail
