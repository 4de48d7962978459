#ifndef SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP
#define SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP

#include "host/host_state.hpp"
#include "os/process.hpp"
#include "recording/call_collector.hpp"
#include "recording/child_run.hpp"
#include "recording/count_feed.hpp"
#include "recording/descendants.hpp"
#include "recording/live_feed.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/recording_plan.hpp"
#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"
#include "recording/source_hub.hpp"
#include "recording/subscriber.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace sctrace::detail {

/// The course of one recording, from its plan to its report; everything runs on the strand of its hub.
template <class Clock>
class recording_session final : public subscriber {
public:
    using hub_type = source_hub<Clock>;
    using scope_type = run_scope<Clock>;
    using strand_type = typename scope_type::strand_type;
    template <class T>
    using task = typename scope_type::template task<T>;
    using result = boost::system::result<void, failure>;

    recording_session(const boost::asio::any_io_executor& ex, std::shared_ptr<hub_type> hub,
                      recorder_options options)
        : subscriber(reader_, target_, ledger_)
        , executor_(ex)
        , options_(std::move(options))
        , hub_(std::move(hub))
        , scope_(hub_->strand(), options_.stop, hub_->options().stop)
        , child_(scope_)
        , live_(scope_.strand(), options_.live_records)
        , reader_(options_.native, target_, ledger_, live_.queue())
        , descendants_(scope_, *hub_, *this, options_)
        , markers_(scope_, options_, before_, book(), ledger_)
    {
    }

    /// With a source of its own.
    recording_session(const boost::asio::any_io_executor& ex, recorder_options options)
        : recording_session(ex, std::make_shared<hub_type>(ex, options), options)
    {
    }

    recording_session(const recording_session&) = delete;
    recording_session& operator=(const recording_session&) = delete;

    /// Still takes part only if the context was destroyed, or no memory was left to end in order.
    ~recording_session()
    {
        if (has_joined_) {
            hub_->router().remove(*this);
        }
    }

    strand_type strand() const noexcept { return scope_.strand(); }

    /// Safe to call from any thread.
    void request_stop() noexcept { scope_.request_stop(); }

    void cancel(boost::asio::cancellation_type type) { scope_.cancel(type); }

    void signal_child(int number)
    {
        if (child_.is_running()) {
            child_.signal(number);
        } else {
            stop_unless_command_runs();
        }
    }

    void stop_unless_command_runs()
    {
        if (!child_.is_running()) {
            scope_.stop_now();
        }
    }

