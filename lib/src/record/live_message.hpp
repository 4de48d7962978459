#ifndef SCTRACE_SRC_LIVE_MESSAGE_HPP
#define SCTRACE_SRC_LIVE_MESSAGE_HPP

#include <sctrace/audit_record.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/system/result.hpp>

#include <string_view>

namespace sctrace::detail {

/// Parses the header of what a live source read: kernel log text, or the payload of an audit message.
inline boost::system::result<audit_record> parse_live_message(const source_message& message) noexcept
{
    const bool is_text = message.type == 0;
    auto header = is_text ? parse_audit_record(message.text)
                          : parse_audit_payload(static_cast<audit_type>(message.type), message.text);
    if (header) {
        header->maybe_cut = header->maybe_cut || message.maybe_cut;
        header->escapes = is_text ? text_escapes::kmsg : text_escapes::none;
    }
    return header;
}

/// Whether kernel log text without a readable header was meant to be a SECCOMP record.
inline bool looks_like_seccomp_record(std::string_view text) noexcept
{
    return text.starts_with("audit: type=1326");
}

} // namespace sctrace::detail

#endif
