#include "text/json_escapes.hpp"

#include "text/cursor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sctrace {

namespace {

constexpr std::size_t unit_length = 6;

/// The UTF-16 unit of `\uNNNN`.
std::optional<std::uint32_t> unit_of(std::string_view text) noexcept
{
    if (text.size() < unit_length || text[0] != '\\' || text[1] != 'u') {
        return std::nullopt;
    }
    std::uint32_t unit = 0;
    for (const char c : text.substr(2, 4)) {
        const int digit = detail::hex_value(c);
        if (digit < 0) {
            return std::nullopt;
        }
        unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    return unit;
}

bool is_high_surrogate(std::uint32_t unit) noexcept
{
    return unit >= 0xd800 && unit < 0xdc00;
}

bool is_low_surrogate(std::uint32_t unit) noexcept
{
    return unit >= 0xdc00 && unit < 0xe000;
}

char plain_character(char escaped) noexcept
{
    switch (escaped) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return escaped;
    }
}

bool is_short_escape(std::string_view text) noexcept
{
    return text.size() > 1 && text[0] == '\\' &&
           std::string_view("\"\\/bfnrt").find(text[1]) != std::string_view::npos;
}

/// Writes text forward into a place that may be the text's own.
class writer {
public:
    explicit writer(std::span<char> buffer) noexcept
        : buffer_(buffer)
    {
    }

    void put(char c) noexcept
    {
        if (written_ < buffer_.size()) {
            buffer_[written_++] = c;
        }
    }

    void put_character(std::uint32_t code) noexcept
    {
        if (code < 0x80) {
            put(static_cast<char>(code));
        } else if (code < 0x800) {
            put_bits(0xc0U | code >> 6);
            put_bits(0x80U | (code & 0x3fU));
        } else if (code < 0x10000) {
            put_bits(0xe0U | code >> 12);
            put_bits(0x80U | (code >> 6 & 0x3fU));
            put_bits(0x80U | (code & 0x3fU));
        } else {
            put_bits(0xf0U | code >> 18);
            put_bits(0x80U | (code >> 12 & 0x3fU));
            put_bits(0x80U | (code >> 6 & 0x3fU));
            put_bits(0x80U | (code & 0x3fU));
        }
    }

    std::string_view written() const noexcept { return {buffer_.data(), written_}; }

private:
    void put_bits(std::uint32_t byte) noexcept { put(static_cast<char>(static_cast<unsigned char>(byte))); }

    std::span<char> buffer_;
    std::size_t written_ = 0;
};

/// Goes behind `\uNNNN`, or two of them that make one character.
void take_unit(std::string_view& text, std::uint32_t unit, writer& out) noexcept
{
    text.remove_prefix(unit_length);
    const auto low = is_high_surrogate(unit) ? unit_of(text) : std::nullopt;
    if (low && is_low_surrogate(*low)) {
        text.remove_prefix(unit_length);
        out.put_character(0x10000 + ((unit - 0xd800) << 10) + (*low - 0xdc00));
    } else {
        out.put_character(unit);
    }
}

} // namespace

std::string_view unescape_json(std::string_view text, std::span<char> buffer) noexcept
{
    if (text.find('\\') == std::string_view::npos) {
        return text;
    }
    writer out(buffer);
    while (!text.empty()) {
        if (const auto unit = unit_of(text)) {
            take_unit(text, *unit, out);
        } else if (is_short_escape(text)) {
            out.put(plain_character(text[1]));
            text.remove_prefix(2);
        } else {
            out.put(text.front());
            text.remove_prefix(1);
        }
    }
    return out.written();
}

} // namespace sctrace
