#ifndef SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP
#define SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP

#include "recording/call_collector.hpp"
#include "recording/child_run.hpp"
#include "recording/count_feed.hpp"
#include "recording/live_feed.hpp"
#include "recording/live_session.hpp"
#include "recording/recorded_processes.hpp"
#include "recording/recording_account.hpp"
#include "recording/recording_plan.hpp"
#include "recording/run_outcome.hpp"
#include "recording/source_hub.hpp"
#include "recording/start_operation.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/detail/recorder_core.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sctrace::detail {

/// The course of one recording, from its plan to its report.
template <class Clock>
class recording_session final : public live_session<Clock, recorder_options, recorder_core> {
public:
    using base = live_session<Clock, recorder_options, recorder_core>;
    using typename base::hub_type;
    using typename base::outcome;
    using typename base::result;
    template <class T>
    using task = typename base::template task<T>;

    recording_session(std::shared_ptr<hub_type> hub, recorder_options options)
        : base(std::move(hub), std::move(options), {"a recorder records once", "the recording was cancelled"},
               reader_, subscriber::selection::target)
        , child_(scope_)
        , live_(scope_.strand(), options_.live_records)
        , reader_(options_.native, target_, ledger_, live_.queue())
        , processes_(scope_, *hub_, *this, reader_, options_)
        , account_(options_, this->before_, target_, reader_, ledger_)
    {
    }

    /// With a source of its own.
    recording_session(const boost::asio::any_io_executor& ex, recorder_options options)
        : recording_session(std::make_shared<hub_type>(ex, options), options)
    {
    }

    ~recording_session() { this->leave_router(); }

    void stop_unless_command_runs() override
    {
        boost::asio::post(this->strand(), [s = self()] {
            if (!s->child_.is_running()) {
                s->scope_.stop_now();
            }
        });
    }

    void signal_child(int number) override
    {
        boost::asio::post(this->strand(), [s = self(), number] {
            if (s->child_.is_running()) {
                s->child_.signal(number);
            } else {
                s->scope_.stop_now();
            }
        });
    }

    void let_go() noexcept override
    {
        this->request_stop();
        try {
            // What cannot begin any more will bring no records.
            boost::asio::post(this->strand(), [s = self()] {
                if (!s->scope_.has_begun()) {
                    s->live_.end();
                }
            });
        } catch (const std::exception&) {
            // Without memory a receiver of what has never begun waits until it is cancelled.
            return;
        }
    }

    void async_receive(live_records& records, completion<recorder_core::receive_signature> done) override
    {
        const auto cancelled = std::make_shared<bool>(false);
        // Nothing is lost by it, so every type of cancellation is honoured.
        pass_cancellation_on(done, self(), [cancelled](recording_session& s, auto) {
            *cancelled = true;
            s.live_.wake();
        });
        start_operation(this->strand(), live_.receive(records, cancelled, self()), std::move(done));
    }

    void async_snapshot(completion<recorder_core::snapshot_signature> done) override
    {
        start_operation(this->strand(), snapshot(self()), std::move(done));
    }

private:
    using base::hub_;
    using base::ledger_;
    using base::options_;
    using base::scope_;
    using base::target_;

    std::shared_ptr<recording_session> self()
    {
        return std::static_pointer_cast<recording_session>(this->shared_from_this());
    }

    /// The counts so far.
    static task<basic_run_outcome<trace>> snapshot(std::shared_ptr<recording_session> self)
    {
        basic_run_outcome<trace> counts;
        if (self->counts_) {
            counts.result = co_await self->counts_->snapshot();
        }
        co_return counts;
    }

    /// From the plan to the finished report.
    task<outcome> run_course() override
    {
        auto plan = plan_recording(options_);
        if (!plan) {
            co_return refused(plan.error());
        }
        adopt(std::move(*plan));
        result begun = co_await open_window();
        if (begun) {
            begun = start_command();
        }
        if (!begun) {
            child_.close();
            co_await this->stop_tasks();
            co_return refused(begun.error());
        }
        counts_->flush_every(options_.flush_interval);
        if (options_.on_started) {
            options_.on_started();
        }
        co_await watch();
        co_await child_.end(options_.kill_after, options_.stop_check_interval);
        if (child_.has_ended() && account_.is_from_kernel()) {
            processes_.tell_who_outlives(child_.process().pid());
        }
        co_await this->markers_.read_to_end(hub_->source());
        account_.end(hub_->actions_writes());
        co_await this->stop_tasks();
        if (options_.on_stopped) {
            options_.on_stopped();
        }
        co_return co_await finish();
    }

