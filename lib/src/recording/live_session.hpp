#ifndef SCTRACE_SRC_RECORDING_LIVE_SESSION_HPP
#define SCTRACE_SRC_RECORDING_LIVE_SESSION_HPP

#include "host/host_state.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/record_listener.hpp"
#include "recording/run_session.hpp"
#include "recording/source_hub.hpp"
#include "recording/subscriber.hpp"

#include <sctrace/error.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/target.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// A run that takes part in a hub; everything runs on the hub's strand.
template <class Clock, class Options, class Core>
class live_session : public run_session<Clock, Core>, public subscriber {
public:
    using base = run_session<Clock, Core>;
    using hub_type = source_hub<Clock>;
    template <class T>
    using task = typename base::template task<T>;
    using result = boost::system::result<void, failure>;

protected:
    using base::scope_;

    live_session(std::shared_ptr<hub_type> hub, Options options, typename base::words said,
                 record_listener& reader, selection wanted)
        : base(hub->strand(), std::move(said), options.stop, hub->options().stop)
        , subscriber(reader, target_, ledger_, wanted)
        , options_(std::move(options))
        , hub_(std::move(hub))
        , markers_(scope_, options_, before_, hub_->router(), *this)
    {
    }

    /// Before what the router refers to goes away.
    /** Still takes part only if the context was destroyed, or no memory was left to end in order. */
    void leave_router()
    {
        if (has_joined_) {
            hub_->router().remove(*this);
        }
    }

    /// Takes part now; the source may not be open yet.
    virtual task<void> prepare() = 0;
    /// What else is to end before the run does.
    virtual void stop_own_tasks() {}

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice({text});
        }
    }

    /// What a person should know about processes that are recorded or watched by id.
    void tell_about(const std::vector<pid_t>& pids) const
    {
        for (const std::string& text : pid_notices(pids)) {
            notice(text);
        }
    }

    void wake() override { scope_.wake(); }

    void source_ended(boost::system::error_code why) override
    {
        if (why) {
            source_error_ = why;
        }
        scope_.wake();
    }

    /// Opens the source, and the window as soon as a record of our own has come back through it.
    task<result> open()
    {
        if (const auto allowed = this->allow(hub_->source().wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        co_await hub_->join(*this);
        has_joined_ = true;
        co_await prepare();
        result opened = co_await hub_->open(*this, markers_, scope_);
        if (opened) {
            // A source that ended before another one took over is no concern of this run's.
            source_error_ = hub_->source().error();
            opened = this->allow(hub_->source().reads_the_kernel());
        }
        co_return opened;
    }

    task<void> stop_tasks() override
    {
        stop_own_tasks();
        co_await hub_->leave(*this);
        has_joined_ = false;
        co_await base::stop_tasks();
    }

    /// Why the run did not end in order, if so.
    failure why_it_failed(bool needs_the_source) const
    {
        if (source_error_ && needs_the_source) {
            return {source_error_, "reading the source failed: " + source_error_.message()};
        }
        if (scope_.abandoned()) {
            return this->cancelled();
        }
        return {};
    }

    bool has_joined() const noexcept { return has_joined_; }

    Options options_;
    target target_;
    loss_ledger ledger_;
    std::shared_ptr<hub_type> hub_;
    /// The host before the run.
    host_state before_;
    marker_exchange<Clock> markers_;

private:
    boost::system::error_code source_error_;
    bool has_joined_ = false;
};

} // namespace sctrace::detail

#endif
