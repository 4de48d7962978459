#include "router.hpp"
#include "target.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <variant>

using namespace embedded_server;

namespace {

void require_route(http::verb method, const std::string& path, endpoint to, const std::string& id)
{
    const routing found = find_route(method, path);
    BOOST_TEST_CONTEXT(path)
    {
        const auto* const where = std::get_if<route>(&found);
        BOOST_REQUIRE(where != nullptr);
        BOOST_TEST((where->to == to));
        BOOST_TEST(where->id == id);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_router)

BOOST_AUTO_TEST_CASE(paths_find_their_endpoint_and_id)
{
    require_route(http::verb::get, "/", endpoint::page, "");
    require_route(http::verb::head, "/metrics", endpoint::metrics, "");
    require_route(http::verb::get, "/recordings", endpoint::list, "");
    require_route(http::verb::post, "/recordings", endpoint::create, "");
    require_route(http::verb::get, "/recordings/12", endpoint::show, "12");
    require_route(http::verb::delete_, "/recordings/12", endpoint::remove, "12");
    require_route(http::verb::get, "/recordings/12/trace", endpoint::trace, "12");
    require_route(http::verb::get, "/recordings/trace", endpoint::show, "trace");
    require_route(http::verb::post, "/recordings/x y/stop", endpoint::stop, "x y");
}

BOOST_AUTO_TEST_CASE(other_paths_find_nothing)
{
    for (const char* path : {"", "/x", "//", "/recordings/", "/recordings//trace", "/recordings/1/",
                             "/metrics/", "/recordings/1/2/trace", "/recordings/1/trace/"}) {
        BOOST_TEST(std::holds_alternative<no_such_path>(find_route(http::verb::get, path)), path);
    }
}

BOOST_AUTO_TEST_CASE(other_methods_are_told_what_there_is)
{
    const routing found = find_route(http::verb::put, "/recordings/1");
    BOOST_REQUIRE(std::holds_alternative<wrong_method>(found));
    BOOST_TEST(std::get<wrong_method>(found).allowed == "GET, HEAD, DELETE");
    BOOST_TEST(std::holds_alternative<wrong_method>(find_route(http::verb::head, "/recordings/1/stop")));
}

BOOST_AUTO_TEST_CASE(targets_are_decoded)
{
    const auto named = parse_target("/a%2Fb?format=oci&x=%41%20&&empty=&bare");
    BOOST_REQUIRE(named.has_value());
    BOOST_TEST(named->path == "/a/b");
    BOOST_TEST(named->query.at("format") == "oci");
    BOOST_TEST(named->query.at("x") == "A ");
    BOOST_TEST(named->query.at("empty").empty());
    BOOST_TEST(named->query.at("bare").empty());
    BOOST_TEST(parse_target("/?")->query.empty());
}

BOOST_AUTO_TEST_CASE(targets_that_are_none_are_told)
{
    for (const char* text :
         {"", "x", "*", "http://localhost/", "/%", "/%4", "/%4g", "/%-1", "/?a=%", "/?a=1&a=2"}) {
        BOOST_TEST(!parse_target(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
