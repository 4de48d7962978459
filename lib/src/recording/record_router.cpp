#include "recording/record_router.hpp"

#include "record/live_message.hpp"
#include "verdict/shared_accounts.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/error.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/seccomp_record.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

namespace sctrace::detail {

namespace {

constexpr auto config_change = static_cast<audit_type>(1305);
constexpr std::uint64_t unset_session = 4294967295;
// So many sessions at once are beyond any host; what is forgotten counts as seen.
constexpr std::size_t max_sessions = 65536;
constexpr std::chrono::seconds forgetting_interval{10};
constexpr std::chrono::milliseconds clock_tolerance{5};

/// Records that follow another one with the same serial on kernels with several security modules
/// (AUDIT_MAC_TASK_CONTEXTS and AUDIT_MAC_OBJ_CONTEXTS): they do not show that the main record has come.
bool is_companion(audit_type type) noexcept
{
    return type == static_cast<audit_type>(1425) || type == static_cast<audit_type>(1426);
}

template <class Map>
const typename Map::mapped_type* find_in(const Map& map, typename Map::key_type key)
{
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

template <class Map>
void erase_everywhere(Map& map, subscriber* who)
{
    for (auto entry = map.begin(); entry != map.end();) {
        std::erase(entry->second, who);
        entry = entry->second.empty() ? map.erase(entry) : std::next(entry);
    }
}

} // namespace

template <class Visit>
void record_router::each_follower(Visit visit)
{
    for (subscriber* const who : subscribers_) {
        if (who->follower()) {
            visit(*who->follower());
        }
    }
}

void record_router::add(subscriber& who)
{
    shared_accounts::share(who.ledger(), serials_);
    if (who.wants_everything()) {
        who.ledger().open_window(static_cast<std::uint32_t>(serials_.next()));
    }
    who.notes() = {};
    who.notes().joined_at_record = records_;
    subscribers_.push_back(&who);
    refresh(who);
}

void record_router::remove(subscriber& who)
{
    if (std::erase(subscribers_, &who) == 0) {
        return;
    }
    if (saw_strays(who)) {
        who.reader().note_outside_session();
    }
    shared_accounts::keep(who.ledger());
    std::erase(touched_, &who);
    leave_index(who);
    std::erase_if(brackets_, [&](const auto& expected) { return expected.second == &who; });
    std::erase_if(made_for_, [&](const auto& made) { return made.second == &who; });
    clear_candidates();
    forget_what_nobody_asks();
}

void record_router::leave_index(subscriber& who)
{
    std::erase(everything_, &who);
    std::erase(listing_, &who);
    erase_everywhere(by_pid_, &who);
    erase_everywhere(by_session_, &who);
    erase_everywhere(by_container_, &who);
}

/// Nothing is remembered while nobody looks: the counter may go around meanwhile.
void record_router::forget_what_nobody_asks()
{
    if (subscribers_.empty()) {
        serials_ = serial_history();
        forget_what_events_were_to_come();
        sessions_.clear();
        clock_offset_.reset();
        return;
    }
    std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t first_record = records_;
    for (subscriber* const s : subscribers_) {
        oldest = std::min(oldest, shared_accounts::window_begin(s->ledger()));
        first_record = std::min(first_record, s->notes().joined_at_record);
    }
    std::erase_if(sessions_, [&](const auto& session) { return session.second <= first_record; });
    serials_.forget_before(oldest);
}

void record_router::refresh(subscriber& who)
{
    clear_candidates();
    leave_index(who);
    if (who.wants_everything()) {
        everything_.push_back(&who);
    }
    if (const auto session = who.whose().session()) {
        by_session_[*session].push_back(&who);
    }
    if (who.follower()) {
        shared_accounts::share(who.follower()->tree(), endings_);
        for (const std::uint64_t id : who.follower()->containers()) {
            by_container_[id].push_back(&who);
        }
        if (who.follower()->is_listing()) {
            listing_.push_back(&who);
        }
    }
    index_all_of(who);
}

void record_router::expect_bracket(subscriber& who, std::int64_t number, bracket_role role)
{
    brackets_[number] = &who;
    who.reader().expect_bracket(number, role);
}

void record_router::set_clock_offset(std::chrono::nanoseconds offset)
{
    if (clock_offset_ && std::chrono::abs(offset - *clock_offset_) > clock_tolerance) {
        each_follower([](process_follower& f) { f.take_clock_step(); });
    }
    clock_offset_ = offset;
}

void record_router::read(const record_batch& batch)
{
    for (subscriber* const who : touched_) {
        who->notes().is_touched = false;
    }
    touched_.clear();
    for (subscriber* const who : everything_) {
        touch(*who);
    }
    if (batch.losses().any()) {
        for (subscriber* const who : subscribers_) {
            who->reader().take_losses(batch.losses());
        }
    }
    for (const source_message& message : batch.messages()) {
        read_message(message);
    }
}

void record_router::read_message(const source_message& message)
{
    const auto header = parse_live_message(message);
    if (!header) {
        read_text(message.text);
        return;
    }
    if (!is_companion(header->type)) {
        serials_.see(header->serial);
    }
    if (header->type == audit_type::seccomp || header->type == audit_type::anom_abend) {
        read_seccomp(*header);
    } else if (header->type == config_change) {
        for (subscriber* const who : subscribers_) {
            who->reader().take_setting(*header);
        }
    }
}

void record_router::read_text(std::string_view text)
{
    if (const auto notice = parse_loss_notice(text)) {
        for (subscriber* const who : subscribers_) {
            who->reader().take_notice(*notice);
        }
    } else if (looks_like_seccomp_record(text)) {
        for (subscriber* const who : subscribers_) {
            who->reader().take_unreadable();
        }
    }
}

void record_router::read_seccomp(const audit_record& header)
{
    const auto record = call_reader_.read(header);
    if (record) {
        if (!take_bracket(*record, header.serial)) {
            route(*record, header);
        }
    } else if (record.error() != error::not_a_seccomp_record) {
        const auto pid = parse_process_fields(header).pid;
        for (subscriber* const who : subscribers_) {
            who->reader().set_clock_offset(clock_offset_.value_or(std::chrono::nanoseconds{}));
            who->reader().take_uncountable(header, record.error() == error::truncated_record);
            if (pid) {
                index_changes(*who, *pid);
            }
        }
    }
}

bool record_router::take_bracket(const logged_call& record, std::uint32_t serial)
{
    if (!is_bracket_number(record.syscall)) {
        return false;
    }
    const auto expected = brackets_.find(record.syscall);
    if (expected == brackets_.end() || !expected->second->reader().take_bracket(record, serial)) {
        return false;
    }
    touch(*expected->second);
    expected->second->wake();
    return true;
}

void record_router::route(const logged_call& record, const audit_record& header)
{
    ++records_;
    const subscriber_list& candidates = candidates_for(record);
    bool is_taken = false;
    for (subscriber* const who : candidates) {
        who->reader().set_clock_offset(clock_offset_.value_or(std::chrono::nanoseconds{}));
        is_taken |= who->reader().take(record, header);
        touch(*who);
        if (record.pid) {
            index_changes(*who, *record.pid);
        }
    }
    // Who is alone and has taken the record has no doubts about it.
    if (!is_taken || subscribers_.size() != 1) {
        note_session(record.ses.value_or(unset_session));
    }
}

const record_router::subscriber_list& record_router::candidates_for(const logged_call& record)
{
    if (candidates_are_valid_ && record.pid == candidate_pid_ && record.ses == candidate_session_) {
        return candidates_;
    }
    clear_candidates();
    add_candidates(&everything_);
    if (record.pid) {
        add_candidates(find_in(by_pid_, *record.pid));
    } else {
        add_candidates(&subscribers_);
    }
    if (record.ses) {
        add_candidates(find_in(by_session_, *record.ses));
    }
    candidates_are_valid_ = true;
    candidate_pid_ = record.pid;
    candidate_session_ = record.ses;
    return candidates_;
}

void record_router::add_candidates(const subscriber_list* more)
{
    if (more) {
        for (subscriber* const who : *more) {
            add_candidate(*who);
        }
    }
}

void record_router::add_candidate(subscriber& who)
{
    if (!who.notes().is_candidate) {
        candidates_.push_back(&who);
        who.notes().is_candidate = true;
    }
}

void record_router::clear_candidates() noexcept
{
    for (subscriber* const who : candidates_) {
        who->notes().is_candidate = false;
    }
    candidates_.clear();
    candidates_are_valid_ = false;
}

void record_router::touch(subscriber& who)
{
    if (!who.notes().is_touched) {
        touched_.push_back(&who);
        who.notes().is_touched = true;
    }
}

void record_router::note_session(std::uint64_t session)
{
    if (session != newest_session_) {
        sessions_[newest_session_] = newest_session_seen_;
        newest_session_ = session;
    }
    newest_session_seen_ = records_;
    if (sessions_.size() > max_sessions) {
        sessions_.clear();
        sessions_forgotten_ = records_;
    }
}

/// Whether there was a record that a descendant may have made which left the session.
bool record_router::saw_strays(const subscriber& who) const
{
    const std::uint64_t joined = who.notes().joined_at_record;
    const auto is_stray = [&](std::uint64_t session, std::uint64_t seen) {
        return seen > joined && session != who.whose().session() &&
               who.whose().may_have_left_session(session);
    };
    return sessions_forgotten_ > joined || is_stray(newest_session_, newest_session_seen_) ||
           std::any_of(sessions_.begin(), sessions_.end(),
                       [&](const auto& s) { return is_stray(s.first, s.second); });
}

void record_router::take(const process_event_batch& batch)
{
    for (const process_event& event : batch.events) {
        take_event(event);
    }
    if (batch.overruns != 0) {
        forget_what_events_were_to_come();
        const auto since = batch.events.empty() ? process_tree::time::max() : batch.events.front().time;
        each_follower([&](process_follower& f) { f.take_overruns(batch.overruns, since); });
        index_everybody();
    }
    forget_dead();
}

void record_router::take_event(const process_event& event)
{
    newborn_process newborn(event.process);
    clear_candidates();
    add_candidates(find_in(by_pid_, event.process));
    bool is_own_child = false;
    if (event.what == process_event::kind::exit) {
        endings_.saw_ending(event.process, event.time);
        is_own_child = own_children_.erase(event.process) != 0;
    } else {
        add_candidates(find_in(by_pid_, event.parent));
    }
    add_candidates(&listing_);
    if (event.begins_process() && !by_container_.empty()) {
        add_container_candidates(newborn);
    }
    const subscriber* const owner = event.begins_process() ? take_owner(event.process) : nullptr;
    for (subscriber* const who : candidates_) {
        if (who->follower() && is_own_child) {
            who->follower()->tree().apply(event);
        } else if (who->follower()) {
            who->follower()->take(event, newborn);
            for (const pid_t entrant : who->follower()->take_entrants()) {
                who->reader().listen_for(entrant);
            }
            if (owner && owner != who) {
                who->follower()->rule_out(event.process, event.time);
            }
            index_changes(*who, event.process);
        }
    }
    clear_candidates();
}

const subscriber* record_router::take_owner(pid_t pid)
{
    const auto found = made_for_.find(pid);
    if (found == made_for_.end()) {
        return nullptr;
    }
    const subscriber* const owner = found->second;
    made_for_.erase(found);
    return owner;
}

/// Where a newborn's namespace can't be read, nobody can tell whether it has entered a container.
void record_router::add_container_candidates(newborn_process& newborn)
{
    if (const auto id = newborn.pid_namespace()) {
        add_candidates(find_in(by_container_, *id));
        return;
    }
    for (const auto& [id, members] : by_container_) {
        add_candidates(&members);
    }
}

void record_router::index_changes(subscriber& who, pid_t pid)
{
    if (who.follower() && who.follower()->tree().changes() != who.notes().tree_changes) {
        who.notes().tree_changes = who.follower()->tree().changes();
        index(who, pid);
    }
}

void record_router::index(subscriber& who, pid_t pid)
{
    subscriber_list& list = by_pid_[pid];
    if (std::find(list.begin(), list.end(), &who) == list.end()) {
        list.push_back(&who);
    }
}

void record_router::index_all_of(subscriber& who)
{
    if (!who.follower()) {
        for (const pid_t pid : who.whose().pids()) {
            index(who, pid);
        }
        return;
    }
    who.notes().tree_changes = who.follower()->tree().changes();
    for (const pid_t pid : who.follower()->tree().numbers()) {
        index(who, pid);
    }
}

void record_router::index_everybody()
{
    clear_candidates();
    by_pid_.clear();
    for (subscriber* const who : subscribers_) {
        index_all_of(*who);
    }
}

void record_router::forget_dead()
{
    const auto now = monotonic_now();
    if (now - last_forgetting_ < forgetting_interval) {
        return;
    }
    last_forgetting_ = now;
    each_follower([now](process_follower& f) { f.forget_dead(now); });
    index_everybody();
}

void record_router::own_child_ended(pid_t pid)
{
    const auto follows = [](const subscriber* who) { return who->follower().has_value(); };
    if (std::any_of(subscribers_.begin(), subscribers_.end(), follows)) {
        own_children_.insert(pid);
    }
}

/// An event that was lost would be taken for that of the number's next owner.
void record_router::forget_what_events_were_to_come() noexcept
{
    own_children_.clear();
    made_for_.clear();
}

void record_router::fork_events_ended(const std::string& why)
{
    forget_what_events_were_to_come();
    for (subscriber* const who : subscribers_) {
        if (who->follower()) {
            who->ledger().cannot_prove(why);
        }
    }
}

void record_router::rule_out_for_others(const subscriber& whose, pid_t pid, process_tree::time when)
{
    bool matters = false;
    for (subscriber* const who : subscribers_) {
        if (who != &whose && who->follower()) {
            who->follower()->rule_out(pid, when);
            matters = true;
        }
    }
    if (matters) {
        made_for_[pid] = &whose;
    }
}

} // namespace sctrace::detail
