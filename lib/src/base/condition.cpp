#include "base/message_buffer.hpp"

#include <sctrace/condition.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/generic_category.hpp>
#include <boost/system/system_category.hpp>

#include <cerrno>
#include <string>

namespace sctrace {

namespace {

struct description {
    std::string_view name;
    const char* message;
};

constexpr description describe(condition c) noexcept
{
    switch (c) {
    case condition::not_a_record:
        return {"not_a_record", "not a record of the kind that was asked for"};
    case condition::malformed_record:
        return {"malformed_record", "a record that cannot be read"};
    case condition::data_loss:
        return {"data_loss", "something that was recorded is missing"};
    case condition::source_unavailable:
        return {"source_unavailable", "the source of records is not available"};
    case condition::output_unavailable:
        return {"output_unavailable", "the output cannot be written"};
    case condition::command_not_started:
        return {"command_not_started", "the command did not start"};
    case condition::invalid_input:
        return {"invalid_input", "a file holds something else than it should"};
    case condition::not_representable:
        return {"not_representable", "the result cannot be expressed"};
    case condition::invalid_use:
        return {"invalid_use", "the library was used wrongly"};
    case condition::stopped:
        return {"stopped", "ended early because that was asked for"};
    }
    return {"", "unknown sctrace condition"};
}

bool comes_of_opening_a_source(int number) noexcept
{
    switch (number) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENODEV:
    case ENXIO:
    case EISDIR:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case ECONNREFUSED:
        return true;
    default:
        return false;
    }
}

bool comes_of_writing(int number) noexcept
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG || number == EPIPE;
}

bool includes_errno(condition c, int number) noexcept
{
    switch (c) {
    case condition::source_unavailable:
        return comes_of_opening_a_source(number);
    case condition::output_unavailable:
        return comes_of_writing(number);
    case condition::stopped:
        return number == ECANCELED;
    default:
        return false;
    }
}

bool holds_errno(const boost::system::error_code& code) noexcept
{
    return code.category() == boost::system::system_category() ||
           code.category() == boost::system::generic_category();
}

// Boost's base class has a protected destructor, yet friends for which GCC calls it accessible; nobody
// deletes a category through its base.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class sctrace_condition_category final : public boost::system::error_category {
public:
    constexpr sctrace_condition_category() noexcept
        : error_category(0x3b9e64d1f7085ac2)
    {
    }

    const char* name() const noexcept override { return "sctrace.condition"; }

    std::string message(int value) const override { return message_of(value); }

    const char* message(int value, char* buffer, std::size_t length) const noexcept override
    {
        return detail::copy_message(message_of(value), buffer, length);
    }

    using error_category::equivalent;

    // A code of the library tells its condition itself, see default_error_condition() of its category.
    bool equivalent(const boost::system::error_code& code, int value) const noexcept override
    {
        return error_category::equivalent(code, value) ||
               (holds_errno(code) && includes_errno(static_cast<condition>(value), code.value()));
    }

private:
    static const char* message_of(int value) noexcept
    {
        return describe(static_cast<condition>(value)).message;
    }
};

#pragma GCC diagnostic pop

constexpr sctrace_condition_category category;

} // namespace

std::string_view to_string(condition c) noexcept
{
    return describe(c).name;
}

const boost::system::error_category& condition_category() noexcept
{
    return category;
}

boost::system::error_condition make_error_condition(condition c) noexcept
{
    return {static_cast<int>(c), category};
}

} // namespace sctrace
