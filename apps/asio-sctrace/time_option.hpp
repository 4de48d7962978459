#ifndef ASIO_SCTRACE_TIME_OPTION_HPP
#define ASIO_SCTRACE_TIME_OPTION_HPP

#include <sctrace/log_time.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace asio_sctrace {

/// A time as a person writes it; empty for any other word.
/**
 * `@SECONDS[.mmm]` since 1970, `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.mmm]]` (or with `T`) and a zone (`Z`,
 * `+01:00`) or in local time, `HH:MM[:SS[.mmm]]` of today, `now`, `today`, `yesterday`.
 */
std::optional<sctrace::log_time> parse_time(std::string_view word, std::chrono::system_clock::time_point now);

} // namespace asio_sctrace

#endif
