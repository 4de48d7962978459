#include "time_option.hpp"

#include <charconv>
#include <cstdint>
#include <ctime>
#include <system_error>

namespace asio_sctrace {

namespace {

using sctrace::log_time;

/// Reads a word from left to right; a piece that is not there leaves it where it is.
class word_reader {
public:
    explicit word_reader(std::string_view word) noexcept
        : rest_(word)
    {
    }

    bool at_end() const noexcept { return rest_.empty(); }
    std::string_view rest() const noexcept { return rest_; }

    bool take(char c) noexcept
    {
        if (!rest_.starts_with(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    /// Exactly so many digits.
    std::optional<int> take_number(std::size_t digits, int most) noexcept
    {
        if (rest_.size() < digits) {
            return std::nullopt;
        }
        int value = 0;
        const char* const end = rest_.data() + digits;
        const auto parsed = std::from_chars(rest_.data(), end, value);
        if (parsed.ec != std::errc{} || parsed.ptr != end || value < 0 || value > most) {
            return std::nullopt;
        }
        rest_.remove_prefix(digits);
        return value;
    }

    /// `.mmm`, of one to nine digits.
    std::optional<std::chrono::nanoseconds> take_fraction() noexcept
    {
        std::int64_t value = 0;
        std::size_t digits = 0;
        while (digits < rest_.size() && digits < 9 && rest_[digits] >= '0' && rest_[digits] <= '9') {
            value = value * 10 + (rest_[digits] - '0');
            ++digits;
        }
        if (digits == 0) {
            return std::nullopt;
        }
        rest_.remove_prefix(digits);
        for (std::size_t i = digits; i < 9; ++i) {
            value *= 10;
        }
        return std::chrono::nanoseconds(value);
    }

private:
    std::string_view rest_;
};

bool read_date(word_reader& in, std::tm& to)
{
    // The last year that log_time can represent is 2262.
    const auto year = in.take_number(4, 2261);
    if (!year || *year < 1900 || !in.take('-')) {
        return false;
    }
    const auto month = in.take_number(2, 12);
    if (!month || *month == 0 || !in.take('-')) {
        return false;
    }
    const auto day = in.take_number(2, 31);
    if (!day || *day == 0) {
        return false;
    }
    to.tm_year = *year - 1900;
    to.tm_mon = *month - 1;
    to.tm_mday = *day;
    return true;
}

/// `HH:MM[:SS[.mmm]]`
bool read_clock(word_reader& in, std::tm& to, std::chrono::nanoseconds& fraction)
{
    const auto hour = in.take_number(2, 23);
    if (!hour || !in.take(':')) {
        return false;
    }
    const auto minute = in.take_number(2, 59);
    if (!minute) {
        return false;
    }
    to.tm_hour = *hour;
    to.tm_min = *minute;
    if (!in.take(':')) {
        return true;
    }
    const auto second = in.take_number(2, 60);
    if (!second) {
        return false;
    }
    to.tm_sec = *second;
    if (in.take('.') || in.take(',')) {
        const auto part = in.take_fraction();
        fraction = part.value_or(std::chrono::nanoseconds(0));
        return part.has_value();
    }
    return true;
}

/// Seconds east of Greenwich; empty without a zone.
std::optional<int> read_zone(word_reader& in)
{
    if (in.take('Z')) {
        return 0;
    }
    const bool west = in.take('-');
    if (!west && !in.take('+')) {
        return std::nullopt;
    }
    const auto hours = in.take_number(2, 23);
    in.take(':');
    const auto minutes = in.take_number(2, 59);
    if (!hours || !minutes) {
        return std::nullopt;
    }
    const int seconds = (*hours * 60 + *minutes) * 60;
    return west ? -seconds : seconds;
}

/// Empty for a day that its month does not have.
std::optional<std::time_t> to_time(std::tm parts, std::optional<int> zone)
{
    const int day = parts.tm_mday;
    parts.tm_isdst = -1;
    const std::time_t time = zone ? ::timegm(&parts) - *zone : std::mktime(&parts);
    return parts.tm_mday == day ? std::optional(time) : std::nullopt;
}

std::optional<log_time> from_parts(const std::tm& parts, std::optional<int> zone,
                                   std::chrono::nanoseconds fraction)
{
    const auto time = to_time(parts, zone);
    return time ? std::optional(log_time(std::chrono::seconds(*time)) + fraction) : std::nullopt;
}

std::tm midnight_of(std::time_t time)
{
    std::tm parts{};
    ::localtime_r(&time, &parts);
    parts.tm_hour = 0;
    parts.tm_min = 0;
    parts.tm_sec = 0;
    return parts;
}

std::optional<log_time> parse_date_and_clock(std::string_view word)
{
    word_reader in(word);
    std::tm parts{};
    std::chrono::nanoseconds fraction{};
    if (!read_date(in, parts)) {
        return std::nullopt;
    }
    if (in.at_end()) {
        return from_parts(parts, std::nullopt, fraction);
    }
    if ((!in.take(' ') && !in.take('T')) || !read_clock(in, parts, fraction)) {
        return std::nullopt;
    }
    const auto zone = read_zone(in);
    return in.at_end() ? from_parts(parts, zone, fraction) : std::nullopt;
}

std::optional<log_time> parse_clock_of_today(std::string_view word, std::time_t now)
{
    word_reader in(word);
    std::tm parts = midnight_of(now);
    std::chrono::nanoseconds fraction{};
    const bool read = read_clock(in, parts, fraction) && in.at_end();
    return read ? from_parts(parts, std::nullopt, fraction) : std::nullopt;
}

} // namespace

std::optional<log_time> parse_time(std::string_view word, std::chrono::system_clock::time_point now)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    if (word == "now") {
        return std::chrono::time_point_cast<std::chrono::nanoseconds>(now);
    }
    if (word == "today" || word == "yesterday") {
        std::tm parts = midnight_of(seconds);
        parts.tm_mday -= word == "yesterday" ? 1 : 0;
        parts.tm_isdst = -1;
        return log_time(std::chrono::seconds(std::mktime(&parts)));
    }
    if (word.starts_with('@')) {
        return sctrace::parse_record_time(word.substr(1));
    }
    if (const auto time = parse_date_and_clock(word)) {
        return time;
    }
    return parse_clock_of_today(word, seconds);
}

} // namespace asio_sctrace
