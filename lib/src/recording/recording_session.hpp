#ifndef SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP
#define SCTRACE_SRC_RECORDING_RECORDING_SESSION_HPP

#include "host/host_state.hpp"
#include "os/process_handle.hpp"
#include "recording/child_run.hpp"
#include "recording/count_feed.hpp"
#include "recording/course.hpp"
#include "recording/descendants.hpp"
#include "recording/live_feed.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/record_reader.hpp"
#include "recording/recording_plan.hpp"
#include "recording/run_outcome.hpp"
#include "recording/source_hub.hpp"
#include "recording/subscriber.hpp"

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
    using course_type = course<Clock>;
    using strand_type = typename course_type::strand_type;
    template <class T>
    using task = typename course_type::template task<T>;
    using result = boost::system::result<void, failure>;

    recording_session(const boost::asio::any_io_executor& ex, std::shared_ptr<hub_type> hub,
                      recorder_options options)
        : subscriber(reader_, target_, ledger_)
        , executor_(ex)
        , options_(std::move(options))
        , hub_(std::move(hub))
        , course_(hub_->strand(), options_.stop, hub_->options().stop)
        , child_(course_)
        , live_(course_.strand(), options_.live_records)
        , reader_(options_.native, target_, ledger_, live_.queue())
        , descendants_(course_, *hub_, *this, options_)
        , markers_(course_, options_, before_, book(), ledger_)
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

    strand_type strand() const noexcept { return course_.strand(); }

    /// Safe to call from any thread.
    void request_stop() noexcept { course_.request_stop(); }

    void cancel(boost::asio::cancellation_type type) { course_.cancel(type); }

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
            course_.stop_now();
        }
    }

    static task<run_outcome> run(std::shared_ptr<recording_session> self)
    {
        if (!self->course_.begin(self)) {
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
        if (!course_.has_begun()) {
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
        judge_actions_watch();
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
        counts_.emplace(course_, executor_, aggregator_options{output_, options_.native});
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
            options_.on_notice(text);
        }
    }

    void wake() override { course_.wake(); }

    void take_calls() override
    {
        live_.wake_if_filled();
        counts_->add(reader_.calls());
        reader_.forget_calls();
    }

    void source_ended(boost::system::error_code why) override
    {
        if (why) {
            source_error_ = why;
            ledger_.cannot_prove("reading the source failed: " + why.message());
        }
        course_.wake();
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
        result opened = co_await hub_->open(*this, markers_, course_);
        if (opened) {
            opened = check_pid_namespace(descendants_.way(), hub_->source().reads_the_kernel());
        }
        if (!opened) {
            keep_output_honest();
            co_return opened;
        }
        source_name_ = hub_->source().name();
        from_kernel_ = hub_->source().reads_the_kernel();
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
        if (!from_kernel_) {
            return;
        }
        for (const pid_t pid : options_.pids) {
            processes_.emplace_back(pid);
        }
        judge_filters_of(recorded_processes());
    }

    std::vector<pid_t> recorded_processes() const
    {
        return descendants_.way() == follow_kind::none ? options_.pids : descendants_.relatives();
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
        if (course_.stop_asked()) {
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
            co_await course_.nap(pause);
            co_await counts_->hand_over();
            look_at_settings();
        }
    }

    bool must_stop() const
    {
        if (course_.stop_asked()) {
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
        if (!child_.has_ended() || !from_kernel_ || descendants_.way() == follow_kind::none) {
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
        if (from_kernel_ && !has_looked_) {
            judge_settings(read_settings(), ledger_);
        }
        has_looked_ = true;
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
        if (child_.is_running() && !course_.abandoned()) {
            co_await child_.terminate(options_.kill_after, options_.stop_check_interval);
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
        while (course_.has_tasks()) {
            co_await course_.nap(options_.stop_check_interval);
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
        } else if (course_.abandoned()) {
            outcome.code = boost::asio::error::operation_aborted;
            outcome.result.failure_message = "the recording was cancelled";
        }
        co_return outcome;
    }

    report make_report(const trace& counts)
    {
        judge_host(before_, read_host_state(), ledger_);
        judge_source();
        judge_filters(counts);
        judge_descendants(counts);
        if (counts.left_out() != 0) {
            ledger_.cannot_prove(too_many_syscalls(counts).message);
        }
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

    void judge_source()
    {
        if (!from_kernel_) {
            ledger_.cannot_prove("the source is not the kernel's own device");
        }
    }

    void judge_actions_watch()
    {
        const auto writes = hub_->actions_writes();
        if (from_kernel_ && (!writes || !actions_writes_before_)) {
            ledger_.cannot_prove("writes to kernel.seccomp.actions_logged cannot be watched for (inotify)");
        } else if (from_kernel_ && writes != actions_writes_before_) {
            ledger_.cannot_prove(
                "kernel.seccomp.actions_logged was written while recording: for a moment it may "
                "not have held `log`");
        }
    }

    void judge_filters(const trace& counts)
    {
        const filter_calls& own = reader_.own_filters();
        if (own.seccomp != 0) {
            ledger_.cannot_prove(
                "the target called seccomp(2): a filter of its own may hide calls from the log");
        }
        const auto filters_at_end = child_.filters_at_end();
        const bool only_ours = filters_at_end == 1U;
        if (child_.exists() && !filters_at_end) {
            ledger_.cannot_prove("the command's filters could not be counted when it ended");
        } else if (child_.exists() && !only_ours) {
            ledger_.cannot_prove(
                "the command ended under " + std::to_string(*filters_at_end) +
                " seccomp filters, one of them ours: another one may hide calls from the log");
        }
        if (!child_.exists() && from_kernel_) {
            judge_filters_of(those_that_still_run());
        }
        if (!reader_.unheard().empty()) {
            ledger_.cannot_prove(
                std::to_string(reader_.unheard().size()) +
                " process(es) entered the container and made no call that was logged, such as process " +
                std::to_string(*reader_.unheard().begin()) + ": they may be under no filter");
        }
        // The command's leader was looked at when it had ended; others that called prctl(2) could not be.
        const bool only_leader = only_ours && own.prctl_pid == child_.process().pid() &&
                                 !own.prctl_by_several && !may_make_tasks(counts);
        if (own.prctl != 0 && !only_leader) {
            ledger_.cannot_prove(
                "the target called prctl(2), which can install a filter that hides calls from the log");
        }
    }

    /// Of who has ended meanwhile the calls that install filters were seen.
    std::vector<pid_t> those_that_still_run() const
    {
        std::vector<pid_t> pids = recorded_processes();
        std::erase_if(pids, [](pid_t pid) { return !filters_of(pid); });
        return pids;
    }

    /// One example is enough where there are many.
    void judge_filters_of(const std::vector<pid_t>& pids)
    {
        std::vector<std::string> doubts;
        for (const pid_t pid : pids) {
            if (std::string doubt = doubt_about_filters(pid); !doubt.empty()) {
                doubts.push_back(std::move(doubt));
            }
        }
        if (!doubts.empty()) {
            const std::string others =
                doubts.size() > 1 ? ", and " + std::to_string(doubts.size() - 1) + " others" : std::string();
            ledger_.cannot_prove(doubts.front() + others);
        }
    }

    void judge_descendants(const trace& counts)
    {
        if (wanted_ == follow_kind::none) {
            return;
        }
        const bool only_command = child_.exists() && !may_make_tasks(counts);
        if (descendants_.way() == follow_kind::none && !only_command) {
            ledger_.cannot_prove("descendants are not recorded: " + descendants_.why_no_fork_events());
        }
        if (descendants_.way() == follow_kind::session && !only_command) {
            judge_other_sessions();
        }
        if (reader_.unclear() != 0) {
            ledger_.cannot_prove(
                std::to_string(reader_.unclear()) +
                " records are of processes that may be descendants (CLONE_PARENT) or may not");
        }
    }

    /// Whether the tree has been told of every process there was.
    bool knows_all() const { return keeper() && keeper()->lost_nothing(); }

    /// A descendant may have changed its session; whether it did is known as long as each birth is.
    void judge_other_sessions()
    {
        const bool by_chance = !knows_all() && reader_.selected_by_tree() != 0;
        const bool overlooked = reader_.has_strays() && (!knows_all() || reader_.latecomers() != 0);
        if (!by_chance && !overlooked) {
            return;
        }
        const std::string why = !keeper()      ? descendants_.why_no_fork_events()
                                : !knows_all() ? "fork events were lost"
                                               : "one was made with CLONE_PARENT";
        ledger_.cannot_prove(
            "records of other audit sessions may be those of descendants that changed theirs: " + why);
    }

    /// Whether the target made processes or threads; a missing record may have been the call that did, and a
    /// known call leaves none.
    bool may_make_tasks(const trace& counts) const
    {
        const loss_counts known = ledger_.counts();
        return known.serial_gaps != 0 || known.truncated_records != 0 || known.malformed_records != 0 ||
               makes_tasks(counts) || makes_tasks(options_.known);
    }

    target target_;
    loss_ledger ledger_;
    boost::asio::any_io_executor executor_;
    recorder_options options_;
    std::shared_ptr<hub_type> hub_;
    course_type course_;
    child_run<Clock> child_;
    live_feed<Clock> live_;
    record_reader reader_;
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
    clock::time_point started_at_{};
    bool has_joined_ = false;
    bool has_looked_ = false;
    bool from_kernel_ = false;
};

} // namespace sctrace::detail

#endif
