#ifndef SCTRACE_TEST_VECTORS_HPP
#define SCTRACE_TEST_VECTORS_HPP

#include "common/paths.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace sctrace::test {

/// Lines of real logs with their right reading: those of test/data, or of the file that SCTRACE_VECTORS
/// names.
inline std::vector<boost::json::object> read_vectors()
{
    const char* const named = std::getenv("SCTRACE_VECTORS");
    const std::string path = named != nullptr ? named : data_file("vectors/records.jsonl");
    std::vector<boost::json::object> vectors;
    std::ifstream file(path);
    BOOST_REQUIRE_MESSAGE(file, "cannot open " << path);
    for (std::string line; std::getline(file, line);) {
        vectors.push_back(boost::json::parse(line).as_object());
    }
    BOOST_REQUIRE(!vectors.empty());
    return vectors;
}

} // namespace sctrace::test

#endif
