#include <sctrace/event_folder.hpp>

#include <iterator>
#include <utility>

namespace sctrace {

namespace {

void append_counted_object(std::string& out, std::string_view object, std::uint64_t count)
{
    object.remove_suffix(1);
    out += object;
    out += ",\"count\":";
    out += std::to_string(count);
    out += '}';
}

} // namespace

event_folder::event_folder(count_form form, duration interval, std::size_t most_events)
    : form_(form)
    , interval_(interval)
    , most_events_(most_events)
{
}

void event_folder::add(const seccomp_record& event, std::string_view line, time_point now, std::string& out)
{
    advance(now, out);
    std::string key = key_of(event);
    if (const auto known = known_.find(key); known != known_.end()) {
        known->second->last = line;
        ++known->second->held_back;
        return;
    }
    if (entries_.size() >= most_events_) {
        forget_oldest(out);
    }
    out += line;
    out += '\n';
    entries_.push_back({std::move(key), {}, 0, now});
    known_.emplace(entries_.back().key, std::prev(entries_.end()));
}

void event_folder::advance(time_point now, std::string& out)
{
    while (!entries_.empty() && now - entries_.front().shown >= interval_) {
        if (entries_.front().held_back != 0) {
            show_again(now, out);
        } else {
            forget_oldest(out);
        }
    }
}

void event_folder::finish(std::string& out)
{
    while (!entries_.empty()) {
        forget_oldest(out);
    }
}

std::optional<event_folder::time_point> event_folder::next_due() const noexcept
{
    return entries_.empty() ? std::nullopt : std::optional(entries_.front().shown + interval_);
}

/// What is left of an event without that in which repetitions differ.
std::string event_folder::key_of(const seccomp_record& event)
{
    seccomp_record same = event;
    same.time = {};
    same.serial.reset();
    same.ip.reset();
    std::string key;
    writer_.append(key, same);
    return key;
}

void event_folder::append_held_back(const entry& e, std::string& out) const
{
    if (e.held_back == 0) {
        return;
    }
    if (e.held_back == 1) {
        out += e.last;
    } else if (form_ == count_form::member) {
        append_counted_object(out, e.last, e.held_back);
    } else {
        out += e.last;
        out += " x";
        out += std::to_string(e.held_back);
    }
    out += '\n';
}

void event_folder::show_again(time_point now, std::string& out)
{
    entry& oldest = entries_.front();
    append_held_back(oldest, out);
    oldest.held_back = 0;
    oldest.shown = now;
    entries_.splice(entries_.end(), entries_, entries_.begin());
}

void event_folder::forget_oldest(std::string& out)
{
    append_held_back(entries_.front(), out);
    known_.erase(entries_.front().key);
    entries_.pop_front();
}

} // namespace sctrace
