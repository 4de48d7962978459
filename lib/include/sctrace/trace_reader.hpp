#ifndef SCTRACE_TRACE_READER_HPP
#define SCTRACE_TRACE_READER_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/detail/numbered_lines.hpp>
#include <sctrace/error.hpp>
#include <sctrace/trace.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sctrace {

/// Reads one line of a trace file: `{"syscall":0,"name":"read","count":42}`.
/**
 * The members may be in any order, with JSON's spaces between the tokens, but no member twice, none that
 * is missing but `arch`, and no other one. `syscall` is an integer of 64 bits, `name` a string without
 * control characters or null, `count` an integer from 1 to 2^64 - 1, and `arch` the name of an architecture
 * or its number as `0x…`.
 *
 * `name` decides nothing and may contradict the number: it is there for people, and the program that wrote
 * the file may have known fewer names. trace_reader::contradiction() has a name that is another number's.
 *
 * @param line The line without its newline.
 * @param native The architecture of a line without `arch`.
 * @return The call and its count. An x86_64 call whose number has bit 30 is one of x32, as in
 *     architecture::of_call().
 * @par Errors
 * @li error::malformed_trace - with a message that says what is wrong and names the member
 * @par Thread Safety
 * Safe.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc.
 */
boost::system::result<trace::line, failure> parse_trace_line(std::string_view line, architecture native);

/// Reads a trace file from its bytes, in pieces of any size.
/**
 * All messages begin with `line N: `. After an error the reader must get no further bytes.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 * @par Exception safety
 * Basic guarantee for all functions that are not noexcept; they throw std::bad_alloc.
 *
 * @par Example
 * @code
 * sctrace::trace_reader reader(sctrace::architecture::native());
 * static_cast<void>(reader.feed("{\"syscall\":0,\"name\":null,\"count\":42}\n{\"sysc"));
 * const auto fed = reader.feed("all\":1,\"name\":null,\"count\":0}\n");
 * std::cout << (fed.error().code == sctrace::condition::invalid_input) << '\n'; // 1
 * std::cout << reader.take().total() << '\n'; // 42
 * @endcode
 */
class trace_reader {
public:
    /// The longest line, without its newline, in bytes.
    static constexpr std::size_t max_line = 65536;

    /// @p native is the architecture of lines without `arch`.
    explicit trace_reader(architecture native) noexcept;

    /// Takes the next bytes of the file.
    /**
     * @par Errors
     * @li error::malformed_trace - a line is malformed (see parse_trace_line()) or longer than max_line, a
     *     call is there twice, or the sum of all counts has more than 64 bits
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
    trace take();

    /// The first line whose name is that of another number on the line's architecture, if there is one.
    /**
     * It is a sign that the trace was recorded on another architecture than the one that it is read for:
     * its numbers would be taken for other calls. The code is error::other_architecture.
     */
    const std::optional<failure>& contradiction() const noexcept { return contradiction_; }

    /// The number of the last line that was read, good or bad, counted from 1; 0 before the first.
    std::uint64_t line() const noexcept { return lines_.number(); }

private:
    boost::system::result<void, failure> read_line(std::string_view line);
    boost::system::result<void, failure> add(const trace::line& l);
    void note_contradiction(const syscall_key& call, std::string_view name, bool has_arch);

    architecture native_;
    trace counts_;
    detail::numbered_lines lines_;
    std::optional<failure> contradiction_;
};

} // namespace sctrace

#endif
