#include <sctrace/process_tree.hpp>

#include <algorithm>
#include <iterator>
#include <optional>

namespace sctrace {

namespace {

constexpr process_tree::time unknown_birth = process_tree::time::min();
constexpr long unknown_threads = -1;

/// The first of @p all that was born after @p when.
template <class Incarnations>
auto first_born_after(Incarnations& all, process_tree::time when)
{
    return std::upper_bound(all.begin(), all.end(), when,
                            [](process_tree::time t, const auto& i) { return t < i.born; });
}

} // namespace

void process_tree::add(pid_t pid, time seen)
{
    incarnation& found = at_or_new(pid, seen);
    if (found.whose != membership::ours) {
        found.whose = membership::ours;
        ++changes_;
    }
}

void process_tree::cannot_tell(pid_t pid, time seen)
{
    incarnation& found = at_or_new(pid, seen);
    if (found.whose == membership::foreign) {
        found.whose = membership::unclear;
        ++changes_;
    }
}

void process_tree::rule_out(pid_t pid, time seen)
{
    incarnation* const found = at(pid, seen);
    if (found && found->whose == membership::unclear) {
        found->whose = membership::foreign;
        ++changes_;
    }
}

process_tree::incarnation& process_tree::at_or_new(pid_t pid, time seen)
{
    incarnations& all = known_[pid];
    const auto later = first_born_after(all, seen);
    const bool has_previous = later != all.begin();
    if (has_previous && std::prev(later)->ended >= seen) {
        return *std::prev(later);
    }
    ++changes_;
    const time born = has_previous ? std::prev(later)->ended : unknown_birth;
    return *all.insert(later, incarnation{born, seen, membership::foreign, unknown_threads});
}

void process_tree::apply(const process_event& event)
{
    if (event.what == process_event::kind::exit) {
        end(event);
    } else if (event.thread == event.process) {
        begin(event);
    } else {
        add_thread(event);
    }
}

void process_tree::begin(const process_event& event)
{
    const membership whose = membership_of_child(event);
    const auto known = known_.find(event.process);
    if (known == known_.end()) {
        if (whose == membership::foreign) {
            return;
        }
        known_[event.process].push_back(
            {event.time, event.time, whose, 1, time::max(), last_foreign_ending(event.process)});
        ++changes_;
        return;
    }
    incarnation& last = known->second.back();
    if (event.time <= last.seen) {
        // It was taken in before the event of its birth came.
        last.other_ended = last.born != unknown_birth ? std::min(last.ended, event.time)
                                                      : last_foreign_ending(event.process);
        last.born = event.time;
        last.threads = 1;
        last.ended = time::max();
        last.whose = whose == membership::ours ? whose : last.whose;
    } else {
        known->second.push_back({event.time, event.time, whose});
    }
    ++changes_;
}

membership process_tree::membership_of_child(const process_event& event)
{
    if (expected_.erase(event.process) != 0) {
        return membership::ours;
    }
    if (!with_children_) {
        return membership::foreign;
    }
    const incarnation* const parent = at(event.parent, event.time);
    if (parent && parent->whose != membership::foreign) {
        return parent->whose;
    }
    return suspects_.contains(event.parent) ? membership::unclear : membership::foreign;
}

void process_tree::end(const process_event& event)
{
    const incarnation* const known = at(event.process, event.time);
    if (!shared_endings_ && (!known || known->born == unknown_birth)) {
        foreign_endings_.saw_ending(event.process, event.time);
    }
    remove_thread(event);
}

void process_tree::add_thread(const process_event& event)
{
    incarnation* const found = at(event.process, event.time);
    if (found && found->threads != unknown_threads) {
        ++found->threads;
    }
}

/// The kernel tells of an end after it made the number free: the number's next owner may be there already.
void process_tree::remove_thread(const process_event& event)
{
    const auto known = known_.find(event.process);
    if (known == known_.end()) {
        return;
    }
    const auto later = first_born_after(known->second, event.time);
    const auto oldest =
        std::find_if(known->second.begin(), later, [](const auto& i) { return i.threads > 0; });
    if (oldest != later && --oldest->threads == 0) {
        oldest->ended = event.time;
    }
}

process_tree::incarnation* process_tree::at(pid_t pid, time when)
{
    const auto known = known_.find(pid);
    if (known == known_.end()) {
        return nullptr;
    }
    const auto later = first_born_after(known->second, when);
    return later == known->second.begin() ? nullptr : &*std::prev(later);
}

process_tree::time process_tree::last_foreign_ending(pid_t pid) const
{
    return (shared_endings_ ? *shared_endings_ : foreign_endings_).last_ending(pid);
}

membership process_tree::whose(pid_t pid, time made) const
{
    const auto known = known_.find(pid);
    if (known == known_.end()) {
        return membership::foreign;
    }
    const incarnations& all = known->second;
    std::optional<membership> found;
    if (all.front().other_ended >= made) {
        found = membership::foreign;
    }
    for (auto i = all.begin(); i != all.end(); ++i) {
        const auto next = std::next(i);
        const bool was_succeeded = next != all.end() && next->born <= made;
        if (was_succeeded || i->ended < made) {
            continue;
        }
        // Nobody else can have made it then, however late the clock of the record was.
        const time latest = found ? made + record_lag : made + memory_of_others;
        if (i->born > latest) {
            break;
        }
        if (found && *found != i->whose) {
            return membership::unclear;
        }
        found = i->whose;
        if (i->born > made + record_lag) {
            break;
        }
    }
    return found.value_or(membership::foreign);
}

std::vector<pid_t> process_tree::living() const
{
    std::vector<pid_t> pids;
    for (const auto& [pid, all] : known_) {
        if (all.back().whose == membership::ours && all.back().ended == time::max()) {
            pids.push_back(pid);
        }
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

std::vector<pid_t> process_tree::numbers() const
{
    std::vector<pid_t> all;
    all.reserve(known_.size() + suspects_.size() + expected_.size());
    for (const auto& known : known_) {
        all.push_back(known.first);
    }
    all.insert(all.end(), suspects_.begin(), suspects_.end());
    all.insert(all.end(), expected_.begin(), expected_.end());
    return all;
}

void process_tree::forget_dead(time then)
{
    for (auto known = known_.begin(); known != known_.end();) {
        incarnations& all = known->second;
        for (std::size_t i = 0; i + 1 < all.size(); ++i) {
            all[i].ended = std::min(all[i].ended, all[i + 1].born);
        }
        time last_forgotten = unknown_birth;
        std::erase_if(all, [&](const incarnation& i) {
            const bool forgotten = i.ended < then;
            last_forgotten = forgotten ? std::max(last_forgotten, i.ended) : last_forgotten;
            return forgotten;
        });
        if (!all.empty()) {
            all.front().other_ended = std::max(all.front().other_ended, last_forgotten);
        }
        const bool only_foreign = std::all_of(
            all.begin(), all.end(), [](const incarnation& i) { return i.whose == membership::foreign; });
        known = only_foreign ? known_.erase(known) : std::next(known);
    }
    ++changes_;
}

void process_tree::events_were_lost(time since)
{
    for (auto& [pid, all] : known_) {
        for (incarnation& i : all) {
            i.threads = unknown_threads;
            i.ended = i.ended < since ? i.ended : time::max();
        }
    }
}

} // namespace sctrace
