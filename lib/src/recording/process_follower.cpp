#include "recording/process_follower.hpp"

#include "host/host_state.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

#include <time.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

using std::chrono::seconds;

/// A record can wait in the kernel for as long as `audit_backlog_wait_time` says, by default a minute, before
/// its process may go on and end.
constexpr seconds memory_of_the_dead{120};
constexpr seconds forgetting_interval{10};

std::chrono::nanoseconds read_clock(clockid_t id) noexcept
{
    timespec now = {};
    ::clock_gettime(id, &now);
    return seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

} // namespace

process_tree::time monotonic_now() noexcept
{
    return read_clock(CLOCK_MONOTONIC);
}

bool in_shifted_time_namespace()
{
    std::ifstream offsets("/proc/self/timens_offsets");
    std::string clock;
    long seconds = 0;
    long nanoseconds = 0;
    while (offsets >> clock >> seconds >> nanoseconds) {
        if (clock == "monotonic") {
            return seconds != 0 || nanoseconds != 0;
        }
    }
    return false;
}

std::chrono::nanoseconds wall_clock_offset() noexcept
{
    constexpr int tries = 3;
    std::chrono::nanoseconds offset{};
    std::chrono::nanoseconds shortest = std::chrono::nanoseconds::max();
    // The processor may be lost between two readings.
    for (int i = 0; i < tries && shortest > std::chrono::microseconds(100); ++i) {
        const auto before = monotonic_now();
        const auto wall = read_clock(CLOCK_REALTIME);
        const auto after = monotonic_now();
        if (after - before < shortest) {
            shortest = after - before;
            offset = wall - before;
        }
    }
    return offset;
}

std::optional<std::uint64_t> newborn_process::pid_namespace()
{
    if (!asked_for_namespace_) {
        asked_for_namespace_ = true;
        namespace_ = pid_namespace_of(pid_);
    }
    return namespace_;
}

bool newborn_process::has_no_filter()
{
    if (!has_no_filter_) {
        has_no_filter_ = detail::has_no_filter(pid_);
    }
    return *has_no_filter_;
}

process_follower::process_follower(target& whose, loss_ledger& ledger)
    : tree_(whose.follow_tree())
    , ledger_(ledger)
    , own_namespace_(pid_namespace_of(::getpid()))
    , last_forgetting_(monotonic_now())
{
}

void process_follower::follow_pids(std::span<const pid_t> pids, follow_kind how)
{
    how_ = how;
    if (how == follow_kind::none) {
        tree_.leave_children_out();
    }
    is_listing_ = how != follow_kind::none;
    listing_began_ = monotonic_now();
    for (const pid_t pid : pids) {
        if (is_alive(pid)) {
            tree_.add(pid, listing_began_);
        } else {
            tree_.expect(pid);
        }
    }
    if (how != follow_kind::none) {
        std::for_each(pids.begin(), pids.end(), [this](pid_t pid) { suspect_siblings_of(pid); });
        add_all(with_descendants(pids), listing_began_);
    }
    if (how == follow_kind::container) {
        follow_containers(pids);
    }
    listing_ended_ = monotonic_now();
}

void process_follower::follow_command(pid_t pid, follow_kind how)
{
    how_ = how;
    if (how == follow_kind::none) {
        tree_.leave_children_out();
    } else if (how == follow_kind::tree) {
        suspect_siblings_of(pid);
    }
    tree_.add(pid, monotonic_now());
}

void process_follower::add_all(std::span<const pid_t> pids, process_tree::time seen)
{
    for (const pid_t pid : pids) {
        tree_.add(pid, seen);
    }
}

void process_follower::follow_containers(std::span<const pid_t> pids)
{
    for (const pid_t pid : pids) {
        const auto id = pid_namespace_of(pid);
        if (id && id != own_namespace_) {
            containers_.push_back(*id);
            add_all(processes_in_pid_namespace(*id), listing_began_);
        } else if (!id) {
            ledger_.cannot_prove("the pid namespace of process " + std::to_string(pid) + " can't be read");
        }
    }
}

/// With CLONE_PARENT a member makes a child of its own parent; an orphan's parent is one of the ancestors.
void process_follower::suspect_siblings_of(pid_t pid)
{
    for (const pid_t ancestor : ancestors_of(pid)) {
        ancestors_.push_back(ancestor);
        tree_.suspect_children_of(ancestor);
    }
}

