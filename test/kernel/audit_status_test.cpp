#include "audit_control.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "in_child.hpp"

#include <sctrace/audit_status.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace sctrace;

namespace {

// No process can have it: the kernel's own limit for process ids.
constexpr std::uint32_t nobodys_pid = 4194304;

struct field {
    std::uint32_t name;
    std::uint32_t operation;
    std::uint32_t value;
};

std::vector<std::byte> make_rule(std::uint32_t list, const std::vector<field>& fields)
{
    audit_rule_data rule{};
    rule.flags = list;
    rule.action = AUDIT_ALWAYS;
    for (const auto& each : fields) {
        rule.fields[rule.field_count] = each.name;
        rule.fieldflags[rule.field_count] = each.operation;
        rule.values[rule.field_count] = each.value;
        ++rule.field_count;
    }
    std::vector<std::byte> bytes(sizeof rule);
    std::memcpy(bytes.data(), &rule, sizeof rule);
    return bytes;
}

// A feature of the audit subsystem that is switched on for as long as it lives. Nothing is locked.
class temporary_feature {
public:
    explicit temporary_feature(std::uint32_t number)
        : number_(number)
        , set_(set(true))
    {
    }
    temporary_feature(const temporary_feature&) = delete;
    temporary_feature& operator=(const temporary_feature&) = delete;
    ~temporary_feature() { set(false); }

    bool is_set() const { return set_; }

private:
    bool set(bool on) const
    {
        ::audit_features wanted{};
        wanted.vers = AUDIT_FEATURE_VERSION;
        wanted.mask = AUDIT_FEATURE_TO_MASK(number_);
        wanted.features = on ? wanted.mask : 0;
        return test::audit_control().send(AUDIT_SET_FEATURE, &wanted, sizeof wanted);
    }

