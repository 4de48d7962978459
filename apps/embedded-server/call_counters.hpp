#ifndef EMBEDDED_SERVER_CALL_COUNTERS_HPP
#define EMBEDDED_SERVER_CALL_COUNTERS_HPP

#include <sctrace/architecture.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/trace.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace embedded_server {

/// Calls of all recordings by architecture, name and action, for Prometheus.
/**
 * Only known names become labels: a program may call any of 2^32 numbers, and each label lives as long as the
 * server.
 */
class call_counters {
public:
    struct labels {
        std::string arch;
        std::string syscall;
        std::string action;

        friend auto operator<=>(const labels&, const labels&) = default;
    };

    void add(const sctrace::seccomp_record& record);
    /// Adds calls of which only the number is known, because their records did not come through the live
    /// feed.
    void add_unseen(sctrace::syscall_key call, std::uint64_t count);

    const std::map<labels, std::uint64_t>& all() const noexcept { return counts_; }

private:
    struct key {
        sctrace::syscall_key call;
        std::uint32_t action = 0;

        friend bool operator==(const key&, const key&) noexcept = default;
    };
    struct key_hash {
        std::size_t operator()(const key& k) const noexcept;
    };

    std::uint64_t& counter_of(const key& k, bool has_code);

    std::map<labels, std::uint64_t> counts_;
    // Points into counts_, for calls with a name and an action with a name.
    std::unordered_map<key, std::uint64_t*, key_hash> known_;
};

/// The call that a record is about; one without an architecture is the native one's.
sctrace::syscall_key call_of(const sctrace::seccomp_record& record);

} // namespace embedded_server

#endif
