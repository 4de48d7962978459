#include "profile/writers/formats.hpp"

#include <sctrace/profile_writer.hpp>
#include <sctrace/syscall_names.hpp>

#include <map>

namespace sctrace {

std::optional<profile_format> profile_format_from_name(std::string_view name) noexcept
{
    for (const auto format :
         {profile_format::oci, profile_format::nucleus, profile_format::systemd, profile_format::minijail}) {
        if (detail::name_of(format) == name) {
            return format;
        }
    }
    return std::nullopt;
}

boost::system::result<std::string, failure> to_text(const profile& p, profile_format format,
                                                    architecture native)
{
    try {
        switch (format) {
        case profile_format::oci:
            return detail::to_oci(p, native);
        case profile_format::nucleus:
            return detail::to_nucleus(p, native);
        case profile_format::systemd:
            return detail::to_systemd(p, native);
        case profile_format::minijail:
            return detail::to_minijail(p, native);
        }
    } catch (const failure& why) {
        return why;
    }
    return detail::not_expressible(format, "anything: there is no such format");
}

std::string to_minijail_frequencies(const trace& counts, architecture native)
{
    std::map<std::string, std::uint64_t> by_name;
    for (const trace::line& l : counts.sorted(native)) {
        const auto name = syscall_name(l.call.arch, l.call.number);
        if (l.call.arch == native && name) {
            by_name[*name] += l.count;
        }
    }
    std::string text;
    for (const auto& [name, count] : by_name) {
        text += name + ": " + std::to_string(count) + '\n';
    }
    return text;
}

} // namespace sctrace
