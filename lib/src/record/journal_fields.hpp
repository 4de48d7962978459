#ifndef SCTRACE_SRC_JOURNAL_FIELDS_HPP
#define SCTRACE_SRC_JOURNAL_FIELDS_HPP

#include <sctrace/journal_entry.hpp>

#include <array>
#include <string>
#include <string_view>

namespace sctrace::journal_fields {

struct field {
    std::string_view name;
    std::string journal_entry::*value;
};

inline constexpr std::array<field, 7> needed{{
    {"_TRANSPORT", &journal_entry::transport},
    {"SYSLOG_IDENTIFIER", &journal_entry::identifier},
    {"SYSLOG_FACILITY", &journal_entry::facility},
    {"MESSAGE", &journal_entry::message},
    {"_AUDIT_TYPE", &journal_entry::audit_type},
    {"_AUDIT_ID", &journal_entry::audit_id},
    {"_SOURCE_REALTIME_TIMESTAMP", &journal_entry::source_time},
}};

} // namespace sctrace::journal_fields

#endif
