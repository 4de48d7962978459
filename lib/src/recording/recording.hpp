#ifndef SCTRACE_SRC_RECORDING_HPP
#define SCTRACE_SRC_RECORDING_HPP

#include "host/host_state.hpp"
#include "os/process_handle.hpp"
#include "os/process_scan.hpp"
#include "recording/bracketing.hpp"
#include "recording/course.hpp"
#include "recording/live_queue.hpp"
#include "recording/record_reader.hpp"
#include "recording/run_outcome.hpp"
#include "recording/source_hub.hpp"
#include "recording/subscriber.hpp"
#include "recording/tree_keeper.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/seccomp_filter.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

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

#include <fcntl.h>
#include <signal.h>

namespace sctrace::detail {

/// The state and the course of one recording; everything runs on the strand of its hub.
template <class Clock>
class recording final : public std::enable_shared_from_this<recording<Clock>>, public subscriber {
public:
    using hub_type = source_hub<Clock>;
    using course_type = course<Clock>;
    using strand_type = typename course_type::strand_type;
    template <class T>
    using task = typename course_type::template task<T>;
    using result = boost::system::result<void, failure>;

    recording(const boost::asio::any_io_executor& ex, std::shared_ptr<hub_type> hub, recorder_options options)
        : subscriber(reader_, target_, ledger_)
        , executor_(ex)
        , options_(std::move(options))
        , hub_(std::move(hub))
        , course_(hub_->strand(), options_.stop, hub_->options().stop)
        , child_watch_(course_.strand())
        , live_(options_.live_records)
        , live_wake_(course_.strand())
        , reader_(options_.native, target_, ledger_, live_)
        , brackets_(course_, options_, before_, *this, ledger_)
    {
    }

    /// With a source of its own.
    recording(const boost::asio::any_io_executor& ex, recorder_options options)
        : recording(ex, std::make_shared<hub_type>(ex, options), options)
    {
    }

    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;

    /// Still takes part only if the context was destroyed, or no memory was left to end in order.
    ~recording()
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
        if (command_started_ && !child_ended_ && child_) {
            static_cast<void>(child_->signal(number));
        } else {
            stop_unless_command_runs();
        }
    }

    void stop_unless_command_runs()
    {
        if (!command_started_ || child_ended_) {
            course_.stop_now();
        }
    }

