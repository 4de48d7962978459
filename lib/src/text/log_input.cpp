#include "text/log_input.hpp"

#include "text/cursor.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sctrace::detail {

namespace {

using namespace std::string_view_literals;

struct signature {
    std::string_view bytes;
    log_encoding encoding;
};

constexpr std::array signatures{
    signature{"\x1f\x8b"sv, log_encoding::gzip},
    signature{"\x28\xb5\x2f\xfd"sv, log_encoding::zstd},
    signature{"\xfd\x37\x7a\x58\x5a\x00"sv, log_encoding::xz},
    signature{"\x04\x22\x4d\x18"sv, log_encoding::lz4},
    signature{"LPKSHHRH"sv, log_encoding::journal_file},
    signature{"\xff\xfe"sv, log_encoding::utf16},
    signature{"\xfe\xff"sv, log_encoding::utf16},
    signature{"__CURSOR="sv, log_encoding::journal_export},
    signature{"__REALTIME_TIMESTAMP="sv, log_encoding::journal_export},
};

std::optional<log_encoding> encoding_by_signature(std::string_view beginning) noexcept
{
    for (const auto& [bytes, encoding] : signatures) {
        if (beginning.starts_with(bytes)) {
            return encoding;
        }
    }
    return std::nullopt;
}

/// `BZh`, a digit, and the mark of the first block or, in an empty stream, of the end.
bool is_bzip2(std::string_view beginning) noexcept
{
    constexpr std::string_view head = "BZh";
    if (!beginning.starts_with(head) || beginning.size() <= head.size()) {
        return false;
    }
    const std::string_view mark = beginning.substr(head.size() + 1);
    return is_digit(beginning[head.size()]) &&
           (mark.starts_with("\x31\x41\x59\x26\x53\x59") || mark.starts_with("\x17\x72\x45\x38\x50\x90"));
}

bool is_printable(char c) noexcept
{
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r';
}

struct pair_counts {
    std::size_t all = 0;
    std::size_t low_first = 0;
    std::size_t high_first = 0;
};

/// Pairs of bytes that are a character of ASCII in UTF-16.
pair_counts count_pairs(std::string_view bytes) noexcept
{
    pair_counts counts;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        ++counts.all;
        counts.low_first += is_printable(bytes[at]) && bytes[at + 1] == '\0' ? 1 : 0;
        counts.high_first += bytes[at] == '\0' && is_printable(bytes[at + 1]) ? 1 : 0;
    }
    return counts;
}

/// Three quarters: a log may hold words of the host's language, and NUL bytes separate long entries only.
std::optional<log_encoding> utf16_without_mark(std::string_view bytes) noexcept
{
    constexpr std::size_t fewest_pairs = 4;
    const auto counts = count_pairs(bytes);
    const auto are_most = [&counts](std::size_t count) {
        return counts.all >= fewest_pairs && count >= counts.all - counts.all / 4;
    };
    if (are_most(counts.low_first)) {
        return log_encoding::utf16_le;
    }
    if (are_most(counts.high_first)) {
        return log_encoding::utf16_be;
    }
    return std::nullopt;
}

bool is_field_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// `{`, a newline, and the name of a journal field, which has no small letters.
bool is_journal_json_pretty(std::string_view beginning) noexcept
{
    if (!beginning.starts_with("{\n")) {
        return false;
    }
    cursor in(beginning.substr(std::min(beginning.find_first_not_of(" \t", 2), beginning.size())));
    if (!in.take('"')) {
        return false;
    }
    const std::string_view name = in.take_until('"');
    return !name.empty() && !in.at_end() && std::all_of(name.begin(), name.end(), is_field_character);
}

/// A path as a shell reads it.
std::string shell_word(std::string_view path)
{
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
    if (!path.empty() && path.find_first_not_of(plain) == std::string_view::npos) {
        return std::string(path);
    }
    std::string word = "'";
    for (const char c : path) {
        word += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return word + '\'';
}

struct remedy {
    std::string_view what;
    /// The command up to the log's path and what follows the path.
    std::string_view command;
    std::string_view rest = ""sv;
};

remedy remedy_for(log_encoding encoding) noexcept
{
    switch (encoding) {
    case log_encoding::text:
    case log_encoding::gzip:
    case log_encoding::journal_export:
        break;
    case log_encoding::zstd:
        return {"is compressed with zstd", "zstdcat "};
    case log_encoding::xz:
        return {"is compressed with xz", "xzcat "};
    case log_encoding::bzip2:
        return {"is compressed with bzip2", "bzcat "};
    case log_encoding::lz4:
        return {"is compressed with lz4", "lz4cat "};
    case log_encoding::utf16:
        return {"is UTF-16", "iconv -f UTF-16 -t UTF-8 "};
    case log_encoding::utf16_le:
        return {"is UTF-16", "iconv -f UTF-16LE -t UTF-8 "};
    case log_encoding::utf16_be:
        return {"is UTF-16", "iconv -f UTF-16BE -t UTF-8 "};
    case log_encoding::journal_file:
        return {"is a file of the systemd journal", "journalctl --file ", " -o json"};
    case log_encoding::journal_json_pretty:
        return {"holds journal entries of many lines each", "jq -c . "};
    }
    return {};
}

} // namespace

log_encoding detect_log_encoding(std::string_view beginning) noexcept
{
    const std::string_view bytes = beginning.substr(0, log_beginning);
    if (const auto encoding = encoding_by_signature(bytes)) {
        return *encoding;
    }
    if (is_bzip2(bytes)) {
        return log_encoding::bzip2;
    }
    if (is_journal_json_pretty(bytes)) {
        return log_encoding::journal_json_pretty;
    }
    return utf16_without_mark(bytes).value_or(log_encoding::text);
}

std::string advice_for(log_encoding encoding, std::string_view path)
{
    const auto [what, command, rest] = remedy_for(encoding);
    if (what.empty()) {
        return {};
    }
    const bool is_standard_input = path == "-";
    std::string advice(is_standard_input ? "standard input" : path);
    advice.append(" ").append(what).append(": ").append(command);
    return advice.append(is_standard_input ? "FILE" : shell_word(path)).append(rest);
}

} // namespace sctrace::detail
