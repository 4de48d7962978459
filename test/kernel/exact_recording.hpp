#ifndef SCTRACE_TEST_KERNEL_EXACT_RECORDING_HPP
#define SCTRACE_TEST_KERNEL_EXACT_RECORDING_HPP

#include "kernel/kernel_recording.hpp"

#include <sctrace/syscall_names.hpp>

#include <initializer_list>
#include <string_view>

namespace sctrace::test {

/// A recording from the audit socket, which must lose nothing unless it is made to.
struct exact_recording : kernel_recording {
    exact_recording() { options.source = source_kind::audit; }

    std::uint64_t count_of(std::string_view name) const
    {
        return count(syscall_number(architecture::native(), name).value());
    }

    std::uint64_t sum_of(std::initializer_list<std::string_view> names) const
    {
        std::uint64_t sum = 0;
        for (const std::string_view name : names) {
            sum += count_of(name);
        }
        return sum;
    }

    /// How many processes were made; of programs without threads.
    std::uint64_t processes_made() const { return sum_of({"fork", "vfork", "clone", "clone3"}); }

    void check_complete() const
    {
        BOOST_TEST(report.loss.serial_gaps == 0U);
        BOOST_TEST(report.loss.netlink_overruns == 0U);
        BOOST_TEST((report.judged.what == verdict::complete), why());
    }
};

} // namespace sctrace::test

#endif
