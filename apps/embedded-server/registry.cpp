#include "registry.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

namespace embedded_server {

namespace asio = boost::asio;

namespace {

/// The number that a file's name begins with; 0 without one.
std::uint64_t leading_number(const std::string& name)
{
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

/// Traces of an earlier run of the server stay as they are.
std::uint64_t first_free_id(const std::string& directory)
{
    std::uint64_t last = 0;
    if (!directory.empty()) {
        for (const auto& entry : std::filesystem::directory_iterator(directory)) {
            last = std::max(last, leading_number(entry.path().filename()));
        }
    }
    return last + 1;
}

} // namespace

registry::registry(sctrace::hub& hub, setting given)
    : hub_(hub)
    , given_(std::move(given))
    , next_id_(first_free_id(given_.directory))
{
}

bool registry::is_full() const noexcept
{
    const auto running = std::count_if(recordings_.begin(), recordings_.end(),
                                       [](const auto& each) { return !each->is_over(); });
    return static_cast<std::size_t>(running) >= given_.most;
}

std::shared_ptr<recording> registry::add(recording_request wanted)
{
    auto added = std::make_shared<recording>(hub_, setting_of(std::move(wanted)), totals_);
    recordings_.push_back(added);
    added->start();
    return added;
}

recording::setting registry::setting_of(recording_request wanted)
{
    recording::setting to;
    to.id = std::to_string(next_id_++);
    to.wanted = std::move(wanted);
    if (!given_.directory.empty()) {
        to.trace_path = given_.directory + '/' + to.id + ".ndjson";
        to.report_path = given_.directory + '/' + to.id + ".report.json";
    }
    to.say = [say = given_.say, id = to.id](std::string_view text) {
        say("recording " + id + ": " + std::string(text));
    };
    to.on_ended = [this] { forget_first_ended(); };
    return to;
}

void registry::remove(const recording& which)
{
    std::erase_if(recordings_, [&](const auto& each) { return each.get() == &which; });
}

/// Those that never started are left to the request that asked for them.
void registry::forget_first_ended()
{
    std::vector<const recording*> kept;
    for (const auto& each : recordings_) {
        if (each->is_over() && each->has_started()) {
            kept.push_back(each.get());
        }
    }
    if (kept.size() > given_.most) {
        remove(**std::min_element(kept.begin(), kept.end(), [](const recording* a, const recording* b) {
            return a->when_over() < b->when_over();
        }));
    }
}

std::shared_ptr<recording> registry::find(std::string_view id) const noexcept
{
    const auto found = std::find_if(recordings_.begin(), recordings_.end(),
                                    [&](const auto& each) { return each->id() == id; });
    return found == recordings_.end() ? nullptr : *found;
}

asio::awaitable<void> registry::stop_all()
{
    const auto stopped = recordings_;
    for (const auto& each : stopped) {
        each->stop();
    }
    for (const auto& each : stopped) {
        co_await each->wait_until_ended();
    }
}

} // namespace embedded_server
