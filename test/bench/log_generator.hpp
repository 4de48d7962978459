#ifndef SCTRACE_TEST_BENCH_LOG_GENERATOR_HPP
#define SCTRACE_TEST_BENCH_LOG_GENERATOR_HPP

#include "common/logged_record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sctrace::test {

/// What a generated log holds.
struct generated_log {
    std::string path;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
    std::uint64_t records = 0;
};

/// Writes logs that look as those of a busy host; the same bytes each time.
class log_generator {
public:
    /// A capture of /dev/kmsg of this size, of which so many lines in a hundred are SECCOMP records.
    static generated_log kmsg(const std::string& path, std::uint64_t bytes, unsigned percent)
    {
        log_generator generator(path);
        while (generator.log_.bytes < bytes) {
            generator.add_kmsg_line(percent);
        }
        return generator.finish();
    }

    /// An audit.log of so many lines with auditd's default format, nine of ten of them SECCOMP records.
    static generated_log audit(const std::string& path, std::uint64_t lines)
    {
        log_generator generator(path);
        while (generator.log_.entries < lines) {
            generator.add_audit_line();
        }
        return generator.finish();
    }

private:
    struct program {
        std::string_view comm;
        std::string_view exe;
    };

    static constexpr std::array<program, 8> programs{{
        {"\"nginx\"", "\"/usr/sbin/nginx\""},
        {"\"postgres\"", "\"/usr/lib/postgresql/15/bin/postgres\""},
        {"\"runc:[2:INIT]\"", "\"/\""},
        {"\"python3\"", "\"/usr/bin/python3.11\""},
        {"\"redis-server\"", "\"/usr/bin/redis-check-rdb\""},
        {"\"kworker\\x5cu8\"", "\"/opt/app/bin/server\""},
        {"706F6F6C2074687265616420", "2F6F70742F6D79206170702F62696E2F7365727665722864656C6574656429"},
        {"\"containerd-shim\"", "\"/usr/bin/containerd-shim-runc-v2\""},
    }};

    // Calls as programs make them: a few of them most of the time.
    static constexpr std::array<std::string_view, 16> frequent_calls{
        "0", "1", "3", "5", "7", "9", "12", "13", "14", "44", "45", "202", "228", "232", "257", "262"};

    struct message {
        std::string_view priority;
        std::string_view text;
    };

    static constexpr std::array<message, 8> other_messages{{
        {"6", "eth0: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX"},
        {"6", "docker0: port 2(vethc1bb733) entered blocking state"},
        {"4", "[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 "
              "PREC=0x00 TTL=64 ID=0 DF PROTO=TCP SPT=443 DPT=51234 WINDOW=64240 RES=0x00 ACK SYN URGP=0"},
        {"6", "usb 1-1: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01\n "
              "SUBSYSTEM=usb\n DEVICE=c189:0"},
        {"5", "audit: type=1400 audit(1795497556.007:7): apparmor=\"DENIED\" operation=\"open\" "
              "profile=\"docker-default\" name=\"/proc/kcore\" pid=4242 comm=\"cat\" requested_mask=\"r\""},
        {"30", "systemd[1]: Started Session 3 of user root."},
        {"3", "EXT4-fs error (device sda1): ext4_lookup:1785: inode #131: comm find: deleted inode"},
        {"6", "TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies."},
    }};

    explicit log_generator(const std::string& path)
        : file_(path, std::ios::binary)
        , log_{.path = path}
    {
    }

    void add_kmsg_line(unsigned percent)
    {
        ++sequence_;
        pass_time();
        if (below(100) < percent) {
            add(kmsg_line(next_record(), sequence_));
            ++log_.records;
        } else {
            add(next_other_message());
        }
    }

    void add_audit_line()
    {
        pass_time();
        if (below(10) != 0) {
            add(enriched_line(next_record()));
            ++log_.records;
        } else {
            const logged_record r = next_record();
            add("type=USER_ACCT msg=" + r.header() + "pid=" + r.pid +
                " uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:accounting acct=\"root\" "
                "exe=\"/usr/sbin/cron\" hostname=? addr=? terminal=cron res=success'\x1dUID=\"root\" "
                "AUID=\"unset\"");
        }
    }

    logged_record next_record()
    {
        const program& who = programs[below(programs.size())];
        const bool foreign = below(200) == 0;
        return {.serial = ++serial_,
                .time = time_of_record(),
                .session = below(4) == 0 ? std::to_string(1 + below(40)) : "4294967295",
                .pid = std::to_string(300 + below(500) * 37),
                .comm = std::string(who.comm),
                .exe = std::string(who.exe),
                .arch = foreign ? "40000003" : "c000003e",
                .syscall = below(8) != 0 ? std::string(frequent_calls[below(frequent_calls.size())])
                                         : std::to_string(below(335)),
                .ip = next_address()};
    }

    std::string time_of_record() const
    {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%llu.%03llu", microseconds_ / 1'000'000,
                      microseconds_ / 1000 % 1000);
        return text.data();
    }

    std::string next_address()
    {
        std::array<char, 32> text{};
        const unsigned long long address = random_() & 0xffffffffffU;
        std::snprintf(text.data(), text.size(), "0x7f%llx", address);
        return text.data();
    }

    std::string next_other_message()
    {
        const message& what = other_messages[below(other_messages.size())];
        return std::string(what.priority) + ',' + std::to_string(sequence_) + ',' +
               std::to_string(914'890'358 + sequence_) + ",-;" + std::string(what.text);
    }

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    void pass_time() { microseconds_ += 1 + below(900); }

    void add(const std::string& line)
    {
        block_.append(line) += '\n';
        ++log_.entries;
        log_.bytes += line.size() + 1;
        if (block_.size() > block_size) {
            write_block();
        }
    }

    void write_block()
    {
        file_.write(block_.data(), static_cast<std::streamsize>(block_.size()));
        block_.clear();
    }

    generated_log finish()
    {
        write_block();
        if (!file_.flush()) {
            throw std::runtime_error("cannot write " + log_.path);
        }
        return log_;
    }

    static constexpr std::size_t block_size = std::size_t{1} << 20;
    static constexpr unsigned long long start = 1'795'497'556'000'000;

    std::ofstream file_;
    generated_log log_;
    std::string block_{};
    std::mt19937_64 random_{20261124};
    std::uint64_t sequence_ = 3'400'000;
    std::uint64_t serial_ = 200'000;
    unsigned long long microseconds_ = start;
};

} // namespace sctrace::test

#endif
