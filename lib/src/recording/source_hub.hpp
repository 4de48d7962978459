#ifndef SCTRACE_SRC_SOURCE_HUB_HPP
#define SCTRACE_SRC_SOURCE_HUB_HPP

#include "host/host_state.hpp"
#include "os/setting_watch.hpp"
#include "recording/change_signal.hpp"
#include "recording/fork_feed.hpp"
#include "recording/live_source.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/open_source.hpp"
#include "recording/record_router.hpp"
#include "recording/run_scope.hpp"
#include "recording/subscriber.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/detail/recorder_core.hpp>
#include <sctrace/error.hpp>
#include <sctrace/source_options.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sctrace::detail {

/// One source of records and one of process events for any number of subscribers; it is open while one runs.
/**
 * Everything but strand() and size() is to be called on the strand, on which the subscribers run
 * too.
 */
template <class Clock>
class source_hub final : public hub_core, public std::enable_shared_from_this<source_hub<Clock>> {
public:
    using scope_type = run_scope<Clock>;
    using strand_type = typename scope_type::strand_type;
    template <class T>
    using task = typename scope_type::template task<T>;
    using result = boost::system::result<void, failure>;

    source_hub(const boost::asio::any_io_executor& ex, source_options options)
        : options_(std::move(options))
        , scope_(boost::asio::make_strand(ex), options_.stop)
        , changed_(scope_.strand())
        , forks_(scope_.strand(), router_)
        , source_(scope_, options_, host_, hooks())
    {
    }

    strand_type strand() const noexcept { return scope_.strand(); }

    std::size_t size() const noexcept override { return size_; }

    const source_options& options() const noexcept { return options_; }

    /// From then on @p who, which must live until leave() has ended, gets what concerns it.
    task<void> join(subscriber& who)
    {
        while (state_ == state::closing) {
            co_await changed_.wait();
        }
        scope_.begin(this->weak_from_this());
        if (forks_.is_open()) {
            // What happened to the clock before concerns the others only.
            router_.set_clock_offset(wall_clock_offset());
        }
        try {
            router_.add(who);
        } catch (...) {
            router_.remove(who);
            throw;
        }
        size_ = router_.subscribers().size();
    }

    /// Opens the source if it is not, and waits until a marker of @p who's own has come back if one can.
    task<result> open(subscriber& who, marker_exchange<Clock>& own, scope_type& run)
    {
        co_await wait_for_others(run);
        if (state_ == state::open) {
            co_return co_await open_window(own);
        }
        if (state_ != state::idle) {
            // Asked to stop meanwhile.
            co_return result{};
        }
        state_ = state::opening;
        opener_ = &who;
        host_ = read_host_state();
        const result opened = co_await open_source(source_, own, run, options_, host_);
        // Who was stopped may not have waited long enough to know whether the source is any good.
        const bool is_known =
            !run.stop_asked() || !own.is_possible(source_) || own.saw(bracket_role::opening);
        if (opened && is_known) {
            opener_ = nullptr;
            set_state(state::open);
        }
        co_return opened;
    }

    /// Closes the source if nobody else takes part; safe to call again.
    task<void> leave(subscriber& who)
    {
        if (!has_joined(who)) {
            co_return;
        }
        if (!must_close(who)) {
            co_await source_.take_what_was_read();
        }
        // Others may have left meanwhile.
        while (state_ == state::closing && must_close(who)) {
            co_await changed_.wait();
        }
        if (must_close(who)) {
            co_await close_for(who);
        } else {
            remove(who);
        }
    }

    /// Whether process events are received from now on, or are already.
    bool open_forks()
    {
        if (forks_.is_open() && !forks_ended_) {
            return true;
        }
        if (!forks_.open()) {
            return false;
        }
        forks_ended_ = false;
        scope_.spawn(forks_.run(), [this](std::exception_ptr thrown) {
            if (thrown) {
                router_.fork_events_ended("reading fork events failed: " + outcome_of(thrown).code.message());
            }
            forks_ended_ = true;
            changed_.notify();
        });
        return true;
    }

    const std::string& why_no_forks() const noexcept { return forks_.why_not(); }

    /// Applies the process events of up to now.
    void catch_up() { forks_.catch_up(); }

    record_router& router() noexcept { return router_; }
    const live_source<Clock>& source() const noexcept { return source_; }
    live_source<Clock>& source() noexcept { return source_; }

