#include "output_file.hpp"

#include "usage.hpp"

#include <algorithm>
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

void check_outputs(const std::vector<named_output>& outputs)
{
    for (auto one = outputs.begin(); one != outputs.end(); ++one) {
        const auto same = std::find_if(outputs.begin(), one, [&](const named_output& other) {
            return !one->path.empty() && !other.path.empty() &&
                   identity_of(other.path) == identity_of(one->path);
        });
        if (same != one) {
            throw usage_error("--" + same->option + " '" + same->path + "' and --" + one->option + " '" +
                              one->path + "' are the same file");
        }
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
