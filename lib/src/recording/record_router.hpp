#ifndef SCTRACE_SRC_RECORD_ROUTER_HPP
#define SCTRACE_SRC_RECORD_ROUTER_HPP

#include "record/logged_call.hpp"
#include "recording/record_listener.hpp"
#include "recording/subscriber.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/detail/ending_memory.hpp>
#include <sctrace/detail/serial_numbers.hpp>
#include <sctrace/process_event.hpp>
#include <sctrace/record_batch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// Parses the messages of a source once, and hands each record and process event to those whom it may
/// concern.
/**
 * Whom a record may concern is looked up by its audit session and its process; they then decide for
 * themselves. So the cost of a record does not grow with the number of subscribers. What concerns everybody
 * (serials, losses, notices, changed settings, records that do not tell their process) goes to all.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class record_router {
public:
    /// From now on @p who, which must live until remove(), gets what concerns it.
    /** The window of who wants everything begins with the next serial. */
    void add(subscriber& who);
    /// What is missing for @p who by now is missing for good.
    void remove(subscriber& who);

    /// To be called when the target or the tree of @p who has changed otherwise than by what it got from
    /// here.
    void refresh(subscriber& who);

    std::span<subscriber* const> subscribers() const noexcept { return subscribers_; }

    /// Those that have come since the first subscriber was added.
    const serial_history& serials() const noexcept { return serials_; }

    /// A call with @p number is a record of our own, made for @p who.
    void expect_bracket(subscriber& who, std::int64_t number, bracket_role role);

    /// How far the wall clock, which records carry, is ahead of CLOCK_MONOTONIC, which process events carry.
    void set_clock_offset(std::chrono::nanoseconds offset);

    /// Reads a batch; who got something is in touched() until the next read.
    void read(const record_batch& batch);
    std::span<subscriber* const> touched() const noexcept { return touched_; }

    /// Applies process events to the trees that they concern.
    void take(const process_event_batch& batch);

    /// A child of this process that concerns nobody has ended; the event of it is still to come.
    void own_child_ended(pid_t pid);

    /// No more process events come; what it says keeps trees from being proved.
    void fork_events_ended(const std::string& why);

    /// A process that was made for @p whose is nobody else's, although its parent may have made others' too.
    /** To be called before the event of its birth is taken: its children's may come with it. */
    void rule_out_for_others(const subscriber& whose, pid_t pid, process_tree::time when);

private:
    using subscriber_list = std::vector<subscriber*>;

    template <class Visit>
    void each_follower(Visit visit);

    void read_message(const source_message& message);
    void read_text(std::string_view text);
    void read_seccomp(const audit_record& header);
    bool take_bracket(const logged_call& record, std::uint32_t serial);
    void route(const logged_call& record, const audit_record& header);
    const subscriber_list& candidates_for(const logged_call& record);
    void add_candidates(const subscriber_list* more);
    void add_candidate(subscriber& who);
    void clear_candidates() noexcept;
    void touch(subscriber& who);
    void note_session(std::uint64_t session);
    bool saw_strays(const subscriber& who) const;

    void leave_index(subscriber& who);
    void forget_what_nobody_asks();
    void take_event(const process_event& event);
    void forget_what_events_were_to_come() noexcept;
    const subscriber* take_owner(pid_t pid);
    void add_container_candidates(newborn_process& newborn);
    void index_changes(subscriber& who, pid_t pid);
    void index(subscriber& who, pid_t pid);
    void index_all_of(subscriber& who);
    void index_everybody();
    void forget_dead();

    subscriber_list subscribers_;
    // Those that want every record.
    subscriber_list everything_;
    subscriber_list touched_;
    serial_history serials_;
    logged_call_reader call_reader_;
    std::optional<std::chrono::nanoseconds> clock_offset_;
    std::unordered_map<std::int64_t, subscriber*> brackets_;

    std::unordered_map<pid_t, subscriber_list> by_pid_;
    std::unordered_map<std::uint64_t, subscriber_list> by_session_;
    std::unordered_map<std::uint64_t, subscriber_list> by_container_;
    subscriber_list listing_;

    // Those for the last record or event; valid for the next record if it is of the same process.
    subscriber_list candidates_;
    bool candidates_are_valid_ = false;
    std::optional<std::int32_t> candidate_pid_;
    std::optional<std::uint64_t> candidate_session_;

    // When each session was last seen, counted in records; the newest one is in the map when another one
    // comes.
    std::uint64_t records_ = 0;
    std::uint64_t newest_session_ = 0;
    std::uint64_t newest_session_seen_ = 0;
    std::unordered_map<std::uint64_t, std::uint64_t> sessions_;
    std::uint64_t sessions_forgotten_ = 0;

    ending_memory endings_;
    std::unordered_set<pid_t> own_children_;
    std::unordered_map<pid_t, const subscriber*> made_for_;
    process_tree::time last_forgetting_{};
};

} // namespace sctrace::detail

#endif
