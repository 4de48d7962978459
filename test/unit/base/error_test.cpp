#include "common/paths.hpp"
#include "common/words_test.hpp"

#include <sctrace/error.hpp>

#include <boost/json/error.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using boost::system::error_code;
using sctrace::condition;
using sctrace::error;

namespace {

struct pinned_error {
    error code;
    int number;
    std::string_view name;
    condition kind;
};

// What programs may have stored or compiled in; a line is only ever added.
constexpr auto pinned_errors = std::to_array<pinned_error>({
    {error::not_a_kmsg_entry, 1, "not_a_kmsg_entry", condition::not_a_record},
    {error::not_an_audit_record, 2, "not_an_audit_record", condition::not_a_record},
    {error::not_a_seccomp_record, 3, "not_a_seccomp_record", condition::not_a_record},
    {error::truncated_record, 4, "truncated_record", condition::data_loss},
    {error::malformed_record, 5, "malformed_record", condition::malformed_record},
    {error::not_a_loss_notice, 6, "not_a_loss_notice", condition::not_a_record},
    {error::source_is_symlink, 7, "source_is_symlink", condition::source_unavailable},
    {error::source_not_a_device, 8, "source_not_a_device", condition::source_unavailable},
    {error::output_is_symlink, 9, "output_is_symlink", condition::output_unavailable},
    {error::output_is_directory, 10, "output_is_directory", condition::output_unavailable},
    {error::command_not_found, 11, "command_not_found", condition::command_not_started},
    {error::command_not_executable, 12, "command_not_executable", condition::command_not_started},
    {error::unknown_user, 13, "unknown_user", condition::command_not_started},
    {error::launch_failed, 14, "launch_failed", condition::command_not_started},
    {error::already_running, 15, "already_running", condition::invalid_use},
    {error::foreign_pid_namespace, 16, "foreign_pid_namespace", condition::source_unavailable},
    {error::invalid_options, 17, "invalid_options", condition::invalid_use},
    {error::malformed_trace, 18, "malformed_trace", condition::invalid_input},
    {error::not_a_journal_entry, 19, "not_a_journal_entry", condition::not_a_record},
    {error::damaged_gzip, 20, "damaged_gzip", condition::data_loss},
    {error::truncated_gzip, 21, "truncated_gzip", condition::data_loss},
    {error::unreadable_log, 22, "unreadable_log", condition::invalid_input},
    {error::shrinking_log, 23, "shrinking_log", condition::data_loss},
    {error::stopped_early, 24, "stopped_early", condition::stopped},
    {error::too_many_syscalls, 25, "too_many_syscalls", condition::data_loss},
    {error::malformed_profile, 26, "malformed_profile", condition::invalid_input},
    {error::malformed_event, 27, "malformed_event", condition::invalid_input},
    {error::malformed_list, 28, "malformed_list", condition::invalid_input},
    {error::other_architecture, 29, "other_architecture", condition::invalid_input},
    {error::count_overflow, 30, "count_overflow", condition::not_representable},
    {error::not_expressible, 31, "not_expressible", condition::not_representable},
    {error::filter_not_possible, 32, "filter_not_possible", condition::not_representable},
});

struct pinned_condition {
    condition kind;
    int number;
    std::string_view name;
};

constexpr auto pinned_conditions = std::to_array<pinned_condition>({
    {condition::not_a_record, 1, "not_a_record"},
    {condition::malformed_record, 2, "malformed_record"},
    {condition::data_loss, 3, "data_loss"},
    {condition::source_unavailable, 4, "source_unavailable"},
    {condition::output_unavailable, 5, "output_unavailable"},
    {condition::command_not_started, 6, "command_not_started"},
    {condition::invalid_input, 7, "invalid_input"},
    {condition::not_representable, 8, "not_representable"},
    {condition::invalid_use, 9, "invalid_use"},
    {condition::stopped, 10, "stopped"},
});

constexpr int behind_last_error = static_cast<int>(pinned_errors.size()) + 1;
constexpr int behind_last_condition = static_cast<int>(pinned_conditions.size()) + 1;

std::vector<std::string_view> conditions_of(const error_code& code)
{
    std::vector<std::string_view> names;
    for (const pinned_condition& pinned : pinned_conditions) {
        if (code == pinned.kind) {
            names.push_back(pinned.name);
        }
    }
    return names;
}

std::string condition_of_errno(int number)
{
    const auto system = conditions_of({number, boost::system::system_category()});
    const auto generic = conditions_of({number, boost::system::generic_category()});
    BOOST_TEST(system == generic, boost::test_tools::per_element());
    BOOST_TEST_REQUIRE(system.size() <= 1U);
    return system.empty() ? std::string() : std::string(system.front());
}

/// Cells of a Markdown table's row, without spaces around them and without code marks.
std::vector<std::string> cells_of(const std::string& row)
{
    std::vector<std::string> cells;
    std::istringstream in(row.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
        std::erase(cell, '`');
        const auto first = cell.find_first_not_of(' ');
        const auto last = cell.find_last_not_of(' ');
        cells.push_back(first == std::string::npos ? std::string() : cell.substr(first, last - first + 1));
    }
    return cells;
}

using table = std::vector<std::vector<std::string>>;

/// The rows of the table below a heading of the page "Errors".
table table_below(const std::string& heading)
{
    std::ifstream page(sctrace::test::data_file("../../lib/doc/errors.md"));
    BOOST_TEST_REQUIRE(page.is_open());
    table rows;
    bool below = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with('#')) {
            below = line == "## " + heading;
        } else if (below && line.starts_with('|')) {
            rows.push_back(cells_of(line));
        }
    }
    BOOST_TEST_REQUIRE(rows.size() > 2U);
    rows.erase(rows.begin(), rows.begin() + 2);
    return rows;
}

