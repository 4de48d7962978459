#ifndef SCTRACE_TEST_KERNEL_WORKPLACE_HPP
#define SCTRACE_TEST_KERNEL_WORKPLACE_HPP

#include "common/skip.hpp"
#include "common/temporary_folder.hpp"

#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/personality.h>
#include <unistd.h>

namespace sctrace::test {

inline constexpr std::string_view path_variable = "PATH=/usr/bin:/bin";

/// Keeps the layout of the address space, and with it how often a program asks for memory, the same each
/// time.
class fixed_addresses {
public:
    fixed_addresses()
        : old_(::personality(query))
    {
        ::personality(static_cast<unsigned long>(old_) | ADDR_NO_RANDOMIZE);
    }
    fixed_addresses(const fixed_addresses&) = delete;
    fixed_addresses& operator=(const fixed_addresses&) = delete;
    ~fixed_addresses() { ::personality(static_cast<unsigned long>(old_)); }

private:
    static constexpr unsigned long query = 0xffffffff;

    int old_;
};

/// The files that the scripts work on, made anew for each run in a folder of the same name.
class workplace {
public:
    std::string path() const { return folder_.file("work"); }
    std::string table() const { return file("table"); }
    /// A file beside the folder.
    std::string file(const std::string& name) const { return folder_.file(name); }

    void make_anew() const
    {
        std::filesystem::remove_all(path());
        std::filesystem::create_directories(path() + "/src");
        for (const char* name : {"a", "b", "c"}) {
            write_file(path() + "/src/" + name, std::string(1000, *name));
            write_file(path() + '/' + name + ".c", std::string("int ") + name + "(void) { return 1; }\n");
        }
        write_file(path() + "/main.c", "#include <stdio.h>\nint main(void) { return puts(\"text\") < 0; }\n");
        write_file(path() + "/Makefile", "demo: main.o a.o b.o c.o\n\tgcc -o $@ $^\n"
                                         "%.o: %.c\n\tgcc -c -o $@ $<\n");
    }

    /// The whole command, whose environment does not depend on the caller's.
    std::vector<std::string> command(std::string_view script) const
    {
        return {"/usr/bin/env",
                "-i",
                "-C",
                path(),
                std::string(path_variable),
                "LC_ALL=C",
                "TZ=UTC",
                "HOME=" + path(),
                "TMPDIR=" + path(),
                "PYTHONHASHSEED=0",
                "GIT_CONFIG_NOSYSTEM=1",
                "GIT_AUTHOR_NAME=a",
                "GIT_AUTHOR_EMAIL=a@example.org",
                "GIT_COMMITTER_NAME=a",
                "GIT_COMMITTER_EMAIL=a@example.org",
                "GIT_AUTHOR_DATE=1700000000 +0000",
                "GIT_COMMITTER_DATE=1700000000 +0000",
                "/bin/sh",
                "-c",
                std::string(script)};
    }

private:
    temporary_folder folder_;
};

inline bool is_installed(const std::string& name)
{
    return ::access(("/usr/bin/" + name).c_str(), X_OK) == 0 ||
           ::access(("/usr/sbin/" + name).c_str(), X_OK) == 0;
}

/// Names the first program that is missing.
inline bool has_programs(std::string_view needed)
{
    std::istringstream names{std::string(needed)};
    std::string name;
    while (names >> name) {
        if (!is_installed(name)) {
            skip(name + " is not installed");
            return false;
        }
    }
    return true;
}

} // namespace sctrace::test

#endif
