#ifndef SCTRACE_TEST_CLI_REPLAY_HPP
#define SCTRACE_TEST_CLI_REPLAY_HPP

#include "common/logged_record.hpp"
#include "tool.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sctrace::test {

/// `asio-sctrace replay` with these words, and a log on its standard input.
inline invocation replay(const words& arguments, std::string log = {})
{
    invocation i = tool(joined({"replay"}, arguments));
    i.input = std::move(log);
    return i;
}

/// The events in an output; a line that is no JSON object fails the test.
inline std::vector<boost::json::object> events_in(const std::string& output)
{
    std::vector<boost::json::object> events;
    BOOST_TEST((output.empty() || output.back() == '\n'));
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        boost::system::error_code ec;
        const auto value = boost::json::parse(line, ec);
        BOOST_REQUIRE_MESSAGE(!ec && value.is_object(), "no object: " << line);
        events.push_back(value.as_object());
    }
    return events;
}

/// The events of a log that can be read wholly.
inline std::vector<boost::json::object> events_of(const std::string& log, const words& options = {})
{
    const outcome o = run(replay(joined(options, {"--events", "-"}), log));
    BOOST_TEST(o.status == 0, o);
    return events_in(o.out);
}

using serials = std::vector<std::uint64_t>;

inline serials serials_in(const std::string& output)
{
    serials found;
    for (const auto& event : events_in(output)) {
        const auto* const serial = event.if_contains("serial");
        found.push_back(serial != nullptr ? serial->to_number<std::uint64_t>() : 0);
    }
    return found;
}

/// The serials of the events, 0 for one without, in their order.
inline serials serials_of(const std::string& log, const words& options = {})
{
    const outcome o = run(replay(joined(options, {"--events", "-"}), log));
    BOOST_TEST(o.status == 0, o);
    return serials_in(o.out);
}

/// The trace of a log that can be read wholly.
inline std::string trace_of(const std::string& log, const words& options = {})
{
    const outcome o = run(replay(joined(options, {"--quiet", "-o", "-", "-"}), log));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    return o.out;
}

inline std::map<std::string, std::uint64_t> counts_of(const std::string& log, const words& options = {})
{
    return counts_in(trace_of(log, options));
}

/// The report on a log that can be read wholly.
inline boost::json::object report_on(const std::string& log, const words& options = {})
{
    const outcome o = run(replay(joined(options, {"--quiet", "--report", "-", "-"}), log));
    BOOST_TEST(o.status == 0, o);
    return boost::json::parse(o.out).as_object();
}

inline std::string gzipped(const std::string& text)
{
    const outcome o = run({.words = {"gzip", "-c"}, .input = text});
    BOOST_REQUIRE(o.status == 0);
    return o.out;
}

} // namespace sctrace::test

#endif
