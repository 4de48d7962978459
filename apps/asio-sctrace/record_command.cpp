#include "record_command.hpp"

#include "output_file.hpp"
#include "record_options.hpp"
#include "table.hpp"
#include "usage.hpp"

#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <utility>

#include <signal.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;

constexpr int not_complete = 3;
constexpr int failed_around_command = 125;
constexpr int command_not_executable = 126;
constexpr int command_not_found = 127;

/// How the run ended, as far as the exit status is concerned.
struct ending {
    error_code code;
    sctrace::report report;
    bool report_written = true;
};

int failure_status(const record_options& options)
{
    return options.recorder.command ? failed_around_command : exit_code::failure;
}

int status_of_failure(const sctrace::failure& why, const record_options& options)
{
    if (why.code == sctrace::error::command_not_found) {
        return command_not_found;
    }
    if (why.code == sctrace::error::command_not_executable) {
        return command_not_executable;
    }
    return failure_status(options);
}

int exit_status(const ending& end, const record_options& options)
{
    if (end.code) {
        return status_of_failure({end.code, {}}, options);
    }
    if (!end.report_written) {
        return failure_status(options);
    }
    if (options.require_complete && end.report.judged.what != sctrace::verdict::complete) {
        return not_complete;
    }
    return end.report.child ? end.report.child->shell_code() : exit_code::success;
}

/// The signals that the recorder takes; one that was ignored when it started (nohup) stays ignored.
class signals {
public:
    signals(boost::asio::io_context& context, sctrace::recorder& recorder, bool has_command)
        : set_(context)
        , recorder_(recorder)
        , has_command_(has_command)
    {
        for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE}) {
            add_unless_ignored(number);
        }
        wait();
    }

    /// Gives the signals their default action back, so that nothing that is still to be written can hold the
    /// program; a broken pipe stays an error of the write.
    void stop()
    {
        stopped_ = true;
        boost::system::error_code ignored;
        set_.cancel(ignored);
        set_.clear(ignored);
        ::signal(SIGPIPE, SIG_IGN);
    }

private:
    void add_unless_ignored(int number)
    {
        struct sigaction now = {};
        if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) {
            set_.add(number);
        }
    }

    void wait()
    {
        set_.async_wait([this](error_code ec, int number) {
            // A signal that came together with the end has its handler queued already.
            if (!ec && !stopped_) {
                take(number);
                wait();
            }
        });
    }

    void take(int number)
    {
        // A broken pipe shows as an error of the write.
        if (number == SIGPIPE) {
            return;
        }
        if (!has_command_) {
            recorder_.request_stop();
        } else if (number == SIGINT || number == SIGQUIT) {
            // A terminal sends these to the command as well, once there is one.
            recorder_.stop_unless_command_runs();
        } else {
            recorder_.signal_child(number);
        }
    }

    boost::asio::signal_set set_;
    sctrace::recorder& recorder_;
    bool has_command_;
    bool stopped_ = false;
};

struct output_files {
    std::optional<sctrace::trace_file> trace;
    std::optional<sctrace::trace_file> report;
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
    return output_files{std::move(*trace), std::move(*report)};
}

void show(const ending& end, const record_options& options)
{
    if (!options.quiet) {
        std::cerr << to_table(end.report.counts, end.report.native) << sctrace::verdict_line(end.report)
                  << '\n';
    }
}

ending run(record_options options, const output_files& files)
{
    boost::asio::io_context context;
    if (!options.quiet) {
        options.recorder.on_notice = [](std::string_view text) { say(text); };
    }
    std::optional<signals> taken;
    if (files.trace && files.trace->waits_for_reader()) {
        options.recorder.on_stopped = [&taken] { taken->stop(); };
    }
    sctrace::recorder recorder(context, options.recorder);
    taken.emplace(context, recorder, options.recorder.command.has_value());
    ending end;
    recorder.async_run([&](error_code ec, sctrace::report report) {
        end.code = ec;
        end.report = std::move(report);
        taken->stop();
    });
    context.run();
    return end;
}

int record(const record_options& options)
{
    // Children of a process that ignores SIGCHLD are reaped by the kernel, and their status is lost.
    ::signal(SIGCHLD, SIG_DFL);
    const auto files = prepare_files(options);
    if (!files) {
        say(files.error().message);
        return status_of_failure(files.error(), options);
    }
    ending end = run(options, *files);
    if (end.code) {
        say(end.report.failure_message);
    }
    const bool recorded = end.report.started != decltype(end.report.started){};
    // The report before the table, which a closed terminal may not take.
    if (recorded && files->report) {
        end.report_written = write_report(end.report, *files->report);
    }
    if (recorded) {
        show(end, options);
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
