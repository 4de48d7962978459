#include "text/quote.hpp"

#include <sctrace/report.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstdio>
#include <ctime>

namespace sctrace {

namespace json = boost::json;

namespace {

std::string rfc3339(std::chrono::system_clock::time_point when)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(when);
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(when - whole).count();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> date{};
    const std::size_t length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(millis));
    return std::string(date.data(), length) + fraction.data();
}

template <class T>
json::value or_null(const std::optional<T>& value)
{
    return value ? json::value(*value) : json::value(nullptr);
}

template <class Range>
json::array to_array(const Range& values)
{
    json::array array;
    for (const auto& v : values) {
        array.emplace_back(v);
    }
    return array;
}

json::object loss_object(const loss_counts& loss)
{
    return {{"kmsg_overwritten", loss.kmsg_overwritten},
            {"printk_suppressed", loss.printk_suppressed},
            {"serial_gaps", loss.serial_gaps},
            {"audit_lost", or_null(loss.audit_lost)},
            {"netlink_overruns", loss.netlink_overruns},
            {"fork_event_overruns", loss.fork_event_overruns},
            {"truncated_records", loss.truncated_records},
            {"malformed_records", loss.malformed_records}};
}

std::string plural(std::uint64_t n, const char* noun)
{
    return std::to_string(n) + ' ' + noun + (n == 1 ? "" : "s");
}

} // namespace

std::string to_json(const report& r)
{
    const json::object object = {{"version", 1},
                                 {"source", r.source},
                                 {"native", r.native.display_name()},
                                 {"command", to_array(r.command)},
                                 {"pids", to_array(r.pids)},
                                 {"session", or_null(r.session)},
                                 {"started", rfc3339(r.started)},
                                 {"ended", rfc3339(r.ended)},
                                 {"records", r.counts.total()},
                                 {"syscalls", r.counts.size()},
                                 {"verdict", to_string(r.judged.what)},
                                 {"missing_at_most", or_null(r.judged.missing_at_most)},
                                 {"why", to_array(r.judged.why)},
                                 {"first_serial", or_null(r.first_serial)},
                                 {"last_serial", or_null(r.last_serial)},
                                 {"loss", loss_object(r.loss)}};
    return json::serialize(object) + '\n';
}

std::string verdict_line(const report& r)
{
    const std::string seen = plural(r.counts.total(), "call") + " of " + plural(r.counts.size(), "syscall");
    switch (r.judged.what) {
    case verdict::complete:
        return "complete: " + seen + ", nothing lost (serials " + std::to_string(r.first_serial.value_or(0)) +
               "–" + std::to_string(r.last_serial.value_or(0)) + ")";
    case verdict::incomplete:
        return "incomplete: at most " + plural(r.judged.missing_at_most.value_or(0), "record") +
               " missing (" + detail::joined(r.judged.why, "; ") + ")";
    case verdict::unproven:
        break;
    }
    return "unproven: " + detail::joined(r.judged.why, "; ");
}

std::string refusals_line(const report& r)
{
    if (r.refused == 0) {
        return {};
    }
    return std::to_string(r.refused) + " of the calls were refused, or their records do not tell: a profile "
                                       "of this trace would permit them";
}

} // namespace sctrace
