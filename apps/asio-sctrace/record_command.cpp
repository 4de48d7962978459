#include "record_command.hpp"

#include "advice.hpp"
#include "command_run.hpp"
#include "known_calls.hpp"
#include "output_file.hpp"
#include "record_options.hpp"
#include "table.hpp"
#include "usage.hpp"

#include <sctrace/launcher.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <utility>

#include <signal.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;

constexpr int not_complete = 3;

/// How the run ended, as far as the exit status is concerned.
struct ending {
    error_code code;
    sctrace::report report;
    bool report_written = true;
    bool merged_written = true;
};

int failure_status(const record_options& options)
{
    return options.recorder.command ? exit_code::failed_around_command : exit_code::failure;
}

int exit_status(const ending& end, const record_options& options)
{
    if (end.code) {
        return status_of_failure(end.code, failure_status(options));
    }
    if (!end.report_written || !end.merged_written) {
        return failure_status(options);
    }
    if (options.require_complete && end.report.judged.what != sctrace::verdict::complete) {
        return not_complete;
    }
    return end.report.child ? end.report.child->shell_code() : exit_code::success;
}

void take_signal(int number, sctrace::recorder& recorder, bool has_command)
{
    if (!has_command) {
        recorder.request_stop();
    } else if (comes_from_terminal(number)) {
        recorder.stop_unless_command_runs();
    } else {
        recorder.signal_child(number);
    }
}

struct output_files {
    std::optional<sctrace::trace_file> trace;
    std::optional<sctrace::trace_file> report;
    std::optional<sctrace::trace_file> merged;
};

/// Errors of the command come before those of files, as the exit statuses are ordered.
/** Files come before anything else opens descriptors, so that /dev/fd/N can only be the caller's. */
boost::system::result<output_files, sctrace::failure> prepare_files(const record_options& options)
{
    if (options.recorder.command) {
        if (const auto found = sctrace::launcher::prepare(*options.recorder.command); !found) {
            return found.error();
        }
    }
    auto trace = sctrace::trace_file::prepare_if_named(options.recorder.output);
    if (!trace) {
        return trace.error();
    }
    auto report = sctrace::trace_file::prepare_if_named(options.report);
    if (!report) {
        return report.error();
    }
    auto merged = sctrace::trace_file::prepare_if_named(options.merged);
    if (!merged) {
        return merged.error();
    }
    return output_files{std::move(*trace), std::move(*report), std::move(*merged)};
}

void show(const ending& end, const std::optional<known_calls>& known)
{
    const sctrace::report& report = end.report;
    const sctrace::trace shown = known ? known->new_in(report.counts) : report.counts;
    if (!known || !shown.empty()) {
        std::cerr << to_table(shown, report.native);
    }
    if (known) {
        std::cerr << known->summary(report.counts) << '\n';
    }
    if (const std::string refusals = refusals_with_advice(report); !refusals.empty()) {
        std::cerr << refusals << '\n';
    }
    std::cerr << sctrace::verdict_line(report) << '\n';
}

/// Says why if that fails.
bool write_merged(const sctrace::trace& counts, const known_calls& known, const sctrace::trace_file& to)
{
    const auto written = known.write_merged(counts, to);
    if (!written) {
        say(written.error().message);
    }
    return written.has_value();
}

/// Without this line it would not be known from when on calls are recorded.
void say_what_is_recorded(const std::vector<pid_t>& pids)
{
    std::string list;
    for (const pid_t pid : pids) {
        list += (list.empty() ? "" : ", ") + std::to_string(pid);
    }
    say("recording " + std::string(pids.size() == 1 ? "process " : "processes ") + list);
}

ending run(record_options options, const output_files& files)
{
    boost::asio::io_context context;
    if (!options.quiet) {
        options.recorder.on_notice = [](const sctrace::notice& what) { say(with_advice(what)); };
    }
    if (!options.quiet && !options.recorder.command) {
        options.recorder.on_started = [pids = options.recorder.pids] { say_what_is_recorded(pids); };
    }
    std::optional<command_signals> taken;
    if (files.trace && files.trace->waits_for_reader()) {
        options.recorder.on_stopped = [&taken] { taken->stop(); };
    }
    sctrace::recorder recorder(context, options.recorder);
    taken.emplace(context, [&recorder, has_command = options.recorder.command.has_value()](int number) {
        take_signal(number, recorder, has_command);
    });
    ending end;
    recorder.async_run([&](error_code ec, sctrace::report report) {
        end.code = ec;
        end.report = std::move(report);
        taken->stop();
    });
    context.run();
    return end;
}

int record(record_options options)
{
    // Children of a process that ignores SIGCHLD are reaped by the kernel, and their status is lost.
    ::signal(SIGCHLD, SIG_DFL);
    const auto files = prepare_files(options);
    if (!files) {
        say(files.error().message);
        return status_of_failure(files.error().code, failure_status(options));
    }
    std::optional<known_calls> known;
    if (!options.known.empty()) {
        known.emplace(options.known, options.recorder.native, options.quiet);
        options.recorder.known = known->calls();
    }
    ending end = run(options, *files);
    if (end.code) {
        say(end.report.failure_message);
    }
    const bool recorded = end.report.started != decltype(end.report.started){};
    // Files before the table, which a closed terminal may not take.
    if (recorded && files->report) {
        end.report_written = write_report(end.report, *files->report);
    }
    if (recorded && files->merged) {
        end.merged_written = write_merged(end.report.counts, *known, *files->merged);
    }
    if (recorded && !options.quiet) {
        show(end, known);
    }
    return exit_status(end, options);
}

} // namespace

int record_command(const std::vector<std::string>& words)
{
    const auto options = parse_record_options(words);
    if (!options) {
        return exit_code::success;
    }
    try {
        return record(*options);
    } catch (const std::exception& e) {
        say(e.what());
        return failure_status(*options);
    }
}

} // namespace asio_sctrace
