#include "text/cursor.hpp"

#include <sctrace/log_time.hpp>

#include <cstdint>
#include <limits>

namespace sctrace {

namespace {

using detail::cursor;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t most_seconds =
    static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(nanoseconds::max()).count()) - 1;

/// Reads the digits behind a decimal point; empty if there are none.
std::optional<nanoseconds> take_fraction(cursor& in) noexcept
{
    if (!detail::is_digit(in.peek())) {
        return std::nullopt;
    }
    std::int64_t sum = 0;
    for (std::int64_t unit = nanoseconds::period::den / 10; detail::is_digit(in.peek()); unit /= 10) {
        sum += (in.peek() - '0') * unit;
        in.skip(1);
    }
    return nanoseconds(sum);
}

} // namespace

std::optional<log_time> parse_record_time(std::string_view text) noexcept
{
    cursor in(text);
    const auto whole = in.take_decimal();
    const auto fraction = in.take('.') ? take_fraction(in) : nanoseconds(0);
    if (!whole || *whole > most_seconds || !fraction || !in.at_end()) {
        return std::nullopt;
    }
    return log_time(seconds(static_cast<std::int64_t>(*whole)) + *fraction);
}

} // namespace sctrace
