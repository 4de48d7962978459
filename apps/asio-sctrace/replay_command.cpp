#include "replay_command.hpp"

#include "advice.hpp"
#include "output_file.hpp"
#include "replay_options.hpp"
#include "table.hpp"
#include "usage.hpp"

#include <sctrace/replayer.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;

// A part in the making for each thread, and one more for each, so that none waits for its turn.
constexpr std::size_t most_threads = 4;
constexpr std::size_t parts_per_thread = 2;
// Events take ten times the memory of counts, and it is their writing that takes the time.
constexpr std::size_t parts_with_events = 2;

/// How the replay ended.
struct ending {
    error_code code;
    sctrace::report report;
};

/// A line on a terminal that says how far a long log has been read.
class progress_line {
public:
    void show(const sctrace::replay_progress& progress)
    {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) {
            return;
        }
        next_ = now + std::chrono::milliseconds(200);
        std::string text = "\r\033[K" + std::string(progress.log) + ": " + megabytes(progress.bytes);
        if (progress.size.value_or(0) != 0) {
            text += " of " + megabytes(*progress.size) + ", " +
                    std::to_string(progress.bytes * 100 / *progress.size) + " %";
        }
        std::cerr << text << std::flush;
        shown_ = true;
    }

    void clear()
    {
        if (std::exchange(shown_, false)) {
            std::cerr << "\r\033[K" << std::flush;
        }
    }

private:
    static std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

    // A log that is read at once needs no such line.
    std::chrono::steady_clock::time_point next_ =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    bool shown_ = false;
};

/// The outputs, which must be found writable before anything is read.
struct output_files {
    std::optional<sctrace::trace_file> trace;
    std::optional<sctrace::trace_file> events;
    std::optional<sctrace::trace_file> report;
};

boost::system::result<output_files, sctrace::failure> prepare_files(const replay_options& options)
{
    output_files files;
    for (const auto& [path, file] :
         {std::pair(options.replay.output, &files.trace), std::pair(options.events, &files.events),
          std::pair(options.report, &files.report)}) {
        auto prepared = sctrace::trace_file::prepare_if_named(path);
        if (!prepared) {
            return prepared.error();
        }
        *file = std::move(*prepared);
    }
    return files;
}

/// The first signal asks for a stop; the next one has its default action, and ends the program at once.
void stop_on_signal(boost::asio::signal_set& signals, sctrace::replayer& replayer)
{
    signals.async_wait([&](error_code ec, int) {
        if (!ec) {
            signals.clear(ec);
            replayer.request_stop();
        }
    });
}

/// Runs a context on several threads; what one of them throws ends all and comes out here.
void run_on_threads(boost::asio::io_context& context, std::size_t count)
{
    std::exception_ptr thrown;
    std::mutex mutex;
    const auto work = [&] {
        try {
            context.run();
        } catch (...) {
            const std::lock_guard lock(mutex);
            thrown = thrown ? thrown : std::current_exception();
            context.stop();
        }
    };
    std::vector<std::jthread> helpers;
    try {
        while (helpers.size() + 1 < count) {
            helpers.emplace_back(work);
        }
    } catch (const std::system_error&) {
        // Fewer threads do it too.
    }
    work();
    helpers.clear();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

ending run(const sctrace::replay_options& options, std::size_t threads)
{
    boost::asio::io_context context;
    sctrace::replayer replayer(context, options);
    boost::asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
    stop_on_signal(signals, replayer);
    ending end;
    replayer.async_run([&](error_code ec, sctrace::report report) {
        end.code = ec;
        end.report = std::move(report);
        signals.cancel();
    });
    run_on_threads(context, threads);
    return end;
}

std::size_t useful_threads() noexcept
{
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_threads);
}

void show(const ending& end, const replay_options& options)
{
    if (options.quiet) {
        return;
    }
    if (options.events.empty()) {
        std::cerr << to_table(end.report.counts, end.report.native);
        if (const std::string refusals = refusals_with_advice(end.report); !refusals.empty()) {
            std::cerr << refusals << '\n';
        }
    }
    std::cerr << sctrace::verdict_line(end.report) << '\n';
}

