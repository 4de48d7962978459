#ifndef ASIO_SCTRACE_KNOWN_CALLS_HPP
#define ASIO_SCTRACE_KNOWN_CALLS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/trace.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// What `record --known FILE` was given: calls that need no record any more.
class known_calls {
public:
    /// @throws std::runtime_error with what is wrong with the file, for a person.
    known_calls(std::string path, sctrace::architecture native, bool quiet);

    /// The calls, for the recorder.
    std::vector<sctrace::syscall_key> calls() const;

    /// The part of a trace that is not known.
    /** Calls that install filters are recorded although they are known. */
    sctrace::trace new_in(const sctrace::trace& counts) const;

    /// One line that says how many of a recording's calls are new.
    std::string summary(const sctrace::trace& counts) const;

    /// Writes the sum of what was known and what was recorded.
    boost::system::result<void, sctrace::failure> write_merged(const sctrace::trace& counts,
                                                               const sctrace::trace_file& to) const;

private:
    std::string path_;
    sctrace::architecture native_;
    sctrace::trace known_;
};

} // namespace asio_sctrace

#endif
