#include "doctor_report.hpp"

#include "advice.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace asio_sctrace {

namespace {

using sctrace::host_finding;
using sctrace::host_status;
namespace json = boost::json;

constexpr std::size_t page_width = 100;
constexpr std::size_t name_width = 21;
constexpr std::size_t status_width = 9;
constexpr std::size_t margin = name_width + status_width;

std::string padded(std::string_view text, std::size_t width)
{
    std::string cell(text);
    cell.resize(std::max(cell.size() + 1, width), ' ');
    return cell;
}

/// Breaks a text between words; the first line goes on where `out` ends.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent)
{
    std::size_t column = indent;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        if (column != indent && column + 1 + word.size() > page_width) {
            out += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column != indent) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    out += '\n';
}

void append_row(std::string& out, const host_finding& found)
{
    constexpr std::string_view change = "change: ";
    out += padded(found.name, name_width) + padded(to_string(found.status), status_width);
    append_wrapped(out, found.meaning.empty() ? found.value : found.value + " - " + found.meaning, margin);
    if (const std::string remedy = remedy_of(found); found.status != host_status::ok && !remedy.empty()) {
        out += std::string(margin, ' ') + std::string(change);
        append_wrapped(out, remedy, margin + change.size());
    }
}

host_finding as_finding(std::string name, const source_probe& source, std::uint32_t calls)
{
    const std::string came =
        std::to_string(source.arrived) + " of " + std::to_string(calls) + " records came";
    const bool all = source.status == host_status::ok;
    return {std::move(name), source.status,
            all ? came + " within " + std::to_string(source.took.count()) + " ms" : came, source.why, ""};
}

host_finding as_finding(const session_probe& probe)
{
    return {"probe_session", probe.status,
            probe.session ? "a child got session " + std::to_string(*probe.session)
                          : std::string("a child got none"),
            probe.why, ""};
}

host_finding as_finding(const fork_probe& probe)
{
    return {"probe_fork_events", probe.status,
            probe.status == host_status::ok ? "a child's birth was told" : "none came", probe.why, ""};
}

std::vector<host_finding> findings_of(const host_probe& probe)
{
    return {as_finding("probe_audit", probe.audit, probe.calls),
            as_finding("probe_kmsg", probe.kmsg, probe.calls), as_finding(probe.session),
            as_finding(probe.fork_events)};
}

std::vector<std::string> obstacles(const doctor_report& report)
{
    std::vector<std::string> names;
    for (const auto& found : report.findings) {
        if (found.status == host_status::bad) {
            names.push_back(found.name);
        }
    }
    if (report.probe.audit.status != host_status::ok) {
        names.emplace_back("probe_audit");
    }
    if (!report.probe.can_follow()) {
        names.emplace_back("probe_session");
    }
    return names;
}

std::string listed(const std::vector<std::string>& names)
{
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

std::string_view what_else_is_possible(const host_probe& probe)
{
    if (probe.audit.status == host_status::ok) {
        return "an unproven one is (--source audit)";
    }
    if (probe.kmsg.status == host_status::ok) {
        return "an incomplete or unproven one is (--source kmsg)";
    }
    return "no other one was seen to work";
}

json::object to_object(const host_finding& found)
{
    return {{"name", found.name},
            {"status", to_string(found.status)},
            {"value", found.value},
            {"meaning", found.meaning},
            {"remedy", remedy_of(found)}};
}

json::object to_object(const source_probe& source)
{
    return {{"status", to_string(source.status)},
            {"arrived", source.arrived},
            {"milliseconds", source.took.count()},
            {"why", source.why}};
}

json::object to_object(const session_probe& probe)
{
    return {{"status", to_string(probe.status)},
            {"session", probe.session ? json::value(*probe.session) : json::value()},
            {"why", probe.why}};
}

json::object to_object(const host_probe& probe)
{
    return {{"calls", probe.calls},
            {"audit", to_object(probe.audit)},
            {"kmsg", to_object(probe.kmsg)},
            {"session", to_object(probe.session)},
            {"fork_events",
             json::object{{"status", to_string(probe.fork_events.status)}, {"why", probe.fork_events.why}}}};
}

} // namespace

bool can_be_complete(const doctor_report& report)
{
    return obstacles(report).empty();
}

std::string conclusion(const doctor_report& report)
{
    const auto in_the_way = obstacles(report);
    if (in_the_way.empty()) {
        const bool by_session = report.probe.session.status == host_status::ok;
        return std::string("a complete recording is possible (--source audit, --follow ") +
               (by_session ? "session)" : "tree)");
    }
    return "no complete recording is possible because of " + listed(in_the_way) + "; " +
           std::string(what_else_is_possible(report.probe));
}

std::string to_text(const doctor_report& report)
{
    std::string text;
    for (const auto& found : report.findings) {
        append_row(text, found);
    }
    for (const auto& found : findings_of(report.probe)) {
        append_row(text, found);
    }
    return text;
}

std::string to_json(const doctor_report& report)
{
    json::array findings;
    for (const auto& found : report.findings) {
        findings.push_back(to_object(found));
    }
    const json::object all{{"version", 1},
                           {"complete_recording_possible", can_be_complete(report)},
                           {"findings", std::move(findings)},
                           {"probe", to_object(report.probe)}};
    return json::serialize(all) + '\n';
}

} // namespace asio_sctrace
