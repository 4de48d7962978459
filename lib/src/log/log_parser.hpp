#ifndef SCTRACE_SRC_LOG_PARSER_HPP
#define SCTRACE_SRC_LOG_PARSER_HPP

#include "record/logged_call.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/audit_record.hpp>
#include <sctrace/event.hpp>
#include <sctrace/log_time.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/record_filter.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/syscall_key.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// What tells copies of one record apart from other records: hashes of its stamp (time and serial) and of its
/// fields.
struct record_identity {
    /// Zero for a record without header.
    std::uint64_t stamp = 0;
    std::uint64_t body = 0;

    bool has_header() const noexcept { return stamp != 0; }
};

/// A wanted record of a saved log.
struct replayed_call {
    syscall_key call;
    record_identity identity;
    /// Where its event ends in parsed_part::events; it begins where that of the call before ends.
    std::size_t event_end = 0;
    /// See logged_call::refused.
    bool refused = false;
};

/// What a part of a saved log says.
struct parsed_part {
    std::vector<replayed_call> calls;
    std::string events;
    std::vector<loss_notice> notices;
    /// Stamps of wanted records that were cut before the system call's number.
    std::vector<std::uint64_t> cut;
    std::uint64_t malformed = 0;
    /// Records that ausearch has translated into names.
    std::uint64_t interpreted = 0;
    /// Records without a time, where times were asked for.
    std::uint64_t without_time = 0;
    std::optional<log_time> first;
    std::optional<log_time> last;

    void clear() noexcept;
};

/// Parses the messages of a batch from a saved log and picks the wanted records out of them.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class log_parser {
public:
    /// @p filter must outlive the parser.
    log_parser(architecture native, const record_filter& filter, bool with_events);

    void parse(const record_batch& batch, parsed_part& out);

private:
    void parse_message(const source_message& message, parsed_part& out);
    void parse_record(const audit_record& record, bool has_header, parsed_part& out);
    void parse_call(const audit_record& record, const record_identity& identity, parsed_part& out);
    void take_call(const logged_call& call, std::string_view time, const record_identity& identity,
                   parsed_part& out);
    void parse_whole(const audit_record& record, const record_identity& identity, parsed_part& out);
    void take_unreadable(const audit_record& record, const record_identity& identity,
                         boost::system::error_code why, parsed_part& out) const;
    bool may_be_wanted(const audit_record& record) const;
    void note_time(std::string_view time, parsed_part& out);

    architecture native_;
    const record_filter& filter_;
    bool with_events_;
    bool whole_;
    bool selects_all_;
    logged_call_reader call_reader_;
    event_writer writer_;
    std::string_view last_time_;
};

} // namespace sctrace::detail

#endif
