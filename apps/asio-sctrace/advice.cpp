#include "advice.hpp"

#include <string_view>

namespace asio_sctrace {

namespace {

using sctrace::advice;

/// What follows the library's words; its page "Errors" has the same codes.
std::string_view words_for(advice code) noexcept
{
    switch (code) {
    case advice::none:
        break;
    case advice::lift_ratelimit:
        return " (--lift-ratelimit switches it off while recording)";
    case advice::replay_its_output:
        return " | asio-sctrace replay -";
    case advice::replay_or_record:
        return " | asio-sctrace replay -, or asio-sctrace record";
    case advice::replay_first:
        return " with `asio-sctrace replay` first";
    case advice::replay_logs:
        return ", and a log is for `asio-sctrace replay`";
    case advice::name_native:
        return " with --native";
    }
    return "";
}

} // namespace

std::string with_advice(const sctrace::failure& why)
{
    return why.message + std::string(words_for(why.advised));
}

std::string with_advice(const sctrace::notice& what)
{
    return what.text + std::string(words_for(what.advised));
}

std::string remedy_of(const sctrace::host_finding& found)
{
    const bool is_limited = found.name == "printk_ratelimit" && found.status == sctrace::host_status::warning;
    return (is_limited ? "record --lift-ratelimit, or " : "") + found.remedy;
}

std::string refusals_with_advice(const sctrace::report& report)
{
    const std::string refusals = sctrace::refusals_line(report);
    return refusals.empty() ? refusals
                            : refusals + "; `replay --events` and `watch` keep what was done with each";
}

} // namespace asio_sctrace
