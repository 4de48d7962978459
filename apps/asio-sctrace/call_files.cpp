#include "call_files.hpp"

#include "advice.hpp"
#include "option_values.hpp"
#include "usage.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace asio_sctrace {

sctrace::saved_calls load_calls(const std::string& path, const sctrace::saved_calls_options& options,
                                bool quiet)
{
    auto loaded = sctrace::read_saved_calls(path, options);
    if (!loaded) {
        throw std::runtime_error(with_advice(loaded.error()));
    }
    if (!quiet) {
        for (const std::string& note : loaded->notes) {
            say(note);
        }
    }
    return *std::move(loaded);
}

std::string display_name(const std::string& path)
{
    return path == "-" ? "standard input" : path;
}

void check_standard_input(const std::vector<std::string>& paths)
{
    if (std::count(paths.begin(), paths.end(), "-") > 1) {
        throw usage_error("'-' stands twice; standard input can be read once");
    }
}

sctrace::architecture native_of(const boost::program_options::variables_map& given)
{
    const std::string word = string_of(given, "native");
    return word.empty() ? sctrace::architecture::native() : arch_of("native", word);
}

} // namespace asio_sctrace
