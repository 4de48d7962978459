#include "trace/named_call.hpp"

#include "text/scan.hpp"

#include <cstddef>
#include <limits>
#include <string_view>

namespace sctrace::detail {

namespace {

/// `0x` and the digits that architecture::display_name() writes.
std::optional<architecture> unnamed_architecture(std::string_view text) noexcept
{
    constexpr std::string_view prefix = "0x";
    if (!text.starts_with(prefix)) {
        return std::nullopt;
    }
    scan::reader in(text.substr(prefix.size()));
    const bool padded = in.peek() == '0' && in.size() > 1;
    const auto number = in.take_hex();
    if (!number || padded || !in.at_end() || *number > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return architecture(static_cast<std::uint32_t>(*number));
}

/// Also takes the number of an architecture with a name: who wrote the file may not have known the name.
std::optional<architecture> architecture_of(std::string_view text) noexcept
{
    const auto named = architecture::from_name(text);
    return named ? named : unnamed_architecture(text);
}

} // namespace

bool read_arch(json_line& in, std::optional<architecture>& arch)
{
    if (in.peek() != '"') {
        return in.fail_at("\"arch\" must be a string");
    }
    std::string_view value;
    std::string buffer;
    if (!in.read_plain_string("\"arch\"", value, buffer)) {
        return false;
    }
    arch = architecture_of(value);
    return arch || in.fail("\"arch\" is " + quoted(value) + ", which is no known architecture");
}

std::optional<syscall_key> call_of(json_line& in, const std::optional<architecture>& arch,
                                   std::int64_t number, architecture native)
{
    const auto written = arch.value_or(native);
    const auto meant = architecture::of_call(written.audit_arch(), number);
    if (arch && meant != written) {
        in.fail("\"arch\" is " + quoted(written.name()) + ", but the number is one of " +
                std::string(meant.name()) + ": bit 30 tells the two apart");
        return std::nullopt;
    }
    return syscall_key{meant, number};
}

std::string too_many_words()
{
    return "more than " + std::to_string(trace::max_distinct) +
           " different calls, which is more than a trace tells apart";
}

failure failure_of_last_line(const failure& why, std::string_view line)
{
    const std::size_t end = line.find_last_not_of(" \t\r");
    const bool is_whole = end != std::string_view::npos && line[end] == '}';
    return is_whole ? why : failure{why.code, why.message + " (the file ends in the middle of a line)"};
}

} // namespace sctrace::detail
