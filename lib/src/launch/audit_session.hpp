#ifndef SCTRACE_SRC_LAUNCH_AUDIT_SESSION_HPP
#define SCTRACE_SRC_LAUNCH_AUDIT_SESSION_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace sctrace::detail {

/// What a child does to take an audit session of its own, prepared by its parent, and what came of it.
struct audit_session {
    // What the kernel prints for a 32-bit number, and room to spare.
    std::array<char, 16> login_uid{};
    std::size_t login_uid_size = 0;
    std::array<char, 16> id{};
    /// The errno that keeps the child from a session, or 0.
    int error = 0;
};

/// Reads the caller's login uid, in place of which @p if_unset is written when there is none.
audit_session prepare_session(uid_t if_unset) noexcept;

/// The child's part: nothing but system calls, and no instrumentation, as it may run in the caller's memory.
void take_session(audit_session& session) noexcept;

/// The session that the child took.
std::optional<std::uint32_t> id_of(const audit_session& session) noexcept;

} // namespace sctrace::detail

#endif
