#ifndef SCTRACE_SRC_PROC_FILE_HPP
#define SCTRACE_SRC_PROC_FILE_HPP

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace sctrace::detail {

/// The first line of a file; empty when it can't be read.
inline std::optional<std::string> first_line_of(const std::string& path)
{
    std::ifstream file(path);
    std::string line;
    if (!file || (!std::getline(file, line) && !file.eof())) {
        return std::nullopt;
    }
    return line;
}

/// The number that a file begins with.
inline std::optional<long> number_in(const std::string& path)
{
    std::ifstream file(path);
    long value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

/// A field of the file `status` in a process's folder under /proc.
inline std::optional<std::string> status_field(const std::string& folder, std::string_view name)
{
    std::ifstream file(folder + "/status");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') {
            const auto value = line.find_first_not_of(" \t", name.size() + 1);
            return value == std::string::npos ? std::string() : line.substr(value);
        }
    }
    return std::nullopt;
}

/// What tells namespaces apart: the inode of a file such as /proc/PID/ns/pid.
inline std::optional<ino_t> inode_of(const std::string& path) noexcept
{
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status.st_ino) : std::nullopt;
}

/// Whether a list of words that are separated by spaces holds one.
inline bool has_word(std::string_view words, std::string_view wanted)
{
    std::istringstream stream{std::string(words)};
    using iterator = std::istream_iterator<std::string>;
    return std::find(iterator(stream), iterator(), wanted) != iterator();
}

} // namespace sctrace::detail

#endif
