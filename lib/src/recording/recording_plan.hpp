#ifndef SCTRACE_SRC_RECORDING_RECORDING_PLAN_HPP
#define SCTRACE_SRC_RECORDING_RECORDING_PLAN_HPP

#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/system/result.hpp>

#include <optional>

namespace sctrace::detail {

/// What the options of a recording come to once they are checked; nothing has been started or written.
struct recording_plan {
    /// Who else is to be recorded.
    follow_kind following = follow_kind::none;
    /// The command, found and ready to be started.
    std::optional<launcher> command;
    /// The trace file, if one is named.
    std::optional<trace_file> output;
};

/// Who else is recorded, by name or by default.
follow_kind wanted_following(const recorder_options& options);

/**
 * @par Errors
 * `error::invalid_options`, and what `seccomp_filter::log_all_but`, `launcher::prepare` and
 * `trace_file::prepare` report.
 */
boost::system::result<recording_plan, failure> plan_recording(const recorder_options& options);

} // namespace sctrace::detail

#endif
