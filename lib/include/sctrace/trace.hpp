#ifndef SCTRACE_TRACE_HPP
#define SCTRACE_TRACE_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/syscall_key.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sctrace {

/// How often each system call was seen, per architecture and number.
/**
 * Adding a call that was seen before allocates nothing. The kernel knows some hundred calls, but logs any
 * number that a program comes up with: so that no program can fill the memory of the one that counts, there
 * is a limit to the different ones, and calls beyond it are only summed up.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe; `basic_aggregator` protects one with a strand.
 *
 * @par Example
 * @code
 * const auto x86_64 = sctrace::architecture::from_name("x86_64").value();
 * sctrace::trace counts;
 * counts.add({x86_64, 0}, 42);
 * counts.add({x86_64, 0});
 * std::cout << sctrace::to_ndjson(counts, x86_64);
 * // {"syscall":0,"name":"read","count":43}
 * @endcode
 */
class trace {
public:
    /// One distinct system call.
    struct line {
        /// The call.
        syscall_key call;
        /// How often it was seen.
        std::uint64_t count = 0;
    };

    /// How many different calls are told apart.
    static constexpr std::size_t max_distinct = 16384;

    /// No calls.
    trace() = default;
    /// Copies the counts.
    trace(const trace&) = default;
    /// Copies the counts.
    trace& operator=(const trace&) = default;
    /// A trace that was moved from is empty.
    trace(trace&& other) noexcept;
    /// A trace that was moved from is empty.
    trace& operator=(trace&& other) noexcept;
    ~trace() = default;

    /// Counts a call; a count of zero changes nothing.
    /**
     * The sums are not checked, because no recording reaches 2^64 calls: a caller that adds counts from
     * elsewhere makes sure before that they, total() and left_out() together have no more than 64 bits.
     *
     * @par Exception safety
     * Basic guarantee; throws std::bad_alloc.
     */
    void add(syscall_key call, std::uint64_t count = 1);

    /// Adds all counts of another trace; calls beyond max_distinct are left out as in add().
    /**
     * @par Errors
     * error::count_overflow - all calls of both, also those that were left out, are more than 2^64 - 1
     * @par Exception safety
     * Strong guarantee, also after an error; throws std::bad_alloc.
     */
    boost::system::result<void, failure> merge(const trace& other);

    /// Forgets all counts, and frees nothing.
    void clear() noexcept;

    /// Whether no call was counted.
    bool empty() const noexcept { return distinct_ == 0; }
    /// The number of distinct system calls.
    std::size_t size() const noexcept { return distinct_; }
    /// The sum of all counts.
    std::uint64_t total() const noexcept { return total_; }
    /// How often a call was seen.
    std::uint64_t count(syscall_key call) const noexcept;
    /// Calls that were not counted because max_distinct others had been seen before.
    std::uint64_t left_out() const noexcept { return left_out_; }

    /// The lines in the order of the trace file: native calls first, then the foreign architectures by
    /// name bytewise, ascending numbers within each.
    std::vector<line> sorted(architecture native) const;

private:
    std::size_t slot_of(syscall_key call) const noexcept;
    void grow();

    // Open addressing with linear probing; the size is a power of two, a count of zero marks a free slot.
    std::vector<line> slots_;
    std::size_t distinct_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t left_out_ = 0;
};

/// What to say about a trace that left calls out.
failure too_many_syscalls(const trace& counts);

/// The trace file's text: one JSON object per line, `{"syscall":0,"name":"read","count":42}`.
/**
 * A line of an architecture other than @p native carries `"arch":"NAME"` at its end. A number without a
 * name has `"name":null`.
 */
std::string to_ndjson(const trace& counts, architecture native);

} // namespace sctrace

#endif
