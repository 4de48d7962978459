#ifndef SCTRACE_TEST_ASYNC_ENTRY_PAIR_HPP
#define SCTRACE_TEST_ASYNC_ENTRY_PAIR_HPP

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sctrace::test {

inline std::string seccomp_text(std::uint64_t serial, int pid, std::int64_t syscall)
{
    return "audit: type=1326 audit(1795498483.207:" + std::to_string(serial) +
           "): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=" + std::to_string(pid) +
           " comm=\"x\" exe=\"/bin/x\" sig=0 arch=c000003e syscall=" + std::to_string(syscall) +
           " compat=0 ip=0x7fa14672e829 code=0x7ffc0000";
}

inline std::string entry(std::uint64_t sequence, const std::string& text, int priority = 5)
{
    return std::to_string(priority) + ',' + std::to_string(sequence) + ",1164533604,-;" + text + '\n';
}

/// A stand-in for /dev/kmsg: what is written in one piece is read in one piece, as an entry is.
class entry_pair {
public:
    entry_pair()
    {
        int ends[2] = {-1, -1};
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
        reader_ = ends[0];
        writer_ = ends[1];
        const int size = 1 << 20;
        ::setsockopt(writer_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        ::fcntl(writer_, F_SETFL, O_NONBLOCK);
    }
    entry_pair(const entry_pair&) = delete;
    entry_pair& operator=(const entry_pair&) = delete;
    ~entry_pair()
    {
        close_reader();
        close_writer();
    }

    /// The reading end; whoever takes it closes it.
    int take_reader() { return std::exchange(reader_, -1); }

    bool write(const std::string& bytes)
    {
        return ::send(writer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }

    void write_call(int pid, std::int64_t syscall)
    {
        BOOST_REQUIRE(write(entry(sequence_, seccomp_text(sequence_, pid, syscall))));
        ++sequence_;
    }

    void close_writer()
    {
        if (writer_ >= 0) {
            ::close(std::exchange(writer_, -1));
        }
    }

private:
    void close_reader()
    {
        if (reader_ >= 0) {
            ::close(std::exchange(reader_, -1));
        }
    }

    int reader_ = -1;
    int writer_ = -1;
    std::uint64_t sequence_ = 1;
};

} // namespace sctrace::test

#endif
