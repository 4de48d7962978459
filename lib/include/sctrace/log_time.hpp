#ifndef SCTRACE_LOG_TIME_HPP
#define SCTRACE_LOG_TIME_HPP

#include <chrono>
#include <optional>
#include <string_view>

namespace sctrace {

/// A moment of the wall clock, as the records of a log give it.
using log_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Reads the time of an audit record: seconds since 1970, `1795497556.007` or `123`.
/**
 * The kernel writes three digits after the point (kernel/audit.c, audit_log_start(): `%llu.%03lu`). Any
 * other number of digits is read as a decimal fraction; digits beyond nanoseconds do not count.
 *
 * @return Empty for a text of another form, and from the year 2262 on, which log_time can't represent.
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const auto time = sctrace::parse_record_time("1795497556.007").value();
 * const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
 * std::cout << seconds.time_since_epoch().count() << '\n'; // 1795497556
 * @endcode
 */
std::optional<log_time> parse_record_time(std::string_view text) noexcept;

} // namespace sctrace

#endif
