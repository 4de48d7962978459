#include "metrics.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

namespace embedded_server {

namespace {

void begin(std::string& to, std::string_view name, std::string_view type, std::string_view help)
{
    to.append("# HELP ").append(name).append(" ").append(help).append("\n");
    to.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

// No label holds a character that would have to be escaped: all are words of this program or of tables.
void append_calls(std::string& to, const call_counters& calls)
{
    begin(to, "sctrace_calls_total", "counter", "Recorded system calls, by what seccomp did with them.");
    for (const auto& [labels, count] : calls.all()) {
        to += "sctrace_calls_total{arch=\"" + labels.arch + "\",syscall=\"" + labels.syscall +
              "\",action=\"" + labels.action + "\"} " + std::to_string(count) + '\n';
    }
}

void append_states(std::string& to, const registry& recordings)
{
    begin(to, "sctrace_recordings", "gauge", "Recordings that the server keeps, by state.");
    for (const auto state : {recording_state::starting, recording_state::running, recording_state::stopping,
                             recording_state::ended, recording_state::failed}) {
        const auto count = std::count_if(recordings.all().begin(), recordings.all().end(),
                                         [&](const auto& each) { return each->state() == state; });
        to += "sctrace_recordings{state=\"" + std::string(to_string(state)) + "\"} " + std::to_string(count) +
              '\n';
    }
}

void append_verdicts(std::string& to, const recording_totals& totals)
{
    const std::array<std::pair<std::string_view, std::uint64_t>, 4> verdicts{{
        {"complete", totals.complete},
        {"incomplete", totals.incomplete},
        {"unproven", totals.unproven},
        {"failed", totals.failed},
    }};
    begin(to, "sctrace_recordings_ended_total", "counter", "Recordings that have ended, by verdict.");
    for (const auto& [verdict, count] : verdicts) {
        to += "sctrace_recordings_ended_total{verdict=\"" + std::string(verdict) + "\"} " +
              std::to_string(count) + '\n';
    }
}

std::string seconds_since_1970(std::chrono::system_clock::time_point time)
{
    const auto seconds = std::chrono::duration<double>(time.time_since_epoch()).count();
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", seconds);
    return text.data();
}

} // namespace

std::string to_metrics(const registry& recordings, std::size_t connections,
                       std::chrono::system_clock::time_point process_start)
{
    std::string text;
    append_calls(text, recordings.totals().calls);
    append_states(text, recordings);
    append_verdicts(text, recordings.totals());
    begin(text, "sctrace_live_dropped_total", "counter",
          "Records that were counted but found the live feed's queue full.");
    text += "sctrace_live_dropped_total " + std::to_string(recordings.totals().live_dropped) + '\n';
    begin(text, "sctrace_connections", "gauge", "Open connections.");
    text += "sctrace_connections " + std::to_string(connections) + '\n';
    begin(text, "process_start_time_seconds", "gauge", "When the server was started, in seconds since 1970.");
    text += "process_start_time_seconds " + seconds_since_1970(process_start) + '\n';
    return text;
}

} // namespace embedded_server
