#ifndef SCTRACE_SRC_LOG_LINE_PARTS_HPP
#define SCTRACE_SRC_LOG_LINE_PARTS_HPP

#include <sctrace/log_line.hpp>

#include <cstddef>
#include <string_view>

namespace sctrace::detail {

/// parse_log_line() for who has already found where a header may begin.
/** @param candidate The first `y` or `u` of the line that stands three bytes before a '='. */
boost::system::result<log_line> parse_log_line_at(std::string_view line, std::size_t candidate) noexcept;

/// The text of a kmsg entry that is the kernel's and holds an audit record, in the order of all such entries.
/**
 * Empty for any other line, which may be such an entry nevertheless: for who reads millions of them.
 * @param line A line without its newline.
 */
std::string_view text_of_usual_entry(std::string_view line, std::size_t candidate) noexcept;

/// Whether the end of a line could be that of a notice of loss; cheap, and enough for most lines.
bool ends_like_a_loss_notice(std::string_view text) noexcept;

} // namespace sctrace::detail

#endif
