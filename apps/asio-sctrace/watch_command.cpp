#include "watch_command.hpp"

#include "advice.hpp"
#include "event_text.hpp"
#include "live_output.hpp"
#include "stop_signals.hpp"
#include "usage.hpp"
#include "watch_options.hpp"

#include <sctrace/event.hpp>
#include <sctrace/event_folder.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;
using clock = std::chrono::steady_clock;

/// Makes lines of records, and folds them if that is wanted.
class line_maker {
public:
    explicit line_maker(const watch_options& options)
        : as_text_(options.text)
        , text_(options.watcher.native)
    {
        using form = sctrace::event_folder::count_form;
        if (options.unique) {
            folder_.emplace(as_text_ ? form::suffix : form::member);
        }
    }

    void add(const sctrace::seccomp_record& record)
    {
        line_.clear();
        if (as_text_) {
            text_.append(line_, record);
        } else {
            objects_.append(line_, record);
        }
        if (folder_) {
            folder_->add(record, line_, clock::now(), lines_);
        } else {
            lines_ += line_;
            lines_ += '\n';
        }
    }

    std::optional<clock::time_point> next_due() const { return folder_ ? folder_->next_due() : std::nullopt; }
    void advance() { folder_->advance(clock::now(), lines_); }

    void finish()
    {
        if (folder_) {
            folder_->finish(lines_);
        }
    }

    std::string_view lines() const noexcept { return lines_; }
    void clear_lines() noexcept { lines_.clear(); }

private:
    bool as_text_;
    event_text text_;
    sctrace::event_writer objects_;
    std::optional<sctrace::event_folder> folder_;
    std::string line_;
    std::string lines_;
};

/// One run from the source to standard output.
class watch_run {
public:
    explicit watch_run(watch_options options)
        : options_(std::move(options))
        , maker_(options_)
        , signals_(context_, [this] { stop_.emit(boost::asio::cancellation_type::partial); })
        , output_(context_, signals_, [this] { give_up(); })
        , fold_timer_(context_)
    {
    }

    int run()
    {
        sctrace::watcher watcher(context_, watcher_options());
        // The output can block while the source is being opened too.
        begin_duration();
        watcher.async_run(boost::asio::bind_cancellation_slot(
            stop_.slot(),
            [this](error_code ec, const sctrace::watch_summary& summary) { end(ec, summary); }));
        context_.run();
        return status_;
    }

private:
    sctrace::watcher_options watcher_options()
    {
        using namespace std::chrono_literals;
        sctrace::watcher_options to = options_.watcher;
        // Stops come by cancellation, which needs no checks.
        to.stop_check_interval = 1h;
        // After an interrupt, longer would seem like a hang.
        to.bracket_timeout = 2s;
        to.on_record = [this](const sctrace::seccomp_record& record) { maker_.add(record); };
        to.on_batch = [this] { write(); };
        to.on_loss = [](std::string_view text) { say(text); };
        to.on_started = [this] { start(); };
        if (!options_.quiet) {
            to.on_notice = [](const sctrace::notice& what) { say(with_advice(what)); };
        }
        return to;
    }

    void start()
    {
        begin_duration();
        if (!options_.quiet) {
            say("watching");
        }
    }

    void begin_duration()
    {
        if (const auto duration = options_.watcher.duration; duration.count() != 0) {
            output_.set_deadline(clock::now() + duration);
        }
    }

    void write()
    {
        const bool was_over = output_.is_over();
        output_.write(maker_.lines());
        maker_.clear_lines();
        if (output_.is_over() && !was_over) {
            give_up();
        }
        wait_for_folded_lines();
    }

    /// Nothing more can be written, so that nothing more need be read.
    void give_up() { stop_.emit(boost::asio::cancellation_type::terminal); }

    void wait_for_folded_lines()
    {
        const auto due = maker_.next_due();
        if (!due || waits_for_folded_lines_ || ended_) {
            return;
        }
        waits_for_folded_lines_ = true;
        fold_timer_.expires_at(*due);
        fold_timer_.async_wait([this](error_code) {
            waits_for_folded_lines_ = false;
            if (!ended_) {
                maker_.advance();
                write();
            }
        });
    }

    void end(error_code ec, const sctrace::watch_summary& summary)
    {
        ended_ = true;
        maker_.finish();
        output_.write(maker_.lines());
        fold_timer_.cancel();
        signals_.end();
        status_ = exit_status(ec, summary);
        output_.end();
    }

    int exit_status(error_code ec, const sctrace::watch_summary& summary) const
    {
        if (const auto failure = output_.failure()) {
            say("cannot write to standard output: " + failure->message());
            return exit_code::failure;
        }
        if (output_.has_given_up()) {
            say("standard output was not read: lines were dropped");
            return exit_code::failure;
        }
        if (ec && !output_.is_over()) {
            say(summary.failure_message);
            return exit_code::failure;
        }
        return exit_code::success;
    }

    watch_options options_;
    boost::asio::io_context context_;
    boost::asio::cancellation_signal stop_;
    line_maker maker_;
    stop_signals signals_;
    live_output output_;
    boost::asio::steady_timer fold_timer_;
    bool waits_for_folded_lines_ = false;
    bool ended_ = false;
    int status_ = exit_code::success;
};

int watch(watch_options options)
{
    // Else what is opened next would be taken for it.
    if (::fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        say("standard output is closed");
        return exit_code::failure;
    }
    // A broken pipe is an error of the write.
    ::signal(SIGPIPE, SIG_IGN);
    return watch_run(std::move(options)).run();
}

} // namespace

int watch_command(const std::vector<std::string>& words)
{
    auto options = parse_watch_options(words);
    return options ? watch(std::move(*options)) : exit_code::success;
}

} // namespace asio_sctrace
