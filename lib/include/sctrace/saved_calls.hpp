#ifndef SCTRACE_SAVED_CALLS_HPP
#define SCTRACE_SAVED_CALLS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/event_reader.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/profile_reader.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/result.hpp>

#include <string>
#include <variant>
#include <vector>

namespace sctrace {

/// Names of calls, in the order of their file and each once; every one is a call of some architecture.
struct call_names {
    /// The names.
    std::vector<std::string> names;
};

/// What a file of system calls holds.
struct saved_calls {
    /// By kind of file.
    std::variant<trace, profile, counted_events, call_names> contents;
    /// What was left out, for a person; each names the file, and the line where there is one.
    std::vector<std::string> notes;
};

/// How to read files of system calls.
struct saved_calls_options {
    /// The architecture of trace lines without `arch`, and of profiles that name none.
    architecture native = architecture::native();
    /// For profiles and for lists: what becomes of names that no architecture has, and of the like.
    strictness how = strictness::strict;
};

/// Reads a file of system calls of any kind: a trace (NDJSON), an OCI profile, events, or a list of names.
/**
 * The kind shows in the file's first line that is not blank. An object with a member that only an event has
 * (`time`, `action`, `pid` …) is an event, any other with one of a trace's line (`syscall`, `count` …) is
 * that, and any other `{` begins a profile. Everything else is a list: one name on each line, blank lines,
 * and comments from a `#` to the line's end. A file with nothing but blanks is an empty trace.
 *
 * Traces, events and lists are read in pieces: memory depends on the number of different calls, not on the
 * file. A profile has at most max_profile_size bytes.
 *
 * @param path A file, FIFO or device; `-` is standard input. The function blocks.
 *
 * @param options How to read it.
 * @par Errors
 * The message names the file and, for what is inside it, the line: `FILE: line N: …`.
 * @li errno of open(2) and read(2)
 * @li error::malformed_trace, error::malformed_profile, error::malformed_event, error::malformed_list
 * @li error::other_architecture - a line's name is that of another number: the trace is of another
 *     architecture than @p native
 * @li error::too_many_syscalls - more than trace::max_distinct different calls
 * @li error::unreadable_log - the file is compressed, UTF-16, binary or a file of the systemd journal
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto file = sctrace::trace_file::prepare("calls.txt");
 * file->write("# what it needs\nread\nwrite\n", sctrace::trace_file::durability::interim).value();
 * const auto calls = sctrace::read_saved_calls("calls.txt");
 * std::cout << std::get<sctrace::call_names>(calls->contents).names.size() << " names\n"; // 2 names
 * std::cout << sctrace::read_saved_calls("/no/such/file").error().message << '\n';
 * // cannot read /no/such/file: No such file or directory
 * @endcode
 */
boost::system::result<saved_calls, failure> read_saved_calls(const std::string& path,
                                                             const saved_calls_options& options = {});

} // namespace sctrace

#endif