struct named_errno {
    std::string_view name;
    int number;
    std::string_view kind;
};

constexpr auto known_errnos = std::to_array<named_errno>({
    {"ENOENT", ENOENT, "source_unavailable"},
    {"ENXIO", ENXIO, "source_unavailable"},
    {"ENODEV", ENODEV, "source_unavailable"},
    {"EACCES", EACCES, "source_unavailable"},
    {"EPERM", EPERM, "source_unavailable"},
    {"ECONNREFUSED", ECONNREFUSED, "source_unavailable"},
    {"EPROTONOSUPPORT", EPROTONOSUPPORT, "source_unavailable"},
    {"EAFNOSUPPORT", EAFNOSUPPORT, "source_unavailable"},
    {"EOPNOTSUPP", EOPNOTSUPP, "source_unavailable"},
    {"EISDIR", EISDIR, "source_unavailable"},
    {"ENOSPC", ENOSPC, "output_unavailable"},
    {"EDQUOT", EDQUOT, "output_unavailable"},
    {"EFBIG", EFBIG, "output_unavailable"},
    {"EPIPE", EPIPE, "output_unavailable"},
    {"ECANCELED", ECANCELED, "stopped"},
    {"EROFS", EROFS, ""},
    {"EIO", EIO, ""},
    {"ENOMEM", ENOMEM, ""},
    {"ETIMEDOUT", ETIMEDOUT, ""},
    {"EAGAIN", EAGAIN, ""},
    {"EBADF", EBADF, ""},
});

