#ifndef SCTRACE_SRC_RECORDING_WATCH_SESSION_HPP
#define SCTRACE_SRC_RECORDING_WATCH_SESSION_HPP

#include "host/host_state.hpp"
#include "recording/call_collector.hpp"
#include "recording/live_source.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/open_source.hpp"
#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"
#include "recording/watch_reader.hpp"

#include <sctrace/audit_status.hpp>
#include <sctrace/error.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/watcher_options.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sctrace::detail {

/// The course of one watcher; everything runs on its strand.
template <class Clock>
class watch_session : public std::enable_shared_from_this<watch_session<Clock>> {
public:
    using scope_type = run_scope<Clock>;
    using strand_type = typename scope_type::strand_type;
    template <class T>
    using task = typename scope_type::template task<T>;
    using outcome = basic_run_outcome<watch_summary>;
    using result = boost::system::result<void, failure>;

    watch_session(const boost::asio::any_io_executor& ex, watcher_options options)
        : options_(std::move(options))
        , scope_(boost::asio::make_strand(ex), options_.stop)
        , reader_(options_, ledger_)
        , markers_(scope_, options_, before_, book(), ledger_)
        , source_(scope_, options_, before_, hooks())
    {
    }

    strand_type strand() const noexcept { return scope_.strand(); }

    /// Safe to call from any thread.
    void request_stop() noexcept { scope_.request_stop(); }

    void cancel(boost::asio::cancellation_type type) { scope_.cancel(type); }

    static task<outcome> run(std::shared_ptr<watch_session> self)
    {
        if (!self->scope_.begin(self)) {
            co_return refused<outcome>({error::already_running, "a watcher runs once"});
        }
        std::exception_ptr thrown;
        try {
            co_return co_await self->run_course();
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        std::rethrow_exception(thrown);
    }

private:
    using source_type = live_source<Clock>;

    // Twice this time passes at most until missing serials are told.
    static constexpr std::chrono::milliseconds look_interval{500};

    marker_book book()
    {
        return {[this](const bracket& made, bracket_role role) { reader_.expect_bracket(made, role); },
                [this](bracket_role role) { return reader_.saw_bracket(role); },
                [this] { return reader_.serials_may_be_late(); }};
    }

    typename source_type::hooks hooks()
    {
        return {[this](const record_batch& batch) { take(batch); },
                [this](bool from_kernel) { return check_pid_namespace(from_kernel); },
                [this](boost::system::error_code why) { note_end(why); }, log_switched_off_watch_notice};
    }

    /// From opening the source to the summary.
    task<outcome> run_course()
    {
        before_ = read_host_state();
        if (before_.audit) {
            reader_.saw_lost_counter(before_.audit->lost);
        }
        const auto opened = co_await open();
        if (!opened) {
            co_await stop_tasks();
            co_return refused<outcome>(opened.error());
        }
        if (options_.on_started) {
            options_.on_started();
        }
        end_ = Clock::now() + options_.duration;
        co_await watch();
        if (!thrown_) {
            co_await markers_.read_to_end(source_);
        }
        const bool may_lack_the_last = !thrown_ && markers_.misses(bracket_role::closing, source_);
        co_await stop_tasks();
        if (thrown_) {
            std::rethrow_exception(thrown_);
        }
        look_at_lost_counter();
        tell(reader_.last_news());
        if (may_lack_the_last) {
            tell("no record of our own came back at the end: the last records may be missing");
        }
        co_return finish();
    }

    task<result> open()
    {
        if (const auto allowed = check_pid_namespace(source_.wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        const result opened = co_await open_source(source_, markers_, scope_, options_, before_);
        if (opened) {
            look_at_what_was_opened();
        }
        co_return opened;
    }

    void look_at_what_was_opened()
    {
        if (source_.reads_the_kernel()) {
            for (const std::string& text : pid_notices(options_.filter.pids)) {
                source_.notice(text);
            }
        }
        if (markers_.misses(bracket_role::opening, source_)) {
            tell("no record of our own came back through the source: nothing may arrive");
        }
    }

    /// Process ids are only good for selection where they are the kernel's.
    result check_pid_namespace(bool from_kernel) const
    {
        if (!from_kernel || options_.filter.pids.empty() || in_initial_pid_namespace()) {
            return {};
        }
        return failure{
            error::foreign_pid_namespace,
            "cannot watch by process id from inside a pid namespace: the kernel's records carry the ids of "
            "the initial one; run outside of the container, or watch a session"};
    }

    /// Waits until there is a reason to stop; looks for losses while records come, and not while they don't.
    task<void> watch()
    {
        while (!must_stop()) {
            co_await scope_.sleep_until_woken(pause());
            if (next_look_ && Clock::now() >= *next_look_) {
                look_for_losses();
            }
        }
    }

    bool must_stop() const
    {
        const bool over = options_.duration.count() != 0 && Clock::now() >= end_;
        return over || scope_.stop_asked() || source_.has_ended() || thrown_;
    }

    typename Clock::duration pause() const
    {
        typename Clock::duration time = options_.stop_check_interval;
        if (options_.duration.count() != 0) {
            time = std::min<typename Clock::duration>(time, end_ - Clock::now());
        }
        if (next_look_) {
            time = std::min<typename Clock::duration>(time, *next_look_ - Clock::now());
        }
        return time;
    }

    void take(const record_batch& batch)
    {
        if (thrown_) {
            return;
        }
        const auto brackets = reader_.brackets_seen();
        try {
            reader_.read(batch);
        } catch (...) {
            thrown_ = std::current_exception();
            scope_.wake();
            return;
        }
        if (!next_look_) {
            next_look_ = Clock::now() + look_interval;
            scope_.wake();
        }
        if (reader_.brackets_seen() != brackets) {
            scope_.wake();
        }
    }

    void note_end(boost::system::error_code why)
    {
        if (why) {
            ledger_.cannot_prove("reading the source failed: " + why.message());
        }
    }

    void look_for_losses()
    {
        next_look_.reset();
        look_at_lost_counter();
        tell(reader_.news());
        if (reader_.has_open_gaps()) {
            next_look_ = Clock::now() + look_interval;
        }
    }

    void look_at_lost_counter()
    {
        if (!source_.reads_the_kernel() || !before_.audit) {
            return;
        }
        if (const auto now = read_audit_status()) {
            reader_.saw_lost_counter(now->lost);
        }
    }

    void tell(const std::string& news) const
    {
        if (!news.empty() && options_.on_loss) {
            options_.on_loss(news);
        }
    }

    task<void> stop_tasks()
    {
        co_await source_.stop();
        while (scope_.has_tasks()) {
            co_await scope_.sleep_until_woken(options_.stop_check_interval);
        }
        source_.release_ratelimit();
    }

    outcome finish() const
    {
        outcome ended;
        ended.result.records = reader_.records();
        ended.result.lost = ledger_.counts();
        if (source_.error()) {
            ended.code = source_.error();
            ended.result.failure_message = "reading the source failed: " + source_.error().message();
        } else if (scope_.abandoned()) {
            ended.code = boost::asio::error::operation_aborted;
            ended.result.failure_message = "watching was cancelled";
        }
        return ended;
    }

    watcher_options options_;
    scope_type scope_;
    host_state before_;
    loss_ledger ledger_;
    watch_reader reader_;
    marker_exchange<Clock> markers_;
    source_type source_;
    typename Clock::time_point end_{};
    std::optional<typename Clock::time_point> next_look_;
    // What on_record or on_batch threw.
    std::exception_ptr thrown_;
};

} // namespace sctrace::detail

#endif
