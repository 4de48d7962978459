#include "log_marks.hpp"

#include "scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sctrace::detail {

namespace {

using narrow_block = scan::block;
using wide_block [[gnu::vector_size(32)]] = unsigned char;

/// Looks at one block after the other.
/**
 * Everything is inlined, and blocks are handed over by reference, because a function for one kind of
 * processor cannot pass them to one for all kinds.
 */
template <class Block, bool NulSeparated>
class finder {
public:
    [[gnu::always_inline]] static std::size_t find(const char* text, std::size_t from, std::size_t end,
                                                   entry_counter& entries) noexcept
    {
        std::size_t at = from;
        bool found = false;
        while (!found && at < end) {
            if (entries.blocks_left == 0) {
                entries.settle();
            }
            at = find_nearby(text, at, end, entries, found);
        }
        return at;
    }

private:
    static constexpr std::size_t size = sizeof(Block);
    struct view {
        Block marks;
        Block entry_ends;
    };

    using words = std::array<std::uint64_t, size / sizeof(std::uint64_t)>;

    /// Looks as far as the counter's sums allow.
    [[gnu::always_inline]] static std::size_t find_nearby(const char* text, std::size_t at, std::size_t end,
                                                          entry_counter& entries, bool& found) noexcept
    {
        Block sums;
        std::memcpy(&sums, entries.sums.data(), sizeof sums);
        std::size_t blocks_left = entries.blocks_left;
        // Two blocks at once, because asking whether any byte is set takes as long as looking at a block.
        for (; at + 2 * size <= end && blocks_left > 1; at += 2 * size, blocks_left -= 2) {
            const view first = look(text + at);
            const view second = look(text + at + size);
            if (is_any_set(words_of(first.marks | second.marks))) {
                break;
            }
            sums -= first.entry_ends;
            sums -= second.entry_ends;
        }
        for (; at < end && blocks_left != 0; at += size) {
            const view here = look(text + at);
            const words marked = words_of(here.marks);
            --blocks_left;
            if (is_any_set(marked) || at + size > end) {
                const std::size_t place = std::min(first_set(marked), end - at);
                sums -= here.entry_ends & first_bytes(place);
                at += place;
                found = true;
                break;
            }
            sums -= here.entry_ends;
        }
        std::memcpy(entries.sums.data(), &sums, sizeof sums);
        entries.blocks_left = blocks_left;
        return at;
    }

    [[gnu::always_inline]] static Block load(const char* at) noexcept
    {
        Block bytes;
        std::memcpy(&bytes, at, sizeof bytes);
        return bytes;
    }

    [[gnu::always_inline]] static view look(const char* at) noexcept
    {
        const Block bytes = load(at);
        const Block separators = separators_of(bytes);
        return {keys(at, bytes) | endings(at, separators),
                separators & ~static_cast<Block>(load(at + 1) == ' ')};
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
                                  (load(at + scan::key_tail_length) == '='));
    }

    [[gnu::always_inline]] static Block endings(const char* at, const Block& separators) noexcept
    {
        const Block before = load(at - 1);
        // `d` and `t` differ in one bit.
        constexpr unsigned char differing = 'd' ^ 't';
        return separators &
               static_cast<Block>(((before | differing) == 't') | (before == 'w') | (before == '\r'));
    }

    [[gnu::always_inline]] static words words_of(const Block& bytes) noexcept
    {
        words parts;
        std::memcpy(parts.data(), &bytes, sizeof bytes);
        return parts;
    }

    [[gnu::always_inline]] static bool is_any_set(const words& marks) noexcept
    {
        std::uint64_t any = 0;
        for (const std::uint64_t word : marks) {
            any |= word;
        }
        return any != 0;
    }

    /// The first byte that is set; the size of a block without one.
    [[gnu::always_inline]] static std::size_t first_set(const words& marks) noexcept
    {
        constexpr bool little = std::endian::native == std::endian::little;
        for (std::size_t i = 0; i < marks.size(); ++i) {
            if (marks[i] != 0) {
                const int bits = little ? std::countr_zero(marks[i]) : std::countl_zero(marks[i]);
                return i * sizeof(std::uint64_t) + static_cast<std::size_t>(bits) / 8;
            }
        }
        return size;
    }

    /// A block whose first @p count bytes are set.
    [[gnu::always_inline]] static Block first_bytes(std::size_t count) noexcept
    {
        static constexpr auto pattern = [] {
            std::array<char, 2 * size> set_then_clear{};
            std::fill_n(set_then_clear.begin(), size, '\xff');
            return set_then_clear;
        }();
        return load(pattern.data() + size - count);
    }
};

template <bool NulSeparated>
std::size_t find_anywhere(const char* text, std::size_t from, std::size_t end,
                          entry_counter& entries) noexcept
{
    return finder<narrow_block, NulSeparated>::find(text, from, end, entries);
}

#if defined(__x86_64__)
template <bool NulSeparated>
[[gnu::target("avx2,bmi")]] std::size_t find_with_avx2(const char* text, std::size_t from, std::size_t end,
                                                       entry_counter& entries) noexcept
{
    return finder<wide_block, NulSeparated>::find(text, from, end, entries);
}

bool has_avx2() noexcept
{
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0;
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
    return nul_separated ? find_anywhere<true> : find_anywhere<false>;
}

} // namespace sctrace::detail