    std::uint32_t number_;
    bool set_;
};

bool may_control_audit()
{
    return read_audit_status().has_value();
}

std::uint32_t count_matching()
{
    return read_exclude_rules().value().matching;
}

std::uint32_t matching_with(const std::vector<field>& fields)
{
    const std::uint32_t before = count_matching();
    const test::temporary_rule rule(make_rule(AUDIT_FILTER_EXCLUDE, fields));
    BOOST_REQUIRE(rule.added());
    return count_matching() - before;
}

template <class Prepare>
std::string errors_in_child(Prepare prepare)
{
    return test::in_child([prepare] {
        prepare();
        const auto status = read_audit_status();
        const auto rules = read_exclude_rules();
        const auto features = read_audit_features();
        if (features.error() != status.error()) {
            return "features: " + features.error().to_string();
        }
        return status.error().to_string() + " " + rules.error().to_string();
    });
}

std::string both(int number)
{
    const auto code = boost::system::error_code(number, boost::system::system_category()).to_string();
    return code + " " + code;
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_status_test)

BOOST_AUTO_TEST_CASE(tells_what_the_kernel_tells)
{
    if (!may_control_audit()) {
        return test::skip("AUDIT_GET needs CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    const auto status = read_audit_status();
    const auto raw = test::audit_control().status();
    BOOST_TEST(status->enabled == (raw.enabled != 0));
    BOOST_TEST(status->daemon_pid == raw.pid);
    BOOST_TEST(status->rate_limit == raw.rate_limit);
    BOOST_TEST(status->backlog_limit == raw.backlog_limit);
    BOOST_TEST(status->backlog_wait_time == raw.backlog_wait_time);
    BOOST_TEST(status->lost <= raw.lost);
    BOOST_TEST(raw.backlog_limit != 0U);
}

// Where no process has a login uid, a moment of this does not disturb anybody.
BOOST_AUTO_TEST_CASE(features)
{
    if (!may_control_audit()) {
        return test::skip("audit features need CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    const auto before = read_audit_features().value();
    if (before.only_unset_loginuid || before.loginuid_immutable) {
        return test::skip("this host has its audit features set already");
    }
    {
        const temporary_feature feature(AUDIT_FEATURE_ONLY_UNSET_LOGINUID);
        BOOST_REQUIRE(feature.is_set());
        BOOST_TEST(read_audit_features()->only_unset_loginuid);
        BOOST_TEST(!read_audit_features()->loginuid_immutable);
    }
    {
        const temporary_feature feature(AUDIT_FEATURE_LOGINUID_IMMUTABLE);
        BOOST_REQUIRE(feature.is_set());
        BOOST_TEST(read_audit_features()->loginuid_immutable);
        BOOST_TEST(!read_audit_features()->only_unset_loginuid);
    }
    BOOST_TEST(!read_audit_features()->loginuid_immutable);
}

BOOST_AUTO_TEST_CASE(exclude_rules_by_type)
{
    if (!may_control_audit()) {
        return test::skip("audit rules need CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    struct expectation {
        std::uint32_t operation;
        std::uint32_t type;
        std::uint32_t matching;
    };
    constexpr std::array<expectation, 15> expectations{{{AUDIT_EQUAL, 1326, 1},
                                                        {AUDIT_EQUAL, 1307, 0},
                                                        {AUDIT_NOT_EQUAL, 1326, 0},
                                                        {AUDIT_NOT_EQUAL, 1307, 1},
                                                        {AUDIT_LESS_THAN, 1326, 0},
                                                        {AUDIT_LESS_THAN, 1327, 1},
                                                        {AUDIT_LESS_THAN_OR_EQUAL, 1325, 0},
                                                        {AUDIT_LESS_THAN_OR_EQUAL, 1326, 1},
                                                        {AUDIT_GREATER_THAN, 1326, 0},
                                                        {AUDIT_GREATER_THAN, 1325, 1},
                                                        {AUDIT_GREATER_THAN_OR_EQUAL, 1327, 0},
                                                        {AUDIT_GREATER_THAN_OR_EQUAL, 1326, 1},
                                                        {AUDIT_GREATER_THAN_OR_EQUAL, 1300, 1},
                                                        {AUDIT_LESS_THAN_OR_EQUAL, 1400, 1},
                                                        {AUDIT_NOT_EQUAL, 0, 1}}};
    for (const auto& each : expectations) {
        BOOST_TEST_CONTEXT("operator " << each.operation << " type " << each.type)
        {
            const auto matching = matching_with(
                {{AUDIT_PID, AUDIT_EQUAL, nobodys_pid}, {AUDIT_MSGTYPE, each.operation, each.type}});
            BOOST_TEST(matching == each.matching);
        }
    }
}

BOOST_AUTO_TEST_CASE(exclude_rule_without_a_type_counts)
{
    if (!may_control_audit()) {
        return test::skip("audit rules need CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    BOOST_TEST(matching_with({{AUDIT_PID, AUDIT_EQUAL, nobodys_pid}}) == 1U);
}

BOOST_AUTO_TEST_CASE(every_type_field_must_match)
{
    if (!may_control_audit()) {
        return test::skip("audit rules need CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    const std::vector<field> fields{{AUDIT_PID, AUDIT_EQUAL, nobodys_pid},
                                    {AUDIT_MSGTYPE, AUDIT_GREATER_THAN, 1300},
                                    {AUDIT_MSGTYPE, AUDIT_LESS_THAN, 1310}};
    BOOST_TEST(matching_with(fields) == 0U);
}

BOOST_AUTO_TEST_CASE(rules_on_other_lists_do_not_count)
{
    if (!may_control_audit()) {
        return test::skip("audit rules need CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    const std::uint32_t before = count_matching();
    const test::temporary_rule rule(make_rule(AUDIT_FILTER_USER, {{AUDIT_PID, AUDIT_EQUAL, nobodys_pid}}));
    BOOST_REQUIRE(rule.added());
    BOOST_TEST(count_matching() == before);
}

BOOST_AUTO_TEST_CASE(not_permitted)
{
    if (::geteuid() != 0) {
        return test::skip("only root can become another user");
    }
    BOOST_TEST(errors_in_child(test::become_nobody) == both(EPERM));
}

BOOST_AUTO_TEST_CASE(refused_in_another_user_namespace)
{
    if (::geteuid() != 0) {
        return test::skip("user namespaces may need root");
    }
    const auto errors = errors_in_child([] { test::require(::unshare(CLONE_NEWUSER) == 0, "unshare"); });
    if (errors == "exception: unshare") {
        return test::skip("no user namespaces here, or a sanitizer's thread is in the way");
    }
    BOOST_TEST(errors == both(ECONNREFUSED));
}

BOOST_AUTO_TEST_CASE(kernel_without_audit)
{
    BOOST_TEST(errors_in_child([] { test::fail_call(SYS_socket, EPROTONOSUPPORT, AF_NETLINK); }) ==
               both(EPROTONOSUPPORT));
}

BOOST_AUTO_TEST_CASE(request_not_sent)
{
    BOOST_TEST(errors_in_child([] { test::fail_call(SYS_sendto, ENOBUFS); }) == both(ENOBUFS));
}

BOOST_AUTO_TEST_CASE(answer_not_received)
{
    BOOST_TEST(errors_in_child([] { test::fail_call(SYS_recvmsg, ENOBUFS); }) == both(ENOBUFS));
}

BOOST_AUTO_TEST_CASE(no_answer)
{
    if (!may_control_audit()) {
        return test::skip("AUDIT_GET needs CAP_AUDIT_CONTROL in the host's own namespaces");
    }
    // The kernel never sees the request.
    const auto drop_request = [] { test::fail_call(SYS_sendto, 0); };
    BOOST_TEST(errors_in_child(drop_request) == both(ETIMEDOUT));
}

BOOST_AUTO_TEST_CASE(actions_logged)
{
    const auto actions = read_actions_logged();
    BOOST_REQUIRE(actions.has_value());
    BOOST_TEST(*actions + "\n" == test::read_file("/proc/sys/kernel/seccomp/actions_logged"));
}

BOOST_AUTO_TEST_CASE(actions_logged_missing)
{
    if (::geteuid() != 0) {
        return test::skip("only root can hide /proc");
    }
    const auto error = test::in_child([] {
        test::hide_proc();
        return read_actions_logged().error().to_string();
    });
    BOOST_TEST(error == "system:2");
}

BOOST_AUTO_TEST_CASE(actions_logged_unreadable)
{
    const auto error = test::in_child([] {
        test::fail_call(SYS_read, EIO);
        return read_actions_logged().error().to_string();
    });
    BOOST_TEST(error == "system:5");
}

BOOST_AUTO_TEST_SUITE_END()
