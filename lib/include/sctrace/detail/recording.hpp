#ifndef SCTRACE_DETAIL_RECORDING_HPP
#define SCTRACE_DETAIL_RECORDING_HPP

#include <sctrace/aggregator.hpp>
#include <sctrace/detail/course.hpp>
#include <sctrace/detail/follower.hpp>
#include <sctrace/detail/host_state.hpp>
#include <sctrace/detail/live_source.hpp>
#include <sctrace/detail/process_handle.hpp>
#include <sctrace/detail/process_scan.hpp>
#include <sctrace/detail/record_reader.hpp>
#include <sctrace/detail/run_op.hpp>
#include <sctrace/detail/setting_watch.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/seccomp_filter.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>

namespace sctrace::detail {

/// The state and the course of one recording; everything runs on its strand.
template <class Executor, class Clock>
class recording : public std::enable_shared_from_this<recording<Executor, Clock>> {
public:
    using course_type = course<Executor, Clock>;
    using strand_type = typename course_type::strand_type;
    template <class T>
    using task = typename course_type::template task<T>;
    using result = boost::system::result<void, failure>;

    recording(const Executor& ex, recorder_options options)
        : executor_(ex)
        , options_(std::move(options))
        , course_(ex, options_.stop)
        , child_watch_(course_.strand())
        , follower_(course_.strand(), target_, ledger_)
        , reader_(options_.native, target_, ledger_)
        , source_(course_, options_, before_, reader_, ledger_, hooks())
    {
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
            co_return co_await self->run_course();
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        self->child_.reset();
        std::rethrow_exception(thrown);
    }

private:
    using clock = std::chrono::system_clock;
    using source_type = live_source<record_reader, Executor, Clock>;

    static constexpr std::chrono::milliseconds cancel_repeat{10};
    static constexpr std::chrono::milliseconds look_interval{1000};
    static constexpr std::chrono::milliseconds clock_tolerance{5};

    static auto token() { return course_type::token(); }

    typename source_type::hooks hooks()
    {
        return {[this](const record_batch& batch) { return take(batch); },
                [this](bool from_kernel) { return check_pid_namespace(from_kernel); }};
    }

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
        co_await source_.read_to_end();
        co_await stop_tasks();
        if (options_.on_stopped) {
            options_.on_stopped();
        }
        co_return co_await finish();
    }

