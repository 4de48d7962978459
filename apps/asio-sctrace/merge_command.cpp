#include "merge_command.hpp"

#include "call_files.hpp"
#include "option_values.hpp"
#include "usage.hpp"

#include <sctrace/call_counts.hpp>
#include <sctrace/trace_file.hpp>

#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <signal.h>
#include <sys/stat.h>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

constexpr std::string_view synopsis =
    R"(Sums traces: each system call once, with the sum of its counts.

  asio-sctrace merge [options] TRACE...        - reads standard input

Takes traces, the events of replay --events and watch (all records, refused ones too), OCI profiles (each call
that a profile permits whatever its arguments counts once, on each of its architectures) and lists of names
(each counts once, on the native architecture). A file that stands twice counts twice.
)";

constexpr std::string_view epilogue = R"(
The result is written when all files have been read: if one of them is wrong, nothing is written, and the
message names the file and the line. The output may be one of the files that are read.

Exit status: 0 success; 1 a file could not be read, or the output not be written; 2 wrong usage.

Examples:
  asio-sctrace merge -o all.ndjson monday.ndjson tuesday.ndjson
  asio-sctrace merge -o all.ndjson all.ndjson today.ndjson
  asio-sctrace merge traces/*.ndjson | asio-sctrace profile -o profile.json -
)";

/// The command line of `asio-sctrace merge`.
struct merge_options {
    std::vector<std::string> files;
    std::string output;
    sctrace::architecture native;
    bool quiet = false;
};

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("output,o", po::value<std::string>()->value_name("FILE")->default_value("-"),
        "write the sum (NDJSON) to FILE, - for stdout");
    add("native", po::value<std::string>()->value_name("ARCH"),
        "the architecture of lines that name none, in what is read and in what is written (default: this "
        "machine's)");
    add("quiet,q", po::bool_switch(), "print errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

/// Empty when only the help or the version was asked for.
std::optional<merge_options> parse_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "trace");
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    merge_options options{strings_of(given, "trace"), string_of(given, "output"), native_of(given),
                          given["quiet"].as<bool>()};
    if (options.files.empty()) {
        throw usage_error("no trace given; name files, or - for standard input");
    }
    check_standard_input(options.files);
    return options;
}

/// Finds names that mean a regular file which another name means already.
class repeated_files {
public:
    /// The first name of the same file; empty for a file that is new.
    std::string first_name(const std::string& path)
    {
        struct stat status = {};
        if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
            return {};
        }
        const auto [known, is_new] = names_.emplace(std::pair(status.st_dev, status.st_ino), path);
        return is_new ? std::string() : known->second;
    }

private:
    std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

/// Sums the files, one after the other.
class summation {
public:
    explicit summation(const merge_options& options)
        : options_(options)
    {
    }

    /** @throws std::runtime_error that names the file */
    void add(const std::string& path)
    {
        note_repetition(path);
        const auto calls = load_calls(path, {.native = options_.native}, options_.quiet);
        const auto counted = sctrace::count_calls(calls, options_.native);
        if (!counted) {
            throw std::runtime_error(display_name(path) + ": " + counted.error().message);
        }
        for (const std::string& what : counted->notes) {
            note(display_name(path) + ": " + what);
        }
        if (!sum_.merge(counted->counts)) {
            throw std::runtime_error(display_name(path) +
                                     ": with its counts the sum has more than 64 bits; merge fewer traces");
        }
        if (sum_.left_out() != 0) {
            throw std::runtime_error(display_name(path) + ": with its calls there are more than " +
                                     std::to_string(sctrace::trace::max_distinct) +
                                     " different ones, which is more than a trace tells apart");
        }
    }

    const sctrace::trace& sum() const noexcept { return sum_; }

private:
    void note_repetition(const std::string& path)
    {
        const std::string same = files_.first_name(path);
        if (same == path) {
            note(path + " stands more than once and counts each time");
        } else if (!same.empty()) {
            note(same + " and " + path + " are the same file, which counts each time");
        }
    }

    void note(const std::string& text) const
    {
        if (!options_.quiet) {
            say(text);
        }
    }

    const merge_options& options_;
    repeated_files files_;
    sctrace::trace sum_;
};

int merge(const merge_options& options)
{
    const auto output = sctrace::trace_file::prepare(options.output);
    if (!output) {
        throw std::runtime_error(output.error().message);
    }
    summation all(options);
    for (const std::string& path : options.files) {
        all.add(path);
    }
    const auto written =
        output->write(sctrace::to_ndjson(all.sum(), options.native), sctrace::trace_file::durability::final);
    if (!written) {
        throw std::runtime_error(written.error().message);
    }
    return exit_code::success;
}

} // namespace

int merge_command(const std::vector<std::string>& words)
{
    const auto options = parse_options(words);
    if (!options) {
        return exit_code::success;
    }
    // A broken pipe is an error of the write.
    ::signal(SIGPIPE, SIG_IGN);
    return merge(*options);
}

} // namespace asio_sctrace