/// Where events go while they are made.
struct event_output {
    sctrace::trace_file file;
    sctrace::trace_file::writer writer;
    std::optional<sctrace::failure> failed;

    /// As when head(1) reads the events.
    bool is_closed_pipe() const { return failed && failed->code == boost::system::errc::broken_pipe; }

    /// An empty file must not be what is left of logs that could not be opened.
    boost::system::result<void, sctrace::failure> finish(bool log_opened)
    {
        return log_opened ? writer.commit(sctrace::trace_file::durability::final) : file.create_if_absent();
    }
};

boost::system::result<std::optional<event_output>, sctrace::failure>
open_events(const std::optional<sctrace::trace_file>& file)
{
    if (!file) {
        return std::optional<event_output>();
    }
    auto writer = file->begin();
    if (!writer) {
        return writer.error();
    }
    return std::optional(event_output{*file, std::move(*writer), {}});
}

/// Sends the replayer's events to a file; a failure ends the replay.
void send_events(event_output& to, sctrace::replay_options& options)
{
    options.parts_at_once = parts_with_events;
    options.on_events = [&to](std::string_view lines) {
        if (const auto added = to.writer.append(lines); !added) {
            to.failed = added.error();
            throw boost::system::system_error(added.error().code);
        }
    };
}

/// Puts the events in their place; says why if that fails, unless their reader has seen enough.
bool finish_events(event_output& events, bool log_opened)
{
    const auto finished = events.finish(log_opened);
    if (!finished && !events.is_closed_pipe()) {
        say(finished.error().message);
    }
    return finished.has_value();
}

/// What was told with advice, which the reasons of the verdict have without.
class advised_notices {
public:
    const std::string& add(const sctrace::notice& what)
    {
        return told_.insert_or_assign(what.text, with_advice(what)).first->second;
    }

    void advise(std::vector<std::string>& reasons) const
    {
        for (std::string& reason : reasons) {
            const auto told = told_.find(reason);
            reason = told == told_.end() ? reason : told->second;
        }
    }

private:
    std::map<std::string, std::string> told_;
};

int replay(replay_options options)
{
    const auto files = prepare_files(options);
    if (!files) {
        say(files.error().message);
        return exit_code::failure;
    }
    auto events = open_events(files->events);
    if (!events) {
        say(events.error().message);
        return exit_code::failure;
    }
    options.replay.parts_at_once = useful_threads() * parts_per_thread;
    if (*events) {
        send_events(**events, options.replay);
    }
    bool log_opened = false;
    options.replay.on_opened = [&](std::string_view) { log_opened = true; };
    progress_line progress;
    if (!options.quiet && ::isatty(STDERR_FILENO) == 1) {
        options.replay.on_progress = [&](const sctrace::replay_progress& p) { progress.show(p); };
    }
    // What could not be read is an error, and reported under --quiet as well; what could not be written is
    // reported below.
    advised_notices told;
    options.replay.on_notice = [&](const sctrace::notice& what) {
        const std::string& text = told.add(what);
        if (!*events || !(*events)->failed) {
            progress.clear();
            say(text);
        }
    };
    ending end = run(options.replay, useful_threads());
    told.advise(end.report.judged.why);
    progress.clear();
    const bool events_written = !*events || finish_events(**events, log_opened);
    const bool report_written = !files->report || write_report(end.report, *files->report);
    const bool wanted_no_more = *events && (*events)->is_closed_pipe();
    if (log_opened && !wanted_no_more) {
        show(end, options);
    }
    return end.code || !events_written || !report_written ? exit_code::failure : exit_code::success;
}

} // namespace

int replay_command(const std::vector<std::string>& words)
{
    auto options = parse_replay_options(words);
    if (!options) {
        return exit_code::success;
    }
    // A broken pipe is an error of the write.
    ::signal(SIGPIPE, SIG_IGN);
    return replay(std::move(*options));
}

} // namespace asio_sctrace
