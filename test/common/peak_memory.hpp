#ifndef SCTRACE_TEST_PEAK_MEMORY_HPP
#define SCTRACE_TEST_PEAK_MEMORY_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include <sys/types.h>
#include <unistd.h>

namespace sctrace::test {

/// A sanitizer's own memory is anonymous too.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_is_the_program_s_own = false;
#else
inline constexpr bool memory_is_the_program_s_own = true;
#endif

/// Watches how much anonymous memory a child holds, from its exec on.
class peak_memory {
public:
    explicit peak_memory(pid_t pid)
        : folder_("/proc/" + std::to_string(pid))
        , watcher_([this](const std::stop_token& stop) { watch(stop); })
    {
    }
    peak_memory(const peak_memory&) = delete;
    peak_memory& operator=(const peak_memory&) = delete;

    /// The most that was seen, in KiB; 0: it was never looked at.
    std::size_t stop()
    {
        watcher_.request_stop();
        watcher_.join();
        return peak_;
    }

private:
    void watch(const std::stop_token& stop)
    {
        const std::string self = program_of("/proc/self");
        while (!stop.stop_requested()) {
            // Before its exec a child holds what its parent does.
            if (program_of(folder_) != self) {
                peak_ = std::max(peak_, anonymous_kib());
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    static std::string program_of(const std::string& folder)
    {
        std::array<char, 4096> path{};
        const ssize_t size = ::readlink((folder + "/exe").c_str(), path.data(), path.size());
        return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

    std::size_t anonymous_kib() const
    {
        constexpr std::string_view name = "RssAnon:";
        std::ifstream status(folder_ + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with(name)) {
                return std::stoul(line.substr(name.size()));
            }
        }
        return 0;
    }

    std::string folder_;
    std::size_t peak_ = 0;
    std::jthread watcher_;
};

} // namespace sctrace::test

#endif
