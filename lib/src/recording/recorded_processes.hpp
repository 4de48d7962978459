#ifndef SCTRACE_SRC_RECORDING_RECORDED_PROCESSES_HPP
#define SCTRACE_SRC_RECORDING_RECORDED_PROCESSES_HPP

#include "host/host_state.hpp"
#include "os/process.hpp"
#include "recording/call_collector.hpp"
#include "recording/process_follower.hpp"
#include "recording/run_scope.hpp"
#include "recording/source_hub.hpp"
#include "recording/subscriber.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/error.hpp>
#include <sctrace/recorder_options.hpp>

#include <boost/system/result.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

namespace sctrace::detail {

/// Who is recorded: the processes that were named or started, and those that follow them.
/**
 * Everything is to be called on the scope's strand.
 */
template <class Clock>
class recorded_processes {
public:
    using scope_type = run_scope<Clock>;
    using hub_type = source_hub<Clock>;
    template <class T>
    using task = typename scope_type::template task<T>;
    using result = boost::system::result<void, failure>;

    /// All must outlive the object.
    recorded_processes(scope_type& run, hub_type& hub, subscriber& who, const call_collector& seen,
                       const recorder_options& options)
        : scope_(run)
        , hub_(hub)
        , subscriber_(who)
        , seen_(seen)
        , options_(options)
    {
    }

    /// Wants the processes that are given by id, and those that follow them, or a command.
    void want(follow_kind wanted)
    {
        wanted_ = wanted;
        way_ = wanted;
        for (const pid_t pid : options_.pids) {
            subscriber_.whose().add_pid(pid);
        }
    }

    /// Process ids are only good for selection where they are the kernel's.
    result check_namespace(bool from_kernel) const
    {
        if (!from_kernel || way_ == follow_kind::session || in_initial_pid_namespace()) {
            return {};
        }
        return failure{
            error::foreign_pid_namespace,
            "cannot record by process id from inside a pid namespace: the kernel's records carry the ids "
            "of the initial one; run outside of the container, or record a command with its session"};
    }

    /// Begins to follow, before the first record is looked at: who is not known by then would be nobody's.
    task<void> begin()
    {
        if (!hub_.source().wants_the_kernel() || !hub_.open_forks()) {
            why_no_forks_ = hub_.why_no_forks();
            if (options_.pids.empty() || way_ == follow_kind::none) {
                co_return;
            }
            notice("only the given processes are recorded, not their descendants: " + why_no_fork_events());
            way_ = follow_kind::none;
            co_return;
        }
        follower().emplace(subscriber_.whose(), subscriber_.ledger());
        if (!options_.pids.empty()) {
            leave_own_namespace_alone();
            follower()->follow_pids(options_.pids, way_);
            hub_.router().refresh(subscriber_);
            co_await let_listing_settle();
            hub_.catch_up();
            follower()->settle_listing();
        }
        hub_.router().refresh(subscriber_);
    }

    /// Begins to follow a command that has just been started.
    template <class Process>
    result follow_command(const Process& command)
    {
        target& whose = subscriber_.whose();
        if (in_initial_pid_namespace()) {
            whose.add_pid(command.pid());
        } else if (!command.session()) {
            return failure{
                error::foreign_pid_namespace,
                "cannot tell the command's records from others': it has no audit session of its own (" +
                    command.session_note() + "), and process ids are not the kernel's in a pid namespace"};
        }
        if (const auto session = command.session()) {
            whose.follow_session(*session);
        } else if (way_ == follow_kind::session) {
            way_ = follow_kind::tree;
            notice(
                "the command has no audit session of its own, its descendants are followed by fork events: " +
                command.session_note());
        }
        follow_tree_of(command.pid());
        return {};
    }

    /// Keeps hold of the processes that are recorded by id, to see their end.
    void hold()
    {
        for (const pid_t pid : options_.pids) {
            held_.emplace_back(pid);
        }
    }

    /// Whether all those that are held have ended, and those that follow them.
    bool have_ended() const
    {
        const bool ended =
            !held_.empty() &&
            std::all_of(held_.begin(), held_.end(), [](const process_handle& p) { return p.has_ended(); });
        return ended && (way_ == follow_kind::none || relatives().empty());
    }

