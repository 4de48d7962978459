#include "text/quote.hpp"

#include <array>
#include <cstddef>

namespace sctrace::detail {

namespace {

constexpr std::string_view replacement_character = "\xef\xbf\xbd";

constexpr unsigned byte_at(std::string_view text, std::size_t at) noexcept
{
    return static_cast<unsigned char>(text[at]);
}

constexpr std::array<bool, 256> make_plain_table() noexcept
{
    std::array<bool, 256> plain{};
    for (std::size_t c = ' '; c <= '~'; ++c) {
        plain[c] = c != '"' && c != '\\';
    }
    return plain;
}

/// The bytes that stand in a JSON string as they are: printable ASCII without quote and backslash.
constexpr std::array<bool, 256> plain_bytes = make_plain_table();

std::size_t plain_length(std::string_view text) noexcept
{
    std::size_t length = 0;
    while (length < text.size() && plain_bytes[byte_at(text, length)]) {
        ++length;
    }
    return length;
}

struct utf8_piece {
    std::size_t length;
    bool valid;
};

/// The first character of a text, or the maximal part of it that begins like one.
utf8_piece first_piece(std::string_view text) noexcept
{
    const unsigned lead = byte_at(text, 0);
    if (lead < 0x80) {
        return {1, true};
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return {1, false};
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    // Only the second byte's range depends on the first byte.
    unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (std::size_t at = 1; at < length; ++at) {
        if (at == text.size() || byte_at(text, at) < lowest || byte_at(text, at) > highest) {
            return {at, false};
        }
        lowest = 0x80;
        highest = 0xbf;
    }
    return {length, true};
}

bool is_control(std::string_view character) noexcept
{
    const unsigned lead = byte_at(character, 0);
    return lead < ' ' || lead == 0x7f || (lead == 0xc2 && byte_at(character, 1) < 0xa0);
}

/// Up to U+00FF a two-byte character's low eight bits are its second byte's six and the lead byte's last two.
unsigned control_code(std::string_view control) noexcept
{
    const unsigned lead = byte_at(control, 0);
    return lead < 0x80 ? lead : (lead & 3U) << 6 | (byte_at(control, 1) & 0x3fU);
}

void append_control(std::string& out, std::string_view control)
{
    constexpr std::string_view digits = "0123456789abcdef";
    const unsigned code = control_code(control);
    switch (code) {
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        out += "\\u00";
        out += digits[code >> 4];
        out += digits[code & 0xfU];
    }
}

void append_character(std::string& out, std::string_view character)
{
    if (is_control(character)) {
        append_control(out, character);
        return;
    }
    if (character == "\"" || character == "\\") {
        out += '\\';
    }
    out += character;
}

} // namespace

bool append_json_string(std::string& out, std::string_view bytes)
{
    bool is_utf8 = true;
    out += '"';
    while (!bytes.empty()) {
        const std::size_t plain = plain_length(bytes);
        out += bytes.substr(0, plain);
        bytes.remove_prefix(plain);
        if (bytes.empty()) {
            break;
        }
        const utf8_piece piece = first_piece(bytes);
        append_character(out, piece.valid ? bytes.substr(0, piece.length) : replacement_character);
        is_utf8 = is_utf8 && piece.valid;
        bytes.remove_prefix(piece.length);
    }
    out += '"';
    return is_utf8;
}

std::string quoted(std::string_view text)
{
    constexpr std::size_t most = 40;
    std::string words;
    append_json_string(words, text.substr(0, most));
    return text.size() > most ? words + "…" : words;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator)
{
    std::string text;
    for (const std::string& word : words) {
        text += text.empty() ? "" : separator;
        text += word;
    }
    return text;
}

} // namespace sctrace::detail
