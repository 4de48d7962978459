#ifndef SCTRACE_EVENT_READER_HPP
#define SCTRACE_EVENT_READER_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/detail/numbered_lines.hpp>
#include <sctrace/error.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sctrace {

/// Records as event_writer writes them.
struct counted_events {
    /// Calls that were let through: action log or allow.
    trace permitted;
    /// Calls that were refused, or whose records do not say.
    trace denied;
};

/// What counts of one event.
struct event_line {
    /// The call.
    syscall_key call;
    /// How many records the event stands for: its `count`, or 1.
    std::uint64_t count = 1;
    /// Whether the action is log or allow.
    bool permitted = false;
};

/// Reads one event: `{"time":"1795497556.007",…,"arch":"x86_64","syscall":110,…,"action":"log"}`.
/**
 * `syscall` is an integer of 64 bits, `arch` the name of an architecture or its number as `0x…`, `action` a
 * string, and `count` an integer from 1 to 2^64 - 1, which events of an event_folder have. None of them may
 * be there twice, and none is needed but `syscall`. All other members are ignored, but must be JSON in UTF-8.
 *
 * @param line The line without its newline.
 * @param native The architecture of a record without `arch`.
 * @par Errors
 * @li error::malformed_event - with a message that says what is wrong and names the member
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto native = sctrace::architecture::native();
 * const auto event = sctrace::parse_event_line(R"({"syscall":110,"action":"log","count":3})", native);
 * std::cout << event->call.number << ' ' << event->count << '\n'; // 110 3
 * @endcode
 */
boost::system::result<event_line, failure> parse_event_line(std::string_view line, architecture native);

/// Counts the events of a file from its bytes, in pieces of any size.
/**
 * All messages begin with `line N: `. After an error the reader must get no further bytes.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 * @par Exception safety
 * Basic guarantee for all functions that are not noexcept; they throw std::bad_alloc.
 */
class event_reader {
public:
    /// The longest line, without its newline, in bytes.
    /**
     * More than an event_writer makes of a record: a line of a log has at most 64 KiB, and no byte of it
     * becomes more than six (`\u0007`).
     */
    static constexpr std::size_t max_line = std::size_t{512} * 1024;

    /// @p native is the architecture of records without `arch`.
    explicit event_reader(architecture native) noexcept;

    /// Takes the next bytes of the file.
    /**
     * @par Errors
     * @li error::malformed_event - a line is malformed (see parse_event_line()) or longer than max_line, or
     *     the sum of all counts has more than 64 bits
     * @li error::too_many_syscalls - more than trace::max_distinct different calls
     */
    boost::system::result<void, failure> feed(std::string_view bytes);

    /// The file has ended; its last line may lack the newline.
    /**
     * @par Errors
     * As feed().
     */
    boost::system::result<void, failure> finish();

    /// What was read so far; the reader then holds no counts.
    counted_events take();

    /// The number of the last line that was read, good or bad, counted from 1; 0 before the first.
    std::uint64_t line() const noexcept { return lines_.number(); }

private:
    boost::system::result<void, failure> read_line(std::string_view line);
    boost::system::result<void, failure> add(const event_line& event);

    architecture native_;
    counted_events counts_;
    detail::numbered_lines lines_;
};

} // namespace sctrace

#endif
