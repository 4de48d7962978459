#ifndef SCTRACE_SRC_TEXT_HASH_HPP
#define SCTRACE_SRC_TEXT_HASH_HPP

#include "text/cursor.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sctrace::detail {

__extension__ using wide_product = unsigned __int128;

/// Both halves of the product of two numbers, so that no bit of either is lost.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept
{
    const wide_product product = static_cast<wide_product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// The last, incomplete sixteen bytes.
inline std::uint64_t hash_rest(std::string_view text, std::uint64_t seed) noexcept
{
    constexpr std::size_t word = sizeof(std::uint64_t);
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    if (text.size() >= word) {
        first = load<std::uint64_t>(text.data());
        second = load<std::uint64_t>(text.data() + text.size() - word);
    } else if (!text.empty()) {
        std::memcpy(&first, text.data(), text.size());
    }
    return mix(first ^ 0x9e3779b97f4a7c15U ^ seed, second ^ 0xd1b54a32d192ed03U);
}

/// Tells texts apart; the values are good within one process only.
inline std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) noexcept
{
    constexpr std::size_t step = 32;
    std::uint64_t first = seed ^ text.size() * 0xa0761d6478bd642fU;
    std::uint64_t second = seed;
    // Two chains, because each waits for its own last product.
    while (text.size() >= step) {
        const char* const at = text.data();
        first = mix(load<std::uint64_t>(at) ^ 0xe7037ed1a0b428dbU, load<std::uint64_t>(at + 8) ^ first);
        second =
            mix(load<std::uint64_t>(at + 16) ^ 0x8ebc6af09c88c6e3U, load<std::uint64_t>(at + 24) ^ second);
        text.remove_prefix(step);
    }
    if (text.size() > step / 2) {
        first = hash_rest(text.substr(0, step / 2), first);
        text.remove_prefix(step / 2);
    }
    return hash_rest(text, first ^ second * 0x9e3779b97f4a7c15U);
}

} // namespace sctrace::detail

#endif
