#include "common/vectors.hpp"
#include "common/words_test.hpp"

#include <sctrace/log_line.hpp>

#include <boost/json.hpp>

namespace json = boost::json;
using sctrace::audit_type;

namespace {

boost::system::result<sctrace::seccomp_record> parse(const json::object& vector)
{
    const std::string_view line = vector.at("line").as_string();
    if (vector.at("kind").as_string() != "netlink") {
        return sctrace::parse_seccomp_line(line);
    }
    const auto record = sctrace::parse_audit_payload(audit_type::seccomp, line);
    if (!record) {
        return record.error();
    }
    return sctrace::parse_seccomp_record(*record);
}

template <class Number>
json::value number(const std::optional<Number>& value)
{
    return value ? json::value(*value) : json::value();
}

json::value string(const sctrace::untrusted_string& value)
{
    return value.present() ? json::value(sctrace::decoded(value)) : json::value();
}

json::value view(std::string_view value)
{
    return value.empty() ? json::value() : json::value(value);
}

json::value hex(const std::optional<std::uint32_t>& value)
{
    if (!value) {
        return {};
    }
    std::ostringstream text;
    text << std::hex << *value;
    return json::value(text.str());
}

json::object to_json(const sctrace::seccomp_record& r)
{
    return {{"arch", hex(r.arch)},
            {"auid", number(r.auid)},
            {"code", number(r.code)},
            {"comm", string(r.comm)},
            {"compat", number(r.compat)},
            {"exe", string(r.exe)},
            {"gid", number(r.gid)},
            {"ip", number(r.ip)},
            {"pid", number(r.pid)},
            {"serial", number(r.serial)},
            {"ses", number(r.ses)},
            {"sig", number(r.sig)},
            {"subj", r.subj ? json::value(*r.subj) : json::value()},
            {"syscall", r.syscall},
            {"time", view(r.time)},
            {"uid", number(r.uid)}};
}

/// Whether a line of kind `loss` is the kernel's notice, not text about one.
bool is_kernel_notice(std::string_view line)
{
    const bool notice = line.ends_with("callbacks suppressed") || line.ends_with("limit exceeded") ||
                        line.find("audit_backlog_limit=") != std::string_view::npos;
    return notice && !line.starts_with("Kernel panic");
}

} // namespace

BOOST_AUTO_TEST_SUITE(vectors)

BOOST_AUTO_TEST_CASE(every_line_is_read_as_it_should_be)
{
    for (const json::object& vector : sctrace::test::read_vectors()) {
        const auto parsed = parse(vector);
        const json::value& expected = vector.at("record");
        BOOST_TEST_CONTEXT(vector.at("line"))
        {
            BOOST_TEST(parsed.has_value() == expected.is_object());
            if (parsed && expected.is_object()) {
                BOOST_TEST(to_json(*parsed) == expected.as_object());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_loss_is_read_as_it_should_be)
{
    for (const json::object& vector : sctrace::test::read_vectors()) {
        const std::string_view line = vector.at("line").as_string();
        const auto notice = sctrace::parse_loss_line(line);
        BOOST_TEST_CONTEXT(line)
        {
            const json::value* const loss = vector.if_contains("loss");
            const bool expected =
                loss != nullptr || (vector.at("kind").as_string() == "loss" && is_kernel_notice(line));
            BOOST_TEST(notice.has_value() == expected);
            if (notice && loss != nullptr) {
                BOOST_TEST(notice->count == loss->at("suppressed").to_number<std::uint64_t>());
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
