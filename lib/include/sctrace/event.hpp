#ifndef SCTRACE_EVENT_HPP
#define SCTRACE_EVENT_HPP

#include <sctrace/seccomp_record.hpp>
#include <sctrace/syscall_key.hpp>

#include <cstddef>
#include <string>
#include <unordered_map>

namespace sctrace {

/// Writes SECCOMP records as JSON objects.
/**
 * The members are, in this order and each only if the record has its field: `time` (a string, the record's
 * own digits), `serial`, `auid`, `uid`, `gid`, `ses`, `subj`, `pid`, `comm`, `exe`, `sig`, `arch` (an
 * architecture's name or `0x…`), `syscall`, `name`, `compat`, `ip` and `code` (strings, hexadecimal with 0x)
 * and `action` (a name of seccomp_action_name(), or `0x…`). `syscall` and `name` are always there; `name` is
 * null where the number has no known name, and in a record without an architecture.
 *
 * `comm`, `exe` and `subj` are text without the log's escapes. Bytes that are not UTF-8 become U+FFFD, and
 * then `comm_hex` or `exe_hex`, right after the member, has all bytes of the string in upper-case
 * hexadecimal digits. Such a word as `(null)` for `exe` counts as no field.
 *
 * Names of calls are looked up once and kept, in an amount of memory that has a limit.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class event_writer {
public:
    /// Appends one object to @p out, without a newline.
    /**
     * It is valid JSON in valid UTF-8 whatever bytes the record holds.
     *
     * @par Exception safety
     * Basic guarantee; throws std::bad_alloc, and @p out may then end with a part of an object.
     */
    void append(std::string& out, const seccomp_record& record);

private:
    struct call_hash {
        std::size_t operator()(const syscall_key& call) const noexcept;
    };

    void append_call(std::string& out, const seccomp_record& record);
    const std::string& members_of(const syscall_key& call);

    // The text `,"arch":…,"syscall":…,"name":…` by call.
    std::unordered_map<syscall_key, std::string, call_hash> calls_;
    std::string buffer_;
};

/// One record as one JSON object; see event_writer, which is faster for many records.
/**
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_seccomp_line(
 *     "type=SECCOMP msg=audit(1795497556.007:200135): arch=c000003e syscall=110");
 * std::cout << sctrace::to_event(*record) << '\n';
 * // {"time":"1795497556.007","serial":200135,"arch":"x86_64","syscall":110,"name":"getppid"}
 * @endcode
 */
std::string to_event(const seccomp_record& record);

} // namespace sctrace

#endif