    static task<run_outcome> run(std::shared_ptr<recording_session> self)
    {
        if (!self->scope_.begin(self)) {
            co_return refused(failure{error::already_running, "a recorder records once"});
        }
        std::exception_ptr thrown;
        try {
            run_outcome outcome = co_await self->run_course();
            self->live_.end();
            co_return outcome;
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        self->child_.close();
        self->live_.end();
        std::rethrow_exception(thrown);
    }

    live_feed<Clock>& live() noexcept { return live_; }

    /// What cannot begin any more will bring no records.
    void end_live_feed_unless_running()
    {
        if (!scope_.has_begun()) {
            live_.end();
        }
    }

    /// The counts so far.
    task<basic_run_outcome<trace>> snapshot()
    {
        if (!counts_) {
            co_return basic_run_outcome<trace>{};
        }
        trace counts = co_await counts_->snapshot();
        co_return basic_run_outcome<trace>{{}, std::move(counts)};
    }

private:
    using clock = std::chrono::system_clock;

    marker_book book()
    {
        return {[this](const bracket& made, bracket_role role) {
                    hub_->router().own_child_ended(made.pid);
                    hub_->router().expect_bracket(*this, made.syscall, role);
                },
                [this](bracket_role role) { return reader_.saw_bracket(role); },
                [this] { return serials_may_be_late(); }};
    }

    /// Nothing else that was lost explains the serials that are missing.
    bool serials_may_be_late() const
    {
        const loss_counts known = ledger_.counts();
        return known.serial_gaps != 0 && known.printk_suppressed == 0 && known.kmsg_overwritten == 0 &&
               known.netlink_overruns == 0;
    }

    /// From the plan to the finished report.
    task<run_outcome> run_course()
    {
        auto plan = plan_recording(options_);
        if (!plan) {
            co_return refused(plan.error());
        }
        adopt(std::move(*plan));
        const auto opened = co_await open_window();
        if (!opened) {
            co_await stop_tasks();
            co_return refused(opened.error());
        }
        const auto launched = start_command();
        if (!launched) {
            child_.close();
            co_await stop_tasks();
            co_return refused(launched.error());
        }
        begin_flushing();
        if (options_.on_started) {
            options_.on_started();
        }
        co_await watch();
        co_await end_command();
        tell_who_runs_on();
        co_await markers_.read_to_end(hub_->source());
        seen_.actions_logged_writes = setting_writes{actions_writes_before_, hub_->actions_writes()};
        enter_doubts();
        co_await stop_tasks();
        if (options_.on_stopped) {
            options_.on_stopped();
        }
        co_return co_await finish();
    }

    void adopt(recording_plan plan)
    {
        wanted_ = plan.following;
        output_ = std::move(plan.output);
        counts_.emplace(scope_, executor_, aggregator_options{output_, options_.native});
        if (plan.command) {
            child_.prepare(std::move(*plan.command));
        }
        for (const pid_t pid : options_.pids) {
            target_.add_pid(pid);
        }
    }

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice({text});
        }
    }

    void wake() override { scope_.wake(); }

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
        if (why) {
            source_error_ = why;
            seen_.source_error = why.message();
            enter_doubts();
        }
        scope_.wake();
    }

    /// Opens the source, and the window as soon as a record of our own has come back through it.
    task<result> open_window()
    {
        started_at_ = clock::now();
        if (const auto allowed = check_pid_namespace(wanted_, hub_->source().wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        co_await hub_->join(*this);
        has_joined_ = true;
        actions_writes_before_ = hub_->actions_writes();
        before_ = read_host_state();
        co_await descendants_.begin(wanted_);
        result opened = co_await hub_->open(*this, markers_, scope_);
        if (opened) {
            opened = check_pid_namespace(descendants_.way(), hub_->source().reads_the_kernel());
        }
        if (!opened) {
            keep_output_honest();
            co_return opened;
        }
        source_name_ = hub_->source().name();
        seen_.from_kernel = hub_->source().reads_the_kernel();
        for (const std::string& text : pid_notices(options_.pids)) {
            notice(text);
        }
        watch_processes();
        reader_.count_without_bracket();
        co_return result{};
    }

    /// Process ids are only good for selection where they are the kernel's.
    static result check_pid_namespace(follow_kind way, bool from_kernel)
    {
        if (!from_kernel || way == follow_kind::session || in_initial_pid_namespace()) {
            return {};
        }
        return failure{
            error::foreign_pid_namespace,
            "cannot record by process id from inside a pid namespace: the kernel's records carry the ids "
            "of the initial one; run outside of the container, or record a command with its session"};
    }

    /// Looks at the filters of processes that are recorded by id, and keeps hold of them to see their end.
    void watch_processes()
    {
        if (!seen_.from_kernel) {
            return;
        }
        for (const pid_t pid : options_.pids) {
            processes_.emplace_back(pid);
        }
        seen_.processes_at_start = filters_of_processes();
        enter_doubts();
    }

    std::vector<pid_t> recorded_processes() const
    {
        return descendants_.way() == follow_kind::none ? options_.pids : descendants_.relatives();
    }

    std::vector<process_filters> filters_of_processes() const
    {
        std::vector<process_filters> filters;
        for (const pid_t pid : recorded_processes()) {
            filters.push_back(read_filters(pid));
        }
        return filters;
    }

    /// Where there is no trace yet an empty one appears: a missing file must not stand for an old one
    /// elsewhere.
    void keep_output_honest() const
    {
        if (output_) {
            static_cast<void>(output_->create_if_absent());
        }
    }

    result start_command()
    {
        if (!child_.exists()) {
            return {};
        }
        if (scope_.stop_asked()) {
            return failure{boost::asio::error::operation_aborted, "stopped before the command was started"};
        }
        if (const auto started = child_.start(); !started) {
            return started;
        }
        if (const auto followed = descendants_.follow_command(child_.process()); !followed) {
            return followed;
        }
        if (child_.process().no_new_privs()) {
            notice("no_new_privs is set for the command (no CAP_SYS_ADMIN): set-uid programs do not gain "
                   "privileges under it");
        }
        return {};
    }

    void begin_flushing()
    {
        if (output_ && options_.flush_interval.count() != 0) {
            counts_->flush_every(options_.flush_interval);
        }
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
            look_at_settings();
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
        return hub_->source().has_ended() || all_processes_ended();
    }

    bool waits_for_descendants() const
    {
        return options_.wait_for_descendants && !hub_->source().has_ended() && !living_descendants().empty();
    }

    std::vector<pid_t> living_descendants() const
    {
        return descendants_.living_without(child_.process().pid());
    }

    /// What a descendant that outlives the command calls later is not in the trace.
    void tell_who_runs_on() const
    {
        if (!child_.has_ended() || !seen_.from_kernel || descendants_.way() == follow_kind::none) {
            return;
        }
        const auto pids = living_descendants();
        if (!pids.empty()) {
            notice("the recording ends, but " + std::to_string(pids.size()) +
                   " descendant(s) of the command run on, such as process " + std::to_string(pids.front()) +
                   ": what they call from now on is not in the trace");
        }
    }

    /// The first look is one's own, so that a short recording has one, too.
    void look_at_settings()
    {
        if (seen_.from_kernel && !seen_.settings_meanwhile) {
            seen_.settings_meanwhile = read_settings().logging();
            enter_doubts();
        }
        hub_->look_at_settings();
    }

    bool all_processes_ended() const
    {
        const bool ended =
            !processes_.empty() && std::all_of(processes_.begin(), processes_.end(),
                                               [](const process_handle& p) { return p.has_ended(); });
        return ended && (descendants_.way() == follow_kind::none || descendants_.relatives().empty());
    }

    task<void> end_command()
    {
        if (child_.is_running() && !scope_.abandoned()) {
            co_await child_.terminate(options_.kill_after, options_.stop_check_interval);
        }
        if (child_.has_ended()) {
            co_await child_.reap();
        }
    }

    task<void> stop_tasks()
    {
        if (counts_) {
            counts_->stop_flushing();
        }
        child_.stop_waiting();
        co_await hub_->leave(*this);
        has_joined_ = false;
        while (scope_.has_tasks()) {
            co_await scope_.sleep_until_woken(options_.stop_check_interval);
        }
    }

    task<run_outcome> finish()
    {
        const trace counts = co_await counts_->snapshot();
        run_outcome outcome{{}, make_report(counts)};
        child_.close();
        if (failure unwritten = co_await counts_->write(); unwritten.code) {
            outcome.code = unwritten.code;
            outcome.result.failure_message = std::move(unwritten.message);
        } else if (source_error_ && !options_.command) {
            outcome.code = source_error_;
            outcome.result.failure_message = "reading the source failed: " + source_error_.message();
        } else if (scope_.abandoned()) {
            outcome.code = boost::asio::error::operation_aborted;
            outcome.result.failure_message = "the recording was cancelled";
        }
        co_return outcome;
    }

    report make_report(const trace& counts)
    {
        const host_state after = read_host_state();
        ledger_.audit_lost(before_.lost(), after.lost());
        seen_.at_end = evidence_at_end(counts, after);
        enter_doubts();
        report r;
        r.source = source_name_;
        r.native = options_.native;
        r.command = options_.command ? options_.command->command : std::vector<std::string>{};
        r.pids = target_.pids();
        r.session = target_.session();
        r.started = started_at_;
        r.ended = clock::now();
        r.counts = counts;
        r.refused = reader_.refused();
        r.judged = ledger_.judge();
        r.first_serial = ledger_.first_serial();
        r.last_serial = ledger_.last_serial();
        r.loss = ledger_.counts();
        r.child = child_.status();
        return r;
    }

    end_evidence evidence_at_end(const trace& counts, const host_state& after) const
    {
        end_evidence end;
        end.settings_before = before_.logging();
        end.settings_after = after.logging();
        if (child_.exists()) {
            end.command = command_evidence{child_.process().pid(), child_.filters_at_end()};
        } else {
            end.processes = filters_of_processes();
            // Those that have ended.
            std::erase_if(end.processes, [](const process_filters& p) { return !p.count; });
        }
        end.own_filters = reader_.own_filters();
        end.silent_entrants.assign(reader_.silent_entrants().begin(), reader_.silent_entrants().end());
        end.descendants = descendants_.gather_evidence(wanted_);
        // A known call leaves no record.
        end.descendants.makes_tasks = makes_tasks(counts) || makes_tasks(options_.known);
        end.loss = ledger_.counts();
        if (counts.left_out() != 0) {
            end.left_out = too_many_syscalls(counts).message;
        }
        return end;
    }

    /// As soon as something is known, so that the reasons are in the order in which they were noticed.
    void enter_doubts()
    {
        for (const std::string& doubt : doubts(seen_)) {
            ledger_.cannot_prove(doubt);
        }
    }

    target target_;
    loss_ledger ledger_;
    boost::asio::any_io_executor executor_;
    recorder_options options_;
    std::shared_ptr<hub_type> hub_;
    scope_type scope_;
    child_run<Clock> child_;
    live_feed<Clock> live_;
    call_collector reader_;
    descendants<Clock> descendants_;
    host_state before_;
    marker_exchange<Clock> markers_;

    // From adopt() on.
    follow_kind wanted_ = follow_kind::none;
    std::optional<trace_file> output_;
    std::optional<count_feed<Clock>> counts_;

    std::vector<process_handle> processes_;
    std::optional<std::uint64_t> actions_writes_before_;
    std::string_view source_name_ = "kmsg";
    boost::system::error_code source_error_;
    evidence seen_;
    clock::time_point started_at_{};
    bool has_joined_ = false;
};

} // namespace sctrace::detail

#endif
