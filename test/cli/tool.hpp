#ifndef SCTRACE_TEST_CLI_TOOL_HPP
#define SCTRACE_TEST_CLI_TOOL_HPP

#include "common/paths.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "process.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::test {

inline constexpr auto ratelimit_setting = "/proc/sys/kernel/printk_ratelimit";

using words = std::vector<std::string>;

inline words joined(words first, const words& then)
{
    first.insert(first.end(), then.begin(), then.end());
    return first;
}

inline invocation tool(const words& arguments)
{
    return {joined({tool_path()}, arguments)};
}

/// A recording of the kernel's log without its rate limit.
inline invocation record(const words& options, const words& command = {})
{
    words all = joined({"record", "--source", "kmsg", "--lift-ratelimit"}, options);
    if (!command.empty()) {
        all.emplace_back("--");
    }
    return tool(joined(all, command));
}

/// The script of a shell as a command.
inline words shell(const std::string& script)
{
    return {"/bin/sh", "-c", script};
}

inline words generator(const words& arguments)
{
    return joined({generator_path()}, arguments);
}

/// The generator's word for so many calls of getppid(2).
inline std::string getppid_calls(std::uint64_t count)
{
    return std::to_string(SYS_getppid) + ':' + std::to_string(count);
}

/// Says why and returns false where the kernel's log cannot be recorded.
inline bool can_record()
{
    if (::geteuid() != 0) {
        skip("needs root");
        return false;
    }
    const descriptor log(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!log) {
        skip("/dev/kmsg cannot be read");
        return false;
    }
    if (::access(ratelimit_setting, W_OK) != 0) {
        skip("kernel.printk_ratelimit cannot be changed");
        return false;
    }
    return true;
}

/// A source without records, for what does not depend on the kernel's log.
class silent_source {
public:
    silent_source()
        : path_(folder_.file("silent"))
    {
        BOOST_REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    }

    const std::string& path() const noexcept { return path_; }

    /// A recording that reads it.
    invocation record(const words& options, const words& command = {}) const
    {
        words all = joined({"record", "--kmsg", path_}, options);
        if (!command.empty()) {
            all.emplace_back("--");
        }
        return tool(joined(all, command));
    }

private:
    temporary_folder folder_;
    std::string path_;
};

/// The first line of a setting of the kernel.
inline std::string read_setting(const std::string& path)
{
    std::string value;
    std::ifstream file(path);
    std::getline(file, value);
    return value;
}

/// Changes a setting of the kernel until its end.
class changed_setting {
public:
    changed_setting(std::string path, const std::string& value)
        : path_(std::move(path))
        , old_(read_setting(path_))
    {
        std::ofstream(path_) << value;
    }
    changed_setting(const changed_setting&) = delete;
    changed_setting& operator=(const changed_setting&) = delete;
    ~changed_setting() { std::ofstream(path_) << old_; }

private:
    std::string path_;
    std::string old_;
};

inline bool has_exactly(const boost::json::object& object, const std::vector<std::string_view>& members)
{
    std::vector<std::string_view> found;
    for (const auto& member : object) {
        found.emplace_back(member.key());
    }
    return found == members;
}

/// The counts of a trace by name; a line that is not as promised fails the test.
inline std::map<std::string, std::uint64_t> counts_in(const std::string& trace)
{
    std::map<std::string, std::uint64_t> counts;
    BOOST_TEST((trace.empty() || trace.back() == '\n'));
    std::istringstream lines(trace);
    for (std::string line; std::getline(lines, line);) {
        boost::system::error_code ec;
        const auto value = boost::json::parse(line, ec);
        BOOST_REQUIRE_MESSAGE(!ec, "not JSON: " << line);
        const auto& object = value.as_object();
        const bool native = has_exactly(object, {"syscall", "name", "count"});
        BOOST_TEST((native || has_exactly(object, {"syscall", "name", "count", "arch"})), line);
        BOOST_TEST(object.at("count").to_number<std::uint64_t>() >= 1U);
        const auto number = object.at("syscall").to_number<std::int64_t>();
        const auto* name = object.at("name").if_string();
        const std::string key = name != nullptr ? std::string(*name) : std::to_string(number);
        counts[key] += object.at("count").to_number<std::uint64_t>();
    }
    return counts;
}

inline std::uint64_t total(const std::map<std::string, std::uint64_t>& counts)
{
    std::uint64_t sum = 0;
    for (const auto& [name, count] : counts) {
        sum += count;
    }
    return sum;
}

} // namespace sctrace::test

#endif
