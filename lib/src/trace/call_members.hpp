#ifndef SCTRACE_SRC_TRACE_CALL_MEMBERS_HPP
#define SCTRACE_SRC_TRACE_CALL_MEMBERS_HPP

#include <sctrace/error.hpp>
#include <sctrace/syscall_key.hpp>

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sctrace::detail {

enum class call_line_kind { trace, event };

/// What a line of a trace or an event tells of calls.
struct call_members {
    syscall_key call;
    std::uint64_t count = 1;
    bool has_arch = false;
    /// The name as it stands in the line of a trace; empty for null.
    std::string name;
    /// Whether the action of an event is log or allow.
    bool permitted = false;
};

/// Reads the JSON object of a line; @p native is the architecture of a call without `arch`.
boost::system::result<call_members, failure> read_call_members(std::string_view line, call_line_kind kind,
                                                               architecture native);

/// What to tell about more different calls than a trace tells apart.
std::string too_many_words();

/// The outcome of reading a file's last line, which lacks its newline: a failure says so if the line was cut.
boost::system::result<void, failure> note_if_cut(const boost::system::result<void, failure>& read,
                                                 std::string_view line);

} // namespace sctrace::detail

#endif
