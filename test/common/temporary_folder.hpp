#ifndef SCTRACE_TEST_TEMPORARY_FOLDER_HPP
#define SCTRACE_TEST_TEMPORARY_FOLDER_HPP

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <stdlib.h>

namespace sctrace::test {

inline std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path) << text;
}

/// A folder that every user may write to, removed at the end.
class temporary_folder {
public:
    temporary_folder()
        : path_(make())
    {
        std::filesystem::permissions(path_, std::filesystem::perms::all);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string path() const { return path_; }
    std::string file(const std::string& name) const { return path_ / name; }

    std::string script(const std::string& name, const std::string& text) const
    {
        write_file(file(name), text);
        std::filesystem::permissions(file(name), std::filesystem::perms(0755));
        return file(name);
    }

private:
    static std::filesystem::path make()
    {
        std::string name = std::filesystem::temp_directory_path() / "sctrace-test-XXXXXX";
        return ::mkdtemp(name.data());
    }

    std::filesystem::path path_;
};

} // namespace sctrace::test

#endif
