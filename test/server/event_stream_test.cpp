#include "async/context.hpp"
#include "event_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>

using embedded_server::event_stream;

namespace asio = boost::asio;

namespace {

struct reading {
    sctrace::test::checked_context context;
    event_stream stream{context.get_executor(), 100};
    std::optional<std::string> text;

    void begin(std::chrono::milliseconds keep_alive = std::chrono::hours(1))
    {
        text.reset();
        auto read = [](reading* self, std::chrono::milliseconds until) -> asio::awaitable<void> {
            self->text = co_await self->stream.next(until);
        };
        asio::co_spawn(context.get(), read(this, keep_alive), asio::detached);
    }

    std::string next()
    {
        begin();
        context.run();
        return text.value();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(server_event_stream)

BOOST_AUTO_TEST_CASE(what_waits_is_taken_at_once)
{
    reading r;
    r.stream.add("1");
    r.stream.add("2");
    BOOST_TEST(r.next() == "data: 1\n\ndata: 2\n\n");
}

BOOST_AUTO_TEST_CASE(a_reader_waits_for_the_next_event)
{
    reading r;
    r.begin();
    r.context.get().poll();
    BOOST_TEST(!r.text.has_value());
    r.stream.add("1");
    r.context.run();
    BOOST_TEST(r.text.value() == "data: 1\n\n");
}

BOOST_AUTO_TEST_CASE(silence_is_filled_with_comments)
{
    reading r;
    r.begin(std::chrono::milliseconds(1));
    r.context.run();
    BOOST_TEST(r.text.value() == ": nothing new\n\n");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_counted_where_it_is_missing)
{
    reading r;
    const std::string half(60, 'x');
    r.stream.add(half);
    r.stream.add(half);
    r.stream.add("small, but later than what is missing");
    BOOST_TEST(r.next() == "data: " + half + "\n\nevent: dropped\ndata: {\"count\":2}\n\n");
    r.stream.add("2");
    BOOST_TEST(r.next() == "data: 2\n\n");
}

BOOST_AUTO_TEST_CASE(what_the_recorder_dropped_is_told_in_its_place)
{
    reading r;
    r.stream.add("1");
    r.stream.add_dropped(5);
    r.stream.add("2");
    BOOST_TEST(r.next() == "data: 1\n\nevent: dropped\ndata: {\"count\":5}\n\ndata: 2\n\n");
}

BOOST_AUTO_TEST_CASE(the_end_comes_last_also_when_there_is_no_room)
{
    reading r;
    r.stream.add(std::string(90, 'x'));
    r.stream.add(std::string(90, 'y'));
    r.stream.end("{}");
    r.stream.end("{}");
    BOOST_TEST(r.next() == "data: " + std::string(90, 'x') +
                               "\n\nevent: dropped\ndata: {\"count\":1}\n\nevent: end\ndata: {}\n\n");
    BOOST_TEST(r.next().empty());
}

BOOST_AUTO_TEST_CASE(closing_wakes_the_reader)
{
    reading r;
    r.stream.add("1");
    r.begin();
    r.stream.close();
    r.context.run();
    BOOST_TEST(r.text.value().empty());
}

BOOST_AUTO_TEST_SUITE_END()