    void adopt(recording_plan plan)
    {
        processes_.want(plan.following);
        counts_.emplace(scope_, std::move(plan.output), options_.native);
        if (plan.command) {
            child_.prepare(std::move(*plan.command));
        }
    }

    result allow(bool from_kernel) const override { return processes_.check_namespace(from_kernel); }

    void take_calls() override
    {
        live_.wake_if_filled();
        counts_->add(reader_.calls());
        reader_.forget_calls();
        if (counts_->is_worth_handing_over()) {
            scope_.wake();
        }
    }

    void source_ended(boost::system::error_code why) override
    {
        account_.source_ended(why);
        base::source_ended(why);
    }

    task<result> open_window()
    {
        const result opened = co_await this->open();
        if (!opened) {
            if (this->has_joined()) {
                counts_->create_output();
            }
            co_return opened;
        }
        account_.source_opened(hub_->source().name(), hub_->source().reads_the_kernel());
        this->tell_about(options_.pids);
        if (account_.is_from_kernel()) {
            processes_.hold();
            account_.began_with(processes_.with_relatives());
        }
        reader_.count_without_bracket();
        co_return opened;
    }

    task<void> prepare() override
    {
        account_.begin(hub_->actions_writes());
        this->before_ = read_host_state();
        co_await processes_.begin();
    }

    result start_command()
    {
        if (!child_.exists()) {
            return {};
        }
        if (const auto started = child_.start(); !started) {
            return started;
        }
        if (const auto followed = processes_.follow_command(child_.process()); !followed) {
            return followed;
        }
        if (child_.process().no_new_privs()) {
            this->notice(
                "no_new_privs is set for the command (no CAP_SYS_ADMIN): set-uid programs do not gain "
                "privileges under it");
        }
        return {};
    }

    /// Waits until there is a reason to stop, looking at the stop requests at each check.
    task<void> watch()
    {
        const auto end = Clock::now() + options_.duration;
        const bool limited = options_.duration.count() != 0;
        while (!must_stop() && (!limited || Clock::now() < end)) {
            typename Clock::duration pause = options_.stop_check_interval;
            if (limited) {
                pause = std::min<typename Clock::duration>(pause, end - Clock::now());
            }
            co_await scope_.sleep_until_woken(pause);
            co_await counts_->hand_over();
            account_.look_at_settings();
            hub_->look_at_settings();
        }
    }

    bool must_stop() const
    {
        if (scope_.stop_asked()) {
            return true;
        }
        if (child_.exists()) {
            return child_.has_ended() && !waits_for_descendants();
        }
        return hub_->source().has_ended() || processes_.have_ended();
    }

    bool waits_for_descendants() const
    {
        return options_.wait_for_descendants && !hub_->source().has_ended() &&
               !processes_.living_without(child_.process().pid()).empty();
    }

    void stop_own_tasks() override
    {
        if (counts_) {
            counts_->stop_flushing();
        }
        child_.stop_waiting();
    }

    void close() override
    {
        child_.close();
        live_.end();
    }

    task<outcome> finish()
    {
        const trace counts = co_await counts_->snapshot();
        outcome ended{{}, make_report(counts)};
        child_.close();
        failure failed = co_await counts_->write();
        if (!failed.code) {
            failed = this->why_it_failed(!options_.command);
        }
        ended.code = failed.code;
        ended.result.failure_message = std::move(failed.message);
        co_return ended;
    }

    report make_report(const trace& counts)
    {
        end_evidence found;
        if (child_.exists()) {
            found.command = command_evidence{child_.process().pid(), child_.filters_at_end()};
        } else {
            found.processes = filters_of(processes_.with_relatives());
            // Those that have ended.
            std::erase_if(found.processes, [](const process_filters& p) { return !p.count; });
        }
        found.descendants = processes_.gather_evidence();
        report made = account_.make_report(counts, std::move(found));
        made.child = child_.status();
        return made;
    }

    child_run<Clock> child_;
    live_feed<Clock> live_;
    call_collector reader_;
    recorded_processes<Clock> processes_;
    recording_account account_;

    // From adopt() on.
    std::optional<count_feed<Clock>> counts_;
};

template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex, recorder_options options)
{
    return std::make_shared<recording_session<Clock>>(ex, std::move(options));
}

template <class Clock>
std::shared_ptr<recorder_core> make_recorder(const boost::asio::any_io_executor& ex,
                                             const std::shared_ptr<hub_core>& hub, recorder_options options)
{
    // The strand is the hub's.
    static_cast<void>(ex);
    return std::make_shared<recording_session<Clock>>(std::static_pointer_cast<source_hub<Clock>>(hub),
                                                      std::move(options));
}

} // namespace sctrace::detail

#endif
