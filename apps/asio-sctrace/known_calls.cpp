#include "known_calls.hpp"

#include "call_files.hpp"
#include "usage.hpp"

#include <sctrace/call_counts.hpp>

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <variant>

namespace asio_sctrace {

namespace {

/// A call that was refused is one to record; the number of records of such calls.
std::uint64_t take_refused_out(sctrace::saved_calls& loaded)
{
    auto* const events = std::get_if<sctrace::counted_events>(&loaded.contents);
    return events == nullptr ? 0 : std::exchange(events->denied, {}).total();
}

/// A profile for other machines names calls that this one does not run.
void check_architecture(const sctrace::trace& known, sctrace::architecture native, const std::string& path)
{
    const auto lines = known.sorted(native);
    if (!lines.empty() && lines.front().call.arch != native) {
        throw std::runtime_error(path + ": has calls of " + lines.front().call.arch.display_name() +
                                 " but none of this machine's architecture, " + native.display_name());
    }
}

} // namespace

known_calls::known_calls(std::string path, sctrace::architecture native, bool quiet)
    : path_(std::move(path))
    , native_(native)
{
    sctrace::saved_calls_options reading;
    reading.native = native;
    sctrace::saved_calls loaded = load_calls(path_, reading, quiet);
    const std::uint64_t refused = take_refused_out(loaded);
    auto counted = sctrace::count_calls(loaded, native);
    if (!counted) {
        throw std::runtime_error(path_ + ": " + counted.error().message);
    }
    known_ = std::move(counted->counts);
    check_architecture(known_, native, path_);
    if (refused != 0) {
        counted->notes.push_back(
            std::to_string(refused) +
            " records do not show that the call was let through: these calls do not count "
            "as known");
    }
    if (!quiet) {
        for (const std::string& note : counted->notes) {
            say(path_ + ": " + note);
        }
    }
    if (known_.empty() && !quiet) {
        say(path_ + ": names no call, so that every call is recorded");
    }
}

std::vector<sctrace::syscall_key> known_calls::calls() const
{
    std::vector<sctrace::syscall_key> calls;
    for (const auto& line : known_.sorted(native_)) {
        calls.push_back(line.call);
    }
    return calls;
}

sctrace::trace known_calls::new_in(const sctrace::trace& counts) const
{
    sctrace::trace fresh;
    for (const auto& line : counts.sorted(native_)) {
        if (known_.count(line.call) == 0) {
            fresh.add(line.call, line.count);
        }
    }
    return fresh;
}

std::string known_calls::summary(const sctrace::trace& counts) const
{
    const sctrace::trace fresh = new_in(counts);
    if (fresh.empty()) {
        return "nothing new: no call that " + path_ + " lacks";
    }
    const auto amount = [](std::uint64_t count, const std::string& what) {
        return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
    };
    return "new, not in " + path_ + ": " + amount(fresh.total(), "call") + " of " +
           amount(fresh.size(), "syscall");
}

boost::system::result<void, sctrace::failure> known_calls::write_merged(const sctrace::trace& counts,
                                                                        const sctrace::trace_file& to) const
{
    sctrace::trace sum = known_;
    if (auto added = sum.merge(counts); !added) {
        return added;
    }
    return to.write(sctrace::to_ndjson(sum, native_), sctrace::trace_file::durability::final);
}

} // namespace asio_sctrace
