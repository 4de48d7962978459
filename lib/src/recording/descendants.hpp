#ifndef SCTRACE_SRC_RECORDING_DESCENDANTS_HPP
#define SCTRACE_SRC_RECORDING_DESCENDANTS_HPP

#include "host/host_state.hpp"
#include "os/process.hpp"
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

/// Who is recorded besides the processes that were named or started: the way in use, and why it is no better
/// one.
/**
 * Everything is to be called on the scope's strand.
 */
template <class Clock>
class descendants {
public:
    using scope_type = run_scope<Clock>;
    using hub_type = source_hub<Clock>;
    template <class T>
    using task = typename scope_type::template task<T>;
    using result = boost::system::result<void, failure>;

    /// All must outlive the object.
    descendants(scope_type& run, hub_type& hub, subscriber& who, const recorder_options& options)
        : scope_(run)
        , hub_(hub)
        , subscriber_(who)
        , options_(options)
    {
    }

    /// Begins to follow @p wanted, before the first record is looked at: who is not known by then would be
    /// nobody's.
    task<void> begin(follow_kind wanted)
    {
        way_ = wanted;
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

    /// The way in use.
    follow_kind way() const noexcept { return way_; }

    std::string why_no_fork_events() const
    {
        return why_no_forks_.empty() ? "the source is not the kernel's own" : why_no_forks_;
    }

    /// The given processes and those that follow them; or a command's, with itself.
    std::vector<pid_t> relatives() const
    {
        return subscriber_.follower() ? subscriber_.follower()->living() : std::vector<pid_t>();
    }

    /// What a verdict takes of them, if @p wanted were to be followed; but for whether there may be any.
    descendant_evidence gather_evidence(follow_kind wanted) const
    {
        const call_collector& seen = subscriber_.reader();
        descendant_evidence known;
        known.how = wanted == follow_kind::none ? following::unwanted : following_in_use();
        known.events = fork_events_seen();
        known.why_no_events = why_no_fork_events();
        known.selected_by_tree = seen.selected_by_tree();
        known.outside_session = seen.has_outside_session();
        known.latecomers = seen.latecomers();
        known.unclear = seen.unclear();
        return known;
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

private:
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
    const recorder_options& options_;
    follow_kind way_ = follow_kind::none;
    std::string why_no_forks_;
};

} // namespace sctrace::detail

#endif
