#ifndef SCTRACE_DETAIL_RECORDING_HPP
#define SCTRACE_DETAIL_RECORDING_HPP

#include <sctrace/aggregator.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/detail/follower.hpp>
#include <sctrace/detail/host_state.hpp>
#include <sctrace/detail/process_handle.hpp>
#include <sctrace/detail/process_scan.hpp>
#include <sctrace/detail/record_reader.hpp>
#include <sctrace/detail/run_op.hpp>
#include <sctrace/detail/setting_watch.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>
#include <sctrace/recorder_options.hpp>
#include <sctrace/report.hpp>
#include <sctrace/target.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <atomic>
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
    using strand_type = boost::asio::strand<Executor>;
    template <class T>
    using task = boost::asio::awaitable<T, strand_type>;
    using result = boost::system::result<void, failure>;

    recording(const Executor& ex, recorder_options options)
        : strand_(boost::asio::make_strand(ex))
        , executor_(ex)
        , options_(std::move(options))
        , kmsg_(strand_)
        , audit_(strand_)
        , wake_(strand_)
        , child_watch_(strand_)
        , follower_(strand_, target_, ledger_)
        , reader_(options_.native, target_, ledger_)
    {
    }

    strand_type strand() const noexcept { return strand_; }

    /// Safe to call from any thread.
    void request_stop() noexcept { stop_requested_ = true; }

    void cancel(boost::asio::cancellation_type type)
    {
        using boost::asio::cancellation_type;
        if (type == cancellation_type::total) {
            return;
        }
        abandoned_ = abandoned_ || (type & cancellation_type::terminal) != cancellation_type::none;
        stop_requested_ = true;
        wake();
    }

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
            stop_requested_ = true;
            wake();
        }
    }

    static task<run_outcome> run(std::shared_ptr<recording> self)
    {
        if (self->started_.exchange(true)) {
            co_return refused(failure{error::already_running, "a recorder records once"});
        }
        std::exception_ptr thrown;
        try {
            co_return co_await self->course();
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await self->stop_tasks();
        self->child_.reset();
        std::rethrow_exception(thrown);
    }

private:
    using clock = std::chrono::system_clock;
    using timer_type = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, strand_type>;

    static constexpr std::chrono::milliseconds bracket_repeat{250};
    static constexpr std::chrono::milliseconds late_serial_patience{1000};
    static constexpr std::chrono::milliseconds late_serial_poll{2};
    static constexpr std::chrono::milliseconds cancel_repeat{10};
    static constexpr std::chrono::milliseconds drain_poll{1};
    static constexpr std::chrono::milliseconds look_interval{1000};
    static constexpr std::chrono::milliseconds clock_tolerance{5};

    static auto token() { return boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{}); }

    /// From opening the source to the finished report.
    task<run_outcome> course()
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
        co_await close_window();
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

    result prepare()
    {
        if (options_.command.has_value() == !options_.pids.empty()) {
            return failure{error::invalid_options, "name either a command or process ids to record"};
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
        if (const auto allowed = check_pid_namespace(wants_the_kernel()); !allowed) {
            co_return allowed;
        }
        co_await begin_following();
        result opened = co_await open_audit();
        if (opened && source_ == source_kind::automatic) {
            opened = co_await open_kmsg();
        }
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
        if (!wants_the_kernel() || !follower_.open()) {
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
            co_await nap(tree_keeper::listing_margin);
            follower_.settle_listing();
        }
        forks_ended_ = false;
        spawn(follower_.run(), [](recording& r) { r.forks_ended_ = true; });
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

    /// Where it is wanted: source_ is `audit` afterwards if it is used.
    task<result> open_audit()
    {
        source_ = wanted_source();
        if (source_ == source_kind::kmsg) {
            source_ = source_kind::automatic;
            co_return result{};
        }
        const bool must = source_ == source_kind::audit;
        const auto joined = audit_.open(options_.receive_buffer);
        if (!joined) {
            why_not_audit_ = joined.error().message;
            co_return must ? result(joined.error()) : result{};
        }
        source_ = source_kind::audit;
        spawn_pump(audit_);
        co_await wait_for_bracket(bracket_role::opening,
                                  must ? options_.bracket_timeout : options_.probe_timeout);
        if (reader_.saw_bracket(bracket_role::opening) || must || stop_asked() ||
            before_.log_switched_off()) {
            announce_audit();
            co_return result{};
        }
        why_not_audit_ =
            "no record of our own came back through the audit socket, which only works in the initial "
            "network namespace";
        co_await stop_source();
        source_ = source_kind::automatic;
        co_return result{};
    }

    source_kind wanted_source() const
    {
        const bool automatic = options_.source == source_kind::automatic;
        return automatic && !has_default_kmsg() ? source_kind::kmsg : options_.source;
    }

    bool has_default_kmsg() const { return !options_.kmsg_descriptor && options_.kmsg == "/dev/kmsg"; }

    void announce_audit() const
    {
        if (before_.log_switched_off()) {
            notice(log_switched_off_notice(before_));
        }
        const bool came_back = reader_.saw_bracket(bracket_role::opening);
        if (came_back && options_.source == source_kind::automatic) {
            notice("source: the audit multicast socket, because a record of our own came back through it");
        } else if (!came_back && !stop_asked() && !before_.log_switched_off()) {
            notice("nothing comes through the audit socket; it only works in the initial network namespace");
        }
    }

    task<result> open_kmsg()
    {
        source_ = source_kind::kmsg;
        if (options_.kmsg_descriptor) {
            kmsg_.assign(*options_.kmsg_descriptor);
        } else if (auto opened = kmsg_.open(options_.kmsg, options_.start); !opened) {
            co_return opened;
        }
        if (const auto allowed = check_pid_namespace(kmsg_.is_kernel()); !allowed) {
            co_return allowed;
        }
        if (options_.lift_ratelimit) {
            auto held = printk_ratelimit_hold::acquire(options_.ratelimit_paths);
            if (!held) {
                co_return held.error();
            }
            hold_.emplace(std::move(*held));
        }
        announce_kmsg();
        spawn_pump(kmsg_);
        if (can_bracket()) {
            co_await wait_for_bracket(bracket_role::opening, options_.bracket_timeout);
        }
        co_return result{};
    }

    void announce_kmsg() const
    {
        if (!why_not_audit_.empty()) {
            notice("source: " + options_.kmsg + ", because " + why_not_audit_);
        }
        if (kmsg_.is_kernel()) {
            for (const std::string& text : kmsg_notices(before_, hold_.has_value())) {
                notice(text);
            }
        }
    }

    bool reads_the_kernel() const noexcept { return source_ == source_kind::audit || kmsg_.is_kernel(); }

    bool wants_the_kernel() const { return has_default_kmsg() || wanted_source() == source_kind::audit; }

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
        if (!reads_the_kernel()) {
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

    bool can_bracket() const noexcept { return reads_the_kernel() && !before_.log_switched_off(); }

    /// Emits records of our own until one comes back: each may be dropped by printk's rate limit.
    task<void> wait_for_bracket(bracket_role role, typename Clock::duration patience)
    {
        const auto give_up = Clock::now() + patience;
        auto next = Clock::now();
        while (!reader_.saw_bracket(role) && !bracket_is_pointless(role) && Clock::now() < give_up) {
            if (Clock::now() >= next) {
                emit(role);
                next = Clock::now() + bracket_repeat;
            }
            const auto until = std::min({next, give_up, Clock::now() + options_.stop_check_interval});
            co_await nap(until - Clock::now());
        }
    }

    bool bracket_is_pointless(bracket_role role) const noexcept
    {
        return abandoned_ || pump_ended_ || (role == bracket_role::opening && stop_asked());
    }

    void emit(bracket_role role)
    {
        const auto emitted = emit_bracket();
        if (emitted) {
            reader_.expect_bracket(emitted->syscall, role);
        } else {
            ledger_.cannot_prove("no record of our own can be made: " + emitted.error().message());
        }
    }

    result start_target()
    {
        if (!child_) {
            return {};
        }
        if (stop_asked()) {
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
        ++tasks_;
        child_watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                [self = this->shared_from_this()](boost::system::error_code ec) {
                                    self->child_ended_ = !ec;
                                    self->task_ended();
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
            co_await nap(pause);
            look_at_settings();
        }
    }

    bool must_stop() const
    {
        if (child_) {
            return stop_asked() || (child_ended_ && !waits_for_descendants());
        }
        return stop_asked() || pump_ended_ || all_processes_ended();
    }

    bool waits_for_descendants() const
    {
        return options_.wait_for_descendants && !pump_ended_ && !living_descendants().empty();
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
        if (!child_ || !child_ended_ || !reads_the_kernel() || following_ == follow_kind::none) {
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
        if (!reads_the_kernel() || Clock::now() < next_look_) {
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

    bool stop_asked() const noexcept { return stop_requested_ || options_.stop.stop_requested(); }

    task<void> end_child()
    {
        if (!child_) {
            co_return;
        }
        if (!child_ended_ && !abandoned_) {
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
        while (!child_ended_ && !abandoned_ && Clock::now() < patience) {
            co_await nap(patience - Clock::now());
        }
        signal_child(SIGKILL);
        while (!child_ended_ && !abandoned_) {
            co_await nap(options_.stop_check_interval);
        }
    }

    task<void> close_window()
    {
        if (!can_bracket()) {
            co_await drain_unbracketed();
            co_return;
        }
        co_await wait_for_bracket(bracket_role::closing, options_.bracket_timeout);
        co_await wait_for_late_serials();
    }

    /// A task can lose its CPU between taking a serial and queueing the record (kernel/audit.c,
    /// audit_log_start() and audit_log_end()), so that a later record arrives before it.
    task<void> wait_for_late_serials()
    {
        const auto give_up = Clock::now() + late_serial_patience;
        while (serials_may_be_late() && !pump_ended_ && !abandoned_ && Clock::now() < give_up) {
            co_await nap(late_serial_poll);
        }
    }

    bool serials_may_be_late() const
    {
        const loss_counts known = ledger_.counts();
        return ledger_.window_closed() && known.serial_gaps != 0 && known.printk_suppressed == 0 &&
               known.kmsg_overwritten == 0 && known.netlink_overruns == 0;
    }

    /// Reads what is already there; nothing can prove that it was all.
    task<void> drain_unbracketed()
    {
        const auto give_up = Clock::now() + options_.bracket_timeout;
        while (!pump_ended_ && !abandoned_ && kmsg_.readable() && Clock::now() < give_up) {
            co_await nap(drain_poll);
        }
    }

    template <class Source>
    void spawn_pump(Source& source)
    {
        source_must_end_ = false;
        pump_ended_ = false;
        spawn(pump(source), [](recording& r) { r.pump_ended_ = true; });
    }

    template <class Source>
    task<void> pump(Source& source)
    {
        record_batch batch(record_batch::default_messages, Source::batch_bytes);
        while (!source_must_end_) {
            const auto [ec, messages] = co_await source.async_read_batch(batch, token());
            static_cast<void>(messages);
            if (ec) {
                note_source_end(ec);
                co_return;
            }
            const auto brackets = reader_.brackets_seen();
            look_at(batch);
            if (!reader_.calls().empty()) {
                co_await aggregator_->async_add(reader_.calls(), token());
            }
            if (reader_.brackets_seen() != brackets) {
                wake();
            }
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

    void note_source_end(boost::system::error_code ec)
    {
        if (source_must_end_ || ec == boost::asio::error::eof) {
            return;
        }
        source_error_ = ec;
        ledger_.cannot_prove("reading the source failed: " + ec.message());
    }

    void spawn_flusher()
    {
        if (!output_ || options_.flush_interval.count() == 0) {
            return;
        }
        ++tasks_;
        auto done = [self = this->shared_from_this()](boost::system::error_code) { self->task_ended(); };
        aggregator_->async_flush_every(
            options_.flush_interval,
            boost::asio::bind_cancellation_slot(flusher_stop_.slot(),
                                                boost::asio::bind_executor(strand_, std::move(done))));
    }

    task<void> stop_tasks()
    {
        flusher_stop_.emit(boost::asio::cancellation_type::terminal);
        child_watch_.close();
        co_await stop_source();
        while (!forks_ended_) {
            follower_.cancel();
            co_await nap(cancel_repeat);
        }
        follower_.close();
        while (tasks_ != 0) {
            co_await nap(options_.stop_check_interval);
        }
        hold_.reset();
    }

    task<void> stop_source()
    {
        source_must_end_ = true;
        while (!pump_ended_) {
            // Again and again: a read that had ended by itself may have been about to start another wait.
            audit_.cancel();
            kmsg_.cancel();
            co_await nap(cancel_repeat);
        }
        audit_.close();
        kmsg_.close();
    }

    template <class Done>
    void spawn(task<void> work, Done done)
    {
        ++tasks_;
        auto ended = [self = this->shared_from_this(), done](std::exception_ptr thrown) {
            if (thrown) {
                self->note_source_end(outcome_of(thrown).code);
            }
            done(*self);
            self->task_ended();
        };
        boost::asio::co_spawn(strand_, std::move(work), std::move(ended));
    }

    void task_ended()
    {
        --tasks_;
        wake();
    }

    /// Sleeps until the time is over or wake() is called.
    task<void> nap(typename Clock::duration time)
    {
        wake_.expires_after(time);
        co_await wake_.async_wait(token());
    }

    void wake() { wake_.cancel(); }

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
        } else if (source_error_ && !options_.command) {
            outcome.code = source_error_;
            outcome.result.failure_message = "reading the source failed: " + source_error_.message();
        } else if (abandoned_) {
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
        r.source = source_ == source_kind::audit ? "audit" : "kmsg";
        r.native = options_.native;
        r.command = options_.command ? options_.command->command : std::vector<std::string>{};
        r.pids = target_.pids();
        r.session = target_.session();
        r.started = started_at_;
        r.ended = clock::now();
        r.counts = counts;
        r.judged = ledger_.judge();
        r.first_serial = ledger_.first_serial();
        r.last_serial = ledger_.last_serial();
        r.loss = ledger_.counts();
        r.child = child_status_;
        return r;
    }

    void judge_source()
    {
        if (!reads_the_kernel()) {
            ledger_.cannot_prove("the source is not the kernel's own device");
        }
    }

    void judge_actions_watch()
    {
        if (reads_the_kernel() && !actions_watch_->works()) {
            ledger_.cannot_prove("writes to kernel.seccomp.actions_logged cannot be watched for (inotify)");
        } else if (reads_the_kernel() && actions_watch_->was_written()) {
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
        if (!child_ && reads_the_kernel()) {
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

    /// Whether the target made processes or threads; a missing record may have been the call that did.
    bool may_make_tasks(const trace& counts) const
    {
        const loss_counts known = ledger_.counts();
        return known.serial_gaps != 0 || known.truncated_records != 0 || known.malformed_records != 0 ||
               makes_tasks(counts);
    }

    strand_type strand_;
    Executor executor_;
    recorder_options options_;
    std::atomic<bool> started_{false};
    std::atomic<bool> stop_requested_{false};

    basic_kmsg_source<strand_type> kmsg_;
    basic_audit_source<strand_type> audit_;
    source_kind source_ = source_kind::automatic;
    std::string why_not_audit_;
    std::optional<trace_file> output_;
    std::optional<basic_aggregator<Executor, Clock>> aggregator_;
    std::optional<launcher> child_;
    std::optional<printk_ratelimit_hold> hold_;
    std::vector<process_handle> processes_;
    timer_type wake_;
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
    std::optional<exit_status> child_status_;
    std::optional<std::uint32_t> filters_at_end_;
    boost::system::error_code source_error_;
    clock::time_point started_at_{};
    int tasks_ = 0;
    bool command_started_ = false;
    bool child_ended_ = false;
    bool abandoned_ = false;
    bool pump_ended_ = true;
    bool source_must_end_ = false;
    bool forks_ended_ = true;
};

} // namespace sctrace::detail

#endif