    /// A setting that is put back before a recording ends would not show in what is read there.
    void look_at_settings()
    {
        if (!source_.reads_the_kernel() || Clock::now() < next_look_) {
            return;
        }
        next_look_ = Clock::now() + look_interval;
        const auto found = doubts_about(read_settings().logging());
        for (subscriber* const who : router_.subscribers()) {
            for (const std::string& doubt : found) {
                who->ledger().cannot_prove(doubt);
            }
        }
    }

    /// A number that grows from the first call on when kernel.seccomp.actions_logged is written; empty if
    /// that can't be watched for.
    std::optional<std::uint64_t> actions_writes()
    {
        if (!actions_watch_) {
            actions_watch_.emplace("/proc/sys/kernel/seccomp/actions_logged");
        }
        return actions_watch_->works() ? std::optional(actions_watch_->writes()) : std::nullopt;
    }

private:
    using source_type = live_source<Clock>;

    enum class state { idle, opening, open, closing };

    static constexpr std::chrono::milliseconds look_interval{1000};

    typename source_type::hooks hooks()
    {
        return {[this](const record_batch& batch) { take(batch); },
                [this](bool from_kernel) { return opener_->allow(from_kernel); },
                [this](boost::system::error_code why) { tell_end(why); },
                [this] { return opener_->explain_missing_log(host_); }};
    }

    void set_state(state s)
    {
        state_ = s;
        changed_.notify();
        for (subscriber* const who : router_.subscribers()) {
            who->wake();
        }
    }

    /// Until nobody opens or closes the source, or a stop is asked for, for which it looks at each check.
    task<void> wait_for_others(scope_type& run)
    {
        while ((state_ == state::opening || state_ == state::closing) && !run.stop_asked()) {
            co_await run.sleep_until_woken(options_.stop_check_interval);
        }
    }

    /// A window of one's own, in a source that others have opened.
    task<result> open_window(marker_exchange<Clock>& own)
    {
        if (source_.has_ended()) {
            co_return source_is_over();
        }
        if (own.is_possible(source_)) {
            co_await own.wait_for_opening(source_);
        }
        co_return result{};
    }

    bool has_joined(const subscriber& who) const
    {
        const auto all = router_.subscribers();
        return std::find(all.begin(), all.end(), &who) != all.end();
    }

    void take(const record_batch& batch)
    {
        if (forks_.is_open()) {
            forks_.catch_up();
            router_.set_clock_offset(wall_clock_offset());
        }
        router_.read(batch);
        for (subscriber* const who : router_.touched()) {
            who->take_calls();
        }
    }

    void tell_end(boost::system::error_code why)
    {
        for (subscriber* const who : router_.subscribers()) {
            who->source_ended(why);
        }
    }

    /// Who opened the source without getting to know whether it is any good leaves that to the next one.
    bool must_close(const subscriber& who) const
    {
        return opener_ == &who || router_.subscribers().size() == 1;
    }

    void remove(subscriber& who)
    {
        router_.remove(who);
        size_ = router_.subscribers().size();
    }

    task<void> close_for(subscriber& who)
    {
        opener_ = nullptr;
        state_ = state::closing;
        try {
            co_await close(who);
        } catch (...) {
            // Nobody may wait for ever for the end of what has failed.
            set_state(state::idle);
            throw;
        }
        set_state(state::idle);
    }

    task<void> close(subscriber& who)
    {
        co_await source_.stop();
        remove(who);
        source_.release_ratelimit();
        // Those who wait for another one to open the source keep their process events.
        if (router_.subscribers().empty()) {
            co_await close_forks();
            actions_watch_.reset();
        }
    }

    result source_is_over() const
    {
        const auto why = source_.error() ? source_.error() : make_error_code(boost::asio::error::eof);
        return failure{why, "the source that the recorders share is over: " + why.message()};
    }

    task<void> close_forks()
    {
        forks_.cancel();
        while (!forks_ended_) {
            co_await changed_.wait();
        }
        forks_.close();
        co_await scope_.wait_for_tasks();
    }

    source_options options_;
    scope_type scope_;
    // Its state, and that of its process events.
    change_signal<Clock> changed_;
    host_state host_;
    record_router router_;
    fork_feed<strand_type> forks_;
    source_type source_;
    std::optional<setting_watch> actions_watch_;
    typename Clock::time_point next_look_{};
    std::atomic<std::size_t> size_{0};
    subscriber* opener_ = nullptr;
    state state_ = state::idle;
    bool forks_ended_ = true;
};

template <class Clock>
std::shared_ptr<hub_core> make_hub(const boost::asio::any_io_executor& ex, source_options options)
{
    return std::make_shared<source_hub<Clock>>(ex, std::move(options));
}

} // namespace sctrace::detail

#endif
