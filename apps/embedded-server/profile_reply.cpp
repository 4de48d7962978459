#include "profile_reply.hpp"

#include <sctrace/allow_list.hpp>
#include <sctrace/profile_writer.hpp>

#include <boost/system/result.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace embedded_server {

namespace {

using sctrace::filter_action;
using sctrace::profile_format;

std::optional<profile_format> format_of(const target& named)
{
    const auto given = named.query.find("format");
    if (given == named.query.end()) {
        return profile_format::oci;
    }
    return sctrace::profile_format_from_name(given->second);
}

/// What the format has for calls that the profile does not name; not all have an errno.
sctrace::filter_verdict default_verdict_of(profile_format format)
{
    const bool fails = format == profile_format::oci || format == profile_format::systemd;
    return fails ? sctrace::filter_verdict{filter_action::errno_value, EPERM}
                 : sctrace::filter_verdict{filter_action::kill_process, 0};
}

std::string unnamed_words(const sctrace::allow_list& list)
{
    std::string words = "a profile has names only, and these calls have none:";
    for (const sctrace::syscall_key call : list.unnamed()) {
        constexpr std::size_t enough = 1000;
        if (words.size() > enough) {
            return words + " …";
        }
        words += ' ' + std::to_string(call.number) + " of " + call.arch.display_name();
    }
    return words;
}

bool is_json(profile_format format)
{
    return format == profile_format::oci || format == profile_format::nucleus;
}

} // namespace

response make_profile_reply(const sctrace::trace& counts, const target& named)
{
    const auto format = format_of(named);
    if (!format) {
        return make_error(http::status::bad_request,
                          "the parameter format must be oci, nucleus, systemd or minijail");
    }
    const auto native = sctrace::architecture::native();
    sctrace::allow_list list(native);
    list.add(counts);
    if (!list.unnamed().empty()) {
        return make_error(http::status::conflict, unnamed_words(list));
    }
    if (list.empty()) {
        return make_error(http::status::conflict,
                          "no call was seen yet, and the profile would refuse everything; ask again later");
    }
    const auto text = sctrace::to_text(list.make(default_verdict_of(*format)), *format, native);
    if (!text) {
        return make_error(http::status::conflict, text.error().message);
    }
    return make_reply(http::status::ok, is_json(*format) ? content_type::json : content_type::text, *text);
}

} // namespace embedded_server
