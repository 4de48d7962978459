#include "record_command.hpp"

#include "record_options.hpp"
#include "table.hpp"
#include "usage.hpp"

#include <sctrace/error.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

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

    void stop() { set_.cancel(); }

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
            if (!ec) {
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
            recorder_.cancel_start();
        } else {
            recorder_.signal_child(number);
        }
    }

    boost::asio::signal_set set_;
    sctrace::recorder& recorder_;
    bool has_command_;
};

/// Errors of the command come before those of files, as the exit statuses are ordered.
boost::system::result<std::optional<sctrace::trace_file>, sctrace::failure>
prepare_report(const record_options& options)
{
    if (options.recorder.command) {
        if (const auto found = sctrace::launcher::prepare(*options.recorder.command); !found) {
            return found.error();
        }
    }
    if (options.report.empty()) {
        return std::optional<sctrace::trace_file>();
    }
    auto file = sctrace::trace_file::prepare(options.report);
    if (!file) {
        return file.error();
    }
    return std::optional(std::move(*file));
}

void show(const ending& end, const record_options& options)
{
    if (!options.quiet) {
        std::cerr << to_table(end.report.counts, end.report.native) << sctrace::verdict_line(end.report)
                  << '\n';
    }
}

ending run(record_options options)
{
    boost::asio::io_context context;
    if (!options.quiet) {
        options.recorder.on_notice = [](std::string_view text) { say(text); };
    }
    sctrace::recorder recorder(context, options.recorder);
    signals taken(context, recorder, options.recorder.command.has_value());
    ending end;
    recorder.async_run([&](error_code ec, sctrace::report report) {
        end.code = ec;
        end.report = std::move(report);
        taken.stop();
    });
    context.run();
    return end;
}

} // namespace

int record_command(const std::vector<std::string>& words)
{
    const auto options = parse_record_options(words);
    if (!options) {
        return exit_code::success;
    }
    // Children of a process that ignores SIGCHLD are reaped by the kernel, and their status is lost.
    ::signal(SIGCHLD, SIG_DFL);
    const auto report_file = prepare_report(*options);
    if (!report_file) {
        say(report_file.error().message);
        return status_of_failure(report_file.error(), *options);
    }
    ending end = run(*options);
    if (end.code) {
        say(end.report.failure_message);
    }
    const bool recorded = end.report.started != decltype(end.report.started){};
    if (recorded) {
        show(end, *options);
    }
    if (recorded && *report_file) {
        const auto written =
            (*report_file)->write(sctrace::to_json(end.report), sctrace::trace_file::durability::final);
        if (!written) {
            say(written.error().message);
            end.report_written = false;
        }
    }
    return exit_status(end, *options);
}

} // namespace asio_sctrace
