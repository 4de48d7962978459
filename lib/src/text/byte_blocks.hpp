#ifndef SCTRACE_SRC_TEXT_BYTE_BLOCKS_HPP
#define SCTRACE_SRC_TEXT_BYTE_BLOCKS_HPP

#include "text/cursor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sctrace::detail {

/// So far in front of its '=' a key's letter stands that is looked for.
inline constexpr std::size_t key_tail_length = 3;

/// Sixteen bytes at once, as every processor has them.
using block [[gnu::vector_size(16)]] = unsigned char;
inline constexpr std::size_t block_size = sizeof(block);

/// One bit for each byte of a comparison's result that is set, the first byte's the lowest.
inline std::uint32_t bits_of(block bytes) noexcept
{
#if defined(__SSE2__)
    using signed_block [[gnu::vector_size(16)]] = char;
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(std::bit_cast<signed_block>(bytes)));
#else
    // Another bit of each byte; then the highest byte is the sum of all.
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t wanted =
        std::endian::native == std::endian::little ? 0x8040201008040201U : 0x0102040810204080U;
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
    return static_cast<std::uint32_t>((halves[0] & wanted) * ones >> 56 |
                                      (halves[1] & wanted) * ones >> 56 << 8);
#endif
}

/// The first place from `from` on where `first` or `second` stands three bytes before a '='.
/**
 * Most lines of a log are not records, and they must cost hardly more than finding their end: so this
 * looks at 32 places at once.
 */
inline std::size_t find_key_tail(std::string_view text, std::size_t from, char first, char second) noexcept
{
    constexpr std::size_t bytes = block_size + key_tail_length;
    const auto marks_at = [=, begin = text.data()](std::size_t at) {
        const auto letters = load<block>(begin + at);
        const auto wanted =
            (letters == static_cast<unsigned char>(first)) | (letters == static_cast<unsigned char>(second));
        return bits_of(static_cast<block>(wanted & (load<block>(begin + at + key_tail_length) == '=')));
    };
    std::size_t at = from;
    for (; at + block_size + bytes <= text.size(); at += 2 * block_size) {
        const std::uint32_t marks = marks_at(at) | marks_at(at + block_size) << block_size;
        if (marks != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(marks));
        }
    }
    // The last block may begin before the place to go on from.
    for (; text.size() >= bytes && at + key_tail_length < text.size(); at += block_size) {
        const std::size_t begin = std::min(at, text.size() - bytes);
        const std::uint32_t marks = marks_at(begin) >> (at - begin);
        if (marks != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(marks));
        }
    }
    for (; at + key_tail_length < text.size(); ++at) {
        if (text[at + key_tail_length] == '=' && (text[at] == first || text[at] == second)) {
            return at;
        }
    }
    return std::string_view::npos;
}

} // namespace sctrace::detail

#endif
