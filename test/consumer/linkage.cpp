#include <sctrace/architecture.hpp>
#include <sctrace/error.hpp>
#include <sctrace/log_line.hpp>

#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view logged_call =
    "audit: type=1326 audit(1795497556.007:200135): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=2752 "
    "comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=110 compat=0 ip=0x7f29e9374829 "
    "code=0x7ffc0000";

bool reads_a_record()
{
    const auto record = sctrace::parse_seccomp_line(logged_call);
    return record.has_value() && record->pid == 2752 && record->syscall == 110;
}

/// The library throws this; its type information must be the program's.
bool catches_what_the_library_throws()
{
    const boost::system::result<int, sctrace::failure> nothing =
        sctrace::failure{sctrace::error::malformed_trace, "line 7"};
    try {
        static_cast<void>(nothing.value());
        return false;
    } catch (const boost::system::system_error& e) {
        return e.code() == sctrace::error::malformed_trace && e.code() == sctrace::condition::invalid_input &&
               std::string(e.what()).starts_with("line 7");
    }
}

bool loaded_shared_library()
{
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.find("/libsctrace.so") != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

/// Succeeds when the library works and was linked as the argument says: `static` or `shared`.
int main(int argc, char* argv[])
{
    const bool wants_shared = argc == 2 && std::string_view(argv[1]) == "shared";
    if (!reads_a_record()) {
        std::cerr << "the library misread a record\n";
        return 1;
    }
    if (!catches_what_the_library_throws()) {
        std::cerr << "an exception of the library changed on its way\n";
        return 1;
    }
    if (sctrace::architecture::native() == sctrace::architecture()) {
        std::cerr << "the native architecture is unknown\n";
        return 1;
    }
    if (loaded_shared_library() != wants_shared) {
        std::cerr << "linked the wrong kind of library\n";
        return 1;
    }
    return 0;
}
