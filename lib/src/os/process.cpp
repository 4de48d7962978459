#include "os/process.hpp"

#include "text/cursor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sctrace::detail {

namespace {

struct process {
    pid_t pid = 0;
    pid_t parent = 0;
    bool is_alive = false;
};

/// The start of a file, at most as much as fits; empty if it can't be read.
std::string_view read_start(const std::string& path, std::span<char> into) noexcept
{
    const unique_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t size = file ? ::read(file.get(), into.data(), into.size()) : -1;
    return {into.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// Reads `PID (NAME) STATE PARENT ... THREADS ...`; the name may hold parentheses and spaces.
std::optional<process> parse_stat(pid_t pid, std::string_view text)
{
    constexpr int fields_from_parent_to_threads = 16;
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    cursor rest(text.substr(name_end + 2));
    const std::string_view state = rest.take_until(' ');
    rest.skip_spaces();
    const auto parent = rest.take_decimal();
    for (int i = 0; i < fields_from_parent_to_threads; ++i) {
        rest.take_until(' ');
        rest.skip_spaces();
    }
    const auto threads = rest.take_decimal();
    if (!parent || !threads) {
        return std::nullopt;
    }
    const bool first_thread_ended = state == "Z" || state == "X";
    return process{pid, static_cast<pid_t>(*parent), !first_thread_ended || *threads > 1};
}

std::optional<process> look_at(pid_t pid)
{
    std::array<char, 1024> buffer;
    return parse_stat(pid, read_start(folder_of(pid) + "/stat", buffer));
}

struct close_directory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::optional<pid_t> pid_in(std::string_view name) noexcept
{
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return failed == std::errc() && end == name.data() + name.size() ? std::optional(pid) : std::nullopt;
}

std::vector<pid_t> all_pids()
{
    std::vector<pid_t> pids;
    const std::unique_ptr<DIR, close_directory> directory(::opendir("/proc"));
    while (const dirent* const entry = directory ? ::readdir(directory.get()) : nullptr) {
        if (const auto pid = pid_in(entry->d_name)) {
            pids.push_back(*pid);
        }
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

std::vector<process> living_by_parent()
{
    std::vector<process> living;
    for (const pid_t pid : all_pids()) {
        if (const auto found = look_at(pid); found && found->is_alive) {
            living.push_back(*found);
        }
    }
    std::sort(living.begin(), living.end(),
              [](const process& a, const process& b) { return a.parent < b.parent; });
    return living;
}

struct parent_order {
    bool operator()(const process& p, pid_t parent) const noexcept { return p.parent < parent; }
    bool operator()(pid_t parent, const process& p) const noexcept { return parent < p.parent; }
};

void sort_without_repetition(std::vector<pid_t>& pids)
{
    std::sort(pids.begin(), pids.end());
    pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
}

} // namespace

std::optional<std::string> first_line_of(const std::string& path)
{
    std::ifstream file(path);
    std::string line;
    if (!file || (!std::getline(file, line) && !file.eof())) {
        return std::nullopt;
    }
    return line;
}

std::optional<long> number_in(const std::string& path)
{
    std::ifstream file(path);
    long value = 0;
    return file >> value ? std::optional(value) : std::nullopt;
}

std::optional<ino_t> inode_of(const std::string& path) noexcept
{
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status.st_ino) : std::nullopt;
}

bool has_word(std::string_view words, std::string_view wanted)
{
    std::istringstream stream{std::string(words)};
    using iterator = std::istream_iterator<std::string>;
    return std::find(iterator(stream), iterator(), wanted) != iterator();
}

std::string folder_of(pid_t pid)
{
    return "/proc/" + std::to_string(pid);
}

std::optional<std::string> status_field(const std::string& folder, std::string_view name)
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

std::optional<std::uint32_t> number_in_status(const std::string& folder, std::string_view name)
{
    std::istringstream stream(status_field(folder, name).value_or(""));
    std::uint32_t number = 0;
    return stream >> number ? std::optional(number) : std::nullopt;
}

std::vector<pid_t> with_descendants(std::span<const pid_t> roots)
{
    const std::vector<process> living = living_by_parent();
    std::vector<pid_t> found;
    std::copy_if(roots.begin(), roots.end(), std::back_inserter(found), is_alive);
    sort_without_repetition(found);
    // A root may be a descendant of another one: its children are then met twice.
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto children = std::equal_range(living.begin(), living.end(), found[i], parent_order{});
        std::transform(children.first, children.second, std::back_inserter(found),
                       [](const process& p) { return p.pid; });
    }
    sort_without_repetition(found);
    return found;
}

std::vector<pid_t> ancestors_of(pid_t pid)
{
    std::vector<pid_t> ancestors;
    auto child = look_at(pid);
    // Numbers that are used again meanwhile could lead in a circle.
    while (child && child->parent > 0 &&
           std::find(ancestors.begin(), ancestors.end(), child->parent) == ancestors.end()) {
        ancestors.push_back(child->parent);
        child = look_at(child->parent);
    }
    return ancestors;
}

std::vector<pid_t> children_of(std::span<const pid_t> parents)
{
    std::vector<pid_t> children;
    for (const process& p : living_by_parent()) {
        if (std::find(parents.begin(), parents.end(), p.parent) != parents.end()) {
            children.push_back(p.pid);
        }
    }
    std::sort(children.begin(), children.end());
    return children;
}

std::optional<std::uint64_t> pid_namespace_of(pid_t pid)
{
    return inode_of(folder_of(pid) + "/ns/pid");
}

std::vector<pid_t> processes_in_pid_namespace(std::uint64_t id)
{
    std::vector<pid_t> pids = all_pids();
    std::erase_if(pids, [id](pid_t pid) { return pid_namespace_of(pid) != id; });
    return pids;
}

std::vector<pid_t> processes_in_session(std::uint32_t session)
{
    std::vector<pid_t> pids = all_pids();
    std::erase_if(pids, [wanted = std::to_string(session)](pid_t pid) {
        return first_line_of(folder_of(pid) + "/sessionid") != wanted || !is_alive(pid);
    });
    return pids;
}

bool is_alive(pid_t pid)
{
    if (const auto found = look_at(pid)) {
        return found->is_alive;
    }
    // /proc may be missing, or mounted so that it hides the processes of others.
    return ::kill(pid, 0) == 0 || errno == EPERM;
}

process_handle::process_handle(pid_t pid) noexcept
    : pid_(pid)
    , descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)))
{
}

bool process_handle::has_ended() const noexcept
{
    pollfd state{descriptor_.get(), POLLIN, 0};
    return descriptor_ && ::poll(&state, 1, 0) > 0;
}

} // namespace sctrace::detail