    void notice(const std::string& text) const { source_.notice(text); }

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
        actions_watch_.emplace("/proc/sys/kernel/seccomp/actions_logged");
        before_ = read_host_state();
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
        if (const auto allowed = check_pid_namespace(source_.wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        co_await begin_following();
        const result opened = co_await source_.open();
        if (!opened) {
            keep_output_honest();
            co_return opened;
        }
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
        if (!source_.wants_the_kernel() || !follower_.open()) {
            if (options_.pids.empty() || following_ == follow_kind::none) {
                co_return;
            }
            notice("only the given processes are recorded, not their descendants: " + why_no_fork_events());
            following_ = follow_kind::none;
            co_return;
        }
        if (!options_.pids.empty()) {
            leave_own_namespace_alone();
            follower_.follow_pids(options_.pids, following_);
            co_await course_.nap(tree_keeper::listing_margin);
            follower_.settle_listing();
        }
        forks_ended_ = false;
        course_.spawn(follower_.run(), [this](std::exception_ptr thrown) {
            source_.note_failure(thrown);
            forks_ended_ = true;
        });
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
        return follower_.why_not().empty() ? "the source is not the kernel's own" : follower_.why_not();
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
        if (!source_.reads_the_kernel()) {
            return;
        }
        for (const pid_t pid : options_.pids) {
            processes_.emplace_back(pid);
        }
        judge_filters_of(following_ == follow_kind::none ? options_.pids : relatives());
    }

    /// The given processes, those that follow them, and a command's.
    std::vector<pid_t> relatives() const
    {
        return follower_.is_open() ? follower_.living() : std::vector<pid_t>();
    }

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
        if (follower_.is_open()) {
            follower_.follow_command(child_->pid(), following_);
        } else if (following_ == follow_kind::tree) {
            following_ = follow_kind::none;
            notice("only process " + std::to_string(child_->pid()) +
                   " is recorded, not its descendants: " + why_no_fork_events());
        }
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
            look_at_settings();
        }
    }

    bool must_stop() const
    {
        if (child_) {
            return course_.stop_asked() || (child_ended_ && !waits_for_descendants());
        }
        return course_.stop_asked() || source_.has_ended() || all_processes_ended();
    }

    bool waits_for_descendants() const
    {
        return options_.wait_for_descendants && !source_.has_ended() && !living_descendants().empty();
    }

    std::vector<pid_t> living_descendants() const
    {
        std::vector<pid_t> pids;
        if (const auto session = target_.session()) {
            pids = processes_in_session(*session);
        }
        if (follower_.is_open()) {
            const auto more = follower_.living();
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
        if (!child_ || !child_ended_ || !source_.reads_the_kernel() || following_ == follow_kind::none) {
            return;
        }
        const auto pids = living_descendants();
        if (!pids.empty()) {
            notice("the recording ends, but " + std::to_string(pids.size()) +
                   " descendant(s) of the command run on, such as process " + std::to_string(pids.front()) +
                   ": what they call from now on is not in the trace");
        }
    }

    /// A setting that is put back before the recording ends would not show in what is read there.
    void look_at_settings()
    {
        if (!source_.reads_the_kernel() || Clock::now() < next_look_) {
            return;
        }
        next_look_ = Clock::now() + look_interval;
        judge_settings(read_settings(), ledger_);
    }

    bool all_processes_ended() const
    {
        const bool ended =
            !processes_.empty() && std::all_of(processes_.begin(), processes_.end(),
                                               [](const process_handle& p) { return p.has_ended(); });
        return ended && (following_ == follow_kind::none || follower_.living().empty());
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

    task<void> take(const record_batch& batch)
    {
        look_at(batch);
        if (!reader_.calls().empty()) {
            co_await aggregator_->async_add(reader_.calls(), token());
        }
    }

    void look_at(const record_batch& batch)
    {
        if (follower_.is_open()) {
            follower_.catch_up();
            follow_the_clock();
            for (const pid_t pid : follower_.take_entrants()) {
                reader_.listen_for(pid);
            }
        }
        reader_.read(batch);
    }

    void follow_the_clock()
    {
        const auto offset = wall_clock_offset();
        const bool was_set = clock_offset_ && std::chrono::abs(offset - *clock_offset_) > clock_tolerance;
        if (was_set && (following_ == follow_kind::tree || following_ == follow_kind::container)) {
            ledger_.cannot_prove(
                "the wall clock was set, or the machine slept, while recording: records of two "
                "processes that had the same id can't be told apart");
        }
        clock_offset_ = offset;
        reader_.set_clock_offset(offset);
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
        co_await source_.stop();
        while (!forks_ended_) {
            follower_.cancel();
            co_await course_.nap(cancel_repeat);
        }
        follower_.close();
        while (course_.has_tasks()) {
            co_await course_.nap(options_.stop_check_interval);
        }
        source_.release_ratelimit();
    }

    task<run_outcome> finish()
    {
        const auto [none, counts] = co_await aggregator_->async_snapshot(token());
        static_cast<void>(none);
        run_outcome outcome{{}, make_report(counts)};
        child_.reset();
        const auto [flush_error, message] =
            co_await aggregator_->async_flush(trace_file::durability::final, token());
        if (flush_error) {
            outcome.code = flush_error;
            outcome.result.failure_message = message;
        } else if (source_.error() && !options_.command) {
            outcome.code = source_.error();
            outcome.result.failure_message = "reading the source failed: " + source_.error().message();
        } else if (course_.abandoned()) {
            outcome.code = boost::asio::error::operation_aborted;
            outcome.result.failure_message = "the recording was cancelled";
        }
        co_return outcome;
    }

    report make_report(const trace& counts)
    {
        judge_host(before_, read_host_state(), ledger_);
        judge_actions_watch();
        judge_source();
        judge_filters(counts);
        judge_descendants(counts);
        if (counts.left_out() != 0) {
            ledger_.cannot_prove(too_many_syscalls(counts).message);
        }
        report r;
        r.source = source_.name();
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
        if (!source_.reads_the_kernel()) {
            ledger_.cannot_prove("the source is not the kernel's own device");
        }
    }

    void judge_actions_watch()
    {
        if (source_.reads_the_kernel() && !actions_watch_->works()) {
            ledger_.cannot_prove("writes to kernel.seccomp.actions_logged cannot be watched for (inotify)");
        } else if (source_.reads_the_kernel() && actions_watch_->was_written()) {
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
        if (!child_ && source_.reads_the_kernel()) {
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

    /// A descendant may have changed its session; whether it did is known as long as each birth is.
    void judge_other_sessions()
    {
        const bool by_chance = !follower_.knows_all() && reader_.selected_by_tree() != 0;
        const bool overlooked =
            reader_.strays() != 0 && (!follower_.knows_all() || reader_.latecomers() != 0);
        if (!by_chance && !overlooked) {
            return;
        }
        const std::string why = !follower_.is_open()     ? why_no_fork_events()
                                : !follower_.knows_all() ? "fork events were lost"
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

    Executor executor_;
    recorder_options options_;
    course_type course_;

    std::optional<trace_file> output_;
    std::optional<basic_aggregator<Executor, Clock>> aggregator_;
    std::optional<launcher> child_;
    std::vector<process_handle> processes_;
    boost::asio::posix::basic_stream_descriptor<strand_type> child_watch_;
    boost::asio::cancellation_signal flusher_stop_;

    target target_;
    loss_ledger ledger_;
    follower<strand_type> follower_;
    follow_kind following_ = follow_kind::none;
    std::optional<std::chrono::nanoseconds> clock_offset_;
    std::optional<setting_watch> actions_watch_;
    typename Clock::time_point next_look_{};
    record_reader reader_;
    host_state before_;
    source_type source_;
    std::optional<exit_status> child_status_;
    std::optional<std::uint32_t> filters_at_end_;
    clock::time_point started_at_{};
    bool command_started_ = false;
    bool child_ended_ = false;
    bool forks_ended_ = true;
};

} // namespace sctrace::detail

#endif