    /// Those that are recorded by id, and those that follow them.
    std::vector<pid_t> with_relatives() const
    {
        return way_ == follow_kind::none ? options_.pids : relatives();
    }

    /// Those that still run of the command @p leader.
    std::vector<pid_t> living_without(pid_t leader) const
    {
        std::vector<pid_t> pids = relatives();
        if (const auto session = std::as_const(subscriber_).whose().session()) {
            const auto more = processes_in_session(*session);
            pids.insert(pids.end(), more.begin(), more.end());
        }
        std::sort(pids.begin(), pids.end());
        pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
        std::erase(pids, leader);
        return pids;
    }

    /// What a descendant that outlives the command @p leader calls later is not in the trace.
    void tell_who_outlives(pid_t leader) const
    {
        if (way_ == follow_kind::none) {
            return;
        }
        const auto pids = living_without(leader);
        if (!pids.empty()) {
            notice("the recording ends, but " + std::to_string(pids.size()) +
                   " descendant(s) of the command run on, such as process " + std::to_string(pids.front()) +
                   ": what they call from now on is not in the trace");
        }
    }

    /// What a verdict takes of the descendants, but for whether there may be any.
    descendant_evidence gather_evidence() const
    {
        descendant_evidence known;
        known.how = wanted_ == follow_kind::none ? following::unwanted : following_in_use();
        known.events = fork_events_seen();
        known.why_no_events = why_no_fork_events();
        known.selected_by_tree = seen_.selected_by_tree();
        known.outside_session = seen_.has_outside_session();
        known.latecomers = seen_.latecomers();
        known.unclear = seen_.unclear();
        return known;
    }

private:
    std::string why_no_fork_events() const
    {
        return why_no_forks_.empty() ? "the source is not the kernel's own" : why_no_forks_;
    }

    /// The given processes and those that follow them; or a command's, with itself.
    std::vector<pid_t> relatives() const
    {
        return subscriber_.follower() ? subscriber_.follower()->living() : std::vector<pid_t>();
    }

    following following_in_use() const noexcept
    {
        switch (way_) {
        case follow_kind::none:
            break;
        case follow_kind::session:
            return following::by_session;
        case follow_kind::tree:
        case follow_kind::container:
            return following::by_tree;
        }
        return following::impossible;
    }

    fork_events fork_events_seen() const noexcept
    {
        if (!subscriber_.follower()) {
            return fork_events::unavailable;
        }
        return subscriber_.follower()->lost_nothing() ? fork_events::all : fork_events::lost;
    }

    std::optional<process_follower>& follower() noexcept { return subscriber_.follower(); }

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice({text});
        }
    }

    task<void> let_listing_settle()
    {
        const auto end = Clock::now() + process_follower::listing_margin;
        while (Clock::now() < end && !scope_.stop_asked()) {
            co_await scope_.sleep_until_woken(end - Clock::now());
        }
    }

    /// The container of a process that is in none would be the whole host.
    void leave_own_namespace_alone()
    {
        if (way_ != follow_kind::container) {
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
        way_ = has_container ? follow_kind::container : follow_kind::tree;
    }

    void follow_tree_of(pid_t command)
    {
        if (follower()) {
            follower()->follow_command(command, way_);
        } else if (way_ == follow_kind::tree) {
            way_ = follow_kind::none;
            notice("only process " + std::to_string(command) +
                   " is recorded, not its descendants: " + why_no_fork_events());
        }
        hub_.router().refresh(subscriber_);
        hub_.router().rule_out_for_others(subscriber_, command, monotonic_now());
        hub_.catch_up();
    }

    scope_type& scope_;
    hub_type& hub_;
    subscriber& subscriber_;
    const call_collector& seen_;
    const recorder_options& options_;
    follow_kind wanted_ = follow_kind::none;
    // In use, where what is wanted can't be had.
    follow_kind way_ = follow_kind::none;
    std::vector<process_handle> held_;
    std::string why_no_forks_;
};

} // namespace sctrace::detail

#endif
