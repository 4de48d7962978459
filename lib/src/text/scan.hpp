#ifndef SCTRACE_SRC_SCAN_HPP
#define SCTRACE_SRC_SCAN_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace sctrace::scan {

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

using hex_table = std::array<std::int8_t, 256>;

/// The value of each byte as a hexadecimal digit, -1 for any other byte.
constexpr hex_table make_hex_table(bool with_upper_case) noexcept
{
    hex_table values{};
    values.fill(-1);
    for (std::size_t digit = 0; digit < 10; ++digit) {
        values['0' + digit] = static_cast<std::int8_t>(digit);
    }
    for (std::size_t digit = 10; digit < 16; ++digit) {
        values['a' + digit - 10] = static_cast<std::int8_t>(digit);
        if (with_upper_case) {
            values['A' + digit - 10] = static_cast<std::int8_t>(digit);
        }
    }
    return values;
}

inline constexpr hex_table hex_values = make_hex_table(true);
inline constexpr hex_table lower_hex_values = make_hex_table(false);

constexpr int hex_value(char c) noexcept
{
    return hex_values[static_cast<unsigned char>(c)];
}

/// Where `wanted` first stands in `text` from `from` on, or text.size().
inline std::size_t find_or_end(std::string_view text, char wanted, std::size_t from = 0) noexcept
{
    const std::size_t found = text.find(wanted, from);
    return found == std::string_view::npos ? text.size() : found;
}

/// `text` without newlines, carriage returns and NUL bytes at its end.
constexpr std::string_view without_line_end(std::string_view text) noexcept
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    return text;
}

