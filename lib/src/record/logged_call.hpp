#ifndef SCTRACE_SRC_LOGGED_CALL_HPP
#define SCTRACE_SRC_LOGGED_CALL_HPP

#include <sctrace/audit_record.hpp>

#include <boost/system/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sctrace::detail {

/// The fields of a SECCOMP record that counting needs.
struct logged_call {
    std::optional<std::int32_t> pid;
    std::optional<std::uint64_t> ses;
    std::optional<std::uint32_t> arch;
    std::int64_t syscall = 0;
    /// Whether the record does not show that the call was let through: its action is neither log nor allow.
    bool refused = false;
};

/// Reads what parse_seccomp_record() reads into fields of the same names, in less time.
/**
 * A body in the exact order of kernels since 3.16 (kernel/auditsc.c, audit_log_task and audit_seccomp) takes
 * a short way; any other one goes through parse_seccomp_record(), so that both always agree.
 *
 * A thread's records differ in what stands behind `syscall=` only, and comparing the rest with what was
 * parsed before takes a fraction of the time of parsing it again.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class logged_call_reader {
public:
    boost::system::result<logged_call> read(const audit_record& record) noexcept;

private:
    // More threads than that at once make the records of each rarer than those of others in between.
    static constexpr std::size_t max_beginnings = 4;
    static constexpr std::size_t max_length = 480;

    struct beginning {
        std::array<char, max_length> text;
        std::size_t length = 0;
        logged_call call;
        bool labelled = false;

        std::string_view view() const noexcept { return {text.data(), length}; }
    };

    bool is_worth_a_look() const noexcept;
    const beginning* find(std::string_view body) noexcept;
    void remember(std::string_view text, const logged_call& call, bool labelled) noexcept;

    std::array<beginning, max_beginnings> known_{};
    std::size_t newest_ = 0;
    std::size_t oldest_ = 0;
    unsigned misses_ = 0;
};

} // namespace sctrace::detail

#endif
