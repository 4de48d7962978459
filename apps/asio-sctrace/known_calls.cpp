#include "known_calls.hpp"

#include "call_files.hpp"
#include "usage.hpp"

#include <sctrace/call_counts.hpp>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace asio_sctrace {

namespace {

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
    const auto counted = sctrace::count_calls(load_calls(path_, reading, quiet), native);
    if (!counted) {
        throw std::runtime_error(path_ + ": " + counted.error().message);
    }
    known_ = counted->counts;
    check_architecture(known_, native, path_);
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
