#ifndef SCTRACE_SRC_LOG_INPUT_HPP
#define SCTRACE_SRC_LOG_INPUT_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace sctrace::detail {

/// What the bytes of a saved log are.
enum class log_encoding {
    /// Lines in UTF-8 or another encoding that contains ASCII, or entries separated by NUL bytes.
    text,
    /// RFC 1952.
    gzip,
    /// journald's export format (`journalctl -o export`).
    journal_export,
    zstd,
    xz,
    bzip2,
    lz4,
    /// UTF-16 that begins with a byte order mark.
    utf16,
    /// UTF-16 without a byte order mark, the low byte first.
    utf16_le,
    /// UTF-16 without a byte order mark, the high byte first.
    utf16_be,
    /// journald's own file (src/libsystemd/sd-journal/journal-def.h: HEADER_SIGNATURE).
    journal_file,
    /// `journalctl -o json-pretty`: one entry on many lines.
    journal_json_pretty,
};

/// How many bytes of a log's beginning detect_log_encoding() looks at.
inline constexpr std::size_t log_beginning = 4096;

/// Tells from its first bytes how to read a log.
/**
 * @param beginning The log's first bytes, at most `log_beginning` of which are looked at. With fewer than 16,
 *     though the log is longer, a compressed log may be taken for text.
 * @par Exception safety
 * No-throw guarantee.
 */
log_encoding detect_log_encoding(std::string_view beginning) noexcept;

/// What to do about a log that is neither text nor gzip nor an export; empty for these three.
/**
 * A sentence without a full stop that names the log and ends with a command line that prints a log that can
 * be read, such as `kern.log.zst is compressed with zstd: zstdcat kern.log.zst`.
 *
 * @param path The log's path; `-` is standard input.
 */
std::string advice_for(log_encoding encoding, std::string_view path);

} // namespace sctrace::detail

#endif
