#ifndef SCTRACE_SRC_RECORDING_WATCH_SESSION_HPP
#define SCTRACE_SRC_RECORDING_WATCH_SESSION_HPP

#include "host/host_state.hpp"
#include "recording/live_session.hpp"
#include "recording/record_listener.hpp"
#include "recording/run_outcome.hpp"
#include "recording/source_hub.hpp"
#include "recording/watch_account.hpp"

#include <sctrace/audit_status.hpp>
#include <sctrace/error.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sctrace::detail {

/// The course of one watcher.
template <class Clock>
class watch_session final : public live_session<Clock, watcher_options, run_core<watch_summary>> {
public:
    using base = live_session<Clock, watcher_options, run_core<watch_summary>>;
    using typename base::outcome;
    using typename base::result;
    template <class T>
    using task = typename base::template task<T>;

    watch_session(const boost::asio::any_io_executor& ex, watcher_options options)
        : base(std::make_shared<source_hub<Clock>>(ex, options), options,
               {"a watcher runs once", "watching was cancelled"}, account_, subscriber::selection::everything)
        , account_(options_, hub_->router().serials(), this->ledger_)
    {
    }
    ~watch_session() { this->leave_router(); }

private:
    using base::hub_;
    using base::markers_;
    using base::options_;
    using base::scope_;

    // Twice this time passes at most until missing serials are told.
    static constexpr std::chrono::milliseconds look_interval{500};

    /// From opening the source to the summary.
    task<outcome> run_course() override
    {
        const result opened = co_await this->open();
        if (!opened) {
            co_await this->stop_tasks();
            co_return refused<outcome>(opened.error());
        }
        look_at_what_was_opened();
        if (options_.on_started) {
            options_.on_started();
        }
        end_ = Clock::now() + options_.duration;
        co_await watch();
        if (!account_.thrown()) {
            co_await markers_.read_to_end(hub_->source());
        }
        const bool may_lack_the_last = markers_.misses(bracket_role::closing, hub_->source());
        co_await this->stop_tasks();
        if (account_.thrown()) {
            std::rethrow_exception(account_.thrown());
        }
        look_at_lost_counter();
        tell(account_.last_news());
        if (may_lack_the_last) {
            tell("no record of our own came back at the end: the last records may be missing");
        }
        co_return finish();
    }

    task<void> prepare() override
    {
        this->before_ = read_host_state();
        if (const auto lost = this->before_.lost()) {
            account_.saw_lost_counter(*lost);
        }
        co_return;
    }

    /// Process ids are only good for selection where they are the kernel's.
    result allow(bool from_kernel) const override
    {
        if (!from_kernel || options_.filter.pids.empty() || in_initial_pid_namespace()) {
            return {};
        }
        return failure{
            error::foreign_pid_namespace,
            "cannot watch by process id from inside a pid namespace: the kernel's records carry the ids of "
            "the initial one; run outside of the container, or watch a session"};
    }

    std::string explain_missing_log(const host_state& host) const override
    {
        return log_switched_off_watch_notice(host);
    }

    void look_at_what_was_opened()
    {
        if (hub_->source().reads_the_kernel()) {
            this->tell_about(options_.filter.pids);
        }
        if (markers_.misses(bracket_role::opening, hub_->source())) {
            tell("no record of our own came back through the source: nothing may arrive");
        }
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
        return over || scope_.stop_asked() || hub_->source().has_ended() || account_.thrown();
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

    void take_calls() override
    {
        account_.end_batch();
        if (account_.thrown()) {
            scope_.wake();
        } else if (!next_look_) {
            next_look_ = Clock::now() + look_interval;
            scope_.wake();
        }
    }

    void look_for_losses()
    {
        next_look_.reset();
        look_at_lost_counter();
        tell(account_.news());
        if (account_.has_open_gaps()) {
            next_look_ = Clock::now() + look_interval;
        }
    }

    void look_at_lost_counter()
    {
        if (!hub_->source().reads_the_kernel() || !this->before_.audit) {
            return;
        }
        if (const auto now = read_audit_status()) {
            account_.saw_lost_counter(now->lost);
        }
    }

    void tell(const std::string& news) const
    {
        if (!news.empty() && options_.on_loss) {
            options_.on_loss(news);
        }
    }

    outcome finish() const
    {
        const failure failed = this->why_it_failed(true);
        return {failed.code, {account_.records(), this->ledger_.counts(), failed.message}};
    }

    watch_account account_;
    typename Clock::time_point end_{};
    std::optional<typename Clock::time_point> next_look_;
};

template <class Clock>
std::shared_ptr<run_core<watch_summary>> make_watcher(const boost::asio::any_io_executor& ex,
                                                      watcher_options options)
{
    return std::make_shared<watch_session<Clock>>(ex, std::move(options));
}

} // namespace sctrace::detail

#endif