    static task<run_outcome> run(std::shared_ptr<recording> self)
    {
        if (!self->course_.begin(self)) {
            co_return refused(failure{error::already_running, "a recorder records once"});
        }
        std::exception_ptr thrown;
        try {
            run_outcome outcome = co_await self->run_course();
            self->end_live_feed();
            co_return outcome;
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        self->child_.reset();
        self->end_live_feed();
        std::rethrow_exception(thrown);
    }

    /// Waits for records of the live feed and hands them out; ends early when @p cancelled becomes true.
    task<basic_run_outcome<std::size_t>> receive(live_records& records, const bool& cancelled)
    {
        using outcome = basic_run_outcome<std::size_t>;
        if (!live_.is_wanted()) {
            co_return refused<outcome>({error::invalid_options, "recorder_options::live_records is 0"});
        }
        if (is_receiving_) {
            co_return refused<outcome>({error::already_running, "another receive operation is outstanding"});
        }
        is_receiving_ = true;
        while (live_.empty() && !live_ended_ && !cancelled) {
            live_wake_.expires_at(Clock::time_point::max());
            co_await live_wake_.async_wait(token());
        }
        is_receiving_ = false;
        if (live_.empty()) {
            co_return outcome{cancelled ? make_error_code(boost::asio::error::operation_aborted)
                                        : make_error_code(boost::asio::error::eof),
                              0};
        }
        live_.take(records);
        co_return outcome{{}, records.records().size()};
    }

    void wake_receiver() { live_wake_.cancel(); }

    /// What cannot begin any more will bring no records.
    void end_live_feed_unless_running()
    {
        if (!course_.has_begun()) {
            end_live_feed();
        }
    }

    /// The counts so far.
    task<basic_run_outcome<trace>> snapshot()
    {
        if (!aggregator_) {
            co_return basic_run_outcome<trace>{};
        }
        co_await add_the_rest();
        auto [ec, counts] = co_await aggregator_->async_snapshot(token());
        co_return basic_run_outcome<trace>{ec, std::move(counts)};
    }

    /// A record of our own has been made.
    void expect_bracket(const bracket& made, bracket_role role)
    {
        hub_->router().own_child_ended(made.pid);
        hub_->router().expect_bracket(*this, made.syscall, role);
    }
    bool saw_bracket(bracket_role role) const noexcept { return reader_.saw_bracket(role); }

private:
    using clock = std::chrono::system_clock;
    using timer_type = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, strand_type>;

    // An addition costs as much as some hundred calls, so that fewer wait for the next stop check.
    static constexpr std::size_t worth_an_addition = 512;
    // So many calls take longer to count than anybody should wait for.
    static constexpr std::size_t most_waiting_calls = 65536;

    static auto token() { return course_type::token(); }

    /// From opening the source to the finished report.
    task<run_outcome> run_course()
    {
        const auto prepared = prepare();
        if (!prepared) {
            co_return refused(prepared.error());
        }
        const auto opened = co_await open_window();
        if (!opened) {
            co_await stop_tasks();
            co_return refused(opened.error());
        }
        const auto launched = start_target();
        if (!launched) {
            child_.reset();
            co_await stop_tasks();
            co_return refused(launched.error());
        }
        spawn_flusher();
        if (options_.on_started) {
            options_.on_started();
        }
        co_await watch();
        co_await end_child();
        tell_who_runs_on();
        co_await brackets_.read_to_end(hub_->source());
        judge_actions_watch();
        co_await stop_tasks();
        if (options_.on_stopped) {
            options_.on_stopped();
        }
        co_return co_await finish();
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
        if (!live_.empty()) {
            wake_receiver();
        }
        if (reader_.calls().size() >= worth_an_addition) {
            add_calls();
        }
    }

    /// One addition at a time; what comes meanwhile goes into the next one.
    void add_calls()
    {
        if (is_adding_ || reader_.calls().empty()) {
            return;
        }
        is_adding_ = true;
        reader_.swap_calls(added_);
        auto done = [self = this->shared_from_this()](boost::system::error_code) { self->end_addition(); };
        aggregator_->async_add(added_, boost::asio::bind_executor(strand(), std::move(done)));
    }

    /// The course is not woken for it while it watches: that would be for every batch.
    void end_addition()
    {
        is_adding_ = false;
        take_calls();
        hub_->make_room();
        if (is_ending_) {
            course_.wake();
        }
    }

    /// Has everything counted that was read; additions end in the order in which they began.
    task<void> add_the_rest()
    {
        std::vector<syscall_key> rest;
        reader_.swap_calls(rest);
        co_await aggregator_->async_add(rest, token());
    }

    bool is_behind() const override { return reader_.calls().size() > most_waiting_calls; }

    void source_ended(boost::system::error_code why) override
    {
        if (why) {
            source_error_ = why;
            ledger_.cannot_prove("reading the source failed: " + why.message());
        }
        course_.wake();
    }

    void end_live_feed()
    {
        live_ended_ = true;
        wake_receiver();
    }

    bool reads_the_kernel() const { return hub_->source().reads_the_kernel(); }

    result prepare()
    {
        if (options_.command.has_value() == !options_.pids.empty()) {
            return failure{error::invalid_options, "name either a command or process ids to record"};
        }
        if (!options_.command && !options_.known.empty()) {
            return failure{error::invalid_options,
                           "known calls are for a command: running processes keep the filters they have"};
        }
        if (options_.follow == (options_.command ? follow_kind::container : follow_kind::session)) {
            return failure{error::invalid_options,
                           options_.command
                               ? "a command's container cannot be followed, only that of processes"
                               : "a running process cannot be given a session of its own"};
        }
        if (auto prepared = prepare_target(); !prepared) {
            return prepared;
        }
        if (auto prepared = prepare_output(); !prepared) {
            return prepared;
        }
        return {};
    }

    result prepare_target()
    {
        following_ = wanted_following();
        if (options_.command) {
            options_.command->new_session = following_ == follow_kind::session;
            if (const auto filtered = let_known_calls_be_silent(); !filtered) {
                return filtered;
            }
            auto prepared = launcher::prepare(*options_.command);
            if (!prepared) {
                return prepared.error();
            }
            child_.emplace(std::move(*prepared));
            return {};
        }
        for (const pid_t pid : options_.pids) {
            target_.add_pid(pid);
        }
        return {};
    }

    result let_known_calls_be_silent()
    {
        if (options_.known.empty()) {
            return {};
        }
        auto filter = seccomp_filter::log_all_but(options_.known, options_.native);
        if (!filter) {
            return filter.error();
        }
        options_.command->filter = std::move(*filter);
        return {};
    }

    follow_kind wanted_following() const
    {
        return options_.follow.value_or(options_.command ? follow_kind::session : follow_kind::none);
    }

    result prepare_output()
    {
        const auto file = trace_file::prepare_if_named(options_.output);
        if (!file) {
            return file.error();
        }
        output_ = *file;
        aggregator_options counting{*file, options_.native};
        aggregator_.emplace(executor_, std::move(counting));
        return {};
    }

    /// Opens the source, and the window as soon as a record of our own has come back through it.
    task<result> open_window()
    {
        started_at_ = clock::now();
        if (const auto allowed = check_pid_namespace(hub_->source().wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        co_await hub_->join(*this, course_);
        has_joined_ = true;
        actions_writes_before_ = hub_->actions_writes();
        before_ = read_host_state();
        co_await begin_following();
        result opened = co_await hub_->open(*this, brackets_);
        if (opened) {
            opened = check_pid_namespace(reads_the_kernel());
        }
        if (!opened) {
            keep_output_honest();
            co_return opened;
        }
        source_name_ = hub_->source().name();
        from_kernel_ = reads_the_kernel();
        for (const std::string& text : pid_notices(options_.pids)) {
            notice(text);
        }
        watch_processes();
        reader_.count_without_bracket();
        co_return result{};
    }

    /// Before the first record is looked at: who is not known by then would be nobody's.
    task<void> begin_following()
    {
        if (!hub_->source().wants_the_kernel() || !hub_->open_forks()) {
            why_no_forks_ = hub_->why_no_forks();
            if (options_.pids.empty() || following_ == follow_kind::none) {
                co_return;
            }
            notice("only the given processes are recorded, not their descendants: " + why_no_fork_events());
            following_ = follow_kind::none;
            co_return;
        }
        keeper().emplace(target_, ledger_);
        if (!options_.pids.empty()) {
            leave_own_namespace_alone();
            keeper()->follow_pids(options_.pids, following_);
            hub_->router().refresh(*this);
            co_await let_listing_settle();
            hub_->catch_up();
            keeper()->settle_listing();
        }
        hub_->router().refresh(*this);
    }

    task<void> let_listing_settle()
    {
        const auto end = Clock::now() + tree_keeper::listing_margin;
        while (Clock::now() < end && !course_.stop_asked()) {
            co_await course_.nap(end - Clock::now());
        }
    }

    /// The container of a process that is in none would be the whole host.
    void leave_own_namespace_alone()
    {
        if (following_ != follow_kind::container) {
            return;
        }
        const auto own = pid_namespace_of(::getpid());
        bool has_container = false;
        for (const pid_t pid : options_.pids) {
            if (pid_namespace_of(pid) == own) {
                notice("process " + std::to_string(pid) +
                       " is in no container: its descendants are recorded, not the whole host");
            } else {
                has_container = true;
            }
        }
        following_ = has_container ? follow_kind::container : follow_kind::tree;
    }

    std::string why_no_fork_events() const
    {
        return why_no_forks_.empty() ? "the source is not the kernel's own" : why_no_forks_;
    }

    /// Process ids are only good for selection where they are the kernel's.
    result check_pid_namespace(bool from_kernel) const
    {
        const bool by_session = following_ == follow_kind::session;
        if (!from_kernel || by_session || in_initial_pid_namespace()) {
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
        judge_filters_of(following_ == follow_kind::none ? options_.pids : relatives());
    }

    /// The given processes, those that follow them, and a command's.
    std::vector<pid_t> relatives() const { return keeper() ? keeper()->living() : std::vector<pid_t>(); }

    /// Where there is no trace yet an empty one appears: a missing file must not stand for an old one
    /// elsewhere.
    void keep_output_honest() const
    {
        if (output_) {
            static_cast<void>(output_->create_if_absent());
        }
    }

    result start_target()
    {
        if (!child_) {
            return {};
        }
        if (course_.stop_asked()) {
            return failure{boost::asio::error::operation_aborted, "stopped before the command was started"};
        }
        auto started = child_->start();
        if (!started) {
            return started;
        }
        command_started_ = true;
        if (const auto followed = follow_child(); !followed) {
            return followed;
        }
        if (child_->no_new_privs()) {
            notice("no_new_privs is set for the command (no CAP_SYS_ADMIN): set-uid programs do not gain "
                   "privileges under it");
        }
        watch_child();
        return {};
    }

    result follow_child()
    {
        if (in_initial_pid_namespace()) {
            target_.add_pid(child_->pid());
        } else if (!child_->session()) {
            return failure{
                error::foreign_pid_namespace,
                "cannot tell the command's records from others': it has no audit session of its own (" +
                    child_->session_note() + "), and process ids are not the kernel's in a pid namespace"};
        }
        if (const auto session = child_->session()) {
            target_.follow_session(*session);
        } else if (following_ == follow_kind::session) {
            following_ = follow_kind::tree;
            announce_no_session();
        }
        if (keeper()) {
            keeper()->follow_command(child_->pid(), following_);
        } else if (following_ == follow_kind::tree) {
            following_ = follow_kind::none;
            notice("only process " + std::to_string(child_->pid()) +
                   " is recorded, not its descendants: " + why_no_fork_events());
        }
        hub_->router().refresh(*this);
        hub_->router().rule_out_for_others(*this, child_->pid(), monotonic_now());
        hub_->catch_up();
        return {};
    }

    void announce_no_session() const
    {
        notice("the command has no audit session of its own, its descendants are followed by fork events: " +
               child_->session_note());
    }

    void watch_child()
    {
        child_watch_.assign(::fcntl(child_->pidfd(), F_DUPFD_CLOEXEC, 0));
        child_watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [this, held = course_.hold_task()](boost::system::error_code ec) mutable {
                                    child_ended_ = !ec;
                                    held.end();
                                });
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
            add_calls();
            look_at_settings();
        }
    }

    bool must_stop() const
    {
        if (course_.stop_asked()) {
            return true;
        }
        if (child_) {
            return child_ended_ && !waits_for_descendants();
        }
        return hub_->source().has_ended() || all_processes_ended();
    }

    bool waits_for_descendants() const
    {
        return options_.wait_for_descendants && !hub_->source().has_ended() && !living_descendants().empty();
    }

    std::vector<pid_t> living_descendants() const
    {
        std::vector<pid_t> pids;
        if (const auto session = target_.session()) {
            pids = processes_in_session(*session);
        }
        if (keeper()) {
            const auto more = keeper()->living();
            pids.insert(pids.end(), more.begin(), more.end());
        }
        std::sort(pids.begin(), pids.end());
        pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
        std::erase(pids, child_->pid());
        return pids;
    }

    /// What a descendant that outlives the command calls later is not in the trace.
    void tell_who_runs_on() const
    {
        if (!child_ || !child_ended_ || !from_kernel_ || following_ == follow_kind::none) {
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
        return ended && (following_ == follow_kind::none || keeper()->living().empty());
    }

    task<void> end_child()
    {
        if (!child_) {
            co_return;
        }
        if (!child_ended_ && !course_.abandoned()) {
            co_await terminate_child();
        }
        if (child_ended_) {
            filters_at_end_ = child_->filters_now();
            child_status_ = child_->try_wait();
        }
    }

    task<void> terminate_child()
    {
        signal_child(SIGTERM);
        const auto patience = Clock::now() + options_.kill_after;
        while (!child_ended_ && !course_.abandoned() && Clock::now() < patience) {
            co_await course_.nap(patience - Clock::now());
        }
        signal_child(SIGKILL);
        while (!child_ended_ && !course_.abandoned()) {
            co_await course_.nap(options_.stop_check_interval);
        }
    }

    void spawn_flusher()
    {
        if (!output_ || options_.flush_interval.count() == 0) {
            return;
        }
        auto done = [held = course_.hold_task()](boost::system::error_code) mutable { held.end(); };
        aggregator_->async_flush_every(
            options_.flush_interval,
            boost::asio::bind_cancellation_slot(flusher_stop_.slot(),
                                                boost::asio::bind_executor(strand(), std::move(done))));
    }

    task<void> stop_tasks()
    {
        flusher_stop_.emit(boost::asio::cancellation_type::terminal);
        child_watch_.close();
        is_ending_ = true;
        co_await hub_->leave(*this, course_);
        has_joined_ = false;
        while (course_.has_tasks() || is_adding_) {
            co_await course_.nap(options_.stop_check_interval);
        }
    }

    task<run_outcome> finish()
    {
        co_await add_the_rest();
        const auto [none, counts] = co_await aggregator_->async_snapshot(token());
        static_cast<void>(none);
        run_outcome outcome{{}, make_report(counts)};
        child_.reset();
        const auto [flush_error, message] =
            co_await aggregator_->async_flush(trace_file::durability::final, token());
        if (flush_error) {
            outcome.code = flush_error;
            outcome.result.failure_message = message;
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
        r.child = child_status_;
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
        const bool only_ours = child_ && filters_at_end_ == 1U;
        if (child_ && !filters_at_end_) {
            ledger_.cannot_prove("the command's filters could not be counted when it ended");
        } else if (child_ && !only_ours) {
            ledger_.cannot_prove(
                "the command ended under " + std::to_string(*filters_at_end_) +
                " seccomp filters, one of them ours: another one may hide calls from the log");
        }
        if (!child_ && from_kernel_) {
            judge_filters_of(those_that_still_run());
        }
        if (!reader_.unheard().empty()) {
            ledger_.cannot_prove(
                std::to_string(reader_.unheard().size()) +
                " process(es) entered the container and made no call that was logged, such as process " +
                std::to_string(*reader_.unheard().begin()) + ": they may be under no filter");
        }
        // The command's leader was looked at when it had ended; others that called prctl(2) could not be.
        const bool only_leader =
            only_ours && own.prctl_pid == child_->pid() && !own.prctl_by_several && !may_make_tasks(counts);
        if (own.prctl != 0 && !only_leader) {
            ledger_.cannot_prove(
                "the target called prctl(2), which can install a filter that hides calls from the log");
        }
    }

    /// Of who has ended meanwhile the calls that install filters were seen.
    std::vector<pid_t> those_that_still_run() const
    {
        std::vector<pid_t> pids = following_ == follow_kind::none ? options_.pids : relatives();
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
        if (wanted_following() == follow_kind::none) {
            return;
        }
        const bool only_command = child_ && !may_make_tasks(counts);
        if (following_ == follow_kind::none && !only_command) {
            ledger_.cannot_prove("descendants are not recorded: " + why_no_fork_events());
        }
        if (following_ == follow_kind::session && !only_command) {
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
        const std::string why = !keeper()      ? why_no_fork_events()
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

    std::optional<trace_file> output_;
    std::optional<basic_aggregator<boost::asio::any_io_executor, Clock>> aggregator_;
    std::optional<launcher> child_;
    std::vector<process_handle> processes_;
    boost::asio::posix::basic_stream_descriptor<strand_type> child_watch_;
    boost::asio::cancellation_signal flusher_stop_;

    live_queue live_;
    timer_type live_wake_;
    record_reader reader_;
    std::vector<syscall_key> added_;
    host_state before_;
    bracketing<recording, Clock> brackets_;
    follow_kind following_ = follow_kind::none;
    std::optional<std::uint64_t> actions_writes_before_;
    std::string_view source_name_ = "kmsg";
    boost::system::error_code source_error_;
    std::optional<exit_status> child_status_;
    std::optional<std::uint32_t> filters_at_end_;
    clock::time_point started_at_{};
    std::string why_no_forks_;
    bool has_joined_ = false;
    bool has_looked_ = false;
    bool is_ending_ = false;
    bool from_kernel_ = false;
    bool command_started_ = false;
    bool child_ended_ = false;
    bool is_adding_ = false;
    bool is_receiving_ = false;
    bool live_ended_ = false;
};

} // namespace sctrace::detail

#endif