constexpr std::string_view without_trailing_spaces(std::string_view text) noexcept
{
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

/// Reads a text forward and never beyond its end.
class reader {
public:
    explicit constexpr reader(std::string_view text) noexcept
        : at_(text.data())
        , end_(text.data() + text.size())
    {
    }

    constexpr bool at_end() const noexcept { return at_ == end_; }
    constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    constexpr std::string_view rest() const noexcept { return {at_, size()}; }

    /// The next character; a NUL at the end, which the text itself may contain too.
    constexpr char peek() const noexcept { return at_end() ? '\0' : *at_; }

    constexpr void skip(std::size_t count) noexcept { at_ += count < size() ? count : size(); }

    constexpr bool take(char wanted) noexcept
    {
        if (at_end() || *at_ != wanted) {
            return false;
        }
        ++at_;
        return true;
    }

    template <std::size_t N>
    bool take(const char (&word)[N]) noexcept
    {
        constexpr std::size_t length = N - 1;
        if (size() < length || !is_same<length>(at_, word)) {
            return false;
        }
        at_ += length;
        return true;
    }

    constexpr void skip_spaces() noexcept
    {
        while (!at_end() && *at_ == ' ') {
            ++at_;
        }
    }

    /// Goes to the next `stop`, or to the end; returns what lies between.
    std::string_view take_until(char stop) noexcept
    {
        const std::string_view taken = rest().substr(0, find_or_end(rest(), stop));
        at_ += taken.size();
        return taken;
    }

    // The loops step through a local pointer: a char may alias the member, which would then be stored each
    // time.

    /// Goes behind all decimal digits; empty if there are none or the number has more than 64 bits.
    constexpr std::optional<std::uint64_t> take_decimal() noexcept
    {
        constexpr std::ptrdiff_t most_digits_without_overflow = 19;
        const char* const first = at_;
        const char* at = first;
        std::uint64_t value = 0;
        for (; at != end_ && is_digit(*at); ++at) {
            value = value * 10 + static_cast<std::uint64_t>(*at - '0');
        }
        at_ = at;
        if (at - first > most_digits_without_overflow) {
            return long_decimal_of({first, static_cast<std::size_t>(at - first)});
        }
        return at != first ? std::optional(value) : std::nullopt;
    }

    /// Goes behind all decimal digits; false if there are none or more than 64 bits can have.
    constexpr bool skip_decimal() noexcept
    {
        constexpr std::ptrdiff_t most_digits = 20;
        const char* const first = at_;
        const char* at = first;
        while (at != end_ && is_digit(*at)) {
            ++at;
        }
        at_ = at;
        return at != first && at - first <= most_digits;
    }

    /// Goes behind all hexadecimal digits in the kernel's lower case; empty if there are none or more
    /// than 16.
    constexpr std::optional<std::uint64_t> take_hex() noexcept
    {
        constexpr std::ptrdiff_t most_digits = 16;
        const char* const first = at_;
        const char* at = first;
        std::uint64_t value = 0;
        for (; at != end_; ++at) {
            const int digit = lower_hex_values[static_cast<unsigned char>(*at)];
            if (digit < 0) {
                break;
            }
            value = value << 4 | static_cast<std::uint64_t>(digit);
        }
        at_ = at;
        return at != first && at - first <= most_digits ? std::optional(value) : std::nullopt;
    }

private:
    template <class Word>
    static Word load(const char* at) noexcept
    {
        Word word;
        std::memcpy(&word, at, sizeof word);
        return word;
    }

    /// Compares by two loads that may overlap: GCC 12 calls memcmp() for lengths that are no power of two.
    template <std::size_t Length>
    static bool is_same(const char* a, const char* b) noexcept
    {
        if constexpr (Length >= 8 && Length <= 16) {
            constexpr std::size_t last = Length - 8;
            return ((load<std::uint64_t>(a) ^ load<std::uint64_t>(b)) |
                    (load<std::uint64_t>(a + last) ^ load<std::uint64_t>(b + last))) == 0;
        } else if constexpr (Length >= 4 && Length < 8) {
            constexpr std::size_t last = Length - 4;
            return ((load<std::uint32_t>(a) ^ load<std::uint32_t>(b)) |
                    (load<std::uint32_t>(a + last) ^ load<std::uint32_t>(b + last))) == 0;
        } else {
            return std::memcmp(a, b, Length) == 0;
        }
    }

    static constexpr std::optional<std::uint64_t> long_decimal_of(std::string_view digits) noexcept
    {
        constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t value = 0;
        for (const char c : digits) {
            const auto digit = static_cast<std::uint64_t>(c - '0');
            if (value > (limit - digit) / 10) {
                return std::nullopt;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    const char* at_;
    const char* end_;
};

inline constexpr std::size_t key_tail_length = 3;

using block [[gnu::vector_size(16)]] = unsigned char;
inline constexpr std::size_t block_size = sizeof(block);

inline block load_block(const char* at) noexcept
{
    block bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

inline bool is_any_set(block bits) noexcept
{
    using halves [[gnu::vector_size(16)]] = unsigned long long;
    halves parts;
    std::memcpy(&parts, &bits, sizeof parts);
    return (parts[0] | parts[1]) != 0;
}

/// One bit for each byte of a comparison's result that is set, the first byte's the lowest.
inline std::uint32_t bits_of(block bytes) noexcept
{
#if defined(__SSE2__)
    using signed_block [[gnu::vector_size(16)]] = char;
    signed_block same;
    std::memcpy(&same, &bytes, sizeof same);
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(same));
#else
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < block_size; ++i) {
        bits |= (bytes[i] & 1U) << i;
    }
    return bits;
#endif
}

/// The first byte of a block that is not zero; block_size without one.
inline std::size_t first_set(block bytes) noexcept
{
    std::array<unsigned char, block_size> values;
    std::memcpy(values.data(), &bytes, block_size);
    std::size_t at = 0;
    while (at < block_size && values[at] == 0) {
        ++at;
    }
    return at;
}

/// Marks the places from `at` on where `first` or `second` stands three bytes before a '='; reads 19 bytes.
inline block mark_key_tails(const char* at, char first, char second) noexcept
{
    const block letters = load_block(at);
    const block signs = load_block(at + key_tail_length);
    const block marks =
        ((letters == static_cast<unsigned char>(first)) | (letters == static_cast<unsigned char>(second))) &
        (signs == static_cast<unsigned char>('='));
    return marks;
}

inline std::size_t find_key_tail_bytewise(std::string_view text, std::size_t from, char first,
                                          char second) noexcept
{
    for (std::size_t at = from; at + key_tail_length < text.size(); ++at) {
        if (text[at + key_tail_length] == '=' && (text[at] == first || text[at] == second)) {
            return at;
        }
    }
    return std::string_view::npos;
}

/// The first place from `from` on where `first` or `second` stands three bytes before a '='.
/**
 * Most lines of a log are not records, and they must cost hardly more than finding their end: so this
 * looks at 32 places at once.
 */
inline std::size_t find_key_tail(std::string_view text, std::size_t from, char first, char second) noexcept
{
    constexpr std::size_t bytes = block_size + key_tail_length;
    const auto marks_at = [&](std::size_t at) { return mark_key_tails(text.data() + at, first, second); };
    std::size_t at = from;
    for (; at + block_size + bytes <= text.size(); at += 2 * block_size) {
        const block marks = marks_at(at);
        const block next_marks = marks_at(at + block_size);
        if (!is_any_set(marks | next_marks)) {
            continue;
        }
        const std::size_t place = first_set(marks);
        return at + (place < block_size ? place : block_size + first_set(next_marks));
    }
    if (at + bytes <= text.size()) {
        const block marks = marks_at(at);
        if (is_any_set(marks)) {
            return at + first_set(marks);
        }
        at += block_size;
    }
    if (text.size() >= bytes && !is_any_set(marks_at(text.size() - bytes))) {
        return std::string_view::npos;
    }
    return find_key_tail_bytewise(text, at, first, second);
}

} // namespace sctrace::scan

#endif