void process_follower::take(const process_event& event, newborn_process& newborn)
{
    if (event.begins_process()) {
        take_birth(event, newborn);
    } else {
        tree_.apply(event);
        watch_for_endings_while_listing(event);
    }
}

void process_follower::take_birth(const process_event& event, newborn_process& newborn)
{
    const auto entered = containers_.empty() ? where::unasked : where_is(event, newborn);
    if (entered == where::in_container) {
        tree_.expect(event.process);
        entrants_.push_back(event.process);
    }
    tree_.apply(event);
    if (was_listing(event.time)) {
        born_while_listing_.insert(event.process);
    }
    if (entered == where::unknown) {
        tree_.cannot_tell(event.process, event.time);
    } else if (entered == where::outside || is_surely_foreign(event, newborn)) {
        tree_.rule_out(event.process, event.time);
    }
}

/// Who enters a container from outside (setns(2)) has children in it that descend from none of its processes.
process_follower::where process_follower::where_is(const process_event& event, newborn_process& newborn) const
{
    if (tree_.whose(event.parent, event.time) == membership::ours) {
        return where::unasked;
    }
    const auto id = newborn.pid_namespace();
    if (!id) {
        return where::unknown;
    }
    if (std::find(containers_.begin(), containers_.end(), *id) != containers_.end()) {
        return where::in_container;
    }
    // Descendants are in the same namespace or in one below it, and this process's own is below none.
    return id == own_namespace_ ? where::outside : where::unasked;
}

/// A filter is inherited and never goes away: a process without one descends from nobody who is recorded.
bool process_follower::is_surely_foreign(const process_event& event, newborn_process& newborn) const
{
    return tree_.whose(event.process, event.time) == membership::unclear && newborn.has_no_filter();
}

/// Children are handed over shortly before the end of a process is stamped (kernel/exit.c, do_exit).
bool process_follower::was_listing(process_tree::time when) const
{
    return how_ != follow_kind::none && when >= listing_began_ && when <= listing_ended_ + listing_margin;
}

/// A process that ends while /proc is read gives its children to one of its ancestors: they may have been
/// overlooked.
void process_follower::watch_for_endings_while_listing(const process_event& event)
{
    const bool newborn = born_while_listing_.contains(event.process);
    if (event.what != process_event::kind::exit || newborn || !was_listing(event.time) ||
        is_alive(event.process)) {
        return;
    }
    const auto is_member = [&](pid_t pid) { return tree_.whose(pid, event.time) == membership::ours; };
    ended_while_listing_ =
        ended_while_listing_ || event.parent == 0 || is_member(event.process) || is_member(event.parent);
}

void process_follower::settle_listing()
{
    is_listing_ = false;
    if (!ended_while_listing_) {
        return;
    }
    const auto children = children_of(ancestors_);
    const bool may_be_overlooked = std::any_of(children.begin(), children.end(), [this](pid_t pid) {
        return tree_.whose(pid, monotonic_now()) != membership::ours && !has_no_filter(pid);
    });
    if (may_be_overlooked) {
        ledger_.cannot_prove(
            "a descendant ended while the existing ones were being listed: a child of its own "
            "may have been overlooked");
    }
}

void process_follower::take_overruns(std::uint64_t overruns, process_tree::time since)
{
    ledger_.fork_event_overrun(overruns);
    lost_nothing_ = false;
    tree_.events_were_lost(since);
    if (how_ == follow_kind::tree || how_ == follow_kind::container) {
        ledger_.cannot_prove("fork events were lost: descendants may have been overlooked");
        list_again();
    }
}

void process_follower::take_clock_step()
{
    if (how_ == follow_kind::tree || how_ == follow_kind::container) {
        ledger_.cannot_prove("the wall clock was set, or the machine slept, while recording: records of two "
                             "processes that had "
                             "the same id can't be told apart");
    }
}

/// Who has been overlooked so far may at least be recorded from now on.
void process_follower::list_again()
{
    const auto seen = monotonic_now();
    add_all(with_descendants(living()), seen);
    for (const std::uint64_t id : containers_) {
        add_all(processes_in_pid_namespace(id), seen);
    }
}

void process_follower::forget_dead(process_tree::time now)
{
    if (now - last_forgetting_ >= forgetting_interval) {
        last_forgetting_ = now;
        tree_.forget_dead(now - memory_of_the_dead);
    }
}

std::vector<pid_t> process_follower::living() const
{
    std::vector<pid_t> pids = tree_.living();
    std::erase_if(pids, [](pid_t pid) { return !is_alive(pid); });
    return pids;
}

} // namespace sctrace::detail
