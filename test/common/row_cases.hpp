#ifndef SCTRACE_TEST_ROW_CASES_HPP
#define SCTRACE_TEST_ROW_CASES_HPP

#include <boost/test/unit_test.hpp>

#include <source_location>
#include <vector>

namespace sctrace::test {

/// Makes a test case of each row of a table, in the suite that it is defined in; a row has a name.
/** So that one row can be run alone, and be skipped alone. The table must live as long as the program. */
class row_cases {
public:
    template <class Row>
    row_cases(const std::vector<Row>& table, void (*check)(const Row&),
              std::source_location where = std::source_location::current())
    {
        for (const Row& each : table) {
            boost::unit_test::framework::current_auto_test_suite().add(boost::unit_test::make_test_case(
                [&each, check] { check(each); }, each.name, where.file_name(), where.line()));
        }
    }
};

} // namespace sctrace::test

#endif
