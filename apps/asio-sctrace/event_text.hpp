#ifndef ASIO_SCTRACE_EVENT_TEXT_HPP
#define ASIO_SCTRACE_EVENT_TEXT_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/trace.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace asio_sctrace {

/// Writes SECCOMP records as lines for people, in columns.
/**
 * Local time, process id, the thread's name, the call and the action; `?` for what the record lacks. A
 * terminal can be shown the line whatever bytes the record holds: but for printable ASCII they are `\xNN`.
 */
class event_text {
public:
    /// Calls of another architecture than @p native are shown with its name.
    explicit event_text(sctrace::architecture native) noexcept
        : native_(native)
    {
    }

    /// Appends one line to @p out, without a newline.
    void append(std::string& out, const sctrace::seccomp_record& record);

private:
    const std::string& call_of(const sctrace::seccomp_record& record);

    sctrace::architecture native_;
    std::map<std::pair<sctrace::architecture, std::int64_t>, std::string> calls_;
};

} // namespace asio_sctrace

#endif
