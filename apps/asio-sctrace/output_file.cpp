#include "output_file.hpp"

#include "usage.hpp"

#include <filesystem>
#include <system_error>

namespace asio_sctrace {

namespace {

/// One name for each file, however it is spelled.
std::string identity_of(const std::string& path)
{
    if (path == "-" || path == "/dev/stdout" || path == "/dev/fd/1") {
        return "-";
    }
    std::error_code ignored;
    return std::filesystem::weakly_canonical(path, ignored).string();
}

} // namespace

void check_outputs(const std::string& output, const std::string& report)
{
    if (!output.empty() && !report.empty() && identity_of(output) == identity_of(report)) {
        throw usage_error("--output '" + output + "' and --report '" + report + "' are the same file");
    }
}

bool write_report(const sctrace::report& report, const sctrace::trace_file& file)
{
    const auto written = file.write(sctrace::to_json(report), sctrace::trace_file::durability::final);
    if (!written) {
        say(written.error().message);
    }
    return written.has_value();
}

} // namespace asio_sctrace
