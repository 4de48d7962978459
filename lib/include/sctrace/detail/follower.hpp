#ifndef SCTRACE_DETAIL_FOLLOWER_HPP
#define SCTRACE_DETAIL_FOLLOWER_HPP

#include <sctrace/detail/tree_keeper.hpp>
#include <sctrace/error.hpp>
#include <sctrace/follow_kind.hpp>
#include <sctrace/fork_source.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/target.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// Feeds a target's process tree from the kernel's process connector while a recording runs.
template <class Executor>
class follower {
public:
    /// @p whose and @p ledger must outlive the follower.
    follower(const Executor& ex, target& whose, loss_ledger& ledger)
        : forks_(ex)
        , target_(whose)
        , ledger_(ledger)
    {
    }

    /// From now on events are received; nothing else may be called if this fails, but why_not().
    bool open()
    {
        if (in_shifted_time_namespace()) {
            why_not_ = "in a time namespace of one's own the times of fork events cannot be understood";
            return false;
        }
        const auto opened = forks_.open();
        if (!opened) {
            why_not_ = opened.error().message;
            return false;
        }
        keeper_.emplace(target_, ledger_);
        return true;
    }

    bool is_open() const noexcept { return keeper_.has_value(); }
    /// Why open() failed.
    const std::string& why_not() const noexcept { return why_not_; }

    void follow_pids(std::span<const pid_t> pids, follow_kind how) { keeper_->follow_pids(pids, how); }
    void settle_listing()
    {
        catch_up();
        keeper_->settle_listing();
    }
    void follow_command(pid_t pid, follow_kind how) { keeper_->follow_command(pid, how); }
    std::vector<pid_t> living() const { return keeper_->living(); }
    std::vector<pid_t> take_entrants() { return keeper_->take_entrants(); }

    /// Whether the tree has been told of every process there was.
    bool knows_all() const noexcept { return keeper_ && keeper_->lost_nothing(); }

    /// Applies what has happened up to now: to be called between the arrival of records and looking at them.
    /**
     * The kernel queues a process's birth before the process runs (kernel/fork.c, copy_process()), so that
     * each process whose record has arrived is known then.
     */
    void catch_up()
    {
        if (keeper_) {
            note_end(forks_.read_available(events_));
            apply();
        }
    }

    /// Applies events as they come, until close(), so that they do not pile up while no records come.
    boost::asio::awaitable<void, Executor> run()
    {
        constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        for (;;) {
            const auto [ec, count] = co_await forks_.async_read_events(events_, token);
            static_cast<void>(count);
            if (closing_) {
                co_return;
            }
            note_end(ec);
            apply();
            if (ec) {
                co_return;
            }
        }
    }

    /// Ends run(); to be repeated until it has.
    void cancel()
    {
        closing_ = true;
        forks_.cancel();
    }

    void close() { forks_.close(); }

private:
    void apply()
    {
        keeper_->take(events_);
        events_.clear();
    }

    void note_end(boost::system::error_code ec)
    {
        if (ec && ec != boost::asio::error::would_block && !closing_) {
            ledger_.cannot_prove("reading fork events failed: " + ec.message());
        }
    }

    basic_fork_source<Executor> forks_;
    target& target_;
    loss_ledger& ledger_;
    std::optional<tree_keeper> keeper_;
    process_event_batch events_;
    std::string why_not_;
    bool closing_ = false;
};

} // namespace sctrace::detail

#endif
