#ifndef SCTRACE_SRC_TEXT_CURSOR_HPP
#define SCTRACE_SRC_TEXT_CURSOR_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace sctrace::detail {

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

/// The bytes that stand at a place, as they are in memory.
template <class Word>
Word load(const char* at) noexcept
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
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
class cursor {
public:
    explicit constexpr cursor(std::string_view text) noexcept
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

} // namespace sctrace::detail

#endif
