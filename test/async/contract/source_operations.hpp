#ifndef SCTRACE_TEST_ASYNC_CONTRACT_SOURCE_OPERATIONS_HPP
#define SCTRACE_TEST_ASYNC_CONTRACT_SOURCE_OPERATIONS_HPP

#include "async/contract/operation.hpp"
#include "async/entry_pair.hpp"
#include "common/logged_record.hpp"

#include <sctrace/audit_source.hpp>
#include <sctrace/fork_source.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/replay_source.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <unistd.h>

namespace sctrace::test {

/// A pipe whose ends belong to it until they are taken.
class byte_pipe {
public:
    byte_pipe()
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        reader_ = ends[0];
        writer_ = ends[1];
    }
    byte_pipe(const byte_pipe&) = delete;
    byte_pipe& operator=(const byte_pipe&) = delete;
    ~byte_pipe()
    {
        close_writer();
        if (reader_ >= 0) {
            ::close(reader_);
        }
    }

    int reader() const noexcept { return reader_; }
    int take_reader() { return std::exchange(reader_, -1); }

    void write(std::string_view bytes)
    {
        BOOST_REQUIRE(::write(writer_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }

    void close_writer()
    {
        if (writer_ >= 0) {
            ::close(std::exchange(writer_, -1));
        }
    }

private:
    int reader_ = -1;
    int writer_ = -1;
};

struct reads_a_batch : operation {
    using signature = void(boost::system::error_code, std::size_t);

    static bool is_whole(const std::tuple<boost::system::error_code, std::size_t>& r)
    {
        return !std::get<0>(r) && std::get<1>(r) == 1;
    }
};

struct kmsg_read : reads_a_batch {
    template <class Executor>
    class subject {
    public:
        using object_type = basic_kmsg_source<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, pair_.take_reader())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_read_batch(batch_, std::forward<Token>(token)...);
        }

        void feed() { pair_.write_call(42, 0); }

    private:
        entry_pair pair_;
        record_batch batch_{64, std::size_t{64} * 1024};

    public:
        std::optional<object_type> object;
    };
};

struct audit_read : reads_a_batch {
    template <class Executor>
    class subject {
    public:
        using object_type = basic_audit_source<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, pair_.take_reader())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_read_batch(batch_, std::forward<Token>(token)...);
        }

        void feed()
        {
            nlmsghdr header = {};
            header.nlmsg_type = 1326;
            std::string bytes(sizeof header, '\0');
            std::memcpy(bytes.data(), &header, sizeof header);
            BOOST_REQUIRE(pair_.write(bytes + "audit"));
        }

    private:
        entry_pair pair_;
        record_batch batch_{64, std::size_t{64} * 1024};

    public:
        std::optional<object_type> object;
    };
};

struct replay_read : reads_a_batch {
    template <class Executor>
    class subject {
    public:
        using object_type = basic_replay_source<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex)
        {
            BOOST_REQUIRE(object->assign(pipe_.take_reader(), "pipe").has_value());
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_read_batch(batch_, std::forward<Token>(token)...);
        }

        void feed() { pipe_.write(kmsg_line({.serial = ++serial_}) + '\n'); }

    private:
        byte_pipe pipe_;
        std::uint64_t serial_ = 0;
        record_batch batch_{64, replay_source::batch_bytes};

    public:
        std::optional<object_type> object;
    };
};

struct fork_read : reads_a_batch {
    template <class Executor>
    class subject {
    public:
        using object_type = basic_fork_source<Executor>;

        explicit subject(const Executor& ex)
            : object(std::in_place, ex, pair_.take_reader())
        {
        }

        template <class... Token>
        auto start(Token&&... token)
        {
            return object->async_read_events(batch_, std::forward<Token>(token)...);
        }

        void feed()
        {
            std::string bytes;
            append(bytes, nlmsghdr{76, NLMSG_DONE, 0, 0, 0});
            append(bytes, cb_id{CN_IDX_PROC, CN_VAL_PROC});
            append(bytes, std::array<std::uint32_t, 2>{1, 0});
            append(bytes, std::array<std::uint16_t, 2>{sizeof(proc_event), 0});
            append(bytes, std::array<std::uint32_t, 2>{1, 0});
            append(bytes, std::uint64_t{1000});
            append(bytes, std::array<std::int32_t, 6>{10, 10, 11, 11, 0, 0});
            BOOST_REQUIRE(pair_.write(bytes));
        }

    private:
        template <class T>
        static void append(std::string& to, const T& value)
        {
            std::array<char, sizeof value> bytes;
            std::memcpy(bytes.data(), &value, sizeof value);
            to.append(bytes.data(), bytes.size());
        }

        entry_pair pair_;
        process_event_batch batch_;

    public:
        std::optional<object_type> object;
    };
};

} // namespace sctrace::test

#endif
