#include <sctrace/record_filter.hpp>

#include <algorithm>
#include <array>

namespace sctrace {

namespace {

constexpr std::size_t longest_comm = 15;

template <class Values, class Value>
bool is_one_of(const Values& wanted, const Value& value) noexcept
{
    return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

/// What of a wanted string can stand in a record.
std::string_view cut_to(std::string_view wanted, std::size_t longest) noexcept
{
    return wanted.substr(0, longest);
}

bool has_text(const std::vector<std::string>& wanted, std::size_t longest, std::string_view text) noexcept
{
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& w) { return cut_to(w, longest) == text; });
}

/// Decodes without allocating unless the string is unusually long.
bool has_string(const std::vector<std::string>& wanted, std::size_t longest, const untrusted_string& value)
{
    if (wanted.empty()) {
        return true;
    }
    if (!value.present()) {
        return false;
    }
    std::array<char, 1024> buffer;
    if (value.raw.size() <= buffer.size()) {
        return has_text(wanted, longest, decode(value, buffer));
    }
    return has_text(wanted, longest, decoded(value));
}

} // namespace

bool record_filter::selects_all() const noexcept
{
    return pids.empty() && !session && archs.empty() && !needs_names() && !needs_time();
}

bool record_filter::selects(const seccomp_record& record, architecture native) const
{
    const auto arch = architecture::of_call(record.arch.value_or(native.audit_arch()), record.syscall);
    return selects(record.pid, record.ses, arch, record.time) &&
           has_string(comms, longest_comm, record.comm) &&
           has_string(exes, std::string_view::npos, record.exe);
}

bool record_filter::selects(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                            architecture call_arch, std::string_view time) const noexcept
{
    if (!pids.empty() && !(pid && is_one_of(pids, *pid))) {
        return false;
    }
    if (session && ses != std::uint64_t{*session}) {
        return false;
    }
    if (!archs.empty() && !is_one_of(archs, call_arch)) {
        return false;
    }
    if (!needs_time()) {
        return true;
    }
    const auto when = parse_record_time(time);
    return when && (!since || *when >= *since) && (!until || *when < *until);
}

} // namespace sctrace
