#include "table.hpp"

#include <sctrace/syscall_names.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <vector>

namespace asio_sctrace {

namespace {

constexpr int count_width = 10;
constexpr int share_width = 7;
constexpr int name_width = 20;

std::string shown_name(const sctrace::syscall_key& call, sctrace::architecture native)
{
    const auto name = sctrace::syscall_name(call.arch, call.number);
    std::string shown = name ? *name : "syscall " + std::to_string(call.number);
    if (call.arch != native) {
        shown += " (" + call.arch.display_name() + ')';
    }
    return shown;
}

void append_row(std::ostream& out, std::uint64_t count, std::uint64_t total, const std::string& name)
{
    const double share = total == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(total);
    out << std::setw(count_width) << count << ' ' << std::setw(share_width) << share << ' ' << name << '\n';
}

void append_rule(std::ostream& out)
{
    out << std::string(count_width, '-') << ' ' << std::string(share_width, '-') << ' '
        << std::string(name_width, '-') << '\n';
}

} // namespace

std::string to_table(const sctrace::trace& counts, sctrace::architecture native)
{
    auto lines = counts.sorted(native);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    std::ostringstream out;
    out << std::fixed << std::setprecision(2);
    out << std::setw(count_width) << "calls" << ' ' << std::setw(share_width) << "share %"
        << " syscall\n";
    append_rule(out);
    for (const auto& line : lines) {
        append_row(out, line.count, counts.total(), shown_name(line.call, native));
    }
    append_rule(out);
    append_row(out, counts.total(), counts.total(), "total");
    return out.str();
}

} // namespace asio_sctrace