/// The words that are names of an errno: `ECANCELED (…)` is one, `ENOENT, ENXIO` are two.
std::vector<std::string> errno_names(const std::string& cell)
{
    std::vector<std::string> names;
    std::istringstream in(cell);
    for (std::string word; in >> word;) {
        std::erase(word, ',');
        if (word.starts_with('E')) {
            names.push_back(word);
        }
    }
    return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(names_and_numbers_stay)
{
    for (const pinned_error& pinned : pinned_errors) {
        BOOST_TEST_CONTEXT(pinned.name)
        {
            BOOST_TEST(static_cast<int>(pinned.code) == pinned.number);
            BOOST_TEST(to_string(pinned.code) == pinned.name);
        }
    }
    for (const pinned_condition& pinned : pinned_conditions) {
        BOOST_TEST_CONTEXT(pinned.name)
        {
            BOOST_TEST(static_cast<int>(pinned.kind) == pinned.number);
            BOOST_TEST(to_string(pinned.kind) == pinned.name);
        }
    }
}

BOOST_AUTO_TEST_CASE(no_value_is_missing_here)
{
    BOOST_TEST(to_string(static_cast<error>(behind_last_error)).empty());
    BOOST_TEST(to_string(static_cast<condition>(behind_last_condition)).empty());
    BOOST_TEST(to_string(error{}).empty());
    BOOST_TEST(to_string(condition{}).empty());
}

BOOST_AUTO_TEST_CASE(every_value_has_its_own_message)
{
    std::set<std::string> messages;
    for (const pinned_error& pinned : pinned_errors) {
        const error_code code = pinned.code;
        BOOST_TEST(code.failed());
        BOOST_TEST(code.message() != "unknown sctrace error");
        BOOST_TEST(messages.insert(code.message()).second);
    }
    for (const pinned_condition& pinned : pinned_conditions) {
        const boost::system::error_condition kind = pinned.kind;
        BOOST_TEST(kind.failed());
        BOOST_TEST(kind.message() != "unknown sctrace condition");
        BOOST_TEST(messages.insert(kind.message()).second);
    }
    BOOST_TEST(error_code(behind_last_error, sctrace::error_category()).message() == "unknown sctrace error");
    BOOST_TEST(sctrace::condition_category().message(behind_last_condition) == "unknown sctrace condition");
}

BOOST_AUTO_TEST_CASE(each_code_belongs_to_one_condition)
{
    for (const pinned_error& pinned : pinned_errors) {
        BOOST_TEST_CONTEXT(pinned.name)
        {
            const error_code code = pinned.code;
            BOOST_TEST(conditions_of(code) == std::vector{to_string(pinned.kind)},
                       boost::test_tools::per_element());
            BOOST_TEST((code.default_error_condition() == pinned.kind));
        }
    }
}

BOOST_AUTO_TEST_CASE(each_condition_has_a_code)
{
    std::set<condition> used;
    for (const pinned_error& pinned : pinned_errors) {
        used.insert(pinned.kind);
    }
    BOOST_TEST(used.size() == pinned_conditions.size());
}

BOOST_AUTO_TEST_CASE(a_value_of_no_name_belongs_to_no_condition)
{
    const error_code code(behind_last_error, sctrace::error_category());
    BOOST_TEST(conditions_of(code).empty());
    BOOST_TEST((code.default_error_condition().category() == sctrace::error_category()));
}

BOOST_AUTO_TEST_CASE(errnos_belong_to_what_can_be_told_from_them)
{
    for (const named_errno& known : known_errnos) {
        BOOST_TEST_CONTEXT(known.name)
        {
            BOOST_TEST(condition_of_errno(known.number) == known.kind);
        }
    }
    BOOST_TEST(condition_of_errno(0).empty());
}

BOOST_AUTO_TEST_CASE(numbers_of_other_categories_belong_to_no_condition)
{
    // The value is that of an errno, and of a condition.
    BOOST_TEST(conditions_of({ENOENT, sctrace::error_category()}).size() == 1U);
    BOOST_TEST(conditions_of({ENOENT, sctrace::condition_category()}).size() == 1U);
    const auto& other = make_error_code(boost::json::error::syntax).category();
    BOOST_TEST(conditions_of({ENOENT, other}).empty());
}

BOOST_AUTO_TEST_CASE(codes_belong_to_the_category)
{
    const error_code code = error::truncated_record;
    BOOST_TEST(code.category().name() == "sctrace");
    BOOST_TEST((code.category() == sctrace::error_category()));
    BOOST_TEST(code == error::truncated_record);
    BOOST_TEST(code != error::malformed_record);
    BOOST_TEST((sctrace::error_category() != boost::system::system_category()));
}

BOOST_AUTO_TEST_CASE(conditions_belong_to_their_category)
{
    const boost::system::error_condition kind = condition::data_loss;
    BOOST_TEST(kind.category().name() == "sctrace.condition");
    BOOST_TEST((kind.category() == sctrace::condition_category()));
    BOOST_TEST((sctrace::condition_category() != sctrace::error_category()));
    BOOST_TEST((kind == condition::data_loss));
    BOOST_TEST((kind != condition::stopped));
}

BOOST_AUTO_TEST_CASE(messages_fit_into_any_buffer)
{
    for (const auto* category : {&sctrace::error_category(), &sctrace::condition_category()}) {
        std::array<char, 8> buffer{};
        BOOST_TEST(std::string_view(category->message(1, buffer.data(), buffer.size())) ==
                   category->message(1).substr(0, buffer.size() - 1));
        buffer.fill('x');
        category->message(1, buffer.data(), 0);
        BOOST_TEST(buffer[0] == 'x');
    }
}

BOOST_AUTO_TEST_CASE(the_page_lists_each_code)
{
    const table rows = table_below("Codes of the library");
    BOOST_TEST_REQUIRE(rows.size() == pinned_errors.size());
    for (std::size_t i = 0; i != rows.size(); ++i) {
        const pinned_error& pinned = pinned_errors[i];
        BOOST_TEST_CONTEXT(pinned.name)
        {
            BOOST_TEST_REQUIRE(rows[i].size() == 5U);
            BOOST_TEST(rows[i][0] == pinned.name);
            BOOST_TEST(rows[i][1] == std::to_string(pinned.number));
            BOOST_TEST(rows[i][2] == to_string(pinned.kind));
            BOOST_TEST(!rows[i][3].empty());
            BOOST_TEST(!rows[i][4].empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(the_page_lists_each_condition)
{
    const table rows = table_below("Conditions");
    BOOST_TEST_REQUIRE(rows.size() == pinned_conditions.size());
    for (std::size_t i = 0; i != rows.size(); ++i) {
        const pinned_condition& pinned = pinned_conditions[i];
        BOOST_TEST_CONTEXT(pinned.name)
        {
            BOOST_TEST_REQUIRE(rows[i].size() == 4U);
            BOOST_TEST(rows[i][0] == pinned.name);
            BOOST_TEST(rows[i][1] == std::to_string(pinned.number));
            BOOST_TEST(!rows[i][2].empty());
            BOOST_TEST(!rows[i][3].empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(the_page_lists_each_errno_of_a_condition)
{
    std::set<std::string> listed;
    for (const auto& row : table_below("Errors of the system")) {
        BOOST_TEST_REQUIRE(row.size() == 4U);
        for (const std::string& name : errno_names(row[0])) {
            BOOST_TEST_CONTEXT(name)
            {
                const auto* const known = std::find_if(known_errnos.begin(), known_errnos.end(),
                                                       [&](const auto& k) { return k.name == name; });
                BOOST_TEST_REQUIRE((known != known_errnos.end()));
                BOOST_TEST(row[1] == known->kind);
                BOOST_TEST(listed.insert(name).second);
            }
        }
        BOOST_TEST(!row[2].empty());
        BOOST_TEST(!row[3].empty());
    }
    BOOST_TEST(listed.size() == known_errnos.size());

    constexpr int highest_errno = 133;
    int of_a_condition = 0;
    for (int number = 1; number <= highest_errno; ++number) {
        of_a_condition += condition_of_errno(number).empty() ? 0 : 1;
    }
    const auto expected = std::count_if(known_errnos.begin(), known_errnos.end(),
                                        [](const named_errno& known) { return !known.kind.empty(); });
    BOOST_TEST(of_a_condition == expected);
}

BOOST_AUTO_TEST_CASE(a_failure_is_thrown_with_its_words)
{
    const boost::system::result<int, sctrace::failure> failed(
        sctrace::failure{error::output_is_directory, "cannot write the trace to /tmp"});
    const auto tells_all = [](const boost::system::system_error& e) {
        return e.code() == error::output_is_directory &&
               std::string_view(e.what()).starts_with("cannot write the trace to /tmp");
    };
    BOOST_CHECK_EXCEPTION(failed.value(), boost::system::system_error, tells_all);
}

BOOST_AUTO_TEST_SUITE_END()
