#ifndef SCTRACE_TEST_UNIT_WORDS_TEST_HPP
#define SCTRACE_TEST_UNIT_WORDS_TEST_HPP

#include <sctrace/error.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace sctrace {

/// For Boost.Test's reports.
inline std::ostream& operator<<(std::ostream& out, error e)
{
    return out << make_error_code(e);
}

} // namespace sctrace

namespace sctrace::test {

/// A text in memory of exactly its own size, so that a sanitizer notices a read beyond its end.
class exact_text {
public:
    explicit exact_text(std::string_view text)
        : bytes_(std::make_unique<char[]>(text.size()))
        , size_(text.size())
    {
        text.copy(bytes_.get(), size_);
    }

    std::string_view view() const noexcept { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

/// `text` with `old` replaced once.
inline std::string with(std::string_view text, std::string_view old, std::string_view replacement)
{
    std::string changed(text);
    const std::size_t at = changed.find(old);
    BOOST_REQUIRE(at != std::string::npos);
    return changed.replace(at, old.size(), replacement);
}

inline constexpr std::string_view stamp = "audit(1795497556.007:200135): ";

inline constexpr std::string_view fields =
    "auid=4294967295 uid=33 gid=34 ses=7 subj=unconfined pid=2752 comm=\"nginx\" exe=\"/usr/sbin/nginx\" "
    "sig=0 arch=c000003e syscall=110 compat=0 ip=0x7f29e9374829 code=0x7ffc0000";

inline const std::string kernel_text = "audit: type=1326 " + std::string(stamp) + std::string(fields);
inline const std::string daemon_text = "type=SECCOMP msg=" + std::string(stamp) + std::string(fields);
inline const std::string kmsg_text = "5,3400484,914890358,-;" + kernel_text + "\n";

} // namespace sctrace::test

#endif
