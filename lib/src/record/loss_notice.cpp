#include "text/cursor.hpp"

#include <sctrace/error.hpp>
#include <sctrace/loss_notice.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sctrace {

namespace {

using detail::cursor;

using namespace std::string_view_literals;

constexpr std::array overflow_reasons{
    "backlog limit exceeded"sv,           "rate limit exceeded"sv,         "printk limit exceeded"sv,
    "out of memory in audit_log_start"sv, "kauditd hold queue overflow"sv, "auditd disappeared"sv,
};

bool is_function_name_character(char c) noexcept
{
    return detail::is_letter(c) || detail::is_digit(c) || c == '_' || c == '.';
}

void skip_function_name(cursor& in) noexcept
{
    const std::string_view rest = in.rest();
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_function_name_character);
    const auto length = static_cast<std::size_t>(end - rest.begin());
    if (length > 0 && rest.substr(length).starts_with(": ")) {
        in.skip(length + 2);
    }
}

std::optional<loss_notice> read_suppressed(cursor in) noexcept
{
    skip_function_name(in);
    const auto count = in.take_decimal();
    if (!count || in.rest() != " callbacks suppressed") {
        return std::nullopt;
    }
    return loss_notice{loss_notice::kind::printk_suppressed, *count};
}

std::optional<loss_notice> read_lost(cursor in) noexcept
{
    if (!in.take("audit_lost=")) {
        return std::nullopt;
    }
    const auto count = in.take_decimal();
    if (!count || !in.take(" audit_rate_limit=")) {
        return std::nullopt;
    }
    return loss_notice{loss_notice::kind::audit_lost, *count};
}

std::optional<loss_notice> read_backlog(cursor in) noexcept
{
    if (!in.take("audit_backlog=")) {
        return std::nullopt;
    }
    const auto count = in.take_decimal();
    if (!count || !in.take(" > audit_backlog_limit=")) {
        return std::nullopt;
    }
    return loss_notice{loss_notice::kind::audit_backlog, *count};
}

std::optional<loss_notice> read_overflow(cursor in) noexcept
{
    if (std::find(overflow_reasons.begin(), overflow_reasons.end(), in.rest()) == overflow_reasons.end()) {
        return std::nullopt;
    }
    return loss_notice{loss_notice::kind::audit_overflow, 0};
}

} // namespace

boost::system::result<loss_notice> parse_loss_notice(std::string_view text) noexcept
{
    cursor in(detail::without_line_end(text));
    in.take("audit: ");
    for (const auto read : {read_suppressed, read_lost, read_backlog, read_overflow}) {
        if (const auto notice = read(in)) {
            return *notice;
        }
    }
    return error::not_a_loss_notice;
}

} // namespace sctrace
