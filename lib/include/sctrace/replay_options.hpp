#ifndef SCTRACE_REPLAY_OPTIONS_HPP
#define SCTRACE_REPLAY_OPTIONS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/log_format.hpp>
#include <sctrace/record_filter.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

/// How far one of the logs has been read.
struct replay_progress {
    /// The log, as it was named.
    std::string_view log;
    /// How much of it has been read.
    std::uint64_t bytes = 0;
    /// Empty for pipes and the like.
    std::optional<std::uint64_t> size;
};

/// Which logs to read, what of them is wanted, and where it goes.
struct replay_options {
    /// Read one after the other; `-` is standard input.
    std::vector<std::string> logs;
    /// Which lines of the logs are looked at.
    log_format format = log_format::automatic;
    /// Which records count.
    record_filter filter;

    /// The architecture of records that give none, whose lines carry no `arch` in the trace.
    architecture native = architecture::native();

    /// The trace file; empty: the counts are in the report only.
    std::string output;

    /// How many parts of a log are worked on at the same time, each with one to two MiB of memory (more with
    /// events).
    /** More than one is of use if several threads run the execution context. */
    std::size_t parts_at_once = 1;

    /// Called within async_run() when a log has been opened; may be empty.
    std::function<void(std::string_view log)> on_opened;

    /// Called within async_run() with the wanted records in the log's order, each as a JSON object and a
    /// newline; empty: no events are made.
    /** What it throws ends the run and comes out of async_run()'s handler's thread. */
    std::function<void(std::string_view lines)> on_events;

    /// Called within async_run() with things that a person should know; may be empty.
    std::function<void(const notice&)> on_notice;

    /// Called within async_run() after each part; may be empty.
    std::function<void(const replay_progress&)> on_progress;
};

} // namespace sctrace

#endif
